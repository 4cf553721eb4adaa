"""The driver of a line with several meters, HDLC or M-Bus: they answer by their addresses, over a serial bus or a network.

As over the wrapper, each client of each meter has an association engine of its own; it ends when the line says that the client
has gone or begun anew. A serial line is served for ever. A connection over a network ends when nobody is connected on it for
`IDLE_TIMEOUT_S`, and gives way to a new one when every place is taken and nobody is connected on it. At an optical head the line
is left, so that the next reader can sign on, as soon as the last client has disconnected.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container, Iterator, Mapping
from typing import Protocol, TypeAlias

from ferraris.dlms import DataLink, LineEnded, LineEvent, LineMessage
from ferraris.kernel.errors import LinkTimeoutError, SecurityError
from ferraris.kernel.limits import CONNECTIONS_PER_METER_MAX
from ferraris.link import Link, receive_within
from ferraris.meter.server import IDLE_TIMEOUT_S, AssociationEnd, MeterServer, refusal


class Line(Protocol):
    """The meters' side of a line, as `HdlcLine` and `MbusLine` have it."""

    @property
    def connections(self) -> int: ...
    def receive(self, octets: bytes, now_ms: int) -> None: ...
    def events(self) -> list[LineEvent]: ...
    def send(self, link: DataLink, apdu: bytes) -> None: ...
    def outgoing(self) -> list[bytes]: ...
    def wake_at(self) -> int | None: ...
    def tick(self, now_ms: int) -> None: ...


LineOf: TypeAlias = Callable[[Mapping[int, Container[int]]], Line]
"""A line, from the logical devices of the meters on it by their addresses."""


class _LogicalDevices:
    """The logical devices that a meter has, as long as it has power."""

    def __init__(self, server: MeterServer) -> None:
        self._server = server

    def __contains__(self, server_sap: object) -> bool:
        profile = self._server.device.model.profile
        return self._server.device.meter.powered and any(
            association.server_sap == server_sap for association in profile.associations.values()
        )


class LineService:
    """Serves the meters of one line, by address, on as many links as there are places."""

    def __init__(
        self,
        servers: Mapping[int, MeterServer],
        line_of: LineOf,
        idle_timeout_s: float = IDLE_TIMEOUT_S,
    ) -> None:
        self._servers = servers
        self._line_of = line_of
        self._idle_timeout_s = idle_timeout_s
        self._links: dict[Link, _ServedLine] = {}

    @property
    def connections(self) -> int:
        return len(self._links)

    async def serve(self, link: Link, first: bytes = b"", *, until_left: bool = False) -> None:
        """Serve one link to its end, `first` being what came over it before. Raises LinkError when it breaks.

        `until_left`: until the last client has disconnected, or the link is idle; it stays open.
        """
        if len(self._links) >= CONNECTIONS_PER_METER_MAX * len(self._servers):
            idle = next((other for other, served in self._links.items() if not served.line.connections), None)
            if idle is None:
                return
            del self._links[idle]
            await idle.aclose()
        served = self._links[link] = _ServedLine(link, self._servers, self._line_of, self._idle_timeout_s)
        try:
            await served.run(first, until_left=until_left)
        finally:
            served.leave()
            self._links.pop(link, None)


class _ServedLine:
    """One link while it is served."""

    def __init__(self, link: Link, servers: Mapping[int, MeterServer], line_of: LineOf, idle_timeout_s: float) -> None:
        self.line = line_of({physical: _LogicalDevices(server) for physical, server in servers.items()})
        self._link = link
        self._servers = servers
        self._idle_timeout_s = idle_timeout_s
        self._loop = asyncio.get_running_loop()
        self._ends: dict[DataLink, AssociationEnd] = {}

    async def run(self, octets: bytes, *, until_left: bool) -> None:
        idle_ends = until_left or self._link.capabilities.reliable
        left = False
        while True:
            if octets:
                self.line.receive(octets, self._now_ms())
            left = self._take_events() or left
            frames = b"".join(self.line.outgoing())
            if frames:
                await self._link.send(frames)
            if until_left and left and not self.line.connections and self.line.wake_at() is None:
                return
            try:
                octets = await receive_within(self._link, self._patience_s())
            except LinkTimeoutError:
                octets = b""
                self.line.tick(self._now_ms())
                self._tick_engines()
                if idle_ends and not self.line.connections:
                    return

    def _take_events(self) -> bool:
        """Act on what has happened on the line; whether a client has left."""
        left = False
        for event in self.line.events():
            match event:
                case LineMessage(link, apdu, confirmed):
                    self._take(link, apdu, confirmed=confirmed)
                case LineEnded(link):
                    self._end(link)
                    left = True
        return left

    def leave(self) -> None:
        """The link is over, and with it every association on it."""
        for link in list(self._ends):
            self._end(link)

    def _take(self, link: DataLink, apdu: bytes, *, confirmed: bool) -> None:
        server = self._servers[link.physical]
        end = self._ends.get(link)
        if end is None:
            end = server.open_end(link.client_sap, link.server_sap)
            if end is None:
                if confirmed:
                    self.line.send(link, refusal(apdu))
                return
            self._ends[link] = end
            server.lines.append(end)
        try:
            answers = server.take_apdu(end, apdu, self._now_ms())
        except SecurityError:
            return  # no invocation counter is left to cipher the answer with: silence is all that the key still allows
        if confirmed:
            for answer in answers:
                self.line.send(link, answer)

    def _end(self, link: DataLink) -> None:
        end = self._ends.pop(link, None)
        if end is not None:
            self._servers[link.physical].lines.remove(end)

    def _tick_engines(self) -> None:
        now_ms = self._now_ms()
        for end in self._ends.values():
            end.engine.tick(now_ms)
            end.engine.events()

    def _patience_s(self) -> float:
        """Until somebody's time is up; at the longest until the link is idle."""
        wakes = [wake_ms for wake_ms in self._wakes_ms() if wake_ms is not None]
        if not wakes:
            return self._idle_timeout_s
        return min(max(min(wakes) / 1000 - self._loop.time(), 0.0), self._idle_timeout_s)

    def _wakes_ms(self) -> Iterator[int | None]:
        yield self.line.wake_at()
        for end in self._ends.values():
            yield end.engine.wake_at()

    def _now_ms(self) -> int:
        return int(self._loop.time() * 1000)
