"""A client's framing on wired M-Bus: APDUs in segments, sent by SND_UD and asked for by REQ_UD2.

A meter is asked until it has answered an APDU, and on while its answer says that there is more. M-Bus has no connection: SND_NKE
sets the frame count bits of both ends, and nothing ends it. Pushes are not asked for; they come with the answers, if a meter
has them ready. Answers have no number: one that comes after its time-out is taken for that to the next question, so time-outs must
be longer than a meter ever takes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from ferraris.dlms.mbus_segments import Segments, segment_in, segments_of
from ferraris.kernel.errors import LinkTimeoutError, LocalProtocolError, RemoteProtocolError
from ferraris.kernel.limits import MBUS_POLLS_MAX
from ferraris.mbus import (
    BROADCAST,
    MbusFrame,
    MbusTiming,
    NothingReady,
    PrimaryEvent,
    PrimaryStation,
    SecondaryAddress,
    Sent,
    UserData,
)

CLAUSE: Final = "IEC 62056-7-3"


@dataclass(frozen=True, slots=True)
class MbusFramingSettings:
    """How long a client waits for what."""

    timing: MbusTiming = field(default_factory=MbusTiming)
    poll_interval_ms: int = 100
    """Between two questions to a meter that had no answer ready."""


class MbusFraming:
    """From one client SAP to one server SAP of the meter at a primary or a secondary address."""

    def __init__(
        self,
        client_sap: int,
        server_sap: int,
        address: int,
        settings: MbusFramingSettings | None = None,
        secondary: SecondaryAddress | None = None,
    ) -> None:
        """With a secondary address the meter is selected by that, and `address` is `TO_SELECTED`.

        Raises LocalProtocolError for service access points that take more than an octet, or an address that is none.
        """
        segments_of(b"", client_sap, server_sap)
        if not 0 <= address < BROADCAST:
            raise LocalProtocolError("no address of an M-Bus station", expected="0 to 254", got=address, clause=CLAUSE)
        self._client_sap = client_sap
        self._server_sap = server_sap
        self._settings = settings or MbusFramingSettings()
        self._secondary = secondary
        self._station = PrimaryStation(address, self._settings.timing)
        self._segments = Segments()
        self._apdus: list[bytes] = []
        self.connected = False
        self._answer_due = False
        """An APDU was sent, and its answer has not wholly come."""
        self._polls = 0
        self._poll_at_ms: int | None = None

    def connect(self, now_ms: int) -> None:
        self.connected = False
        self._segments = Segments()
        if self._secondary is None:
            self._station.reset(now_ms)
        else:
            self._station.select(self._secondary, now_ms)

    def send(self, apdu: bytes, now_ms: int) -> None:
        """Raises LocalProtocolError before the meter has answered `connect`, and for too long an APDU."""
        if not self.connected:
            raise LocalProtocolError("an APDU before the M-Bus station has answered", clause=CLAUSE)
        for information, data in segments_of(apdu, self._client_sap, self._server_sap):
            self._station.send(information, data, now_ms)
        self._answer_due, self._polls, self._poll_at_ms = True, 0, None

    def receive(self, octets: bytes, now_ms: int) -> None:
        """Raises RemoteProtocolError for user data that are no segment of an APDU for this client, LinkTimeoutError for noise."""
        self._station.receive(octets, now_ms)
        for event in self._station.events():
            self._take(event, now_ms)

    def apdus(self) -> list[bytes]:
        apdus, self._apdus = self._apdus, []
        return apdus

    def outgoing(self) -> list[bytes]:
        return self._station.outgoing()

    def wake_at(self) -> int | None:
        times = [time for time in (self._station.wake_at(), self._poll_at_ms) if time is not None]
        return min(times, default=None)

    def tick(self, now_ms: int) -> None:
        """Raises LinkTimeoutError when the meter is gone, or has no answer ready for too many questions."""
        self._station.tick(now_ms)
        if self._poll_at_ms is not None and now_ms >= self._poll_at_ms:
            self._poll(now_ms)

    def disconnect(self, now_ms: int) -> None:
        """Nothing is said: the meter hears of it when somebody begins anew."""
        self.connected = self._answer_due = False
        self._poll_at_ms = None

    def _take(self, event: PrimaryEvent, now_ms: int) -> None:
        match event:
            case Sent() if not self.connected:
                self.connected = True
            case Sent() if self._answer_due and not self._station.busy:
                self._poll(now_ms)
            case NothingReady() if self._answer_due:
                self._poll_at_ms = now_ms + self._settings.poll_interval_ms
            case UserData(information, data, more):
                self._take_segment(information, data)
                self._answer_due = more or not self._segments.between
                if self._answer_due and not self._station.busy:
                    self._poll(now_ms)

    def _take_segment(self, information: int, data: bytes) -> None:
        segment = segment_in(MbusFrame(0, 0, information, data))
        if (segment.source, segment.destination) != (self._server_sap, self._client_sap):
            saps = f"{segment.source} to {segment.destination}"
            raise RemoteProtocolError("a segment between other service access points", got=saps, clause=CLAUSE)
        apdu = self._segments.take(segment)
        if apdu is not None:
            self._apdus.append(apdu)
        self._polls = 0

    def _poll(self, now_ms: int) -> None:
        self._poll_at_ms = None
        self._polls += 1
        if self._polls > MBUS_POLLS_MAX:
            self._answer_due = False
            raise LinkTimeoutError(f"The M-Bus station has had nothing ready {MBUS_POLLS_MAX} times")
        self._station.request(now_ms)
