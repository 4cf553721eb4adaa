"""A data readout of IEC 62056-21: data sets, each an identifier and values with their units, in a checked block.

STX | line CR LF ... ! CR LF | ETX | block check character        line: 1.8.0(000123.4*kWh)(...)...
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ferraris.iec62056_21.block_check import block_check
from ferraris.iec62056_21.messages import CR_LF, ETX, STX
from ferraris.kernel.errors import DecodeError, LocalProtocolError
from ferraris.kernel.limits import READOUT_OCTETS_MAX

CLAUSE: Final = "IEC 62056-21 6.5"
END_OF_DATA: Final = b"!"
_DATA_SET: Final = re.compile(r"([^()/!*]{0,32})((?:\([^()/!]{0,160}\))+)")
_WRITABLE: Final = re.compile(r"[^()/!*\x00-\x1f\x7f-\U0010ffff]*")
_VALUE: Final = re.compile(r"\(([^()]*)\)")


@dataclass(frozen=True, slots=True)
class DataSet:
    """One line's worth: values stand as the meter wrote them, digits, dates or text."""

    identifier: str
    values: tuple[tuple[str, str], ...]
    """Each value with its unit, empty where it has none."""

    def encode(self) -> str:
        """Raises LocalProtocolError for what would be read as something else."""
        for text in (self.identifier, *(part for value in self.values for part in value)):
            if not _WRITABLE.fullmatch(text):
                raise LocalProtocolError(
                    "a data set has other characters than the printable ones of seven bits but ()/!*",
                    got=text,
                    clause=CLAUSE,
                )
        values = "".join(f"({value}*{unit})" if unit else f"({value})" for value, unit in self.values)
        written = f"{self.identifier}{values}"
        if _DATA_SET.fullmatch(written) is None or self.identifier != self.identifier.strip():
            raise LocalProtocolError("a data set is too long, or has no value", got=written, clause=CLAUSE)
        return written


def encode_readout(data_sets: Iterable[DataSet]) -> bytes:
    """The whole block, one data set a line. Raises LocalProtocolError for what no data set can hold."""
    text = "".join(f"{data_set.encode()}\r\n" for data_set in data_sets)
    covered = text.encode("ascii") + END_OF_DATA + CR_LF + bytes((ETX,))
    return bytes((STX,)) + covered + bytes((block_check(covered),))


def decode_readout(octets: bytes) -> list[DataSet]:
    """The data sets of a whole block. Raises DecodeError for a wrong check character and for what is no data set."""
    if len(octets) > READOUT_OCTETS_MAX:
        raise DecodeError("a readout is too long", expected=f"at most {READOUT_OCTETS_MAX} octets", got=len(octets))
    if len(octets) < 3 or octets[0] != STX or octets[-2] != ETX:
        raise DecodeError("a readout is not between STX and ETX", got=octets[:8].hex(), offset=0, clause=CLAUSE)
    expected = block_check(octets[1:-1])
    if octets[-1] != expected:
        raise DecodeError(
            "a block check character is wrong",
            expected=f"{expected:#04x}",
            got=f"{octets[-1]:#04x}",
            offset=len(octets) - 1,
            clause=CLAUSE,
        )
    text = octets[1:-2].decode("ascii", "replace")
    data, mark, _ = text.partition("!")
    if not mark:
        raise DecodeError("a readout has no end of data", expected="!", offset=len(octets) - 2, clause=CLAUSE)
    return read_data_sets(data)


def read_data_sets(data: str) -> list[DataSet]:
    """The data sets of some lines. Raises DecodeError."""
    found: list[DataSet] = []
    for line in data.split("\r\n"):
        found += _data_sets(line, found[-1].identifier if found else "")
    return found


def _data_sets(line: str, last: str) -> list[DataSet]:
    """The data sets of one line; values without an identifier belong to the last one."""
    found = []
    place = 0
    while place < len(line):
        match = _DATA_SET.match(line, place)
        if match is None:
            raise DecodeError("no data set", got=line[place : place + 40], clause=CLAUSE)
        values = tuple((value, unit) for value, _, unit in (one.partition("*") for one in _VALUE.findall(match[2])))
        last = match[1].strip() or last
        found.append(DataSet(last, values))
        place = match.end()
    return found
