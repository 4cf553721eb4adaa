"""The meters' side of a wired M-Bus: several meters on one line, by primary address, each with its logical devices and clients.

What is sent to every station is heard and not answered. Where everybody would answer (address 254), only a meter that is alone
on the line does. At 253 those answer who were selected by their secondary addresses: several at once make noise, as on a
line of copper, where a zero of one covers a one of another.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from functools import reduce
from itertools import zip_longest
from operator import and_

from ferraris.dlms.line import DataLink, LineEnded, LineEvent, LineMessage
from ferraris.dlms.mbus_segments import MbusSegment, Segments, segment_in, segments_of
from ferraris.kernel.errors import DecodeError
from ferraris.kernel.limits import MBUS_SEGMENTS_WAITING_MAX
from ferraris.mbus import (
    BROADCAST,
    TO_ANY_STATION,
    TO_SELECTED,
    MbusDeframer,
    MbusFrame,
    MbusTiming,
    SecondaryAddress,
    SecondaryStation,
)


class _Meter:
    """One meter on the line."""

    def __init__(self, address: int, devices: Container[int], secondary: SecondaryAddress | None) -> None:
        self.station = SecondaryStation(address, secondary)
        self.devices = devices
        self.segments = Segments()
        self.clients: dict[tuple[int, int], None] = {}
        """Client and server SAPs that have talked since the primary began anew."""
        self.waiting = 0
        """Segments that nobody has asked for yet, at most."""


class MbusLine:
    """All stations of one line. `devices` tells the logical devices of each meter, by primary address."""

    def __init__(
        self,
        devices: Mapping[int, Container[int]],
        inter_octet_timeout_ms: int | None = None,
        secondary: Mapping[int, SecondaryAddress] | None = None,
    ) -> None:
        """`secondary` are the secondary addresses, by primary address."""
        gap_ms = MbusTiming().inter_octet_timeout_ms if inter_octet_timeout_ms is None else inter_octet_timeout_ms
        self._deframer = MbusDeframer(gap_ms)
        known = secondary or {}
        self._meters = {address: _Meter(address, logical, known.get(address)) for address, logical in devices.items()}
        self._events: list[LineEvent] = []
        self._outgoing: list[bytes] = []

    @property
    def connections(self) -> int:
        """Clients that have talked to a meter since its dialogue began anew."""
        return sum(len(meter.clients) for meter in self._meters.values())

    def receive(self, octets: bytes, now_ms: int) -> None:
        """Take octets as they came. Whatever is wrong with them is dropped; nothing is raised."""
        self._deframer.receive(octets, now_ms)
        for frame in self._deframer.frames():
            if isinstance(frame, MbusFrame):
                self._take(frame)

    def events(self) -> list[LineEvent]:
        """What happened since the last call."""
        events, self._events = self._events, []
        return events

    def send(self, link: DataLink, apdu: bytes) -> None:
        """Have an answer ready; nothing happens when too much waits to be asked for, or the client has begun anew."""
        meter = self._meters[link.physical]
        if not meter.station.has_answers:
            meter.waiting = 0
        if meter.waiting > MBUS_SEGMENTS_WAITING_MAX or (link.client_sap, link.server_sap) not in meter.clients:
            return
        for information, data in segments_of(apdu, link.server_sap, link.client_sap):
            meter.station.offer(information, data)
            meter.waiting += 1

    def outgoing(self) -> list[bytes]:
        """The frames to send since the last call."""
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def wake_at(self) -> int | None:
        """When `tick` must be called at the latest."""
        return self._deframer.wake_at()

    def tick(self, now_ms: int) -> None:
        """Give up an unfinished frame."""
        self._deframer.tick(now_ms)

    def _take(self, frame: MbusFrame) -> None:
        if frame.address == BROADCAST:
            for address, meter in self._meters.items():
                meter.station.listen(frame)
                self._take_user_data(address, meter, confirmed=False)
            return
        if frame.address == TO_SELECTED:
            self._take_selected(frame)
            return
        address = frame.address
        if address == TO_ANY_STATION and len(self._meters) == 1:
            address = next(iter(self._meters))
        meter_there = self._meters.get(address)
        if meter_there is None:
            return
        answer = meter_there.station.take(frame)
        if answer:
            self._outgoing.append(answer)
        self._take_user_data(address, meter_there, confirmed=True)

    def _take_selected(self, frame: MbusFrame) -> None:
        answers = []
        for address, meter in self._meters.items():
            answer = meter.station.take_selected(frame)
            if answer:
                answers.append(answer)
            self._take_user_data(address, meter, confirmed=True)
        if answers:
            self._outgoing.append(_over_one_another(answers))

    def _take_user_data(self, address: int, meter: _Meter, *, confirmed: bool) -> None:
        for received in meter.station.received():
            if received is None:
                self._events += [LineEnded(link) for link in self._paths(address, meter)]
                meter.clients.clear()
                meter.segments = Segments()
                continue
            try:
                segment = segment_in(MbusFrame(0, address, *received))
                if segment.destination in meter.devices:
                    self._take_segment(address, meter, segment, confirmed=confirmed)
            except DecodeError:
                continue

    def _take_segment(self, address: int, meter: _Meter, segment: MbusSegment, *, confirmed: bool) -> None:
        try:
            apdu = meter.segments.take(segment)
        except DecodeError:
            if segment.number:
                return
            apdu = meter.segments.take(segment)  # the client has broken off one APDU, and begins another
        if apdu is not None:
            meter.clients[segment.source, segment.destination] = None
            link = DataLink(segment.source, address, segment.destination)
            self._events.append(LineMessage(link, apdu, confirmed))

    @staticmethod
    def _paths(address: int, meter: _Meter) -> Iterator[DataLink]:
        for client_sap, server_sap in meter.clients:
            yield DataLink(client_sap, address, server_sap)


def _over_one_another(answers: list[bytes]) -> bytes:
    """What a line carries on which several talk at a time: the zeros of all of them, each beginning a little later than another.

    Those who say the same are heard as one.
    """
    late = [b"\xff" * place + answer for place, answer in enumerate(dict.fromkeys(answers))]
    return bytes(reduce(and_, octets) for octets in zip_longest(*late, fillvalue=0xFF))
