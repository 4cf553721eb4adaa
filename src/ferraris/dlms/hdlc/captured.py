"""HDLC in a capture: frames between flags or bare, segments of one direction put together. For reading what was recorded.

A live line is read by the deframer, which drops what does not hold; a capture is to be explained, so here it is an error.
Octet stuffing, which DLMS does not use but some recorders apply, is undone where a length proves it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ferraris.dlms.hdlc.frames import CLAUSE, FLAG, HdlcFrame, frame_length
from ferraris.kernel.errors import DecodeError
from ferraris.kernel.limits import HDLC_REASSEMBLY_OCTETS_MAX

ESCAPE: Final = 0x7D
ESCAPE_BIT: Final = 0x20


def split_frames(octets: bytes) -> list[bytes]:
    """The frames in `octets`, without their flags; octets that begin without a flag are one frame.

    Raises DecodeError where a frame does not end at a flag.
    """
    if octets[:1] != bytes((FLAG,)):
        return [_unstuffed(octets) if frame_length(octets, 0) < len(octets) else octets]
    frames = []
    offset = 0
    size = len(octets)
    while offset < size:
        if octets[offset] == FLAG:
            offset += 1
            continue
        end = offset + frame_length(octets, offset)
        if end < size and octets[end] == FLAG:
            frames.append(octets[offset:end])
        else:
            end = octets.find(FLAG, offset)
            if end < 0:
                raise DecodeError("a frame has no closing flag", expected="0x7e", offset=size, clause=CLAUSE)
            frames.append(_unstuffed(octets[offset:end]))
        offset = end
    return frames


def join_segments(frames: Iterable[HdlcFrame]) -> list[bytes]:
    """The information of the frames, segments put together; frames without information are left out.

    Raises DecodeError for a segment of another sender, for one that never ends, and above the reassembly limit.
    """
    whole: list[bytes] = []
    pending = bytearray()
    first: HdlcFrame | None = None
    for frame in frames:
        if not frame.information:
            continue
        if first is not None and (frame.source, frame.destination) != (first.source, first.destination):
            raise DecodeError("a segment is of another peer", expected=first.source, got=frame.source, clause=CLAUSE)
        pending += frame.information
        if len(pending) > HDLC_REASSEMBLY_OCTETS_MAX:
            raise DecodeError(
                "segments are too long together",
                expected=f"at most {HDLC_REASSEMBLY_OCTETS_MAX}",
                got=len(pending),
                clause=CLAUSE,
            )
        if frame.segmented:
            first = first or frame
            continue
        whole.append(bytes(pending))
        pending.clear()
        first = None
    if first is not None:
        raise DecodeError("the last segment is missing", expected="a frame that is not segmented", clause=CLAUSE)
    return whole


def _unstuffed(octets: bytes) -> bytes:
    """`octets` without stuffing, if their length is right then; otherwise as they are."""
    if ESCAPE not in octets:
        return octets
    plain = bytearray()
    escaped = False
    for octet in octets:
        if escaped:
            plain.append(octet ^ ESCAPE_BIT)
            escaped = False
        elif octet == ESCAPE:
            escaped = True
        else:
            plain.append(octet)
    return bytes(plain) if not escaped and frame_length(octets, 0) == len(plain) else octets
