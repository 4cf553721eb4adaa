"""What a link over any of asyncio's stream transports does; sockets and serial lines have their own tests."""

from __future__ import annotations

import asyncio

import pytest

from ferraris.kernel.errors import LinkClosedError
from ferraris.link.stream import StreamLink


class Transport(asyncio.Transport):
    """Keeps what is written, and closes at once."""

    def __init__(self, link: StreamLink) -> None:
        super().__init__()
        self.link = link
        self.written = b""
        link.connection_made(self)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def get_write_buffer_size(self) -> int:
        return 0

    def close(self) -> None:
        self.link.connection_lost(None)


def test_what_is_sent_goes_to_the_transport_and_what_it_gives_is_received() -> None:
    async def scenario() -> None:
        link = StreamLink()
        transport = Transport(link)
        await link.send(b"ab")
        link.data_received(b"cd")
        assert (transport.written, await link.receive()) == (b"ab", b"cd")
        await link.aclose()
        with pytest.raises(LinkClosedError):
            await link.send(b"ef")

    asyncio.run(scenario())


def test_a_failure_is_told_in_its_words() -> None:
    async def scenario() -> None:
        link = StreamLink()
        Transport(link)
        link.connection_lost(OSError("the cable is out"))
        with pytest.raises(LinkClosedError, match="the cable is out"):
            await link.receive()

    asyncio.run(scenario())


class SlowTransport(Transport):
    """Closes only when it is told that the line is let go of."""

    def close(self) -> None:
        self.closing = True


def test_whoever_closes_waits_until_the_line_is_let_go_of() -> None:
    async def scenario() -> None:
        link = StreamLink()
        transport = SlowTransport(link)
        closing = [asyncio.create_task(link.aclose()) for _ in range(2)]
        await asyncio.sleep(0)
        assert transport.closing
        assert not any(task.done() for task in closing)
        link.connection_lost(None)
        await asyncio.gather(*closing)
        await link.aclose()

    asyncio.run(scenario())


def test_who_need_not_wait_for_the_line_does_not() -> None:
    async def scenario() -> None:
        link = StreamLink()
        link.waits_for_close = False
        SlowTransport(link)
        await link.aclose()
        link.connection_lost(None)
        await link.aclose()

    asyncio.run(scenario())
