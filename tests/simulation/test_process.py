"""Processes of the simulated world: who belongs to one, and that nothing of it survives a kill."""

from __future__ import annotations

import asyncio

import pytest

from ferraris.simulation import Process, current_process, run_virtual


def test_tasks_started_by_a_process_belong_to_it_and_die_with_it() -> None:
    async def scenario() -> list[str]:
        story: list[str] = []

        async def child(name: str) -> None:
            process = current_process()
            assert process is not None
            try:
                await asyncio.sleep(100)
            finally:
                story.append(f"{name} of {process.name} ends")

        async def main() -> None:
            async with asyncio.TaskGroup() as group:
                group.create_task(child("first"))
                group.create_task(child("second"))

        doomed, spared = Process("doomed"), Process("spared")
        doomed.start(main())
        doomed.run(asyncio.get_running_loop().create_task, child("third"))
        spared.start(child("only"))
        await asyncio.sleep(1)
        await doomed.kill()
        story.append("killed")
        assert (doomed.alive, spared.alive) == (False, True)
        assert asyncio.get_running_loop().time() == 1.0
        await asyncio.sleep(100)
        return story

    *dead, killed, survivor = run_virtual(scenario())
    assert sorted(dead) == ["first of doomed ends", "second of doomed ends", "third of doomed ends"]
    assert (killed, survivor) == ("killed", "only of spared ends")


def test_a_task_started_by_a_dying_task_dies_too() -> None:
    async def scenario() -> int:
        ended = 0

        async def stubborn(lives: int) -> None:
            nonlocal ended
            try:
                await asyncio.Event().wait()
            finally:
                ended += 1
                if lives:
                    asyncio.get_running_loop().create_task(stubborn(lives - 1))

        process = Process("stubborn")
        process.start(stubborn(3))
        await asyncio.sleep(0)
        await process.kill()
        return ended

    assert run_virtual(scenario()) == 4


def test_a_callback_runs_in_the_process_that_set_it() -> None:
    async def scenario() -> list[Process | None]:
        seen: list[Process | None] = []
        process = Process("caller")
        process.run(asyncio.get_running_loop().call_later, 1, lambda: seen.append(current_process()))
        seen.append(current_process())
        await asyncio.sleep(2)
        assert seen == [None, process]
        return seen

    run_virtual(scenario())


def test_finished_tasks_are_forgotten() -> None:
    async def scenario() -> str:
        process = Process("short")

        async def nothing() -> None:
            pass

        for _ in range(10):
            await process.start(nothing())
        return repr(process)

    assert run_virtual(scenario()) == "Process('short', alive=True, tasks=0)"


def test_what_a_task_raises_reaches_who_awaits_it() -> None:
    async def scenario() -> None:
        async def fail() -> None:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await Process("failing").start(fail())

    run_virtual(scenario())
