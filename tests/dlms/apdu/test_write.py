"""The Write services, octet for octet."""

from __future__ import annotations

import pytest

from ferraris.dlms.apdu import (
    Apdu,
    BlockNumber,
    DataAccessResult,
    UnconfirmedWriteRequest,
    VariableName,
    WriteDataBlockAccess,
    WriteRequest,
    WriteResponse,
)
from tests.dlms.apdu.table import check_both_ways, check_refused


@pytest.mark.parametrize(
    ("octets", "apdu"),
    [
        ("06 00 00", WriteRequest((), ())),
        ("06 01 02 0108 01 1105", WriteRequest((VariableName(0x108),), (b"\x11\x05",))),
        (
            "06 02 02 0108 02 0110 02 00 0f00",
            WriteRequest((VariableName(0x108), VariableName(0x110)), (b"\x00", b"\x0f\x00")),
        ),
        ("06 01 07 01 0003 01 0902abcd", WriteRequest((WriteDataBlockAccess(True, 3),), (b"\x09\x02\xab\xcd",))),
        ("16 01 02 0108 01 1105", UnconfirmedWriteRequest((VariableName(0x108),), (b"\x11\x05",))),
    ],
)
def test_requests(octets: str, apdu: Apdu) -> None:
    check_both_ways(octets, apdu)


@pytest.mark.parametrize(
    ("octets", "apdu"),
    [
        ("0d 00", WriteResponse(())),
        ("0d 01 00", WriteResponse((DataAccessResult.SUCCESS,))),
        ("0d 02 01 03 00", WriteResponse((DataAccessResult.READ_WRITE_DENIED, DataAccessResult.SUCCESS))),
        ("0d 01 02 0001", WriteResponse((BlockNumber(1),))),
    ],
)
def test_responses(octets: str, apdu: Apdu) -> None:
    check_both_ways(octets, apdu)


def test_what_is_refused() -> None:
    check_refused("0d 01 03", "no such choice", 2)
    check_refused("0d 01 01 05", "no such value", 3)
    check_refused("06 01 02 0108 01", "a count lies", 6)
    check_refused("16 01 02 0108 01 1105 00", "octets follow the APDU", 8)
