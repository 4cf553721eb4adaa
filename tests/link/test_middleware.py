"""Middlewares: what passes through, and what is held back until its time has come."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.kernel.errors import LinkClosedError
from ferraris.link import Link, LoopbackLink, Middleware, loopback_pair
from ferraris.link.middleware import DelayingMiddleware
from ferraris.simulation import run_virtual


class Late(DelayingMiddleware):
    """Hands out each chunk `delay_s` after it came, as often as `copies` says."""

    def __init__(self, link: Link, delay_s: float, copies: int = 1) -> None:
        super().__init__(link)
        self._delay_s = delay_s
        self._copies = copies

    def arriving(self, octets: bytes) -> Iterable[tuple[float, bytes]]:
        due_s = asyncio.get_running_loop().time() + self._delay_s
        return [(due_s + number, octets) for number in range(self._copies)]


def late_pair(delay_s: float, copies: int = 1) -> tuple[Late, LoopbackLink]:
    inner, plain = loopback_pair(datagrams=True)
    return Late(inner, delay_s, copies), plain


def now() -> float:
    return asyncio.get_running_loop().time()


def test_a_middleware_is_the_link_it_holds() -> None:
    async def scenario() -> None:
        inner, plain = loopback_pair()
        around = Middleware(Middleware(inner))
        assert around.capabilities is inner.capabilities
        assert (around.local, around.peer) == (inner.local, inner.peer)
        await around.send(b"ask")
        assert await plain.receive() == b"ask"
        await plain.send(b"answer")
        assert await around.receive() == b"answer"
        await around.aclose()
        with pytest.raises(LinkClosedError):
            await plain.receive()

    run_virtual(scenario())


def test_a_plain_delaying_middleware_has_to_say_what_arrives() -> None:
    async def scenario() -> None:
        inner, plain = loopback_pair()
        await plain.send(b"?")
        with pytest.raises(NotImplementedError):
            await DelayingMiddleware(inner).receive()

    run_virtual(scenario())


@pytest.mark.parametrize("delay_s", [0.0, 0.25, 60.0])
def test_a_chunk_is_handed_out_at_its_time(delay_s: float) -> None:
    async def scenario() -> float:
        late, plain = late_pair(delay_s)
        await plain.send(b"x")
        assert await late.receive() == b"x"
        return now()

    assert run_virtual(scenario()) == pytest.approx(delay_s)


def test_each_copy_has_its_own_time() -> None:
    async def scenario() -> list[float]:
        late, plain = late_pair(10, copies=3)
        await plain.send(b"x")
        times = []
        for _ in range(3):
            assert await late.receive() == b"x"
            times.append(now())
        return times

    assert run_virtual(scenario()) == pytest.approx([10, 11, 12])


def test_a_chunk_out_of_which_nothing_becomes_is_waited_past() -> None:
    async def scenario() -> float:
        class Deaf(Late):
            def arriving(self, octets: bytes) -> Iterable[tuple[float, bytes]]:
                return super().arriving(octets) if octets != b"lost" else ()

        inner, plain = loopback_pair(datagrams=True)
        deaf = Deaf(inner, 1)
        for chunk in (b"lost", b"lost", b"heard"):
            await plain.send(chunk)
        assert await deaf.receive() == b"heard"
        return now()

    assert run_virtual(scenario()) == pytest.approx(1)


def test_closing_ends_every_wait_at_once() -> None:
    async def scenario() -> float:
        late, plain = late_pair(1000)
        await plain.send(b"held")
        receiving = asyncio.create_task(late.receive())
        waiting = asyncio.create_task(late.wait_until(now() + 500))
        await asyncio.sleep(3)
        await late.aclose()
        for task in (receiving, waiting):
            with pytest.raises(LinkClosedError, match="closed on this side"):
                await task
        return now()

    assert run_virtual(scenario()) == pytest.approx(3)


def test_a_moment_that_has_passed_is_not_waited_for() -> None:
    async def scenario() -> float:
        late, _ = late_pair(0)
        await asyncio.sleep(5)
        await late.wait_until(3)
        await late.wait_until(5)
        return now()

    assert run_virtual(scenario()) == pytest.approx(5)


def test_what_is_held_when_the_peer_closes_is_still_handed_out() -> None:
    async def scenario() -> None:
        late, plain = late_pair(2)
        await plain.send(b"last words")
        await plain.aclose()
        assert await late.receive() == b"last words"
        with pytest.raises(LinkClosedError, match="The peer closed"):
            await late.receive()

    run_virtual(scenario())


@settings(max_examples=30)
@given(
    st.lists(st.binary(min_size=1, max_size=4), min_size=1, max_size=6),
    st.lists(st.floats(0.01, 3), max_size=12),
    st.floats(0, 2),
)
def test_cancelled_at_any_time_no_chunk_is_lost_doubled_or_overtaken(
    chunks: list[bytes], pauses: list[float], delay_s: float
) -> None:
    async def scenario() -> list[bytes]:
        late, plain = late_pair(delay_s)
        received: list[bytes] = []
        for chunk in chunks:
            await plain.send(chunk)
        for pause in pauses:
            receiving = asyncio.create_task(late.receive())
            await asyncio.sleep(pause)
            receiving.cancel()
            await asyncio.wait([receiving])
            received += [] if receiving.cancelled() else [receiving.result()]
        while len(received) < len(chunks):
            received.append(await late.receive())
        return received

    assert run_virtual(scenario()) == chunks
