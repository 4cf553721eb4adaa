"""Block check character and parity."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ferraris.iec62056_21 import block_check, with_parity, without_parity


def test_known_characters() -> None:
    assert block_check(b"") == 0
    assert block_check(b"B0\x03") == 0x71  # the break message SOH B 0 ETX has this character behind it
    assert with_parity(b"/?!\r\n") == b"\xaf\x3f\x21\x8d\x0a"


@given(st.binary(max_size=100).map(without_parity))
def test_parity_is_even_and_comes_off_again(characters: bytes) -> None:
    octets = with_parity(characters)
    assert all(octet.bit_count() % 2 == 0 for octet in octets)
    assert without_parity(octets) == characters


@given(st.binary(min_size=1, max_size=60), st.integers(0, 59), st.integers(0, 7))
def test_one_flipped_bit_is_seen(octets: bytes, place: int, bit: int) -> None:
    flipped = bytearray(octets)
    flipped[place % len(octets)] ^= 1 << bit
    assert block_check(bytes(flipped)) != block_check(octets)
