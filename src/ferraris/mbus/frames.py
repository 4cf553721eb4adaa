"""Frames of wired M-Bus: format class FT 1.2 of IEC 60870-5-1 (EN 13757-2, 5.3).

    single character   E5
    short frame        10 C A checksum 16
    long frame         68 L L 68 C A CI user data checksum 16

L counts the octets from C to the end of the user data; the checksum is their sum. A long frame without user data is the
standard's control frame.
"""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import Final, NamedTuple

from ferraris.kernel.errors import DecodeError, LocalProtocolError

CLAUSE: Final = "EN 13757-2, 5.3"
START_SHORT: Final = 0x10
START_LONG: Final = 0x68
STOP: Final = 0x16
SHORT_FRAME_OCTETS: Final = 5
HEAD_OCTETS: Final = 4
TAIL_OCTETS: Final = 2
FIXED_OCTETS: Final = 3
"""C, A and CI."""
LONG_FRAME_DATA_MAX: Final = 0xFF - FIXED_OCTETS
LONG_FRAME_OCTETS_MAX: Final = HEAD_OCTETS + 0xFF + TAIL_OCTETS

PRIMARY_TO_SECONDARY: Final = 0x40
FRAME_COUNT_BIT: Final = 0x20
"""From a primary: changes with every new command, and stays for one that is repeated."""
FRAME_COUNT_VALID: Final = 0x10
ACCESS_DEMAND: Final = 0x20
"""From a secondary: it has more to say."""

TO_SELECTED: Final = 0xFD
"""Whoever was selected by a secondary address answers; selections themselves go here."""
SELECT: Final = 0x52
"""Control information: a secondary address follows, and whoever it fits is selected."""
SELECT_HIGH_FIRST: Final = 0x56
"""The same with the high octet first, which nobody here understands: whoever hears it is selected no more."""
HEADER: Final = 0x72
"""Control information of an answer that begins with the secondary address."""
TO_ANY_STATION: Final = 0xFE
"""Whoever is on the line answers: for one station alone on it."""
BROADCAST: Final = 0xFF
"""Every station listens, and none answers."""


class Function(IntEnum):
    """The control field C without its bits of sequence."""

    SND_NKE = 0x40
    SND_UD = 0x43
    REQ_UD2 = 0x4B
    RSP_UD = 0x08


class SingleCharacter(Enum):
    """The frame that is one octet."""

    ACKNOWLEDGED = 0xE5


ACKNOWLEDGEMENT: Final = bytes((SingleCharacter.ACKNOWLEDGED.value,))


class MbusFrame(NamedTuple):
    """A short frame, which has no `information` (CI), or a long one."""

    control: int
    address: int
    information: int | None = None
    data: bytes = b""

    @property
    def function(self) -> int:
        """The control field without its bits of sequence."""
        return self.control & ~(FRAME_COUNT_BIT | FRAME_COUNT_VALID)


def encode_short_frame(control: int, address: int) -> bytes:
    """A frame without user data."""
    return bytes((START_SHORT, control, address, control + address & 0xFF, STOP))


def encode_long_frame(control: int, address: int, information: int, data: bytes) -> bytes:
    """A frame with user data. Raises LocalProtocolError for more than L can count."""
    if len(data) > LONG_FRAME_DATA_MAX:
        raise LocalProtocolError(
            "user data that fit no M-Bus frame", expected=f"at most {LONG_FRAME_DATA_MAX}", got=len(data), clause=CLAUSE
        )
    content = bytes((control, address, information)) + data
    size = len(content)
    return bytes((START_LONG, size, size, START_LONG)) + content + bytes((sum(content) & 0xFF, STOP))


def read_long_frame(octets: bytes, offset: int) -> tuple[MbusFrame, int]:
    """The long frame at `offset`, and the offset behind it. Raises DecodeError."""
    head = octets[offset : offset + HEAD_OCTETS]
    if len(head) < HEAD_OCTETS or head[0] != START_LONG or head[3] != START_LONG or head[1] != head[2]:
        raise DecodeError("no M-Bus long frame", expected="68 L L 68", got=head.hex(), offset=offset, clause=CLAUSE)
    start = offset + HEAD_OCTETS
    end = start + head[1]
    tail = octets[end : end + TAIL_OCTETS]
    if len(tail) < TAIL_OCTETS or head[1] < FIXED_OCTETS:
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
    return MbusFrame(content[0], content[1], content[2], content[FIXED_OCTETS:]), end + TAIL_OCTETS
