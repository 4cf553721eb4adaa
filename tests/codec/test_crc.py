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


def bit_by_bit(octets: bytes) -> int:
    """The definition, without a table: a shift register of sixteen bits, fed the low bit first."""
    register = 0xFFFF
    for octet in octets:
        for position in range(8):
            feedback = (register ^ octet >> position) & 1
            register >>= 1
            if feedback:
                register ^= 0x8408
    return register ^ 0xFFFF


@given(st.binary(max_size=300))
def test_the_table_is_the_shift_register(octets: bytes) -> None:
    assert crc16_x25(octets) == bit_by_bit(octets)


@given(st.binary(max_size=64))
def test_views_and_octets_give_the_same(octets: bytes) -> None:
    assert crc16_x25(memoryview(octets)) == crc16_x25(bytearray(octets)) == crc16_x25(octets)
    assert check_sequence(memoryview(octets)) == check_sequence(octets)


FRAMES = [
    # a header and its check     what it is
    ("a008 0102 0110 378d",       "a header without information"),
    ("a00a 002254d3 61 51 3f99", "RR of an E650"),
]  # fmt: skip


def test_a_frame_with_its_check_leaves_the_residue() -> None:
    for text, what in FRAMES:
        assert crc16_x25(bytes.fromhex(text)) == 0x0F47, what


@given(st.binary(min_size=3, max_size=64), st.data())
def test_a_burst_of_sixteen_bits_is_always_seen(octets: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, 8 * len(octets) - 16))
    burst = data.draw(st.integers(1, 0xFFFF))
    # The first bit on the line is the low bit of the first octet.
    damaged = int.from_bytes(octets, "little") ^ burst << start
    assert crc16_x25(damaged.to_bytes(len(octets), "little")) != crc16_x25(octets)


@given(st.binary(min_size=1, max_size=40), st.integers(1, 20))
def test_zeros_added_in_front_are_seen(octets: bytes, count: int) -> None:
    assert crc16_x25(bytes(count) + octets) != crc16_x25(octets)
