"""SET in all its forms, octet for octet."""

from __future__ import annotations

import pytest

from ferraris.cosem import Obis
from ferraris.dlms.apdu import (
    Apdu,
    AttributeDescriptor,
    Block,
    DataAccessResult,
    SelectiveAccess,
    SetRequestNormal,
    SetRequestWithBlock,
    SetRequestWithFirstBlock,
    SetRequestWithList,
    SetRequestWithListAndFirstBlock,
    SetResponseLastBlock,
    SetResponseLastBlockWithList,
    SetResponseNormal,
    SetResponseWithBlock,
    SetResponseWithList,
)
from tests.dlms.apdu.table import check_both_ways, check_refused

REGISTER = AttributeDescriptor(3, Obis.parse("1.0.1.8.0.255"), 2)
DATA = AttributeDescriptor(1, Obis.parse("0.0.128.0.0.255"), 2)
SELECTION = SelectiveAccess(1, b"\x0f\x05")

REGISTER_OCTETS = "0003 0100010800ff 02"
DATA_OCTETS = "0001 0000800000ff 02"
BLOCK = Block(False, 1, b"\xaa\xbb")
BLOCK_OCTETS = "00 00000001 02 aabb"
SUCCESS, DENIED = DataAccessResult.SUCCESS, DataAccessResult.READ_WRITE_DENIED


@pytest.mark.parametrize(
    ("octets", "apdu"),
    [
        (f"c101c1 {REGISTER_OCTETS} 00 120001", SetRequestNormal(0xC1, REGISTER, None, b"\x12\x00\x01")),
        (f"c101c1 {REGISTER_OCTETS} 01 01 0f05 00", SetRequestNormal(0xC1, REGISTER, SELECTION, b"\x00")),
        (f"c102c1 {DATA_OCTETS} 00 {BLOCK_OCTETS}", SetRequestWithFirstBlock(0xC1, DATA, None, BLOCK)),
        (f"c102c1 {DATA_OCTETS} 01 01 0f05 {BLOCK_OCTETS}", SetRequestWithFirstBlock(0xC1, DATA, SELECTION, BLOCK)),
        ("c103c1 01 00000002 00", SetRequestWithBlock(0xC1, Block(True, 2, b""))),
        ("c104c1 00 00", SetRequestWithList(0xC1, (), ())),
        (
            f"c104c1 02 {REGISTER_OCTETS} 00 {DATA_OCTETS} 01 01 0f05 02 120001 00",
            SetRequestWithList(0xC1, ((REGISTER, None), (DATA, SELECTION)), (b"\x12\x00\x01", b"\x00")),
        ),
        (
            f"c105c1 01 {DATA_OCTETS} 00 {BLOCK_OCTETS}",
            SetRequestWithListAndFirstBlock(0xC1, ((DATA, None),), BLOCK),
        ),
    ],
)
def test_requests(octets: str, apdu: Apdu) -> None:
    check_both_ways(octets, apdu)


@pytest.mark.parametrize(
    ("octets", "apdu"),
    [
        ("c501c1 00", SetResponseNormal(0xC1, SUCCESS)),
        ("c501c1 03", SetResponseNormal(0xC1, DENIED)),
        ("c502c1 00000001", SetResponseWithBlock(0xC1, 1)),
        ("c503c1 00 00000002", SetResponseLastBlock(0xC1, SUCCESS, 2)),
        ("c504c1 02 00 03 00000003", SetResponseLastBlockWithList(0xC1, (SUCCESS, DENIED), 3)),
        ("c505c1 02 03 00", SetResponseWithList(0xC1, (DENIED, SUCCESS))),
    ],
)
def test_responses(octets: str, apdu: Apdu) -> None:
    check_both_ways(octets, apdu)


@pytest.mark.parametrize(
    ("octets", "summary", "offset"),
    [
        ("c106c1", "no such form of the service", 1),
        (f"c101c1 {REGISTER_OCTETS} 00", "an APDU is cut short", 13),
        (f"c101c1 {REGISTER_OCTETS} 03 00", "an optional field's flag is wrong", 12),
        (f"c102c1 {DATA_OCTETS} 00 00 00000001 03 aabb", "an APDU is cut short", 19),
        (f"c102c1 {DATA_OCTETS} 00 {BLOCK_OCTETS} 00", "octets follow the APDU", 21),
        ("c103c1 01 000000", "an APDU is cut short", 4),
        (f"c104c1 01 {REGISTER_OCTETS} 00 02 00 00", "values and attributes differ in number", 14),
        (f"c104c1 01 {REGISTER_OCTETS} 00 01 00 00", "octets follow the APDU", 16),
        ("c501c1", "an APDU is cut short", 3),
        ("c501c1 07", "no such value", 3),
        ("c501c1 00 00", "octets follow the APDU", 4),
        ("c502c1 0000000100", "octets follow the APDU", 7),
        ("c503c1 00 000000", "an APDU is cut short", 4),
        ("c504c1 01 00 0000000300", "octets follow the APDU", 9),
        ("c505c1 02 00", "an APDU is cut short", 5),
        ("c506c1", "no such form of the service", 1),
    ],
)
def test_refused(octets: str, summary: str, offset: int) -> None:
    check_refused(octets, summary, offset)
