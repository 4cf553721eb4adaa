"""What every link must do, whatever carries it: one class of tests that each adapter and middleware passes.

A subclass gives `pair()`: the two ends of one open link. `loop_factory` chooses the event loop.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeAlias

import pytest

from ferraris.kernel.errors import LinkClosedError, LinkTimeoutError, LocalProtocolError
from ferraris.link import Connector, Link, Listener, receive_within

Pair: TypeAlias = tuple[Link, Link]
MUCH = 24 * 1024 * 1024
"""More octets than any adapter and the operating system under it may hold for a receiver that does not receive."""


@asynccontextmanager
async def connected(connector: Connector, listener: Listener, host: str, port: int = 0) -> AsyncIterator[Pair]:
    """A link opened by `connector` and the same link as `listener` hands it out."""
    accepted: asyncio.Future[Link] = asyncio.get_running_loop().create_future()
    finished = asyncio.Event()

    async def handler(link: Link) -> None:
        accepted.set_result(link)
        await finished.wait()

    server = await listener(host, port, handler)
    left = await connector(server.host, server.port)
    if left.capabilities.keeps_boundaries:  # a server knows of a datagram link by its first datagram
        await left.send(b"hello")
    right = await accepted
    if left.capabilities.keeps_boundaries:
        assert await right.receive() == b"hello"
    try:
        yield left, right
    finally:
        finished.set()
        await left.aclose()
        await right.aclose()
        await server.aclose()


async def receive_octets(link: Link, count: int) -> bytes:
    """Exactly `count` octets, from as many chunks as it takes."""
    received = bytearray()
    while len(received) < count:
        chunk = await receive_within(link, 20)
        assert chunk
        received += chunk
    assert len(received) == count
    return bytes(received)


async def until(condition: Callable[[], bool]) -> None:
    """Let the event loop run until `condition` holds; fails after ten seconds."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.001)


class LinkConformance:
    """The tests. Names read as the rule they hold a link to."""

    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    tells_end = True
    """The peer's end learns that this one was closed."""
    knows_peer = True
    """The link has a name for its other end that is that end's own."""

    def pair(self) -> AbstractAsyncContextManager[Pair]:
        raise NotImplementedError

    def check(self, rule: Callable[[Link, Link], Awaitable[None]]) -> None:
        async def scenario() -> None:
            async with self.pair() as (left, right):
                await rule(left, right)

        factory = type(self).loop_factory
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(scenario())

    def needs_stream(self, link: Link) -> None:
        if link.capabilities.keeps_boundaries:
            pytest.skip("a rule of streams")

    def test_octets_arrive_in_both_directions(self) -> None:
        async def rule(left: Link, right: Link) -> None:
            await left.send(b"\x00\x01\x02")
            assert await receive_octets(right, 3) == b"\x00\x01\x02"
            await right.send(bytes(range(256)))
            assert await receive_octets(left, 256) == bytes(range(256))

        self.check(rule)

    def test_order_is_kept_where_the_capabilities_say_so(self) -> None:
        async def rule(left: Link, right: Link) -> None:
            for number in range(60):
                await left.send(bytes([number] * (number + 1)))
            expected = b"".join(bytes([number] * (number + 1)) for number in range(60))
            received = await receive_octets(right, len(expected))
            assert received == expected if left.capabilities.ordered else sorted(received) == sorted(expected)

        self.check(rule)

    def test_both_ends_may_send_at_once(self) -> None:
        async def rule(left: Link, right: Link) -> None:
            async with asyncio.TaskGroup() as group:
                for number in range(10):
                    await left.send(bytes([number]) * 100)
                    await right.send(bytes([number]) * 100)
                there = group.create_task(receive_octets(right, 1000))
                back = group.create_task(receive_octets(left, 1000))
            assert sorted(there.result()) == sorted(back.result()) == sorted(bytes(range(10)) * 100)

        self.check(rule)

    def test_boundaries_are_kept_where_the_capabilities_say_so(self) -> None:
        async def rule(left: Link, right: Link) -> None:
            if not left.capabilities.keeps_boundaries:
                pytest.skip("a rule of datagrams")
            for size in (1, 8, 1400):
                await left.send(bytes(size))
            assert sorted([len(await right.receive()) for _ in range(3)]) == [1, 8, 1400]

        self.check(rule)

    def test_sending_nothing_delivers_nothing(self) -> None:
        async def rule(left: Link, right: Link) -> None:
            await left.send(b"")
            await left.send(b"\x55")
            assert await receive_octets(right, 1) == b"\x55"

        self.check(rule)

    def test_a_mutable_buffer_may_be_reused_after_send(self) -> None:
        async def rule(left: Link, right: Link) -> None:
            buffer = bytearray(b"first")
            await left.send(bytes(buffer))
            buffer[:] = b"other"
            assert await receive_octets(right, 5) == b"first"

        self.check(rule)

    def test_what_came_before_the_end_is_returned_then_closed_is_raised(self) -> None:
        async def rule(left: Link, right: Link) -> None:
            if not self.tells_end:
                pytest.skip("this link does not tell its end")
            await left.send(b"last words")
            await left.aclose()
            assert await receive_octets(right, 10) == b"last words"
            for _ in range(2):
                with pytest.raises(LinkClosedError):
                    await receive_within(right, 20)

        self.check(rule)

    def test_sending_to_a_closed_peer_fails_in_the_end(self) -> None:
        async def rule(left: Link, right: Link) -> None:
            if not self.tells_end:
                pytest.skip("this link does not tell its end")

            async def ask_again_and_again() -> None:
                for _ in range(1000):
                    await left.send(b"anyone?")
                    await asyncio.sleep(0.001)

            await right.aclose()
            with pytest.raises(LinkClosedError):
                await ask_again_and_again()

        self.check(rule)

    def test_closing_twice_is_closing_once(self) -> None:
        async def rule(left: Link, right: Link) -> None:
            await left.aclose()
            await left.aclose()
            await right.aclose()

        self.check(rule)

    def test_a_closed_link_neither_sends_nor_receives(self) -> None:
        async def rule(left: Link, right: Link) -> None:
            await right.send(b"unread")
            await left.aclose()
            with pytest.raises(LinkClosedError):
                await left.send(b"too late")
            with pytest.raises(LinkClosedError):
                await receive_within(left, 20)

        self.check(rule)

    def test_closing_wakes_a_receive_that_waits(self) -> None:
        async def rule(left: Link, right: Link) -> None:
            waiting = asyncio.create_task(left.receive())
            await asyncio.sleep(0)
            await left.aclose()
            with pytest.raises(LinkClosedError):
                await waiting

        self.check(rule)

    def test_a_cancelled_receive_loses_nothing(self) -> None:
        async def rule(left: Link, right: Link) -> None:
            expected = bytes(range(60))
            received = b""
            for octet in expected:
                waiting = asyncio.create_task(right.receive())
                await asyncio.sleep(0)
                await left.send(bytes([octet]))
                for _ in range(octet % 5):  # cancel before, while and after the octet arrives
                    await asyncio.sleep(0)
                waiting.cancel()
                await asyncio.wait([waiting])
                received += b"" if waiting.cancelled() else waiting.result()
            received += await receive_octets(right, len(expected) - len(received))
            assert received == expected if right.capabilities.ordered else sorted(received) == sorted(expected)

        self.check(rule)

    def test_only_one_task_may_receive(self) -> None:
        async def rule(left: Link, right: Link) -> None:
            first = asyncio.create_task(right.receive())
            await asyncio.sleep(0)
            with pytest.raises(LocalProtocolError):
                await right.receive()
            await left.send(b"\x01")
            assert await first == b"\x01"

        self.check(rule)

    def test_silence_is_a_timeout_and_the_link_lives_on(self) -> None:
        async def rule(left: Link, right: Link) -> None:
            with pytest.raises(LinkTimeoutError, match="within 0 s"):
                await receive_within(left, 0)
            await right.send(b"at last")
            assert await receive_octets(left, 7) == b"at last"

        self.check(rule)

    def test_a_sender_waits_for_a_receiver_that_lags(self) -> None:
        async def rule(left: Link, right: Link) -> None:
            self.needs_stream(left)

            async def send_much() -> None:
                for _ in range(MUCH // 65_536):
                    await left.send(bytes(65_536))

            sending = asyncio.create_task(send_much())
            for _ in range(3000):
                await asyncio.sleep(0)
            assert not sending.done(), "a slow receiver must not cost memory without bound"
            await receive_octets(right, MUCH)
            await sending

        self.check(rule)

    def test_a_sender_that_waits_learns_of_the_end(self) -> None:
        async def rule(left: Link, right: Link) -> None:
            self.needs_stream(left)
            if not self.tells_end:
                pytest.skip("this link does not tell its end")

            async def send_for_ever() -> None:
                while True:
                    await left.send(bytes(65_536))

            sending = asyncio.create_task(send_for_ever())
            for _ in range(2000):
                await asyncio.sleep(0)
            await right.aclose()
            with pytest.raises(LinkClosedError):
                async with asyncio.timeout(20):
                    await sending

        self.check(rule)

    def test_the_ends_name_each_other(self) -> None:
        async def rule(left: Link, right: Link) -> None:
            if not self.knows_peer:
                pytest.skip("this link does not know who is at the other end")
            assert left.peer == right.local
            assert left.local == right.peer
            assert ":" in left.peer

        self.check(rule)

    def test_capabilities_are_frozen(self) -> None:
        async def rule(left: Link, right: Link) -> None:
            assert left.capabilities == right.capabilities
            with pytest.raises(dataclasses.FrozenInstanceError):
                left.capabilities.ordered = False  # type: ignore[misc]

        self.check(rule)
