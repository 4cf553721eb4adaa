"""The ACCESS service, from the Green Book's worked example and octet for octet."""

from __future__ import annotations

import pytest

from ferraris.cosem import Obis
from ferraris.dlms.apdu import (
    AccessItem,
    AccessKind,
    AccessRequest,
    AccessResponse,
    ActionResult,
    Apdu,
    AttributeDescriptor,
    DataAccessResult,
    MethodDescriptor,
    SelectiveAccess,
    decode_apdu,
)
from tests.dlms.apdu.table import check_both_ways, check_refused

CLOCK = AttributeDescriptor(8, Obis.parse("0.0.1.0.0.255"), 2)
RESET = MethodDescriptor(3, Obis.parse("1.0.1.8.0.255"), 1)
CLOCK_OCTETS = "0008 0000010000ff 02"
RESET_OCTETS = "0003 0100010800ff 01"
GET = AccessItem(AccessKind.GET, CLOCK)
ACTION = AccessItem(AccessKind.ACTION, RESET)
SELECTED = AccessItem(AccessKind.SET_WITH_SELECTION, CLOCK, SelectiveAccess(1, b"\x00"))
GREEN_BOOK = (
    "d94000000000 04 01 0001 0000600100ff 02 01 0008 0000010000ff 02 02 0014 00000d0000ff 07 02 0014 00000d0000ff 08 04 0000"
    "0104 0203 090100 090cffffffffffffff0000000000 0901ff 0203 090101 090cffffffffffffff0000000000 0901ff"
    "0203 090102 090cffffffffffffff0000000000 0901ff 0203 090103 090cffffffffffffff0000000000 0901ff"
    "0104 0208 090100 11ff11ff11ff11ff11ff11ff11ff 0208 090101 1102110111011101110111011101"
    "0208 090102 11ff11ff11ff11ff11ff11ff11ff 0208 090103 1101110211021102110211021102"
)


@pytest.mark.parametrize(
    ("octets", "apdu"),
    [
        ("d940000001 00 00 00", AccessRequest(0x40000001, b"", (), ())),
        (
            f"d940000001 0c {'ab' * 12} 03 01 {CLOCK_OCTETS} 03 {RESET_OCTETS} 05 {CLOCK_OCTETS} 01 00 03 00 0f00 120001",
            AccessRequest(0x40000001, b"\xab" * 12, (GET, ACTION, SELECTED), (b"\x00", b"\x0f\x00", b"\x12\x00\x01")),
        ),
        (
            "da40000001 00 00 02 120001 00 02 01 00 03 fa",
            AccessResponse(
                0x40000001,
                b"",
                None,
                (b"\x12\x00\x01", b"\x00"),
                ((AccessKind.GET, DataAccessResult.SUCCESS), (AccessKind.ACTION, ActionResult.OTHER_REASON)),
            ),
        ),
        (
            f"da40000001 00 01 01 01 {CLOCK_OCTETS} 01 00 01 01 04",
            AccessResponse(0x40000001, b"", (GET,), (b"\x00",), ((AccessKind.GET, DataAccessResult.OBJECT_UNDEFINED),)),
        ),
    ],
)
def test_both_ways(octets: str, apdu: Apdu) -> None:
    check_both_ways(octets, apdu)


def test_the_worked_example_has_two_reads_and_two_writes() -> None:
    request = decode_apdu(bytes.fromhex(GREEN_BOOK))
    assert isinstance(request, AccessRequest)
    kinds = [item.kind for item in request.items]
    assert kinds == [AccessKind.GET, AccessKind.GET, AccessKind.SET, AccessKind.SET]
    assert request.values[:2] == (b"\x00", b"\x00")
    assert request.encode() == bytes.fromhex(GREEN_BOOK)


@pytest.mark.parametrize(
    ("octets", "summary", "offset"),
    [
        ("d9400000", "an APDU is cut short", 1),
        (f"d940000001 00 01 06 {CLOCK_OCTETS} 01 00", "no such choice", 7),
        (f"d940000001 00 01 01 {CLOCK_OCTETS} 02 00 00", "lists differ in number", 17),
        (f"d940000001 00 01 01 {CLOCK_OCTETS} 01 00 00", "octets follow the APDU", 19),
        ("d940000001 00 820101", "a list is too long", 6),
        ("da40000001 00 00 01 00 02 01 00 01 00", "lists differ in number", 9),
        ("da40000001 00 00 01 00 01 04 00", "no such choice", 10),
        ("da40000001 00 00 01 00 01 01 05", "no such value", 11),
        ("da40000001 00 00 01 00 01 03 05", "no such value", 11),
        ("da40000001 00 02", "an optional field's flag is wrong", 6),
    ],
)
def test_refused(octets: str, summary: str, offset: int) -> None:
    check_refused(octets, summary, offset)
