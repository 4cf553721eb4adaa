"""The virtual event loop: time jumps, nothing comes from outside, and the same program runs the same way."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import time
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.simulation import DeadlockError, SimulationError, StandstillError, VirtualClock, VirtualLoop, run_virtual
from ferraris.simulation.loop import PASSES_PER_COLLECTION

EPOCH_MS = 1_767_225_600_000
"""2026-01-01T00:00:00Z."""


def test_a_year_of_sleep_takes_no_time() -> None:
    async def sleep_a_year() -> float:
        for _ in range(365):
            await asyncio.sleep(86_400)
        return asyncio.get_running_loop().time()

    start = time.perf_counter()
    assert run_virtual(sleep_a_year()) == 365 * 86_400
    assert time.perf_counter() - start < 5


def test_timers_fire_in_order_of_their_time() -> None:
    async def scenario() -> list[tuple[float, int]]:
        loop = asyncio.get_running_loop()
        fired: list[tuple[float, int]] = []
        for delay in (3, 1, 2, 0.5, 2.5):
            loop.call_later(delay, lambda delay=delay: fired.append((loop.time(), delay)))
        await asyncio.sleep(10)
        return fired

    assert run_virtual(scenario()) == [(delay, delay) for delay in (0.5, 1, 2, 2.5, 3)]


@given(st.lists(st.sampled_from([1.0, 2.0, 3.0]), max_size=40), st.sets(st.integers(0, 39)))
def test_timers_of_one_instant_fire_in_the_order_in_which_they_were_set(delays: list[float], gone: set[int]) -> None:
    async def scenario() -> list[int]:
        loop = asyncio.get_running_loop()
        fired: list[int] = []
        timers = [loop.call_later(delay, fired.append, number) for number, delay in enumerate(delays)]
        for number in gone & set(range(len(delays))):
            timers[number].cancel()
        await asyncio.sleep(10)
        return fired

    left = [number for number in range(len(delays)) if number not in gone]
    assert run_virtual(scenario()) == sorted(left, key=lambda number: delays[number])


def test_what_is_ready_runs_before_time_passes() -> None:
    async def scenario() -> float:
        for _ in range(1000):
            await asyncio.sleep(0)
        return asyncio.get_running_loop().time()

    assert run_virtual(scenario()) == 0.0


def test_a_timeout_fires_at_its_time() -> None:
    async def scenario() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(12.5):
                await asyncio.Event().wait()
        return asyncio.get_running_loop().time()

    assert run_virtual(scenario()) == 12.5


def test_a_cancelled_timer_does_not_move_time() -> None:
    async def scenario() -> float:
        loop = asyncio.get_running_loop()
        for _ in range(500):
            loop.call_later(1000, print).cancel()
        await asyncio.sleep(1)
        return loop.time()

    assert run_virtual(scenario()) == 1.0


def test_a_deadlock_is_found_and_names_who_waits() -> None:
    async def wait_for_nobody() -> None:
        await asyncio.Event().wait()

    async def scenario() -> None:
        waiting = [asyncio.create_task(wait_for_nobody(), name=name) for name in ("collector", "meter 7")]
        await asyncio.gather(*waiting)

    with pytest.raises(DeadlockError, match=r"collector in .*wait_for_nobody, meter 7 in .*wait_for_nobody"):
        run_virtual(scenario())


def test_a_spin_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ferraris.simulation.loop.SIMULATION_PASSES_PER_INSTANT_MAX", 1000)

    async def spin() -> None:
        while True:  # noqa: ASYNC110 - the spin is the point
            await asyncio.sleep(0)

    with pytest.raises(StandstillError, match=r"Time stands still at 0\.000 s; tasks: .*spin"):
        run_virtual(spin())


def test_a_run_can_be_bounded() -> None:
    async def tick() -> None:
        for _ in range(1000):
            await asyncio.sleep(1)

    loop = VirtualLoop(passes_max=100)
    with pytest.raises(StandstillError, match="expected below 100 passes"):
        run_virtual(tick(), loop)
    assert 100 <= loop.passes < 110


async def use_a_thread() -> None:
    await asyncio.to_thread(print)


async def resolve_a_name() -> None:
    await asyncio.get_running_loop().getaddrinfo("localhost", 80)


async def open_a_connection() -> None:
    await asyncio.open_connection("127.0.0.1", 4059)


async def listen() -> None:
    await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)


async def open_a_datagram_socket() -> None:
    await asyncio.get_running_loop().create_datagram_endpoint(asyncio.DatagramProtocol, ("127.0.0.1", 0))


@pytest.mark.parametrize(
    ("attempt", "text"),
    [
        (use_a_thread, "threads"),
        (resolve_a_name, "sockets"),
        (open_a_connection, "sockets"),
        (listen, "sockets"),
        (open_a_datagram_socket, "sockets"),
    ],
)
def test_the_outside_world_is_refused(attempt, text: str) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    with pytest.raises(SimulationError, match=f"A simulated world has no {text}"):
        run_virtual(attempt())


ORDER_OF_A_SET = """
import asyncio
from ferraris.simulation import run_virtual

async def late(number, done):
    try:
        await asyncio.sleep(number % 3)
        await asyncio.Event().wait()
    finally:
        done.append(number)

async def main():
    done = []
    tasks = [asyncio.create_task(late(number, done)) for number in range(40)]
    del tasks[5:9]
    await asyncio.sleep(5)
    finished, _ = await asyncio.wait(tasks, timeout=1)
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    await asyncio.sleep(1)
    try:
        async with asyncio.TaskGroup() as group:
            for number in range(100, 140):
                group.create_task(late(number, done))
            await asyncio.sleep(0)
            raise KeyError
    except* KeyError:
        pass
    print(done)

run_virtual(main())
"""


def test_sets_of_tasks_have_the_same_order_in_every_process() -> None:
    outputs = set()
    for seed in ("1", "2", "77"):
        ballast = f"ballast = [object() for _ in range({seed}00)]\n"
        command = [sys.executable, "-c", ballast + ORDER_OF_A_SET]
        run = subprocess.run(command, capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed})
        outputs.add(run.stdout)
    assert len(outputs) == 1
    assert outputs.pop().count(",") > 60


def test_garbage_is_collected_by_the_run_and_afterwards_as_ever() -> None:
    class Circle:
        def __init__(self) -> None:
            self.itself = self

    async def scenario() -> tuple[bool, bool, bool]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        gone = weakref.ref(Circle())
        early = gone() is None
        for _ in range(PASSES_PER_COLLECTION):
            await asyncio.sleep(0)
        return gc.isenabled(), early, gone() is None

    assert run_virtual(scenario()) == (False, False, True)
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


def test_tasks_are_named_by_their_number_in_this_loop() -> None:
    async def nothing() -> None:
        pass

    async def names() -> list[str]:
        tasks = [asyncio.create_task(nothing()), asyncio.create_task(nothing(), name="own")]
        await asyncio.gather(*tasks)
        return [task.get_name() for task in tasks]

    assert run_virtual(names()) == run_virtual(names()) == ["task 2", "own"]


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=20))
def test_a_clock_that_is_waited_for_is_never_early(steps_ms: list[int]) -> None:
    async def scenario() -> None:
        clock = VirtualClock(asyncio.get_running_loop(), EPOCH_MS)
        for step_ms in steps_ms:
            until_ms = clock.now_ms() + step_ms
            await asyncio.sleep(clock.delay_s(until_ms))
            assert clock.now_ms() == until_ms
            assert clock.delay_s(until_ms) == pytest.approx(0, abs=1e-6)

    run_virtual(scenario())


def test_the_clock_begins_at_its_epoch() -> None:
    async def scenario() -> list[int]:
        clock = VirtualClock(asyncio.get_running_loop(), EPOCH_MS)
        times = [clock.now_ms()]
        await asyncio.sleep(0.9996)
        times.append(clock.now_ms())
        await asyncio.sleep(86_400 - 0.9996)
        times.append(clock.now_ms())
        assert clock.delay_s(EPOCH_MS) == 0.0
        return times

    assert run_virtual(scenario()) == [EPOCH_MS, EPOCH_MS + 999, EPOCH_MS + 86_400_000]
