"""HDLC frames of format type 3, as DLMS sends them over serial lines: octets to frames (Green Book 8.4, ISO/IEC 13239).

    format (1010 S LLLLLLLLLLL) | destination | source | control | HCS | information | FCS

The length counts all octets between the flags. A frame without information has no HCS: its FCS is the only check. An address
has 1, 2 or 4 octets, the lowest bit of its last octet set: an upper (logical) and, from 2 octets on, a lower (physical) part.
Frames are found by their length, not by flags: octets of value 0x7E stand in them as they are. Octet stuffing, which DLMS
does not use, is undone where a length proves it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from ferraris.codec.crc import CHECK_OCTETS, check_sequence
from ferraris.kernel.errors import DecodeError
from ferraris.kernel.limits import HDLC_REASSEMBLY_OCTETS_MAX

CLAUSE: Final = "Green Book 8.4"
FLAG: Final = 0x7E
ESCAPE: Final = 0x7D
ESCAPE_BIT: Final = 0x20
FORMAT_OCTETS: Final = 2
FORMAT_MASK: Final = 0xF0
FORMAT_TYPE_3: Final = 0xA0
SEGMENTED: Final = 0x08
ADDRESS_END: Final = 0x01
POLL_FINAL: Final = 0x10
ADDRESS_SIZES: Final = (1, 2, 4)
FRAME_OCTETS_MIN: Final = FORMAT_OCTETS + 1 + 1 + 1 + CHECK_OCTETS

LLC_COMMAND: Final = b"\xe6\xe6\x00"
LLC_RESPONSE: Final = b"\xe6\xe7\x00"


class FrameKind(StrEnum):
    """What the control octet says the frame is."""

    I = "I"  # noqa: E741  # the standard's name
    RR = "RR"
    RNR = "RNR"
    SNRM = "SNRM"
    UA = "UA"
    DISC = "DISC"
    DM = "DM"
    FRMR = "FRMR"
    UI = "UI"


_UNNUMBERED: Final = {
    0x83: FrameKind.SNRM,
    0x63: FrameKind.UA,
    0x43: FrameKind.DISC,
    0x0F: FrameKind.DM,
    0x87: FrameKind.FRMR,
    0x03: FrameKind.UI,
}
_SUPERVISORY: Final = {0x01: FrameKind.RR, 0x05: FrameKind.RNR}


class HdlcAddress(NamedTuple):
    """An address: `upper` names the logical device or the client, `lower` the physical device where the address has it."""

    upper: int
    lower: int | None
    size: int


class HdlcFrame(NamedTuple):
    """A frame without its flags and checks. The sequence numbers are None where the kind of frame has none."""

    kind: FrameKind
    destination: HdlcAddress
    source: HdlcAddress
    control: int
    poll_final: bool
    send_sequence: int | None
    receive_sequence: int | None
    segmented: bool
    information: bytes


class ParsedFrame(NamedTuple):
    """A frame whose header holds, and what does not hold about the rest of it."""

    frame: HdlcFrame
    length_right: bool
    fcs_right: bool


@dataclass(frozen=True, slots=True)
class HdlcParameters:
    """What SNRM proposes and UA grants; the defaults hold for what is left out."""

    max_information_octets_transmit: int = 128
    max_information_octets_receive: int = 128
    window_transmit: int = 1
    window_receive: int = 1


def decode_frame(octets: bytes) -> HdlcFrame:
    """The frame that `octets` are, without flags. Raises DecodeError for a wrong length, check or control octet."""
    parsed = parse_frame(octets)
    if not parsed.length_right:
        raise DecodeError(
            "a frame length lies", expected=frame_length(octets, 0), got=len(octets), offset=0, clause=CLAUSE
        )
    if not parsed.fcs_right:
        expected = check_sequence(octets[:-CHECK_OCTETS]).hex()
        got = octets[-CHECK_OCTETS:].hex()
        raise DecodeError(
            "a frame check sequence is wrong",
            expected=expected,
            got=got,
            offset=len(octets) - CHECK_OCTETS,
            clause=CLAUSE,
        )
    return parsed.frame


def parse_frame(octets: bytes) -> ParsedFrame:
    """As `decode_frame`, but a length or an FCS that does not hold is told, not refused, for whoever looks into captures.

    The length may be wrong only where the checks prove the octets. Raises DecodeError.
    """
    if len(octets) < FRAME_OCTETS_MIN:
        raise DecodeError("a frame is cut short", expected=FRAME_OCTETS_MIN, got=len(octets), offset=0, clause=CLAUSE)
    length = frame_length(octets, 0)
    body = len(octets) - CHECK_OCTETS
    destination, offset = _read_address(octets, FORMAT_OCTETS, body)
    source, offset = _read_address(octets, offset, body)
    if offset >= body:
        raise DecodeError("a frame has no control octet", expected="1 octet", got=0, offset=offset, clause=CLAUSE)
    header = offset + 1
    fcs_right = check_sequence(octets[:body]) == octets[body:]
    if header < body:
        _check_header(octets, header, body)
        information = octets[header + CHECK_OCTETS : body]
    else:
        information = b""
        if not fcs_right:
            raise _wrong_check("a header check sequence is wrong", octets, header)
    if length != len(octets) and not fcs_right:
        raise DecodeError("a frame length lies", expected=length, got=len(octets), offset=0, clause=CLAUSE)
    segmented = bool(octets[0] & SEGMENTED)
    frame = _frame(octets[offset], offset, destination, source, segmented, information)
    return ParsedFrame(frame, length == len(octets), fcs_right)


def frame_length(octets: bytes, offset: int) -> int:
    """The length in the format field at `offset`. Raises DecodeError unless the frame is of format type 3."""
    field = octets[offset : offset + FORMAT_OCTETS]
    if len(field) < FORMAT_OCTETS or field[0] & FORMAT_MASK != FORMAT_TYPE_3:
        raise DecodeError(
            "no frame of format type 3", expected="0xa...", got=f"0x{field.hex()}", offset=offset, clause=CLAUSE
        )
    return (field[0] & 0x07) << 8 | field[1]


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


def decode_parameters(information: bytes) -> HdlcParameters:
    """The negotiation parameters of an SNRM or a UA. Raises DecodeError. Parameters of other meaning are skipped."""
    if not information:
        return HdlcParameters()
    if len(information) < 3 or information[:2] != b"\x81\x80" or information[2] != len(information) - 3:
        raise DecodeError(
            "negotiation parameters have a wrong head",
            expected="8180 and a length",
            got=information[:3].hex(),
            clause=CLAUSE,
        )
    found = {}
    offset = 3
    while offset < len(information):
        head = information[offset : offset + 2]
        end = offset + 2 + (head[1] if len(head) == 2 else 1)
        if end > len(information):
            raise DecodeError(
                "a negotiation parameter is cut short", expected=end, got=len(information), offset=offset, clause=CLAUSE
            )
        found[head[0]] = int.from_bytes(information[offset + 2 : end], "big")
        offset = end
    default = HdlcParameters()
    return HdlcParameters(
        found.get(0x05, default.max_information_octets_transmit),
        found.get(0x06, default.max_information_octets_receive),
        found.get(0x07, default.window_transmit),
        found.get(0x08, default.window_receive),
    )


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


def _read_address(octets: bytes, offset: int, limit: int) -> tuple[HdlcAddress, int]:
    """The address at `offset` and the offset behind it."""
    for size in ADDRESS_SIZES:
        end = offset + size
        if end <= limit and octets[end - 1] & ADDRESS_END:
            parts = [octet >> 1 for octet in octets[offset:end]]
            if any(octet & ADDRESS_END for octet in octets[offset : end - 1]):
                break
            if size == 1:
                return HdlcAddress(parts[0], None, size), end
            if size == 2:
                return HdlcAddress(parts[0], parts[1], size), end
            return HdlcAddress(parts[0] << 7 | parts[1], parts[2] << 7 | parts[3], size), end
    got = octets[offset : min(offset + 4, limit)].hex()
    raise DecodeError(
        "an address does not end", expected="after 1, 2 or 4 octets", got=got, offset=offset, clause=CLAUSE
    )


def _check_header(octets: bytes, header: int, body: int) -> None:
    if body < header + CHECK_OCTETS or check_sequence(octets[:header]) != octets[header : header + CHECK_OCTETS]:
        raise _wrong_check("a header check sequence is wrong", octets, header)


def _wrong_check(summary: str, octets: bytes, end: int) -> DecodeError:
    expected = check_sequence(octets[:end]).hex()
    return DecodeError(
        summary, expected=expected, got=octets[end : end + CHECK_OCTETS].hex(), offset=end, clause=CLAUSE
    )


def _frame(
    control: int, offset: int, destination: HdlcAddress, source: HdlcAddress, segmented: bool, information: bytes
) -> HdlcFrame:
    poll_final = bool(control & POLL_FINAL)
    if control & 0x01 == 0:
        kind, send, receive = FrameKind.I, control >> 1 & 0x07, control >> 5
    elif control & 0x0F in _SUPERVISORY:
        kind, send, receive = _SUPERVISORY[control & 0x0F], None, control >> 5
    elif control & ~POLL_FINAL in _UNNUMBERED:
        kind, send, receive = _UNNUMBERED[control & ~POLL_FINAL], None, None
    else:
        raise DecodeError(
            "no frame has this control octet",
            expected="I, RR, RNR, SNRM ...",
            got=f"{control:#04x}",
            offset=offset,
            clause=CLAUSE,
        )
    return HdlcFrame(kind, destination, source, control, poll_final, send, receive, segmented, information)
