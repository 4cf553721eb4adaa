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
