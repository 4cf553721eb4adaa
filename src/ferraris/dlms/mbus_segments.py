"""APDUs in segments over wired M-Bus, as some meters push them (EN 13757-2 long frames, Green Book 10, IEC 62056-7-3).

    68 L L 68 | C A CI | STSAP DTSAP | piece of an APDU | checksum 16

L counts from C to the piece's end. Of the control information CI, bits 0 to 3 number the segment from 0 and bit 4 marks the
last one.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from ferraris.kernel.errors import DecodeError
from ferraris.kernel.limits import HDLC_REASSEMBLY_OCTETS_MAX

CLAUSE: Final = "EN 13757-2, 5.3"
START: Final = 0x68
STOP: Final = 0x16
HEAD_OCTETS: Final = 4
TAIL_OCTETS: Final = 2
CONTENT_OCTETS_MIN: Final = 5
LAST_SEGMENT: Final = 0x10
SEGMENT_NUMBER: Final = 0x0F
CONTROL_INFORMATION_MAX: Final = 0x1F


class MbusSegment(NamedTuple):
    """One long frame: addresses, where its piece of the APDU belongs, and the piece."""

    control: int
    address: int
    number: int
    last: bool
    source: int
    destination: int
    piece: bytes


def decode_segments(octets: bytes) -> list[MbusSegment]:
    """The long frames in `octets`, one after the other. Raises DecodeError."""
    segments = []
    offset = 0
    while offset < len(octets):
        segment, offset = _read_segment(octets, offset)
        segments.append(segment)
    return segments


def join_pieces(segments: list[MbusSegment]) -> list[bytes]:
    """The APDUs that the segments carry. Raises DecodeError for a number out of order or a last segment that is missing."""
    whole = []
    pending = bytearray()
    expected = 0
    for segment in segments:
        if segment.number != expected:
            raise DecodeError("a segment is out of order", expected=expected, got=segment.number, clause=CLAUSE)
        pending += segment.piece
        if len(pending) > HDLC_REASSEMBLY_OCTETS_MAX:
            raise DecodeError(
                "segments are too long together", expected=HDLC_REASSEMBLY_OCTETS_MAX, got=len(pending), clause=CLAUSE
            )
        expected = segment.number + 1 & SEGMENT_NUMBER
        if segment.last:
            whole.append(bytes(pending))
            pending.clear()
            expected = 0
    if pending or expected:
        raise DecodeError("the last segment is missing", expected="CI bit 4 set", clause=CLAUSE)
    return whole


def _read_segment(octets: bytes, offset: int) -> tuple[MbusSegment, int]:
    head = octets[offset : offset + HEAD_OCTETS]
    if len(head) < HEAD_OCTETS or head[0] != START or head[3] != START or head[1] != head[2]:
        raise DecodeError("no M-Bus long frame", expected="68 L L 68", got=head.hex(), offset=offset, clause=CLAUSE)
    start = offset + HEAD_OCTETS
    end = start + head[1]
    tail = octets[end : end + TAIL_OCTETS]
    if len(tail) < TAIL_OCTETS or head[1] < CONTENT_OCTETS_MIN:
        raise DecodeError(
            "an M-Bus frame is cut short", expected=end + TAIL_OCTETS, got=len(octets), offset=offset, clause=CLAUSE
        )
    content = octets[start:end]
    checksum = sum(content) & 0xFF
    if tail != bytes((checksum, STOP)):
        raise DecodeError(
            "an M-Bus checksum or stop is wrong",
            expected=f"{checksum:02x}16",
            got=tail.hex(),
            offset=end,
            clause=CLAUSE,
        )
    control, address, information, source, destination = content[:5]
    if information > CONTROL_INFORMATION_MAX:
        raise DecodeError(
            "an M-Bus frame carries no APDU",
            expected="CI 00 to 1f",
            got=f"{information:02x}",
            offset=start + 2,
            clause=CLAUSE,
        )
    last = bool(information & LAST_SEGMENT)
    segment = MbusSegment(control, address, information & SEGMENT_NUMBER, last, source, destination, content[5:])
    return segment, end + TAIL_OCTETS
