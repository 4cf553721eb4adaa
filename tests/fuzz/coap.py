"""Datagrams to a CoAP endpoint, over a real socket: whatever comes, the endpoint goes on answering others."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from functools import cache
from typing import Any

from ferraris.kernel.errors import LinkError
from ferraris.link import Link, serve_coap
from tests.fuzz.target import in_turns, turns

ANSWER_WITHIN_S = 5.0
POST, CREATED, OCTET_STREAM = 0x02, 0x41, 42
PATH = "dlms"
EACH_MESSAGES_MAX = 8


async def _backwards(link: Link) -> None:
    try:
        while True:
            await link.send((await link.receive())[::-1])
    except LinkError:
        pass


class _Bench:
    """An endpoint, a stranger and a friend of its. Made in the process that fuzzes, not in the one that it is forked from."""

    def __init__(self) -> None:
        logging.getLogger("coap-server").setLevel(logging.CRITICAL + 1)
        logging.getLogger("coap").setLevel(logging.CRITICAL + 1)
        self.runner = asyncio.Runner()
        self.server: Any = self.runner.run(serve_coap("127.0.0.1", 0, _backwards, PATH))
        self.stranger, self.friend = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in "ab")
        for end in (self.stranger, self.friend):
            end.connect(("127.0.0.1", self.server.port))
            end.setblocking(False)
        self.message_id = 0

    async def hear(self, datagrams: list[bytes]) -> None:
        loop = asyncio.get_running_loop()
        for datagram in datagrams:
            await loop.sock_sendall(self.stranger, datagram)
        self.message_id = (self.message_id + 1) % 0x1_0000
        token = struct.pack(">H", self.message_id)
        await loop.sock_sendall(self.friend, message(self.message_id, token, b"abc"))
        async with asyncio.timeout(ANSWER_WITHIN_S):
            answer = await self._heard(loop)
            while answer[4:6] != token:
                answer = await self._heard(loop)
        assert answer[1] == CREATED
        assert answer.endswith(b"\xffcba")
        while True:  # what the stranger is answered
            try:
                self.stranger.recv(70_000)
            except (BlockingIOError, ConnectionError):
                return

    async def _heard(self, loop: asyncio.AbstractEventLoop) -> bytes:
        """A message, acknowledged where it asks for that: an endpoint that was late answers by one of its own."""
        answer = await loop.sock_recv(self.friend, 2_000)
        if not answer[0] & 0x30:
            await loop.sock_sendall(self.friend, b"\x60\x00" + answer[2:4])
        return answer


def message(
    message_id: int, token: bytes, payload: bytes, *, kind: int = 0, code: int = POST, more: bytes = b""
) -> bytes:
    """A message of CoAP with the options Uri-Path and Content-Format, `more` options behind them."""
    head = struct.pack(">BBH", 0x40 | kind << 4 | len(token), code, message_id) + token
    options = bytes((0xB0 | len(PATH),)) + PATH.encode() + bytes((0x11, OCTET_STREAM)) + more
    return head + options + (b"\xff" + payload if payload else b"")


@cache
def _bench() -> _Bench:
    return _Bench()


def coap(octets: bytes) -> None:
    """Datagrams in turn, and then a request of somebody else, which must be answered."""
    bench = _bench()
    bench.runner.run(bench.hear(list(turns(octets))[:EACH_MESSAGES_MAX]))


SEEDS = (
    in_turns([message(1, b"t", b"abc"), message(2, b"u", b"abc", kind=1), message(3, b"", b"", code=0)]),
    # Blocks of a payload (option 27, Block1): more to come, the next, one that does not fit
    in_turns(
        [
            message(place, b"b", bytes(16), more=bytes((0xD1, 2, block)))
            for place, block in enumerate((0x08, 0x18, 0x70))
        ]
    ),
    in_turns([message(4, b"t", b"x", code=0x01), message(5, b"t", b"x", kind=2), message(6, b"t", b"", kind=3)]),
)
