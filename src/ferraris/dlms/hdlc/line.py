"""The meters' side of an HDLC line: several meters on one bus, each with its logical devices and clients (Green Book 8.4.2).

A frame reaches the device that its address names. An address without a lower part reaches the only meter on the line, or none.
The address of the calling meter reaches the one that has made the call over which the line runs, which answers by its own; on a
line with a single meter that is the one. To every station at once, only UI without the poll bit may be sent, and nobody answers it; what asks everybody for an answer,
comes from no or from every station, or goes to no station, is dropped.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass

from ferraris.dlms.hdlc.addresses import (
    MANAGEMENT_LOGICAL_DEVICE,
    NO_STATION,
    SHORT_PART_MAX,
    HdlcAddress,
    server_address,
)
from ferraris.dlms.hdlc.deframer import HdlcDeframer
from ferraris.dlms.hdlc.frames import FrameKind, HdlcFrame, linked
from ferraris.dlms.hdlc.llc import LLC_COMMAND, without_llc
from ferraris.dlms.hdlc.parameters import HdlcParameters
from ferraris.dlms.hdlc.secondary import SecondaryStation
from ferraris.dlms.hdlc.transitions import LinkState
from ferraris.dlms.line import DataLink, LineEnded, LineEvent, LineMessage
from ferraris.kernel.errors import RemoteProtocolError
from ferraris.kernel.limits import HDLC_CONNECTIONS_MAX, HDLC_INFORMATION_OCTETS_MAX, HDLC_WINDOW_MAX

MOST_GRANTED = HdlcParameters(
    HDLC_INFORMATION_OCTETS_MAX, HDLC_INFORMATION_OCTETS_MAX, HDLC_WINDOW_MAX, HDLC_WINDOW_MAX
)


@dataclass(frozen=True, slots=True)
class LineSettings:
    """What the stations on a line grant, and how long they wait."""

    limits: HdlcParameters = MOST_GRANTED
    inactivity_timeout_ms: int = 120_000
    inter_octet_timeout_ms: int | None = None
    inter_frame_gap_ms: int = 0
    """So long the line must have been silent before a station answers."""
    calling: int | None = None
    """The physical address of the meter that has made the call over which this line runs."""


class HdlcLine:
    """All secondary stations on one line."""

    def __init__(self, devices: Mapping[int, Container[int]], settings: LineSettings | None = None) -> None:
        """`devices`: the logical devices of each meter, by its physical address."""
        self._devices = devices
        self._settings = settings or LineSettings()
        self._deframer = HdlcDeframer(self._settings.inter_octet_timeout_ms)
        self._stations: dict[DataLink, SecondaryStation] = {}
        self._events: list[LineEvent] = []
        self._held: list[bytes] = []
        self._quiet_at_ms: int | None = None
        """When the line will have been silent for long enough; None when it is."""

    @property
    def connections(self) -> int:
        """Data link connections that stand."""
        return sum(station.state is not LinkState.DISCONNECTED for station in self._stations.values())

    def receive(self, octets: bytes, now_ms: int) -> None:
        """Take octets as they came. Whatever is wrong with them is dropped or answered; nothing is raised."""
        self._deframer.receive(octets, now_ms)
        if self._settings.inter_frame_gap_ms:
            self._quiet_at_ms = now_ms + self._settings.inter_frame_gap_ms
        for frame in self._deframer.frames():
            if frame.source.upper == NO_STATION or frame.source.to_all_logical:
                continue
            if frame.destination.to_all_logical or frame.destination.to_all_physical:
                self._take_broadcast(frame)
            else:
                for link in self._links(frame):
                    self._take(link, frame, now_ms)

    def events(self) -> list[LineEvent]:
        """What happened since the last call."""
        events, self._events = self._events, []
        return events

    def send(self, link: DataLink, apdu: bytes) -> None:
        """Answer a client; nothing happens when its data link connection has ended meanwhile."""
        station = self._stations.get(link)
        if station is not None and station.state is LinkState.CONNECTED:
            station.send(apdu)

    def outgoing(self) -> list[bytes]:
        """The frames to send since the last call. Call it when all events were dealt with: it ends a station's turn."""
        self._held += [frame for station in self._stations.values() for frame in station.outgoing()]
        self._forget_disconnected()
        if self._quiet_at_ms is not None:
            return []
        outgoing, self._held = self._held, []
        return [linked(outgoing)] if outgoing and self._settings.inter_frame_gap_ms else outgoing

    def wake_at(self) -> int | None:
        """When `tick` must be called at the latest."""
        held_ms = self._quiet_at_ms if self._held else None
        times = [held_ms, self._deframer.wake_at(), *(station.wake_at() for station in self._stations.values())]
        return min((time for time in times if time is not None), default=None)

    def tick(self, now_ms: int) -> None:
        """Give up an unfinished frame, and clients that have gone silent."""
        self._deframer.tick(now_ms)
        if self._quiet_at_ms is not None and now_ms >= self._quiet_at_ms:
            self._quiet_at_ms = None
        for link, station in self._stations.items():
            before = station.state
            station.tick(now_ms)
            if station.state is not before:
                self._events.append(LineEnded(link))
        self._forget_disconnected()

    def _take(self, link: DataLink, frame: HdlcFrame, now_ms: int) -> None:
        if frame.kind is FrameKind.UI:
            self._take_unconfirmed(link, frame)
        station = self._stations.get(link)
        if station is None:
            if self.connections >= HDLC_CONNECTIONS_MAX:
                return
            own, client, settings = _proper(frame.destination, link.physical), frame.source, self._settings
            station = SecondaryStation(own, client, settings.limits, settings.inactivity_timeout_ms)
            self._stations[link] = station
        was_connected = station.state is not LinkState.DISCONNECTED
        station.take(frame, now_ms)
        if was_connected and (station.state is LinkState.DISCONNECTED or frame.kind is FrameKind.SNRM):
            self._events.append(LineEnded(link))
        self._events.extend(LineMessage(link, apdu, confirmed=True) for apdu in station.messages())

    def _take_broadcast(self, frame: HdlcFrame) -> None:
        if frame.kind is FrameKind.UI and not frame.poll_final:
            for link in self._links(frame):
                self._take_unconfirmed(link, frame)

    def _take_unconfirmed(self, link: DataLink, frame: HdlcFrame) -> None:
        if frame.segmented:
            return  # unnumbered segments cannot be told complete: no client may send them
        try:
            apdu = without_llc(frame.information, LLC_COMMAND)
        except RemoteProtocolError:
            return
        self._events.append(LineMessage(link, apdu, confirmed=False))

    def _links(self, frame: HdlcFrame) -> Iterator[DataLink]:
        """The devices on this line that a frame is for. What is for every logical device goes to the management one."""
        destination = frame.destination
        logical = MANAGEMENT_LOGICAL_DEVICE if destination.to_all_logical else destination.upper
        for physical in self._meters(destination):
            if logical in self._devices[physical]:
                yield DataLink(frame.source.upper, physical, logical)

    def _meters(self, destination: HdlcAddress) -> list[int]:
        if destination.to_all_physical or (destination.lower is None and destination.to_all_logical):
            return list(self._devices)
        if destination.lower is None:
            return list(self._devices) if len(self._devices) == 1 else []
        if destination.to_calling:
            calling = self._settings.calling
            return [each for each in self._devices if each == calling or len(self._devices) == 1]
        return [destination.lower] if destination.lower in self._devices and destination.lower != NO_STATION else []

    def _forget_disconnected(self) -> None:
        self._stations = {
            link: station for link, station in self._stations.items() if station.state is not LinkState.DISCONNECTED
        }


def _proper(called: HdlcAddress, physical: int) -> HdlcAddress:
    """The address by which a station answers: the one it was called by, unless that was the calling meter's."""
    if not called.to_calling:
        return called
    return server_address(called.upper, physical, 4 if physical > SHORT_PART_MAX else called.size)
