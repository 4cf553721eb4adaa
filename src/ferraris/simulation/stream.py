"""Streams of the simulated network: what TCP makes of a bad medium.

Octets arrive in order or not at all. A segment that the medium loses is carried again after a while, twice as long
each time, and what was sent after it waits behind it. An end whose segments are not carried for long enough gives up;
the other end does not learn of it, as nothing reaches it: it is half-open until it gives up on something of its own.
"""

from __future__ import annotations

import asyncio
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from ferraris.kernel.errors import LinkClosedError
from ferraris.kernel.limits import LINK_RECEIVE_OCTETS_MAX
from ferraris.link import Inbox, LinkCapabilities
from ferraris.simulation.medium import Medium
from ferraris.simulation.process import Process

RETRANSMISSION_S = 1.0
"""Until a lost segment is carried again; doubled with every further loss of it (RFC 6298)."""
GIVE_UP_S = 120.0
"""An end whose segment was not carried for so long ends its connection."""
STREAM_CAPABILITIES = LinkCapabilities(
    uplink_octets_max=1 << 30,
    downlink_octets_max=1 << 30,
    ordered=True,
    reliable=True,
    keeps_boundaries=False,
    round_trip_ms=100,
)


class _Then(Enum):
    """What follows the octets of a segment."""

    MORE = "more"
    CLOSE = "close"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class _Segment:
    octets: bytes
    then: _Then = _Then.MORE


@dataclass(slots=True)
class _Path:
    """What both ends share."""

    name: str
    silent: bool = False
    """Nothing passes any more, in either direction."""


class StreamEnd:
    """One end of a stream: a link. `gone` is called once, when this end is over for the program that holds it."""

    capabilities = STREAM_CAPABILITIES

    def __init__(self, medium: Medium, path: _Path, host: str, local: str, peer: str) -> None:
        self.host = host
        self.local = local
        self.peer = peer
        self.owner: Process | None = None
        self.gone: Callable[[StreamEnd], None] | None = None
        self.other: StreamEnd
        self.outstanding = 0
        """Octets that this end sent and the program at the other end has not taken yet."""
        self._medium = medium
        self._path = path
        self._inbox = Inbox()
        self._to_send: deque[_Segment] = deque()
        self._in_flight: deque[_Segment] = deque()
        self._pausing = False
        """The first segment was lost and waits to be carried again."""
        self._last_arrival_s = 0.0
        self._room = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    # The link

    async def send(self, octets: bytes) -> None:
        self._inbox.check_open()
        if not octets:
            return
        self._medium.handed_over(self.local, self.peer, octets)
        self.outstanding += len(octets)
        self._enqueue(*(_Segment(piece) for piece in self._cut(bytes(octets))))
        while self.outstanding >= LINK_RECEIVE_OCTETS_MAX:
            self._room.clear()
            await self._room.wait()
            self._inbox.check_open()

    async def receive(self) -> bytes:
        octets = await self._inbox.take()
        self.other.acknowledge(len(octets))
        return octets

    async def aclose(self) -> None:
        if self._inbox.closed:
            return
        was_open = not self._inbox.ended
        self._leave("The link was closed on this side")
        if was_open:
            self._enqueue(_Segment(b"", _Then.CLOSE))

    # What the network does to it

    def abort(self, *, silently: bool) -> None:
        """The program that held this end is gone. Its machine tells the other end so, unless that went `silently`."""
        if not self._inbox.closed:
            self._leave("The process that held the link is gone")
        self._to_send.clear()
        if silently:
            self._path.silent = True
        else:
            self._enqueue(_Segment(b"", _Then.RESET))

    def acknowledge(self, count: int) -> None:
        """The program at the other end took `count` octets, or will never take them."""
        self.outstanding = max(0, self.outstanding - count)
        self._room.set()

    def arrive(self) -> None:
        """The next segment of the other end is here."""
        segment = self.other.landed()
        if segment.octets:
            self._record("arrived", octets=len(segment.octets), crc=zlib.crc32(segment.octets))
            if self._inbox.ended:
                self.other.acknowledge(len(segment.octets))
            self._inbox.put(segment.octets)
        if segment.then is _Then.CLOSE:
            self._end("The peer closed the link")
        elif segment.then is _Then.RESET:
            self._end("The connection was reset")

    def landed(self) -> _Segment:
        """Take the first segment that is under way: timers that are due together may fire in any order."""
        return self._in_flight.popleft()

    # Its own

    def _enqueue(self, *segments: _Segment) -> None:
        self._to_send.extend(segments)
        if not self._pausing:
            self._carry()

    def _cut(self, octets: bytes) -> list[bytes]:
        if len(octets) > 1 and self._medium.happens(self._medium.conditions.cutting):
            position = 1 + self._medium.below(len(octets) - 1)
            return [octets[:position], octets[position:]]
        return [octets]

    def _carry(self, waited_s: float = 0.0) -> None:
        """Carry what is to be sent, in order; the first segment has waited for `waited_s` already."""
        self._pausing = False
        while self._to_send:
            if not self._attempt():
                self._try_again(waited_s)
                return
            waited_s = 0.0

    def _attempt(self) -> bool:
        """Carry one segment, unless the medium loses it."""
        medium = self._medium
        if not self._path.silent and medium.happens(medium.conditions.half_open):
            self._record("half-open")
            self._path.silent = True
        if self._path.silent or not medium.carries(self.host, self.other.host):
            return False
        segment = self._to_send.popleft()
        if segment.octets and medium.happens(medium.conditions.reset):
            segment = self._break(segment)
        self._last_arrival_s = max(self._last_arrival_s, self._loop.time() + medium.latency_s())
        self._in_flight.append(segment)
        self._loop.call_at(self._last_arrival_s, self.other.arrive)
        return True

    def _try_again(self, waited_s: float) -> None:
        pause_s = max(RETRANSMISSION_S, waited_s)
        if waited_s + pause_s <= GIVE_UP_S:
            self._pausing = True
            self._loop.call_later(pause_s, self._carry, waited_s + pause_s)
        else:
            self._record("gave up")
            self._path.silent = True
            self._end(f"The peer acknowledged nothing for {GIVE_UP_S:g} s")

    def _break(self, segment: _Segment) -> _Segment:
        """The connection breaks at some octet of `segment`: this end learns it at once, the other one on arrival."""
        kept = segment.octets[: self._medium.below(len(segment.octets))]
        self._record("reset", after=len(kept))
        self._end("The connection was reset")
        return _Segment(kept, _Then.RESET)

    def _end(self, reason: str) -> None:
        """Nothing more will come or go here. The program learns it at its next call."""
        self._inbox.end(LinkClosedError(reason))
        self._to_send.clear()
        self.outstanding = 0
        self._room.set()

    def _leave(self, reason: str) -> None:
        """The program is done with this end."""
        self._record("closed")
        untaken = self._inbox.octets
        self._inbox.discard(reason)
        self.other.acknowledge(untaken)
        self._room.set()
        if self.gone is not None:
            self.gone(self)

    def _record(self, what: str, **fields: int) -> None:
        self._medium.log.record(what, f"{self._path.name}@{self.host}", **fields)


def stream_pair(
    medium: Medium, name: str, client: tuple[str, int], server: tuple[str, int]
) -> tuple[StreamEnd, StreamEnd]:
    """The client's and the server's end of a new stream, each given by its host and port."""
    path = _Path(name)
    client_text, server_text = f"{client[0]}:{client[1]}", f"{server[0]}:{server[1]}"
    near = StreamEnd(medium, path, client[0], client_text, server_text)
    far = StreamEnd(medium, path, server[0], server_text, client_text)
    near.other, far.other = far, near
    return near, far
