"""HDLC frames of format type 3, as DLMS sends them over serial lines: octets to frames and back (Green Book 8.4, ISO/IEC 13239).

    format (1010 S LLLLLLLLLLL) | destination | source | control | HCS | information | FCS

The length counts all octets between the flags. A frame without information has no HCS: its FCS is the only check. Frames are
found by their length, not by flags: octets of value 0x7E stand in them as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, NamedTuple

from ferraris.codec.crc import CHECK_OCTETS, check_sequence
from ferraris.dlms.hdlc.addresses import HdlcAddress, encode_address, read_address
from ferraris.kernel.errors import DecodeError, LocalProtocolError
from ferraris.kernel.limits import HDLC_FRAME_OCTETS_MAX

CLAUSE: Final = "Green Book 8.4"
FLAG: Final = 0x7E
FLAG_OCTET: Final = bytes((FLAG,))
FORMAT_OCTETS: Final = 2
FORMAT_MASK: Final = 0xF0
FORMAT_TYPE_3: Final = 0xA0
SEGMENTED: Final = 0x08
POLL_FINAL: Final = 0x10
FRAME_OCTETS_MIN: Final = FORMAT_OCTETS + 1 + 1 + 1 + CHECK_OCTETS
SEQUENCE_MASK: Final = 0x07
"""Sequence numbers count modulo 8."""


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
    UNDEFINED = "undefined"
    """A control octet that this procedure does not know: a station answers it with FRMR."""


UNNUMBERED: Final = {
    0x83: FrameKind.SNRM,
    0x63: FrameKind.UA,
    0x43: FrameKind.DISC,
    0x0F: FrameKind.DM,
    0x87: FrameKind.FRMR,
    0x03: FrameKind.UI,
}
SUPERVISORY: Final = {0x01: FrameKind.RR, 0x05: FrameKind.RNR}
UNNUMBERED_CONTROL: Final = {kind: control for control, kind in UNNUMBERED.items()}
SUPERVISORY_CONTROL: Final = {kind: control for control, kind in SUPERVISORY.items()}


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


def information_control(send_sequence: int, receive_sequence: int, *, poll_final: bool) -> int:
    """The control octet of an I frame."""
    return receive_sequence << 5 | (POLL_FINAL if poll_final else 0) | send_sequence << 1


def supervisory_control(kind: FrameKind, receive_sequence: int, *, poll_final: bool) -> int:
    """The control octet of an RR or an RNR."""
    return receive_sequence << 5 | (POLL_FINAL if poll_final else 0) | SUPERVISORY_CONTROL[kind]


def unnumbered_control(kind: FrameKind, *, poll_final: bool) -> int:
    """The control octet of a frame without sequence numbers."""
    return UNNUMBERED_CONTROL[kind] | (POLL_FINAL if poll_final else 0)


def encode_frame(
    destination: HdlcAddress, source: HdlcAddress, control: int, information: bytes = b"", *, segmented: bool = False
) -> bytes:
    """The octets of a frame between its flags. Raises LocalProtocolError when it is too long."""
    addresses = encode_address(destination) + encode_address(source)
    length = FORMAT_OCTETS + len(addresses) + 1 + CHECK_OCTETS + (len(information) + CHECK_OCTETS if information else 0)
    if length > HDLC_FRAME_OCTETS_MAX:
        expected = f"at most {HDLC_FRAME_OCTETS_MAX} octets"
        raise LocalProtocolError("a frame is too long", expected=expected, got=length, clause=CLAUSE)
    first = FORMAT_TYPE_3 | (SEGMENTED if segmented else 0) | length >> 8
    octets = bytes((first, length & 0xFF)) + addresses + bytes((control,))
    if information:
        octets += check_sequence(octets) + information
    return FLAG_OCTET + octets + check_sequence(octets) + FLAG_OCTET


def linked(frames: Iterable[bytes]) -> bytes:
    """Frames one behind the other, the flag that ends one beginning the next, so that there is no gap to keep between them."""
    return FLAG_OCTET + b"".join(frame[1:] for frame in frames)


def decode_frame(octets: bytes) -> HdlcFrame:
    """The frame that `octets` are, without flags. Raises DecodeError for a wrong length, check or control octet."""
    parsed = parse_frame(octets)
    if not parsed.length_right:
        raise DecodeError(
            "a frame length lies", expected=frame_length(octets, 0), got=len(octets), offset=0, clause=CLAUSE
        )
    if not parsed.fcs_right:
        raise _wrong_check("a frame check sequence is wrong", octets, len(octets) - CHECK_OCTETS)
    return parsed.frame


def parse_frame(octets: bytes) -> ParsedFrame:
    """As `decode_frame`, but a length or an FCS that does not hold is told, not refused, for whoever looks into captures.

    The length may be wrong only where the checks prove the octets. Raises DecodeError.
    """
    if len(octets) < FRAME_OCTETS_MIN:
        raise DecodeError("a frame is cut short", expected=FRAME_OCTETS_MIN, got=len(octets), offset=0, clause=CLAUSE)
    length = frame_length(octets, 0)
    body = len(octets) - CHECK_OCTETS
    destination, offset = read_address(octets, FORMAT_OCTETS, body)
    source, offset = read_address(octets, offset, body)
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
    kind, poll_final, send_sequence, receive_sequence = CONTROLS[octets[offset]]
    if kind is FrameKind.UNDEFINED:
        raise DecodeError(
            "no frame has this control octet",
            expected="I, RR, RNR, SNRM ...",
            got=f"{octets[offset]:#04x}",
            offset=offset,
            clause=CLAUSE,
        )
    frame = HdlcFrame(
        kind,
        destination,
        source,
        octets[offset],
        poll_final,
        send_sequence,
        receive_sequence,
        bool(octets[0] & SEGMENTED),
        information,
    )
    return ParsedFrame(frame, length == len(octets), fcs_right)


def frame_length(octets: bytes, offset: int) -> int:
    """The length in the format field at `offset`. Raises DecodeError unless the frame is of format type 3."""
    field = octets[offset : offset + FORMAT_OCTETS]
    if len(field) < FORMAT_OCTETS:
        expected = f"{FORMAT_OCTETS} octets of the format"
        raise DecodeError("a frame is cut short", expected=expected, got=len(field), offset=offset, clause=CLAUSE)
    if field[0] & FORMAT_MASK != FORMAT_TYPE_3:
        raise DecodeError(
            "no frame of format type 3", expected="0xa...", got=f"0x{field.hex()}", offset=offset, clause=CLAUSE
        )
    return (field[0] & 0x07) << 8 | field[1]


class Control(NamedTuple):
    """What a control octet says."""

    kind: FrameKind
    poll_final: bool
    send_sequence: int | None
    receive_sequence: int | None


def _control(octet: int) -> Control:
    poll_final = bool(octet & POLL_FINAL)
    if octet & 0x01 == 0:
        return Control(FrameKind.I, poll_final, octet >> 1 & SEQUENCE_MASK, octet >> 5)
    if octet & 0x0F in SUPERVISORY:
        return Control(SUPERVISORY[octet & 0x0F], poll_final, None, octet >> 5)
    return Control(UNNUMBERED.get(octet & ~POLL_FINAL, FrameKind.UNDEFINED), poll_final, None, None)


CONTROLS: Final = tuple(map(_control, range(256)))
"""By control octet."""


def _check_header(octets: bytes, header: int, body: int) -> None:
    if body < header + CHECK_OCTETS or check_sequence(octets[:header]) != octets[header : header + CHECK_OCTETS]:
        raise _wrong_check("a header check sequence is wrong", octets, header)


def _wrong_check(summary: str, octets: bytes, end: int) -> DecodeError:
    expected = check_sequence(octets[:end]).hex()
    return DecodeError(
        summary, expected=expected, got=octets[end : end + CHECK_OCTETS].hex(), offset=end, clause=CLAUSE
    )
