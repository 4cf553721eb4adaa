"""A block of a long value, as SET and ACTION carry it."""

from __future__ import annotations

import pytest
from hypothesis import given

from ferraris.dlms.apdu import Block
from ferraris.dlms.apdu.block import read_block
from ferraris.dlms.apdu.cursor import Cursor
from ferraris.kernel.errors import DecodeError
from tests.dlms.apdu import strategies


@pytest.mark.parametrize(
    ("octets", "block"),
    [
        ("00 00000001 00", Block(False, 1, b"")),
        ("01 ffffffff 02 aabb", Block(True, 0xFFFF_FFFF, b"\xaa\xbb")),
        ("01 00000002 8180" + "00" * 128, Block(True, 2, bytes(128))),
    ],
)
def test_both_ways(octets: str, block: Block) -> None:
    assert read_block(Cursor(bytes.fromhex(octets))) == block
    assert block.encode() == bytes.fromhex(octets)


@given(strategies.blocks)
def test_round_trip_leaves_the_cursor_behind_the_block(block: Block) -> None:
    cursor = Cursor(block.encode() + b"\xff")
    assert read_block(cursor) == block
    assert cursor.rest() == b"\xff"


@pytest.mark.parametrize("octets", ["", "00", "00 000000", "00 00000001", "00 00000001 03 aabb"])
def test_a_cut_block_is_refused(octets: str) -> None:
    with pytest.raises(DecodeError):
        read_block(Cursor(bytes.fromhex(octets)))
