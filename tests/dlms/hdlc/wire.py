"""A client and the meters of a line on one wire, on virtual time, with whatever happens to octets on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ferraris.dlms.hdlc import (
    DataLink,
    HdlcFraming,
    HdlcLine,
    HdlcParameters,
    LineEnded,
    LineMessage,
    LineSettings,
    PrimaryTiming,
    server_address,
)

Answer = Callable[[bytes], bytes | None]
Fate = Callable[[bytes], bytes]

ANSWER_OCTETS_MAX = 4_096


def echo(apdu: bytes) -> bytes:
    """An answer as long as the request, that is not the request."""
    return bytes(octet ^ 0xFF for octet in apdu)


def untouched(octets: bytes) -> bytes:
    return octets


@dataclass
class Wire:
    """Carries frames to and fro until nobody has anything to say, and lets time pass where they wait."""

    framing: HdlcFraming
    line: HdlcLine
    answer: Answer = echo
    there: Fate = untouched
    back: Fate = untouched
    now_ms: int = 0
    frames: list[tuple[str, bytes]] = field(default_factory=list)
    received: list[bytes] = field(default_factory=list)
    """APDUs that the meters took."""
    unconfirmed: list[LineMessage] = field(default_factory=list)
    disconnected: list[DataLink] = field(default_factory=list)

    def run(self, until_ms: int | None = None) -> None:
        """Until the client waits for nothing, or `until_ms`."""
        while True:
            while self._carry():
                pass
            wake_ms = self.framing.wake_at()
            if wake_ms is None or (until_ms is not None and wake_ms > until_ms):
                return
            self.now_ms = max(self.now_ms, wake_ms)
            self.line.tick(self.now_ms)
            self.framing.tick(self.now_ms)

    def connect(self) -> None:
        self.framing.connect(self.now_ms)
        self.run()

    def ask(self, apdu: bytes) -> list[bytes]:
        """The APDUs that answer one."""
        self.framing.send(apdu, self.now_ms)
        self.run()
        return self.framing.apdus()

    def _carry(self) -> bool:
        sent = self.framing.outgoing()
        for frame in sent:
            self.frames.append(("there", frame))
            self.line.receive(self.there(frame), self.now_ms)
            self._serve()
        if not sent:
            return False
        for frame in self.line.outgoing():
            self.frames.append(("back", frame))
            self.framing.receive(self.back(frame), self.now_ms)
        return True

    def _serve(self) -> None:
        for event in self.line.events():
            match event:
                case LineEnded(link):
                    self.disconnected.append(link)
                case LineMessage(confirmed=False):
                    self.unconfirmed.append(event)
                case LineMessage(link, apdu):
                    self.received.append(apdu)
                    answer = self.answer(apdu)
                    if answer is not None:
                        self.line.send(link, answer)


def wire(
    proposed: HdlcParameters | None = None,
    limits: HdlcParameters | None = None,
    *,
    devices: Mapping[int, set[int]] | None = None,
    physical: int | None = 17,
    size: int | None = None,
    timing: PrimaryTiming | None = None,
) -> Wire:
    """A client SAP 16 and a meter with logical device 1."""
    framing = HdlcFraming(16, server_address(1, physical, size), proposed, timing)
    settings = LineSettings() if limits is None else LineSettings(limits=limits)
    return Wire(framing, HdlcLine(devices or {17: {1}}, settings))
