"""A CoAP link without a network: which way octets go, and what ends it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from ferraris.kernel.errors import LinkClosedError, LinkUnreachableError
from ferraris.kernel.limits import LINK_DATAGRAMS_MAX
from ferraris.link.coap_link import CoapLink
from ferraris.simulation import run_virtual


class Peer:
    """Takes requests, and answers them by `answer` as soon as it is let."""

    def __init__(self, answer: bytes | LinkUnreachableError = b"") -> None:
        self.taken: list[bytes] = []
        self.closed = 0
        self.let = asyncio.Event()
        self._answer = answer
        self.link = CoapLink("here:1", "there:2", self._post, self._close, 10.0)

    async def _post(self, octets: bytes) -> bytes:
        self.taken.append(octets)
        await self.let.wait()
        if isinstance(self._answer, LinkUnreachableError):
            raise self._answer
        return self._answer

    async def _close(self) -> None:
        self.closed += 1


def play(scenario: Callable[[], Awaitable[None]]) -> None:
    run_virtual(scenario())


def test_an_answer_goes_with_the_request_that_waits_and_the_next_one_by_itself() -> None:
    async def scenario() -> None:
        peer = Peer()
        waiting = asyncio.create_task(peer.link.asked(b"question"))
        assert await peer.link.receive() == b"question"
        await peer.link.send(b"answer")
        await peer.link.send(b"push")
        assert await waiting == b"answer"
        assert peer.taken == [b"push"]

    play(scenario)


def test_requests_are_answered_in_their_order() -> None:
    async def scenario() -> None:
        peer = Peer()
        waiting = [asyncio.create_task(peer.link.asked(bytes((number,)))) for number in range(3)]
        for number in range(3):
            assert await peer.link.receive() == bytes((number,))
        for number in range(3):
            await peer.link.send(bytes((number,)) * 2)
        assert [await task for task in waiting] == [b"\0\0", b"\1\1", b"\2\2"]

    play(scenario)


def test_a_request_that_nobody_answers_in_time_gets_an_empty_response() -> None:
    async def scenario() -> None:
        peer = Peer()
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        assert await peer.link.asked(b"question") == b""
        assert loop.time() - begun_s == pytest.approx(10)
        await peer.link.send(b"late")
        await asyncio.sleep(0)
        assert peer.taken == [b"late"]

    play(scenario)


def test_the_payload_of_a_response_is_received_and_an_empty_one_is_not() -> None:
    async def scenario() -> None:
        for answer in (b"answer", b""):
            peer = Peer(answer)
            peer.let.set()
            await peer.link.send(b"question")
            waiting = asyncio.create_task(peer.link.receive())
            await asyncio.sleep(1)
            assert waiting.done() is bool(answer)
            await peer.link.aclose()
            await asyncio.wait([waiting])

    play(scenario)


def test_a_peer_that_is_gone_ends_the_link() -> None:
    async def scenario() -> None:
        peer = Peer(LinkUnreachableError("gone"))
        peer.let.set()
        await peer.link.send(b"question")
        with pytest.raises(LinkUnreachableError):
            await peer.link.receive()
        with pytest.raises(LinkUnreachableError):
            await peer.link.send(b"question")
        assert peer.link.full

    play(scenario)


def test_only_so_many_requests_are_under_way() -> None:
    async def scenario() -> None:
        peer = Peer()
        for number in range(LINK_DATAGRAMS_MAX):
            await peer.link.send(bytes((number,)))
        more = asyncio.create_task(peer.link.send(b"more"))
        await asyncio.sleep(1)
        assert not more.done()
        assert len(peer.taken) == LINK_DATAGRAMS_MAX
        peer.let.set()
        await more
        await asyncio.sleep(0)
        assert peer.taken[-1] == b"more"

    play(scenario)


def test_a_receiver_that_lags_behind_is_full() -> None:
    async def scenario() -> None:
        peer = Peer()
        tasks = [asyncio.create_task(peer.link.asked(b"x")) for _ in range(LINK_DATAGRAMS_MAX)]
        await asyncio.sleep(0)
        assert peer.link.full
        await peer.link.receive()
        assert not peer.link.full
        await peer.link.aclose()
        assert await asyncio.gather(*tasks) == [b""] * LINK_DATAGRAMS_MAX

    play(scenario)


def test_closing_answers_who_waits_and_closes_once() -> None:
    async def scenario() -> None:
        peer = Peer()
        waiting = asyncio.create_task(peer.link.asked(b"question"))
        await asyncio.sleep(0)
        await peer.link.aclose()
        await peer.link.aclose()
        assert await waiting == b""
        assert peer.closed == 1
        with pytest.raises(LinkClosedError):
            await peer.link.receive()

    play(scenario)
