"""Single HDLC frames to the station under test, wrong ones too, and what it does with them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from ferraris.client.conformance.bench import Bench, proposal
from ferraris.client.conformance.check import NotApplicable
from ferraris.dlms.hdlc import (
    LLC_COMMAND,
    LLC_RESPONSE,
    FrameKind,
    HdlcAddress,
    HdlcDeframer,
    HdlcFrame,
    HdlcParameters,
    client_address,
    decode_parameters,
    encode_frame,
)
from ferraris.kernel.errors import DecodeError, LinkError
from ferraris.kernel.limits import HDLC_POLLS_MAX
from ferraris.link import Link

SNRM: Final = 0x93
DISC: Final = 0x53
RR: Final = 0x11
RNR: Final = 0x15
UI: Final = 0x03
POLL: Final = 0x10
UNDEFINED: Final = 0xFF
"""An unnumbered control octet that no procedure has."""


def numbered(send: int, receive: int, *, poll: bool = True) -> int:
    """The control octet of an I frame."""
    return receive << 5 | POLL * poll | send << 1


def supervisory(control: int, receive: int) -> int:
    """The control octet of RR or RNR with its N(R)."""
    return control | receive << 5


@dataclass(frozen=True, slots=True)
class Turn:
    """The frames of one answer; none is silence."""

    frames: tuple[HdlcFrame, ...]
    link_closed: bool = False

    @property
    def last(self) -> HdlcFrame | None:
        """The frame that gave the turn back."""
        return self.frames[-1] if self.frames else None

    def is_only(self, *kinds: FrameKind) -> bool:
        """Whether one frame of one of these kinds came, and nothing else."""
        return len(self.frames) == 1 and self.frames[0].kind in kinds

    @property
    def granted(self) -> HdlcParameters | None:
        """What a UA grants; None where none came, or one that says nothing sensible."""
        if not self.is_only(FrameKind.UA):
            return None
        try:
            return decode_parameters(self.frames[0].information)
        except DecodeError:
            return None

    @property
    def information(self) -> bytes:
        """What its I frames carry, put together."""
        return b"".join(frame.information for frame in self.frames if frame.kind is FrameKind.I)

    def __str__(self) -> str:
        if not self.frames:
            return "the link was closed" if self.link_closed else "no answer"
        return ", ".join(map(_words, self.frames))


def _words(frame: HdlcFrame) -> str:
    numbers = [] if frame.send_sequence is None else [f"N(S) {frame.send_sequence}"]
    numbers += [] if frame.receive_sequence is None else [f"N(R) {frame.receive_sequence}"]
    numbers += [f"{len(frame.information)} octets"] if frame.information else []
    return frame.kind.value + (f" ({', '.join(numbers)})" if numbers else "")


class StationProbe:
    """A primary station that does as it is told."""

    def __init__(self, link: Link, own: HdlcAddress, server: HdlcAddress, patience_s: float) -> None:
        self.own = own
        self.server = server
        self._link = link
        self._patience_s = patience_s
        self._deframer = HdlcDeframer()

    def frame(
        self, control: int, information: bytes = b"", *, segmented: bool = False, to: HdlcAddress | None = None
    ) -> bytes:
        """The octets of a frame to the station."""
        return encode_frame(to or self.server, self.own, control, information, segmented=segmented)

    async def send(self, octets: bytes) -> None:
        """Send octets as they are and wait for nothing."""
        try:
            await self._link.send(octets)
        except LinkError:
            return

    async def ask_framed(self, octets: bytes) -> Turn:
        """Send octets as they are, and wait for a turn of the station."""
        await self.send(octets)
        frames: list[HdlcFrame] = []
        try:
            async with asyncio.timeout(self._patience_s):
                while not frames or not frames[-1].poll_final:
                    self._deframer.receive(await self._link.receive(), 0)
                    frames += [each for each in self._deframer.frames() if each.destination.upper == self.own.upper]
        except TimeoutError:
            return Turn(tuple(frames))
        except LinkError:
            return Turn(tuple(frames), link_closed=True)
        return Turn(tuple(frames))

    async def ask(self, control: int, information: bytes = b"", *, segmented: bool = False) -> Turn:
        """Send one frame, and wait for a turn of the station."""
        return await self.ask_framed(self.frame(control, information, segmented=segmented))

    async def connect(self, parameters: HdlcParameters | None = None) -> Turn:
        """Ask for a data link connection."""
        return await self.ask(SNRM, b"" if parameters is None else parameters.encode())

    async def converse(self, control: int, apdu: bytes) -> Turn:
        """Send an APDU in one frame; a station that has no answer ready is asked for it again."""
        turn = await self.ask(control, LLC_COMMAND + apdu)
        for _ in range(HDLC_POLLS_MAX):
            last = turn.last
            if last is None or last.kind is not FrameKind.RR or last.receive_sequence is None:
                break
            await asyncio.sleep(self._patience_s / HDLC_POLLS_MAX)
            turn = await self.ask(supervisory(RR, (control >> 5) & 0x07))
        return turn


def aarq(bench: Bench) -> bytes:
    """What the bench's client would open its association with."""
    return proposal(bench.association, bench.entropy)


def carries_apdu(turn: Turn, tag: int) -> bool:
    """Whether a turn carries the beginning of an APDU with this tag."""
    return turn.information[: len(LLC_RESPONSE) + 1] == LLC_RESPONSE + bytes((tag,))


@asynccontextmanager
async def station(bench: Bench) -> AsyncIterator[StationProbe]:
    """A link to the station, which is disconnected before and after. Raises NotApplicable where there is no HDLC."""
    if bench.hdlc_address is None:
        raise NotApplicable("APDUs do not travel in HDLC frames")
    link = await bench.open_link()
    own = client_address(bench.settings.client_sap)
    probe = StationProbe(link, own, bench.hdlc_address(bench.settings.server_sap), bench.patience_s)
    try:
        await probe.ask(DISC)
        yield probe
        await probe.ask(DISC)
    finally:
        await link.aclose()
