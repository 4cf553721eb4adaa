"""Frames out of the octets of a live M-Bus line: found by start, length, checksum and stop, all else dropped.

After a frame that does not hold the search goes on behind its first octet, so that a lying length cannot swallow the frames
behind it; one that waits for octets which never come is given up by the inter-octet time-out. At most one unfinished frame is
kept: 261 octets.
"""

from __future__ import annotations

from ferraris.kernel.errors import DecodeError
from ferraris.mbus.frames import (
    FIXED_OCTETS,
    HEAD_OCTETS,
    SHORT_FRAME_OCTETS,
    START_LONG,
    START_SHORT,
    STOP,
    TAIL_OCTETS,
    MbusFrame,
    SingleCharacter,
    read_long_frame,
)


class MbusDeframer:
    """Takes any pieces of a stream and gives whole frames."""

    __slots__ = ("_frames", "_gap_at_ms", "_inter_octet_timeout_ms", "_unfinished", "dropped")

    def __init__(self, inter_octet_timeout_ms: int) -> None:
        self._inter_octet_timeout_ms = inter_octet_timeout_ms
        self._unfinished = b""
        self._gap_at_ms: int | None = None
        self._frames: list[MbusFrame | SingleCharacter] = []
        self.dropped = 0
        """Octets that were no frame's."""

    @property
    def unfinished(self) -> int:
        """How many octets of an unfinished frame are kept."""
        return len(self._unfinished)

    def receive(self, octets: bytes, now_ms: int) -> None:
        """Take octets as they came."""
        self.tick(now_ms)
        octets = self._unfinished + octets
        self._unfinished = octets[self._split(octets) :]
        self._gap_at_ms = now_ms + self._inter_octet_timeout_ms if self._unfinished else None

    def frames(self) -> list[MbusFrame | SingleCharacter]:
        """The frames that became whole since the last call, in order."""
        frames, self._frames = self._frames, []
        return frames

    def wake_at(self) -> int | None:
        """When an unfinished frame is given up."""
        return self._gap_at_ms

    def tick(self, now_ms: int) -> None:
        """Drop a frame that has stopped for too long; what stands behind its first octet may still hold one."""
        while self._gap_at_ms is not None and now_ms >= self._gap_at_ms:
            rest = self._unfinished[1:]
            self.dropped += 1
            self._unfinished = rest[self._split(rest) :]
            if not self._unfinished:
                self._gap_at_ms = None

    def _split(self, octets: bytes) -> int:
        """Collect the whole frames; the offset of the one that is not whole yet."""
        offset = 0
        size = len(octets)
        while offset < size:
            end = self._end(octets, offset)
            if end > size:
                return offset
            if end == 0 or not self._take(octets, offset, end):
                self.dropped += 1
                end = offset + 1
            offset = end
        return offset

    def _take(self, octets: bytes, offset: int, end: int) -> bool:
        """Whether a frame stands there; if so it is kept."""
        match octets[offset]:
            case SingleCharacter.ACKNOWLEDGED.value:
                self._frames.append(SingleCharacter.ACKNOWLEDGED)
            case _ if octets[offset] == START_SHORT:
                _, control, address, checksum, stop = octets[offset:end]
                if checksum != control + address & 0xFF or stop != STOP:
                    return False
                self._frames.append(MbusFrame(control, address))
            case _:
                try:
                    self._frames.append(read_long_frame(octets, offset)[0])
                except DecodeError:
                    return False
        return True

    @staticmethod
    def _end(octets: bytes, offset: int) -> int:
        """Where the frame that begins at `offset` ends, as far as can be told; 0 where none begins."""
        start = octets[offset]
        if start == SingleCharacter.ACKNOWLEDGED.value:
            return offset + 1
        if start == START_SHORT:
            return offset + SHORT_FRAME_OCTETS
        if start != START_LONG:
            return 0
        head = octets[offset : offset + HEAD_OCTETS]
        if len(head) > 2 and (head[1] != head[2] or head[1] < FIXED_OCTETS):
            return 0
        if len(head) < HEAD_OCTETS:
            return offset + HEAD_OCTETS
        return offset + HEAD_OCTETS + head[1] + TAIL_OCTETS if head[3] == START_LONG else 0
