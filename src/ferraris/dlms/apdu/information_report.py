"""The InformationReport service of short-name referencing: a server tells values on its own (Green Book 9.5)."""

from __future__ import annotations

from typing import Final

from ferraris.codec import write_length
from ferraris.dlms.apdu.cursor import Cursor
from ferraris.dlms.apdu.variable_access import (
    VariableAccess,
    encode_specifications,
    encode_values,
    read_specifications,
    read_values,
)
from ferraris.kernel.frozen import dataclass

INFORMATION_REPORT_REQUEST: Final = 0x18
DATE_TIME_OCTETS: Final = 12


@dataclass(frozen=True, slots=True)
class InformationReportRequest:
    """Values of variables. `current_time` is the text of a GeneralizedTime; from Gurux, a date-time of 12 octets."""

    current_time: bytes | None
    specifications: tuple[VariableAccess, ...]
    values: tuple[bytes, ...]

    def encode(self) -> bytes:
        """The APDU's octets."""
        out = bytearray((INFORMATION_REPORT_REQUEST, self.current_time is not None))
        if self.current_time is not None:
            write_length(len(self.current_time), out)
            out += self.current_time
        return bytes(out) + encode_specifications(self.specifications) + encode_values(self.values)


def decode_information_report_request(octets: bytes) -> InformationReportRequest:
    """An InformationReportRequest, from its tag on. Raises DecodeError.

    Where the standard has the flag of an optional field, Gurux has the length of its date-time: both are read.
    """
    cursor = Cursor(octets, 1)
    current_time = None
    if cursor.choice(0, 1, DATE_TIME_OCTETS) == DATE_TIME_OCTETS:
        current_time = cursor.take(DATE_TIME_OCTETS)
    elif octets[1]:
        current_time = cursor.octet_string()
    report = InformationReportRequest(current_time, read_specifications(cursor), read_values(cursor))
    cursor.finish()
    return report
