"""ACTION in all its forms, octet for octet."""

from __future__ import annotations

import pytest

from ferraris.cosem import Obis
from ferraris.dlms.apdu import (
    ActionAnswer,
    ActionRequestNextBlock,
    ActionRequestNormal,
    ActionRequestWithBlock,
    ActionRequestWithFirstBlock,
    ActionRequestWithList,
    ActionRequestWithListAndFirstBlock,
    ActionResponseNextBlock,
    ActionResponseNormal,
    ActionResponseWithBlock,
    ActionResponseWithList,
    ActionResult,
    Apdu,
    Block,
    DataAccessResult,
    MethodDescriptor,
)
from tests.dlms.apdu.table import check_both_ways, check_refused

RECONNECT = MethodDescriptor(70, Obis.parse("0.0.96.3.10.255"), 2)
REPLY = MethodDescriptor(15, Obis.parse("0.0.40.0.0.255"), 1)
RECONNECT_OCTETS = "0046 000060030aff 02"
REPLY_OCTETS = "000f 0000280000ff 01"
BLOCK = Block(True, 1, b"\x0f")
BLOCK_OCTETS = "01 00000001 01 0f"
SUCCESS, FAULT = ActionResult.SUCCESS, ActionResult.HARDWARE_FAULT


@pytest.mark.parametrize(
    ("octets", "apdu"),
    [
        (f"c301c1 {RECONNECT_OCTETS} 01 0f00", ActionRequestNormal(0xC1, RECONNECT, b"\x0f\x00")),
        (f"c301c1 {RECONNECT_OCTETS} 00", ActionRequestNormal(0xC1, RECONNECT)),
        ("c302c1 00000001", ActionRequestNextBlock(0xC1, 1)),
        (
            f"c303c1 02 {RECONNECT_OCTETS} {REPLY_OCTETS} 02 0f00 00",
            ActionRequestWithList(0xC1, (RECONNECT, REPLY), (b"\x0f\x00", b"\x00")),
        ),
        (f"c304c1 {REPLY_OCTETS} {BLOCK_OCTETS}", ActionRequestWithFirstBlock(0xC1, REPLY, BLOCK)),
        (f"c305c1 01 {REPLY_OCTETS} {BLOCK_OCTETS}", ActionRequestWithListAndFirstBlock(0xC1, (REPLY,), BLOCK)),
        (f"c306c1 {BLOCK_OCTETS}", ActionRequestWithBlock(0xC1, BLOCK)),
    ],
)
def test_requests(octets: str, apdu: Apdu) -> None:
    check_both_ways(octets, apdu)


@pytest.mark.parametrize(
    ("octets", "apdu"),
    [
        ("c701c1 00 00", ActionResponseNormal(0xC1, SUCCESS)),
        ("c701c1 01 00", ActionResponseNormal(0xC1, FAULT)),
        ("c701c1 00 01 00 0901aa", ActionResponseNormal(0xC1, SUCCESS, b"\x09\x01\xaa")),
        ("c701c1 00 01 01 0c", ActionResponseNormal(0xC1, SUCCESS, DataAccessResult.TYPE_UNMATCHED)),
        (f"c702c1 {BLOCK_OCTETS}", ActionResponseWithBlock(0xC1, BLOCK)),
        (
            "c703c1 03 00 00 01 01 00 120001 00 01 01 fa",
            ActionResponseWithList(
                0xC1,
                (
                    ActionAnswer(SUCCESS, None),
                    ActionAnswer(FAULT, b"\x12\x00\x01"),
                    ActionAnswer(SUCCESS, DataAccessResult.OTHER_REASON),
                ),
            ),
        ),
        ("c704c1 00000007", ActionResponseNextBlock(0xC1, 7)),
    ],
)
def test_responses(octets: str, apdu: Apdu) -> None:
    check_both_ways(octets, apdu)


@pytest.mark.parametrize(
    ("octets", "summary", "offset"),
    [
        ("c307c1", "no such form of the service", 1),
        (f"c301c1 {REPLY_OCTETS}", "an APDU is cut short", 12),
        (f"c301c1 {REPLY_OCTETS} 01", "an APDU is cut short", 13),
        (f"c301c1 {REPLY_OCTETS} 02 00", "an optional field's flag is wrong", 12),
        (f"c301c1 {REPLY_OCTETS} 00 00", "octets follow the APDU", 13),
        ("c302c1 00", "an APDU is cut short", 3),
        (f"c303c1 01 {REPLY_OCTETS} 00", "parameters and methods differ in number", 13),
        (f"c303c1 01 {REPLY_OCTETS} 01 00 00", "octets follow the APDU", 15),
        (f"c304c1 {REPLY_OCTETS} 01 00000001 02 0f", "an APDU is cut short", 18),
        (f"c305c1 01 {REPLY_OCTETS} {BLOCK_OCTETS} 00", "octets follow the APDU", 20),
        ("c306c1 01 0000", "an APDU is cut short", 4),
        ("c701c1 00", "an APDU is cut short", 4),
        ("c701c1 05 00", "no such value", 3),
        ("c701c1 00 00 00", "octets follow the APDU", 5),
        ("c701c1 00 02 00", "an optional field's flag is wrong", 4),
        ("c701c1 00 01 00", "an APDU is cut short", 6),
        ("c701c1 00 01 02 00", "no such choice", 5),
        ("c701c1 00 01 01 05", "no such value", 6),
        ("c701c1 00 01 01 04 00", "octets follow the APDU", 7),
        ("c702c1 01 00000001 01 0f 00", "octets follow the APDU", 10),
        ("c703c1 01 00 02", "an optional field's flag is wrong", 5),
        ("c703c1 01 00 00 00", "octets follow the APDU", 6),
        ("c704c1 0000000700", "octets follow the APDU", 7),
        ("c705c1", "no such form of the service", 1),
    ],
)
def test_refused(octets: str, summary: str, offset: int) -> None:
    check_refused(octets, summary, offset)
