"""The check value of a token."""

from __future__ import annotations

import pytest
from hypothesis import given

from ferraris.sts import checksum, crc16, currency_checksum
from tests.sts.published import Row, id_of, rows_of
from tests.sts.strategies import bits


@pytest.mark.parametrize("row", rows_of("CRC"), ids=id_of)
def test_published_check_values(row: Row) -> None:
    octets = bytes.fromhex(row["inputs"]["data56"])
    assert f"{crc16(octets):04X}" == row["expected"]
    data = int.from_bytes(octets, "big")
    assert checksum(data >> 48, data & (1 << 48) - 1) == int(row["expected"], 16)


def slowly(octets: bytes) -> int:
    """The same, bit by bit."""
    register = 0xFFFF
    for octet in octets:
        register ^= octet
        for _ in range(8):
            register = register >> 1 ^ (0xA001 if register & 1 else 0)
    return int.from_bytes(register.to_bytes(2, "little"), "big")


@given(bits(2), bits(48))
def test_every_token_has_the_check_value_of_its_octets(token_class: int, data: int) -> None:
    octets = (token_class << 48 | data).to_bytes(7, "big")
    assert checksum(token_class, data) == slowly(octets)
    assert currency_checksum(token_class, data) == slowly(octets + b"\x01")


@given(bits(48))
def test_money_is_not_taken_for_a_quantity(data: int) -> None:
    assert checksum(0, data) != currency_checksum(0, data)
