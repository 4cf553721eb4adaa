"""GET in all its forms, octet for octet."""

from __future__ import annotations

import pytest

from ferraris.cosem import Obis
from ferraris.dlms.apdu import (
    Apdu,
    AttributeDescriptor,
    DataAccessResult,
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithBlock,
    GetResponseWithList,
    SelectiveAccess,
    decode_apdu,
)
from ferraris.kernel.limits import ATTRIBUTE_DESCRIPTORS_MAX
from tests.dlms.apdu.table import check_both_ways, check_refused

CLOCK = AttributeDescriptor(8, Obis.parse("0.0.1.0.0.255"), 2)
PROFILE = AttributeDescriptor(7, Obis.parse("1.0.99.1.0.255"), 2)
ENTRIES = SelectiveAccess(2, bytes.fromhex("0204 0600000001 0600000004 120001 120000"))

CLOCK_OCTETS = "0008 0000010000ff 02"
PROFILE_OCTETS = "0007 0100630100ff 02"
ENTRIES_OCTETS = "02 0204 0600000001 0600000004 120001 120000"


@pytest.mark.parametrize(
    ("octets", "apdu"),
    [
        (f"c001c1 {CLOCK_OCTETS} 00", GetRequestNormal(0xC1, CLOCK)),
        (f"c00181 {PROFILE_OCTETS} 01 {ENTRIES_OCTETS}", GetRequestNormal(0x81, PROFILE, ENTRIES)),
        (
            "c001c1 ffff ffffffffffff 80 00",
            GetRequestNormal(0xC1, AttributeDescriptor(0xFFFF, Obis(b"\xff" * 6), -128)),
        ),
        ("c002c1 00000001", GetRequestNext(0xC1, 1)),
        ("c00200 ffffffff", GetRequestNext(0, 0xFFFF_FFFF)),
        ("c003c1 00", GetRequestWithList(0xC1, ())),
        (
            f"c003c1 02 {CLOCK_OCTETS} 00 {PROFILE_OCTETS} 01 {ENTRIES_OCTETS}",
            GetRequestWithList(0xC1, ((CLOCK, None), (PROFILE, ENTRIES))),
        ),
    ],
)
def test_requests(octets: str, apdu: Apdu) -> None:
    check_both_ways(octets, apdu)


@pytest.mark.parametrize(
    ("octets", "apdu"),
    [
        ("c401c1 00 06000000ff", GetResponseNormal(0xC1, bytes.fromhex("06000000ff"))),
        ("c401c1 00 00", GetResponseNormal(0xC1, b"\x00")),
        ("c401c1 01 04", GetResponseNormal(0xC1, DataAccessResult.OBJECT_UNDEFINED)),
        ("c401c1 01 fa", GetResponseNormal(0xC1, DataAccessResult.OTHER_REASON)),
        ("c402c1 00 00000001 00 03 010203", GetResponseWithBlock(0xC1, False, 1, b"\x01\x02\x03")),
        ("c402c1 01 00000002 00 00", GetResponseWithBlock(0xC1, True, 2, b"")),
        ("c402c1 00 00000001 00 8180" + "ab" * 128, GetResponseWithBlock(0xC1, False, 1, b"\xab" * 128)),
        ("c402c1 01 00000003 01 13", GetResponseWithBlock(0xC1, True, 3, DataAccessResult.DATA_BLOCK_NUMBER_INVALID)),
        ("c403c1 00", GetResponseWithList(0xC1, ())),
        (
            "c403c1 03 00 120001 01 0b 00 0201 00",
            GetResponseWithList(0xC1, (b"\x12\x00\x01", DataAccessResult.OBJECT_UNAVAILABLE, b"\x02\x01\x00")),
        ),
    ],
)
def test_responses(octets: str, apdu: Apdu) -> None:
    check_both_ways(octets, apdu)


@pytest.mark.parametrize(
    ("octets", "summary", "offset"),
    [
        ("c0", "an APDU is cut short", 1),
        ("c004c1", "no such form of the service", 1),
        ("c000c1", "no such form of the service", 1),
        ("c001c1", "an APDU is cut short", 3),
        (f"c001c1 {CLOCK_OCTETS}", "an APDU is cut short", 12),
        (f"c001c1 {CLOCK_OCTETS} 02", "an optional field's flag is wrong", 12),
        (f"c001c1 {CLOCK_OCTETS} 00 00", "octets follow the APDU", 13),
        (f"c001c1 {CLOCK_OCTETS} 01", "an APDU is cut short", 13),
        (f"c001c1 {CLOCK_OCTETS} 01 01 00 00", "octets follow the APDU", 15),
        ("c002c1 000000", "an APDU is cut short", 6),
        ("c002c1 0000000100", "octets follow the APDU", 7),
        ("c003c1", "a length is missing", 3),
        (f"c003c1 02 {CLOCK_OCTETS} 00", "an APDU is cut short", 14),
        (f"c003c1 01 {CLOCK_OCTETS} 00 00", "octets follow the APDU", 14),
        ("c003c1 820101", "a list is too long", 3),
        ("c401c1 00", "an APDU is cut short", 4),
        ("c401c1 02 00", "no such choice", 3),
        ("c401c1 01 05", "no such value", 4),
        ("c401c1 01 04 00", "octets follow the APDU", 5),
        ("c402c1 00 00000001", "an APDU is cut short", 8),
        ("c402c1 00 00000001 00 04 010203", "an APDU is cut short", 10),
        ("c402c1 00 00000001 00 02 010203", "octets follow the APDU", 12),
        ("c402c1 00 00000001 02 00", "no such choice", 8),
        ("c403c1 01 00 1200", "octets are missing", 7),
        ("c403c1 01 00 00 00", "octets follow the APDU", 6),
        ("c405c1", "no such form of the service", 1),
    ],
)
def test_refused(octets: str, summary: str, offset: int) -> None:
    check_refused(octets, summary, offset)


def test_a_list_of_the_longest_kind_is_taken() -> None:
    items = ((CLOCK, None),) * ATTRIBUTE_DESCRIPTORS_MAX
    check_both_ways("c003c1 820100" + f"{CLOCK_OCTETS} 00" * ATTRIBUTE_DESCRIPTORS_MAX, GetRequestWithList(0xC1, items))


def test_any_value_but_zero_is_a_true_last_block() -> None:
    """Some meters write true as 0xFF."""
    for flag in ("01", "02", "ff"):
        assert decode_apdu(bytes.fromhex(f"c402c1 {flag} 00000002 00 00")) == GetResponseWithBlock(0xC1, True, 2, b"")
    assert GetResponseWithBlock(0xC1, True, 2, b"").encode()[3] == 1


def test_a_value_at_the_end_is_left_to_its_type() -> None:
    """The one decoder of a value finds its end, so a long profile is walked once, not twice."""
    check_both_ways("c401c1 00 1200", GetResponseNormal(0xC1, b"\x12\x00"))
    check_both_ways("c401c1 00 120001 ff", GetResponseNormal(0xC1, b"\x12\x00\x01\xff"))
