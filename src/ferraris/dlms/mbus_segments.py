"""APDUs in segments over wired M-Bus (EN 13757-3, Green Book 10, IEC 62056-7-3): the user data of long frames.

    CI | STSAP DTSAP | piece of an APDU

Of the control information CI, bits 0 to 3 number the segment from 0 and bit 4 marks the last one. Before each piece stand the
transport service access points of its sender and of its receiver. The frames around it are those of `ferraris.mbus`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from ferraris.kernel.errors import DecodeError, LocalProtocolError
from ferraris.kernel.limits import APDU_OCTETS_MAX
from ferraris.mbus import LONG_FRAME_DATA_MAX, START_LONG, MbusFrame, encode_long_frame, read_long_frame

CLAUSE: Final = "EN 13757-3"
START: Final = START_LONG
LAST_SEGMENT: Final = 0x10
SEGMENT_NUMBER: Final = 0x0F
CONTROL_INFORMATION_MAX: Final = 0x1F
SAPS_OCTETS: Final = 2
SAP_MAX: Final = 0xFF
PIECE_OCTETS_MAX: Final = LONG_FRAME_DATA_MAX - SAPS_OCTETS


class MbusSegment(NamedTuple):
    """One long frame: addresses, where its piece of the APDU belongs, and the piece."""

    control: int
    address: int
    number: int
    last: bool
    source: int
    destination: int
    piece: bytes


class Segments:
    """Puts the pieces of one APDU after the other together. Keeps at most one unfinished APDU."""

    __slots__ = ("_expected", "_pending", "_saps")

    def __init__(self) -> None:
        self._pending = bytearray()
        self._expected = 0
        self._saps = 0, 0

    @property
    def unfinished(self) -> int:
        """How many octets of an unfinished APDU are kept."""
        return len(self._pending)

    @property
    def between(self) -> bool:
        """Whether the next segment begins an APDU."""
        return not self._expected and not self._pending

    def take(self, segment: MbusSegment) -> bytes | None:
        """The APDU that the segment ends, None before its end.

        Raises DecodeError for a segment out of order or of others, and for too long an APDU; what came before is forgotten.
        """
        number, saps = segment.number, (segment.source, segment.destination)
        if number != self._expected or (not self.between and saps != self._saps):
            got, expected = (number, *saps), (self._expected, *self._saps)
            self._forget()
            raise DecodeError("a segment is out of order", expected=expected, got=got, clause=CLAUSE)
        self._saps = saps
        self._pending += segment.piece
        self._expected = number + 1 & SEGMENT_NUMBER
        size = len(self._pending)
        if size > APDU_OCTETS_MAX:
            self._forget()
            raise DecodeError("segments are too long together", expected=APDU_OCTETS_MAX, got=size, clause=CLAUSE)
        if not segment.last:
            return None
        apdu = bytes(self._pending)
        self._forget()
        return apdu

    def _forget(self) -> None:
        self._pending.clear()
        self._expected = 0


def segments_of(
    apdu: bytes, source: int, destination: int, piece_octets: int = PIECE_OCTETS_MAX
) -> list[tuple[int, bytes]]:
    """Control information and user data of the segments that carry an APDU. Raises LocalProtocolError."""
    if not (0 <= source <= SAP_MAX and 0 <= destination <= SAP_MAX and len(apdu) <= APDU_OCTETS_MAX):
        raise LocalProtocolError(
            "an APDU that M-Bus segments cannot carry",
            expected=f"service access points up to {SAP_MAX} and at most {APDU_OCTETS_MAX} octets",
            got=f"{source} to {destination}, {len(apdu)} octets",
            clause=CLAUSE,
        )
    saps = bytes((source, destination))
    pieces = [apdu[at : at + piece_octets] for at in range(0, len(apdu), piece_octets)] or [b""]
    last = len(pieces) - 1
    return [(n & SEGMENT_NUMBER | LAST_SEGMENT * (n == last), saps + piece) for n, piece in enumerate(pieces)]


def encode_segments(
    apdu: bytes, control: int, address: int, source: int, destination: int, piece_octets: int = PIECE_OCTETS_MAX
) -> bytes:
    """The long frames that carry an APDU, one after the other: a push."""
    parts = segments_of(apdu, source, destination, piece_octets)
    return b"".join(encode_long_frame(control, address, information, data) for information, data in parts)


def segment_in(frame: MbusFrame, offset: int = 0) -> MbusSegment:
    """The segment that a long frame (at `offset`) carries. Raises DecodeError where it carries something else."""
    control, address, information, data = frame
    if information is None or information > CONTROL_INFORMATION_MAX:
        got = "none" if information is None else f"{information:02x}"
        raise DecodeError(
            "an M-Bus frame carries no APDU", expected="CI 00 to 1f", got=got, offset=offset + 6, clause=CLAUSE
        )
    if len(data) < SAPS_OCTETS:
        raise DecodeError("an M-Bus frame is cut short", expected="STSAP and DTSAP", offset=offset + 7, clause=CLAUSE)
    last = bool(information & LAST_SEGMENT)
    return MbusSegment(control, address, information & SEGMENT_NUMBER, last, data[0], data[1], data[SAPS_OCTETS:])


def decode_segments(octets: bytes) -> list[MbusSegment]:
    """The long frames in `octets`, one after the other. Raises DecodeError."""
    segments = []
    offset = 0
    while offset < len(octets):
        frame, end = read_long_frame(octets, offset)
        segments.append(segment_in(frame, offset))
        offset = end
    return segments


def join_pieces(segments: list[MbusSegment]) -> list[bytes]:
    """The APDUs that the segments carry. Raises DecodeError for a number out of order or a last segment that is missing."""
    joined = Segments()
    apdus = [apdu for segment in segments if (apdu := joined.take(segment)) is not None]
    if not joined.between:
        raise DecodeError("the last segment is missing", expected="CI bit 4 set", clause=CLAUSE)
    return apdus
