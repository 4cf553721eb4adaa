"""The fields of the APDUs of short-name referencing, octet by octet: READ, WRITE, UnconfirmedWrite, InformationReport."""

from __future__ import annotations

from typing import Final

from ferraris.dlms.apdu import DataAccessResult
from ferraris.dlms.inspect.octet_map import Outline, code_field, data_fields

ACCESSES: Final = {
    2: "variable-name",
    4: "parameterized-access",
    5: "block-number-access",
    6: "read-data-block-access",
    7: "write-data-block-access",
}
READ_RESULTS: Final = {0: "data", 1: "data-access-error", 2: "data-block-result", 3: "block-number"}
WRITE_RESULTS: Final = {0: "success", 1: "data-access-error", 2: "block-number"}
DATE_TIME_OCTETS: Final = 12


def read_request_walk(o: Outline) -> None:
    """ReadRequest."""
    o.note("tag", 1, "read-request")
    _specifications(o)


def read_response_walk(o: Outline) -> None:
    """ReadResponse."""
    o.note("tag", 1, "read-response")
    for number in range(o.length("count")):
        name = f"result[{number + 1}]"
        choice = o.choice(f"{name} choice", READ_RESULTS)
        if choice == 0:
            data_fields(o, name)
        elif choice == 1:
            code_field(o, name, DataAccessResult)
        elif choice == 2:
            _block(o)
        elif choice == 3:
            o.number("block-number", 2)


def write_request_walk(o: Outline) -> None:
    """WriteRequest and UnconfirmedWriteRequest."""
    o.note("tag", 1, "write-request" if o.peek() == 0x06 else "unconfirmed-write-request")
    _specifications(o)
    _values(o)


def write_response_walk(o: Outline) -> None:
    """WriteResponse."""
    o.note("tag", 1, "write-response")
    for number in range(o.length("count")):
        choice = o.choice(f"result[{number + 1}] choice", WRITE_RESULTS)
        if choice == 1:
            code_field(o, f"result[{number + 1}]", DataAccessResult)
        elif choice == 2:
            o.number("block-number", 2)


def information_report_walk(o: Outline) -> None:
    """InformationReportRequest; Gurux writes the length of its date-time where the flag stands."""
    o.note("tag", 1, "information-report-request")
    if o.peek() == DATE_TIME_OCTETS or o.flag("current-time"):
        o.string("current-time")
    _specifications(o)
    _values(o)


def _specifications(o: Outline) -> None:
    for number in range(o.length("count")):
        choice = o.choice(f"access[{number + 1}] choice", ACCESSES)
        if choice in (2, 4):
            name = int.from_bytes(o.octets[o.offset : o.offset + 2], "big")
            o.note(f"access[{number + 1}] name", 2, f"{name:04X}")
            if choice == 4:
                o.number("selector")
                data_fields(o, "parameter")
        elif choice == 5:
            o.number("block-number", 2)
        elif choice == 6:
            _block(o)
        elif choice == 7:
            o.note("last-block", 1, "yes" if o.peek() else "no")
            o.number("block-number", 2)


def _values(o: Outline) -> None:
    for number in range(o.length("count of values")):
        data_fields(o, f"value[{number + 1}]")


def _block(o: Outline) -> None:
    o.note("last-block", 1, "yes" if o.peek() else "no")
    o.number("block-number", 2)
    o.string("raw-data")
