"""Frames out of the octets of a live line: found by flag and length, proven by their checks, all else dropped.

What a station may not answer leaves no trace but a count: noise between frames, a length that does not end at a flag, a wrong
HCS or FCS, a frame that stops for longer than the inter-octet time-out (Green Book 8.4.3). After a frame that does not hold the
search goes on behind its first flag, so that a lying length cannot swallow the frames behind it. At most one unfinished frame
is kept.

The checks cost two passes in C: the register over header and HCS, and from there over the rest, comes out at one fixed value
if everything is right.
"""

from __future__ import annotations

from binascii import crc_hqx

from ferraris.codec.crc import CHECK_OCTETS, REGISTER_AT_START, REGISTER_OF_RIGHT, REVERSED_BITS
from ferraris.dlms.hdlc.addresses import read_address
from ferraris.dlms.hdlc.frames import (
    CONTROLS,
    FLAG,
    FLAG_OCTET,
    FORMAT_MASK,
    FORMAT_OCTETS,
    FORMAT_TYPE_3,
    FRAME_OCTETS_MIN,
    SEGMENTED,
    HdlcFrame,
)
from ferraris.kernel.errors import DecodeError


class HdlcDeframer:
    """Takes any pieces of a stream and gives whole frames."""

    __slots__ = ("_frames", "_gap_at_ms", "_inter_octet_timeout_ms", "_unfinished", "dropped")

    def __init__(self, inter_octet_timeout_ms: int | None = None) -> None:
        """Without a time-out a frame may stop for as long as it likes, as over a network that delays pieces of it."""
        self._inter_octet_timeout_ms = inter_octet_timeout_ms
        self._unfinished = b""
        self._gap_at_ms: int | None = None
        self._frames: list[HdlcFrame] = []
        self.dropped = 0
        """Beginnings of frames that were none."""

    @property
    def unfinished(self) -> int:
        """How many octets of an unfinished frame are kept."""
        return len(self._unfinished)

    def receive(self, octets: bytes, now_ms: int) -> None:
        """Take octets as they came."""
        if self._unfinished:
            self.tick(now_ms)
            octets = self._unfinished + octets
        self._unfinished = octets[self._split(octets) :]
        timeout_ms = self._inter_octet_timeout_ms
        self._gap_at_ms = now_ms + timeout_ms if timeout_ms is not None and len(self._unfinished) > 1 else None

    def frames(self) -> list[HdlcFrame]:
        """The frames that became whole since the last call, in order."""
        frames = self._frames
        self._frames = []
        return frames

    def wake_at(self) -> int | None:
        """When an unfinished frame is given up."""
        return self._gap_at_ms

    def tick(self, now_ms: int) -> None:
        """Drop a frame that has stopped for too long; what stands behind its first flag may still hold one."""
        while self._gap_at_ms is not None and now_ms >= self._gap_at_ms:
            rest = self._unfinished[1:]
            self.dropped += 1
            self._unfinished = rest[self._split(rest) :]
            if len(self._unfinished) <= 1:
                self._gap_at_ms = None

    def _split(self, octets: bytes) -> int:
        """Collect the whole frames; the offset of the flag before the one that is not whole yet."""
        size = len(octets)
        flag = octets.find(FLAG_OCTET)
        while flag >= 0:
            start = flag + 1
            if start + FORMAT_OCTETS > size:
                return flag
            if octets[start] == FLAG:
                flag = start
                continue
            if octets[start] & FORMAT_MASK == FORMAT_TYPE_3:
                end = start + ((octets[start] & 0x07) << 8 | octets[start + 1])
                if end >= size and end - start >= FRAME_OCTETS_MIN:
                    return flag
                if end < size and octets[end] == FLAG and self._take(octets[start:end]):
                    flag = end
                    continue
            self.dropped += 1
            flag = octets.find(FLAG_OCTET, start)
        return size

    def _take(self, octets: bytes) -> bool:
        """Whether `octets` are a frame; if so it is kept."""
        size = len(octets)
        if size < FRAME_OCTETS_MIN:
            return False
        try:
            destination, source_at = read_address(octets, FORMAT_OCTETS, size)
            source, control_at = read_address(octets, source_at, size)
        except DecodeError:
            return False
        information_at = control_at + 1 + CHECK_OCTETS
        if size < information_at or size == information_at + 1:
            return False
        reversed_octets = octets.translate(REVERSED_BITS)
        if crc_hqx(reversed_octets[:information_at], REGISTER_AT_START) != REGISTER_OF_RIGHT:
            return False
        information = b""
        if size > information_at:
            if crc_hqx(reversed_octets[information_at:], REGISTER_OF_RIGHT) != REGISTER_OF_RIGHT:
                return False
            information = octets[information_at:-CHECK_OCTETS]
        control = octets[control_at]
        kind, poll_final, send, receive = CONTROLS[control]
        segmented = octets[0] & SEGMENTED != 0
        self._frames.append(
            HdlcFrame(kind, destination, source, control, poll_final, send, receive, segmented, information)
        )
        return True
