"""CRC-16/X-25 against published check values and frames of real meters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.codec.crc import check_sequence, crc16_x25


@pytest.mark.parametrize(
    ("octets", "check"),
    [
        (b"", 0x0000),
        (b"123456789", 0x906E),  # the catalogue's check value
        (b"\x00", 0xF078),
    ],
)
def test_published_values(octets: bytes, check: int) -> None:
    assert crc16_x25(octets) == check


@pytest.mark.parametrize(
    ("covered", "sent"),
    [
        ("a00801020110", "378d"),  # a header without information
        ("a00a002254d36151", "3f99"),  # RR of an E650
        ("a027010201105a87e6e7000f40000000090c07e4020f06011922ff8000000201060000157e", "ea5e"),
    ],
)
def test_frames_of_meters(covered: str, sent: str) -> None:
    assert check_sequence(bytes.fromhex(covered)).hex() == sent


@given(st.binary(min_size=1, max_size=64), st.data())
def test_one_flipped_bit_is_always_seen(octets: bytes, data: st.DataObject) -> None:
    bit = data.draw(st.integers(0, 8 * len(octets) - 1))
    flipped = bytearray(octets)
    flipped[bit // 8] ^= 1 << bit % 8
    assert crc16_x25(bytes(flipped)) != crc16_x25(octets)


@given(st.binary(max_size=64))
def test_octets_with_their_check_leave_the_constant_residue(octets: bytes) -> None:
    assert crc16_x25(octets + check_sequence(octets)) == 0x0F47
