"""Secondary addresses: written, as octets, and as masks that fit some."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.kernel.errors import DecodeError, LocalProtocolError
from ferraris.mbus import EVERYBODY, SecondaryAddress, decode_secondary_address

ADDRESS = SecondaryAddress("12345678", "FER", 1, 2)
DIGITS = st.text("0123456789?", min_size=8, max_size=8)
LETTERS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=3, max_size=3)
OCTETS = st.one_of(st.none(), st.integers(0, 0xFE))
ADDRESSES = st.builds(SecondaryAddress, DIGITS, st.one_of(st.none(), LETTERS), OCTETS, OCTETS)


def test_an_address_octet_for_octet() -> None:
    """The digits with the lowest first; FER is 6, 5 and 18 in five bits each."""
    assert ADDRESS.encode() == bytes.fromhex("78563412 b218 01 02")
    assert EVERYBODY.encode() == b"\xff" * 8
    # The maker's code of a published telegram: 0x2C2D stands for KAM.
    assert decode_secondary_address(bytes.fromhex("44556677 2d2c 1b 16")) == SecondaryAddress("77665544", "KAM", 27, 22)


@given(ADDRESSES)
def test_addresses_come_back_from_octets_and_from_text(address: SecondaryAddress) -> None:
    assert decode_secondary_address(address.encode()) == address
    assert SecondaryAddress.parse(str(address)) == address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("12345678.FER.01.02", ADDRESS),
        ("12345678", SecondaryAddress("12345678")),
        ("*", EVERYBODY),
        ("1234????.*.*.02", SecondaryAddress("1234????", None, None, 2)),
    ],
)
def test_what_is_written(text: str, address: SecondaryAddress) -> None:
    assert SecondaryAddress.parse(text) == address


@pytest.mark.parametrize("text", ["", "1234567", "12345678.FE.01.02", "12345678.FER", "1234567a", "12345678.fer.01.02"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(LocalProtocolError):
        SecondaryAddress.parse(text)


@pytest.mark.parametrize(
    ("mask", "fits"),
    [
        ("*", True),
        ("12345678", True),
        ("1?3?5?7?.FER.*.*", True),
        ("12345678.FER.01.02", True),
        ("22345678", False),
        ("12345678.FEQ.*.*", False),
        ("12345678.FER.02.*", False),
        ("12345678.FER.01.03", False),
    ],
)
def test_masks(mask: str, fits: bool) -> None:
    assert SecondaryAddress.parse(mask).matches(ADDRESS) is fits


def test_a_mask_is_narrowed_digit_by_digit() -> None:
    mask = SecondaryAddress.parse("1?3?5678.FER.*.*")
    assert mask.open_digit == 1
    assert str(mask.narrowed(2).narrowed(4)) == "12345678.FER.*.*"
    assert mask.narrowed(2).narrowed(4).open_digit is None
    assert not mask.is_whole
    assert ADDRESS.is_whole


@given(st.binary(max_size=10))
def test_octets_that_are_no_address_are_refused(octets: bytes) -> None:
    try:
        address = decode_secondary_address(octets)
    except DecodeError:
        return
    assert address.encode() == octets
