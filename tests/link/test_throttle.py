"""A throttled link passes its octets per second in each direction, no faster."""

from __future__ import annotations

import asyncio

import pytest

from ferraris.kernel.errors import LinkClosedError, LocalProtocolError
from ferraris.link import ThrottleLink, loopback_pair
from ferraris.simulation import run_virtual


def test_a_chunk_takes_its_time_in_each_direction() -> None:
    async def scenario() -> list[float]:
        inner, plain = loopback_pair()
        slow = ThrottleLink(inner, octets_per_s=100)
        now = asyncio.get_running_loop().time
        times = []
        await slow.send(bytes(50))
        times.append(now())
        await slow.send(bytes(100))
        times.append(now())
        await plain.receive()
        times.append(now())
        await plain.send(bytes(200))
        await slow.receive()
        times.append(now())
        return times

    assert run_virtual(scenario()) == pytest.approx([0.5, 1.5, 1.5, 3.5])


def test_directions_do_not_slow_one_another() -> None:
    async def scenario() -> float:
        inner, plain = loopback_pair()
        slow = ThrottleLink(inner, octets_per_s=100)
        await plain.send(bytes(100))
        async with asyncio.TaskGroup() as group:
            group.create_task(slow.send(bytes(100)))
            group.create_task(slow.receive())
        return asyncio.get_running_loop().time()

    assert run_virtual(scenario()) == pytest.approx(1.0)


def test_an_idle_channel_saves_nothing_up() -> None:
    async def scenario() -> float:
        inner, _ = loopback_pair()
        slow = ThrottleLink(inner, octets_per_s=10)
        await asyncio.sleep(100)
        await slow.send(bytes(20))
        return asyncio.get_running_loop().time()

    assert run_virtual(scenario()) == pytest.approx(102.0)


def test_closing_ends_the_wait() -> None:
    async def scenario() -> float:
        inner, _ = loopback_pair()
        slow = ThrottleLink(inner, octets_per_s=1)
        sending = asyncio.create_task(slow.send(bytes(1000)))
        await asyncio.sleep(3)
        await slow.aclose()
        with pytest.raises(LinkClosedError):
            await sending
        return asyncio.get_running_loop().time()

    assert run_virtual(scenario()) == pytest.approx(3.0)


@pytest.mark.parametrize("octets_per_s", [0, -1.0])
def test_a_rate_must_pass_something(octets_per_s: float) -> None:
    with pytest.raises(LocalProtocolError, match="expected above 0"):
        ThrottleLink(loopback_pair()[0], octets_per_s)


TIMES = [
    # octets/s  chunks sent at once   seconds at which each has passed
    (100,       [100],                [1.0]),
    (100,       [50, 50, 100],        [0.5, 1.0, 2.0]),
    (300,       [100, 200, 300],      [1 / 3, 1.0, 2.0]),
    (1,         [3, 1],               [3.0, 4.0]),
    (9600 / 8,  [1200, 12],           [1.0, 1.01]),
    (1e9,       [1, 1],               [0.0, 0.0]),
]  # fmt: skip


@pytest.mark.parametrize(("octets_per_s", "sizes", "times"), TIMES)
def test_chunks_pass_one_after_the_other_in_each_direction(
    octets_per_s: float, sizes: list[int], times: list[float]
) -> None:
    async def outward() -> list[float]:
        inner, _ = loopback_pair(datagrams=True)
        slow = ThrottleLink(inner, octets_per_s)
        passed = []
        for size in sizes:
            await slow.send(bytes(size))
            passed.append(asyncio.get_running_loop().time())
        return passed

    async def inward() -> list[float]:
        inner, plain = loopback_pair(datagrams=True)
        slow = ThrottleLink(inner, octets_per_s)
        for size in sizes:
            await plain.send(bytes(size))
        passed = []
        for size in sizes:
            assert len(await slow.receive()) == size
            passed.append(asyncio.get_running_loop().time())
        return passed

    assert run_virtual(outward()) == pytest.approx(times, abs=1e-6)
    # A chunk inward begins to pass when the one before it has been handed out.
    assert run_virtual(inward()) == pytest.approx(times, abs=1e-6)


def test_two_slow_links_in_a_row_take_the_time_of_both() -> None:
    """A collector's modem before a power line: store and forward."""

    async def scenario() -> float:
        inner, plain = loopback_pair()
        slow = ThrottleLink(ThrottleLink(inner, 100), 50)
        await slow.send(bytes(100))
        assert len(await plain.receive()) == 100
        return asyncio.get_running_loop().time()

    assert run_virtual(scenario()) == pytest.approx(3.0)


def test_a_load_profile_over_a_power_line_takes_as_long_as_arithmetic_says() -> None:
    """96 rows of 60 octets at 2400 bit/s, in blocks of 1 024 octets with a request of 40 for each."""

    async def scenario() -> float:
        inner, meter = loopback_pair()
        slow = ThrottleLink(inner, 300)
        for start in range(0, 96 * 60, 1024):
            await slow.send(bytes(40))
            assert len(await meter.receive()) == 40
            block = bytes(min(1024, 96 * 60 - start))
            await meter.send(block)
            assert len(await slow.receive()) == len(block)
        return asyncio.get_running_loop().time()

    assert run_virtual(scenario()) == pytest.approx((96 * 60 + 6 * 40) / 300)
