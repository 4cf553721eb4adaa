"""A station of HDLC that breaks one rule: a fault changes the frames that it sends, or what reaches it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ferraris.client import ClientSettings
from ferraris.client.conformance import Result, chosen
from ferraris.dlms.hdlc import HdlcDeframer, HdlcFrame, encode_frame
from ferraris.link import Link
from ferraris.meter.fleet import Fleet
from tests.client.conformance.bottle import Tampering, check_meter
from tests.meter.clients import reading

Faulty = Callable[[HdlcFrame], HdlcFrame | None]
"""What a station sends in the place of a frame; None for nothing."""


class FaultyStation(Tampering):
    """The station's side of a link: `out` changes what it sends, `into` what reaches it."""

    def __init__(self, link: Link, out: Faulty = lambda frame: frame, into: Callable[[bytes], bytes] = bytes) -> None:
        super().__init__(link, lambda octets: octets)
        self._out = out
        self._into = into

    async def send(self, octets: bytes) -> None:
        sent = [self._out(frame) for frame in frames_in(octets)]
        changed = b"".join(encoded(frame) for frame in sent if frame is not None)
        if changed:
            await self._link.send(changed)

    async def receive(self) -> bytes:
        return self._into(await self._link.receive())


def frames_in(octets: bytes) -> Iterator[HdlcFrame]:
    deframer = HdlcDeframer()
    deframer.receive(octets, 0)
    yield from deframer.frames()


def encoded(frame: HdlcFrame) -> bytes:
    return encode_frame(frame.destination, frame.source, frame.control, frame.information, segmented=frame.segmented)


def checked(fleet: Fleet, name: str, settings: ClientSettings | None = None, **fault: object) -> Result:
    """One check against the meter with a fault."""

    def around(link: Link) -> Link:
        return FaultyStation(link, **fault)  # type: ignore[arg-type]

    [result] = check_meter(fleet, settings or reading(), chosen([name]), around=around, hdlc=True)
    return result


def readdressed(octets: bytes, change: Callable[[HdlcFrame], HdlcFrame]) -> bytes:
    return b"".join(encoded(change(frame)) for frame in frames_in(octets)) or octets


def checks_of(module: str) -> list[str]:
    """The names of the checks that a module declares."""
    return [each.name for each in chosen(["hdlc"]) if each.function.__module__.endswith(f".{module}")]
