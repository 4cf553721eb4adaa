"""Mode D of IEC 62056-21: the meter sends its data of itself, at 2,400 baud, and nobody can ask for anything.

    / MMM 3 identification CR LF   CR LF   data sets, a line each   ! CR LF

There is no block check character. Consumer ports after the Dutch P1, which are common in Europe, send the same with other speeds
and, behind the exclamation mark, four hexadecimal digits: the CRC-16 of everything from the stroke to the mark.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Final, NamedTuple

from ferraris.iec62056_21.block_check import without_parity
from ferraris.iec62056_21.messages import CR_LF, Identification, decode_identification
from ferraris.iec62056_21.readout import DataSet, read_data_sets
from ferraris.iec62056_21.sign_on import LineForm
from ferraris.kernel.errors import DecodeError
from ferraris.kernel.limits import READOUT_OCTETS_MAX

CLAUSE: Final = "IEC 62056-21 6.4.4"
UNSOLICITED_FORM: Final = LineForm(2_400, 7, "E")
SPEED: Final = "3"
START: Final = b"/"
END_OF_DATA: Final = b"!"
CRC_POLYNOMIAL: Final = 0xA001
_TELEGRAM: Final = re.compile(rb"(/[^\n]*\r\n)\r\n([\x20-\x7e\r\n]*)!([0-9A-Fa-f]{4})?\r\n", re.DOTALL)


class Unsolicited(NamedTuple):
    """One telegram."""

    identification: Identification
    data_sets: list[DataSet]


def encode_unsolicited(identification: Identification, data_sets: Iterable[DataSet], *, checked: bool = False) -> bytes:
    """A whole telegram; `checked`: with the CRC of consumer ports. Raises LocalProtocolError."""
    text = "".join(f"{data_set.encode()}\r\n" for data_set in data_sets)
    telegram = identification.encode() + CR_LF + text.encode() + END_OF_DATA
    return telegram + (f"{crc16(telegram):04X}".encode() if checked else b"") + CR_LF


def decode_unsolicited(telegram: bytes) -> Unsolicited:
    """Raises DecodeError for a wrong CRC, too."""
    match = _TELEGRAM.fullmatch(telegram)
    if match is None:
        raise DecodeError("no telegram of mode D", got=telegram[:40].hex(), offset=0, clause=CLAUSE)
    identification, data, check = match.groups()
    covered = telegram[: match.end(2) + 1]
    if check is not None and int(check, 16) != crc16(covered):
        expected, got = f"{crc16(covered):04X}", check.decode()
        raise DecodeError("a telegram's CRC is wrong", expected=expected, got=got, offset=len(covered))
    return Unsolicited(decode_identification(identification), read_data_sets(data.decode()))


class UnsolicitedReceiver:
    """Finds telegrams in what a line brings, wherever one begins to listen."""

    __slots__ = ("_held", "refused")

    def __init__(self) -> None:
        self._held = b""
        self.refused = 0
        """Telegrams that did not hold."""

    def receive(self, octets: bytes) -> list[Unsolicited]:
        """The telegrams that are whole now. Those that do not hold are counted; nothing is raised."""
        self._held += without_parity(octets)
        found = []
        while True:
            start = self._held.find(START)
            mark = self._held.find(END_OF_DATA, max(start, 0))
            end = self._held.find(CR_LF, mark) if mark >= 0 else -1
            if start < 0 or end < 0:
                break
            # Whoever begins to listen in the midst of one telegram has the end of it before the stroke of the next.
            telegram, self._held = self._held[start : end + 2], self._held[end + 2 :]
            try:
                found.append(decode_unsolicited(telegram))
            except DecodeError:
                self.refused += 1
        self._held = self._held[max(start, 0) :] if start >= 0 else b""
        if len(self._held) > READOUT_OCTETS_MAX:
            self._held = b""
            self.refused += 1
        return found


def crc16(octets: bytes) -> int:
    """CRC-16 with the reflected polynomial 0xA001, from 0: that of Modbus but for the beginning."""
    register, table = 0, _crc_table()
    for octet in octets:
        register = register >> 8 ^ table[(register ^ octet) & 0xFF]
    return register


@cache
def _crc_table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        register = value
        for _ in range(8):
            register = register >> 1 ^ (CRC_POLYNOMIAL if register & 1 else 0)
        table.append(register)
    return tuple(table)
