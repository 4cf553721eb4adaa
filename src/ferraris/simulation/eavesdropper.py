"""Someone on the network who hears everything, holds no key, and says again what others have said.

It replays a client's whole conversation to the meter, or a push to the collector, as it was or with an octet changed, and
keeps links open for nothing. None of it may be believed: that is for the auditor to see.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import Final

from ferraris.kernel.entropy import Entropy
from ferraris.kernel.errors import LinkError
from ferraris.link import Link
from ferraris.simulation.events import EventLog
from ferraris.simulation.network import Network

HOST: Final = "10.9.9.9"
CONVERSATIONS_KEPT: Final = 4
"""With each host."""
PIECES_MAX: Final = 64
PAUSE_S: Final = 0.5
"""Between two pieces: long enough for an answer."""
IDLE_LINKS: Final = 3
IDLE_S: Final = 600.0
SPOILT: Final = 0.5
"""Of the replays, those with a changed octet."""


class Eavesdropper:
    """Hears by `heard`; acts by `replay`."""

    def __init__(self, network: Network, log: EventLog) -> None:
        self._network = network
        self._log = log
        self._heard: dict[str, deque[tuple[str, list[bytes]]]] = {}
        """By the address spoken to: the speaker's address and what it said."""

    def heard(self, local: str, peer: str, octets: bytes) -> None:
        """A program at `local` (`host:port`) says something to the one at `peer`."""
        if local.startswith(f"{HOST}:"):
            return
        conversations = self._heard.setdefault(peer, deque(maxlen=CONVERSATIONS_KEPT))
        if not conversations or conversations[-1][0] != local:
            conversations.append((local, []))
        pieces = conversations[-1][1]
        if len(pieces) < PIECES_MAX:
            pieces.append(octets)

    async def replay(self, host: str, port: int, draw: Entropy) -> None:
        """Say to `host` and `port` what somebody has said there, over a stream and as datagrams; then just hold links."""
        conversations = self._heard.get(f"{host}:{port}")
        if not conversations:
            return
        _, pieces = conversations[int(draw.uniform() * len(conversations))]
        pieces = list(pieces)
        if draw.uniform() < SPOILT:
            spoilt = int(draw.uniform() * len(pieces))
            pieces[spoilt] = _changed(pieces[spoilt], draw)
        self._log.record("replay", f"{host}:{port}", pieces=len(pieces))
        with suppress(LinkError):
            await self._say(await self._network.datagram_connector(HOST)(host, port), pieces)
        with suppress(LinkError):
            await self._say(await self._network.connector(HOST)(host, port), pieces)
        links = []
        for _ in range(IDLE_LINKS):
            with suppress(LinkError):
                links.append(await self._network.connector(HOST)(host, port))
        await asyncio.sleep(IDLE_S)
        for link in links:
            await link.aclose()

    async def _say(self, link: Link, pieces: list[bytes]) -> None:
        try:
            for piece in pieces:
                await link.send(piece)
                await asyncio.sleep(PAUSE_S)
        finally:
            await link.aclose()


def _changed(octets: bytes, draw: Entropy) -> bytes:
    place = int(draw.uniform() * len(octets))
    return octets[:place] + bytes((octets[place] ^ (1 + int(draw.uniform() * 255)),)) + octets[place + 1 :]
