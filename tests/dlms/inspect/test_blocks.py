"""Blocks of every service give the APDU that one piece would have been."""

from __future__ import annotations

import pytest

from ferraris.cosem import Obis
from ferraris.dlms.apdu import (
    ActionRequestNormal,
    ActionRequestWithBlock,
    ActionRequestWithFirstBlock,
    ActionRequestWithList,
    ActionRequestWithListAndFirstBlock,
    Apdu,
    AttributeDescriptor,
    Block,
    DataAccessResult,
    GetResponseWithBlock,
    GetResponseWithList,
    MethodDescriptor,
    SetRequestNormal,
    SetRequestWithBlock,
    SetRequestWithFirstBlock,
    SetRequestWithList,
    SetRequestWithListAndFirstBlock,
    decode_apdu,
)
from ferraris.dlms.inspect.blocks import BlockCollector
from ferraris.kernel.errors import DecodeError
from ferraris.kernel.limits import BLOCK_TRANSFER_OCTETS_MAX

NAME = Obis.parse("0.0.44.0.0.255")
ATTRIBUTE, METHOD = AttributeDescriptor(18, NAME, 2), MethodDescriptor(18, NAME, 2)
VALUE = b"\x09\x06abcdef"
ITEMS = ((ATTRIBUTE, None), (ATTRIBUTE, None))
FIRST, LAST = Block(False, 1, VALUE[:3]), Block(True, 2, VALUE[3:])
VALUES = b"\x02" + VALUE + VALUE
FIRST_OF_LIST, LAST_OF_LIST = Block(False, 1, VALUES[:5]), Block(True, 2, VALUES[5:])


@pytest.mark.parametrize(
    ("first", "last", "whole"),
    [
        (
            SetRequestWithFirstBlock(0xC1, ATTRIBUTE, None, FIRST),
            SetRequestWithBlock(0xC1, LAST),
            SetRequestNormal(0xC1, ATTRIBUTE, None, VALUE),
        ),
        (
            SetRequestWithListAndFirstBlock(0xC1, ITEMS, FIRST_OF_LIST),
            SetRequestWithBlock(0xC1, LAST_OF_LIST),
            SetRequestWithList(0xC1, ITEMS, (VALUE, VALUE)),
        ),
        (
            ActionRequestWithFirstBlock(0xC1, METHOD, FIRST),
            ActionRequestWithBlock(0xC1, LAST),
            ActionRequestNormal(0xC1, METHOD, VALUE),
        ),
        (
            ActionRequestWithListAndFirstBlock(0xC1, (METHOD, METHOD), FIRST_OF_LIST),
            ActionRequestWithBlock(0xC1, LAST_OF_LIST),
            ActionRequestWithList(0xC1, (METHOD, METHOD), (VALUE, VALUE)),
        ),
    ],
)
def test_requests(first: Apdu, last: Apdu, whole: Apdu) -> None:
    blocks = BlockCollector()
    assert blocks.take(first, with_list=False) is None
    octets = blocks.take(last, with_list=False)
    assert octets is not None
    assert decode_apdu(octets) == whole


def test_a_list_of_results() -> None:
    blocks = BlockCollector()
    octets = b"\x02\x00" + VALUE + b"\x01\x04"
    assert blocks.take(GetResponseWithBlock(0xC1, False, 1, octets[:4]), with_list=True) is None
    whole = blocks.take(GetResponseWithBlock(0xC1, True, 2, octets[4:]), with_list=True)
    assert decode_apdu(whole or b"") == GetResponseWithList(0xC1, (VALUE, DataAccessResult.OBJECT_UNDEFINED))


def test_a_transfer_that_ends_with_a_refusal_gives_nothing() -> None:
    blocks = BlockCollector()
    assert blocks.take(GetResponseWithBlock(0xC1, False, 1, b"\x09"), with_list=False) is None
    refused = GetResponseWithBlock(0xC1, True, 2, DataAccessResult.LONG_GET_ABORTED)
    assert blocks.take(refused, with_list=False) is None


def test_a_transfer_that_begins_again_forgets_the_first() -> None:
    blocks = BlockCollector()
    for _ in range(2):
        assert blocks.take(SetRequestWithFirstBlock(0xC1, ATTRIBUTE, None, FIRST), with_list=False) is None
    octets = blocks.take(SetRequestWithBlock(0xC1, LAST), with_list=False)
    assert decode_apdu(octets or b"") == SetRequestNormal(0xC1, ATTRIBUTE, None, VALUE)


def test_a_last_block_of_nothing() -> None:
    assert BlockCollector().take(SetRequestWithBlock(0xC1, LAST), with_list=False) is None


def test_blocks_without_an_end_are_refused_in_time() -> None:
    blocks = BlockCollector()
    piece = bytes(1 << 20)
    count = BLOCK_TRANSFER_OCTETS_MAX // len(piece)
    for number in range(1, count + 1):
        blocks.take(GetResponseWithBlock(0xC1, False, number, piece), with_list=False)
    with pytest.raises(DecodeError, match="too long together"):
        blocks.take(GetResponseWithBlock(0xC1, False, count + 1, piece), with_list=False)
