"""The initiate APDUs, their optional fields, and the conformance block."""

from __future__ import annotations

import pytest

from ferraris.dlms.apdu import Apdu, Conformance, InitiateRequest, InitiateResponse, decode_apdu
from tests.dlms.apdu.table import check_both_ways, check_refused

KEY = bytes.fromhex("00112233445566778899aabbccddeeff")
CONFORMANCE = Conformance(0x007E1F)


@pytest.mark.parametrize(
    ("octets", "apdu"),
    [
        ("01 00 00 00 06 5f1f0400 007e1f 04b0", InitiateRequest(None, True, None, 6, CONFORMANCE, 1200)),
        (f"01 01 10 {KEY.hex()} 00 00 06 5f1f0400 007e1f 04b0", InitiateRequest(KEY, True, None, 6, CONFORMANCE, 1200)),
        ("01 00 01 00 01 ff 06 5f1f0400 000000 0000", InitiateRequest(None, False, -1, 6, Conformance(0), 0)),
        ("08 00 06 5f1f0400 00381f 009b 0007", InitiateResponse(None, 6, Conformance(0x381F), 155)),
        ("08 01 05 06 5f1f0400 180220 0960 fa00", InitiateResponse(5, 6, Conformance(0x180220), 2400, 0xFA00)),
    ],
)
def test_both_ways(octets: str, apdu: Apdu) -> None:
    check_both_ways(octets, apdu)


def test_a_response_that_is_allowed_in_so_many_words_is_the_default() -> None:
    spelled = decode_apdu(bytes.fromhex("01 00 01 01 00 06 5f1f0400 007e1f 04b0"))
    assert spelled == InitiateRequest(None, True, None, 6, CONFORMANCE, 1200)


def test_a_conformance_tag_of_one_octet_is_understood() -> None:
    assert decode_apdu(bytes.fromhex("08 00 06 5f0400 00381f 009b 0007")) == InitiateResponse(
        None, 6, Conformance(0x381F), 155
    )


def test_the_standard_counts_bits_from_the_left() -> None:
    """0x007E1F is what a client of an LN meter commonly proposes."""
    assert {flag.name for flag in CONFORMANCE} == {
        "PRIORITY_MGMT_SUPPORTED",
        "ATTRIBUTE_0_SUPPORTED_WITH_GET",
        "BLOCK_TRANSFER_WITH_GET_OR_READ",
        "BLOCK_TRANSFER_WITH_SET_OR_WRITE",
        "BLOCK_TRANSFER_WITH_ACTION",
        "MULTIPLE_REFERENCES",
        "GET",
        "SET",
        "SELECTIVE_ACCESS",
        "EVENT_NOTIFICATION",
        "ACTION",
    }
    assert Conformance.GENERAL_PROTECTION == 1 << 22
    assert Conformance.ACTION == 1


def test_every_bit_has_a_name() -> None:
    assert len(list(Conformance)) == 24
    assert Conformance(0xFFFFFF).to_bytes(3, "big") == b"\xff\xff\xff"


@pytest.mark.parametrize(
    ("octets", "summary", "offset"),
    [
        ("01", "an APDU is cut short", 1),
        ("01 02", "an optional field's flag is wrong", 1),
        ("01 01 10 0011", "an APDU is cut short", 3),
        ("01 00 00 00 06 5f1f0500 007e1f 04b0", "the conformance block is not there", 5),
        ("01 00 00 00 06 5f1f0400 007e", "an APDU is cut short", 9),
        ("01 00 00 00 06 5f1f0400 007e1f 04", "an APDU is cut short", 12),
        ("01 00 00 00 06 5f1f0400 007e1f 04b0 00", "octets follow the APDU", 14),
        ("08 00 06 5f1f0400 00381f 009b", "an APDU is cut short", 12),
        ("08 00 06 5f1f0400 00381f 009b 0007 00", "octets follow the APDU", 14),
    ],
)
def test_refused(octets: str, summary: str, offset: int) -> None:
    check_refused(octets, summary, offset)


def test_the_dedicated_key_is_never_shown() -> None:
    request = InitiateRequest(KEY, True, None, 6, CONFORMANCE, 1200)
    assert "hidden" in repr(request)
    assert KEY.hex() not in repr(request)
    assert repr(KEY) not in f"{request} {request!r}"
