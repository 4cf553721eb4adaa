"""The deadline of waits: it ends the wait it is for, no other, and hides no one else's cancellation."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Awaitable
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.link import Deadline
from ferraris.simulation import run_virtual

T = TypeVar("T")


async def within(deadline: Deadline, awaitable: Awaitable[T], deadline_s: float) -> T:
    with deadline.at(deadline_s):
        return await awaitable


def test_what_comes_in_time_is_given_and_what_does_not_is_a_timeout() -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        deadline = Deadline()
        for _ in range(3):
            assert await within(deadline, asyncio.sleep(4, "come"), loop.time() + 5) == "come"
        start = loop.time()
        with pytest.raises(TimeoutError):
            await within(deadline, asyncio.sleep(60), loop.time() + 5)
        assert loop.time() - start == pytest.approx(5)
        assert await within(deadline, asyncio.sleep(1, "again"), loop.time() + 2) == "again"
        deadline.close()
        start = loop.time()
        await asyncio.sleep(100)

    run_virtual(scenario())


def test_an_earlier_deadline_than_the_last_one_holds() -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        deadline = Deadline()
        await within(deadline, asyncio.sleep(1), loop.time() + 50)
        start = loop.time()
        with pytest.raises(TimeoutError):
            await within(deadline, asyncio.sleep(60), loop.time() + 5)
        assert loop.time() - start == pytest.approx(5)

    run_virtual(scenario())


def test_a_cancellation_by_someone_else_stays_one() -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        deadline = Deadline()
        task = asyncio.create_task(within(deadline, asyncio.sleep(60), loop.time() + 5))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run_virtual(scenario())


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 20), st.integers(0, 20)), max_size=12))
def test_any_row_of_waits_ends_as_with_a_timer_each(waits: list[tuple[int, int, int]]) -> None:
    """Waits, what they are given, and pauses between them: each lasts as long as the shorter of the first two."""
    took: list[tuple[float, bool]] = []

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        deadline = Deadline()
        for wait_s, given_s, pause_s in waits:
            start_s, late = loop.time(), False
            try:
                await within(deadline, asyncio.sleep(wait_s + 0.5), start_s + given_s)
            except TimeoutError:
                late = True
            took.append((round(loop.time() - start_s, 3), late))
            await asyncio.sleep(pause_s)
        deadline.close()

    run_virtual(scenario())
    assert took == [(min(wait_s + 0.5, given_s), given_s < wait_s + 0.5) for wait_s, given_s, _ in waits]


def test_an_error_of_the_wait_goes_through_and_leaves_the_next_wait_alone() -> None:
    async def failing(after_s: float) -> None:
        await asyncio.sleep(after_s)
        raise ValueError("of its own")

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        deadline = Deadline()
        with pytest.raises(ValueError, match="of its own"):
            await within(deadline, failing(1), loop.time() + 5)
        assert await within(deadline, asyncio.sleep(10, "come"), loop.time() + 11) == "come"
        current = asyncio.current_task()
        assert current is not None
        assert current.cancelling() == 0

    run_virtual(scenario())


def test_a_wait_that_turns_its_end_into_another_error_is_not_called_late() -> None:
    """As with asyncio.timeout: only a wait that ends by the cancellation is a timeout, and nothing stays cancelled."""

    async def stubborn() -> str:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            raise ValueError("broken off") from None
        return "never"

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        deadline = Deadline()
        with pytest.raises(ValueError, match="broken off"):
            await within(deadline, stubborn(), loop.time() + 5)
        await asyncio.sleep(1)
        assert await within(deadline, asyncio.sleep(1, "next"), loop.time() + 5) == "next"

    run_virtual(scenario())


def test_cancelled_by_another_in_the_moment_of_its_deadline_it_stays_cancelled() -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        deadline = Deadline()
        task = asyncio.create_task(within(deadline, asyncio.sleep(60), loop.time() + 5))
        loop.call_at(loop.time() + 5, task.cancel)
        with pytest.raises(asyncio.CancelledError):
            await task
        assert task.cancelled()

    run_virtual(scenario())


def test_a_closed_deadline_leaves_no_timer_behind() -> None:
    async def scenario() -> float:
        loop = asyncio.get_running_loop()
        deadline = Deadline()
        await within(deadline, asyncio.sleep(1), loop.time() + 1_000)
        deadline.close()
        deadline.close()
        with pytest.raises(TimeoutError):
            await within(deadline, asyncio.sleep(60), loop.time() + 2)
        return loop.time()

    start_s = 3
    assert run_virtual(scenario()) == pytest.approx(start_s)


class CountingLoop(asyncio.SelectorEventLoop):
    """Counts the timers that are set in it."""

    timers = 0

    def call_at(self, *arguments: Any, **options: Any) -> asyncio.TimerHandle:  # type: ignore[override]
        self.timers += 1
        return super().call_at(*arguments, **options)


def test_conversations_whose_waits_end_together_share_a_timer() -> None:
    async def scenario() -> int:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, CountingLoop)
        end_s = int(loop.time()) + 60
        before = loop.timers
        for number in range(1_000):
            deadline = Deadline()
            assert await within(deadline, asyncio.sleep(0, "come"), end_s + number / 10_000) == "come"
            deadline.close()
        return loop.timers - before

    with asyncio.Runner(loop_factory=CountingLoop) as runner:
        assert runner.run(scenario()) == 1


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 40)), min_size=1, max_size=20))
def test_many_waits_at_once_each_end_at_their_own_moment(waits: list[tuple[int, int]]) -> None:
    """In sixteenths of a second: some share a look, some look more than once, and none ends early or late."""
    took: dict[int, tuple[float, bool]] = {}

    async def one(number: int, wait: int, given: int) -> None:
        loop = asyncio.get_running_loop()
        start_s, late, deadline = loop.time(), False, Deadline()
        try:
            await within(deadline, asyncio.sleep((wait + 0.5) / 16), start_s + given / 16)
        except TimeoutError:
            late = True
        took[number] = round(loop.time() - start_s, 5), late
        deadline.close()

    async def scenario() -> None:
        await asyncio.gather(*(one(number, *wait) for number, wait in enumerate(waits)))

    run_virtual(scenario())
    assert [took[number] for number in range(len(waits))] == [
        (round(min(wait + 0.5, given) / 16, 5), given < wait + 0.5) for wait, given in waits
    ]


def test_waits_that_fail_together_all_fail_though_each_closes_its_deadline_at_once() -> None:
    async def one() -> None:
        deadline = Deadline()
        try:
            await within(deadline, asyncio.sleep(60), 5)
        finally:
            deadline.close()

    async def scenario() -> list[BaseException | None]:
        return await asyncio.gather(*(one() for _ in range(50)), return_exceptions=True)

    assert [type(error) for error in run_virtual(scenario())] == [TimeoutError] * 50


def test_an_event_loop_that_is_closed_is_let_go_when_another_has_deadlines() -> None:
    async def scenario() -> weakref.ref[asyncio.AbstractEventLoop]:
        loop = asyncio.get_running_loop()
        deadline = Deadline()
        assert await within(deadline, asyncio.sleep(0, "come"), loop.time() + 1_000) == "come"
        return weakref.ref(loop)  # and the deadline is not closed

    closed, last = asyncio.run(scenario()), asyncio.run(scenario())
    gc.collect()
    assert closed() is None
    assert last() is not None
