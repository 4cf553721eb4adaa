"""The Read service, octet for octet; three of the APDUs come from a public test of another implementation."""

from __future__ import annotations

import pytest

from ferraris.dlms.apdu import (
    Apdu,
    BlockNumber,
    DataAccessResult,
    DataBlockResult,
    ParameterisedAccess,
    ReadRequest,
    ReadResponse,
    VariableName,
)
from tests.dlms.apdu.table import check_both_ways, check_refused

# From IgorKaSan's pduxml: a range of a profile at base name C000, asked for and answered by a block of a meter's answer.
RANGE = "0204 0204 120008 09060000010000ff 0f02 120000 090c07da041e050e2522618000ff 090cffffffffffffffffff8000ff 0100"
FIRST_BLOCK = (
    "01000155021d090c07e10418010e0120ff800000120420110112000015000000000000000015000000000000000015000000000000"
    "0000150000000000000000150000000000000000150000000000000000150000000000000000150000000000000000"
)


@pytest.mark.parametrize(
    ("octets", "apdu"),
    [
        ("05 00", ReadRequest(())),
        ("05 01 02 cf08", ReadRequest((VariableName(0xCF08),))),
        ("05 02 02 0000 02 0100", ReadRequest((VariableName(0), VariableName(0x100)))),
        (f"05 01 04 c008 01 {RANGE}", ReadRequest((ParameterisedAccess(0xC008, 1, bytes.fromhex(RANGE)),))),
    ],
)
def test_requests(octets: str, apdu: Apdu) -> None:
    check_both_ways(octets, apdu)


@pytest.mark.parametrize(
    ("octets", "apdu"),
    [
        ("0c 00", ReadResponse(())),
        ("0c 01 00 0906000001000000", ReadResponse((bytes.fromhex("0906000001000000"),))),
        ("0c 02 00 1102 01 04", ReadResponse((b"\x11\x02", DataAccessResult.OBJECT_UNDEFINED))),
        (f"0c 01 02 00 0001 64 {FIRST_BLOCK}", ReadResponse((DataBlockResult(False, 1, bytes.fromhex(FIRST_BLOCK)),))),
        ("0c 01 03 0007", ReadResponse((BlockNumber(7),))),
    ],
)
def test_responses(octets: str, apdu: Apdu) -> None:
    check_both_ways(octets, apdu)


def test_what_is_refused() -> None:
    check_refused("0c 01 04 0001", "no such choice", 2)
    check_refused("0c 01 01 07", "no such value", 3)
    check_refused("0c 02 00 1102", "an APDU is cut short", 5)
    check_refused("05 01 02 cf08 00", "octets follow the APDU", 5)
