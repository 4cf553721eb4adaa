"""EA07, the Standard Transfer Algorithm."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.sts.carrier import insert_class
from ferraris.sts.sta import Sta, deciphering_keys, enciphering_keys, rotated_left, rotated_right
from ferraris.sts.sta_tables import StaTables
from tests.sts.published import Row, id_of, rows_of
from tests.sts.strategies import bits


def slowly_enciphered(key: int, block: int, tables: StaTables) -> int:
    """The algorithm as it is written: nibble by nibble, bit by bit."""
    for turned in enciphering_keys(key):
        substituted = 0
        for nibble in range(16):
            table = tables.second_substitution if turned >> 4 * nibble + 3 & 1 else tables.first_substitution
            substituted |= table[block >> 4 * nibble & 15] << 4 * nibble
        block = sum((substituted >> bit & 1) << tables.permutation[bit] for bit in range(64))
    return block


@pytest.mark.parametrize("row", rows_of("EA07 with SAMPLE"), ids=id_of)
def test_the_worked_example(row: Row) -> None:
    inputs = row["inputs"]
    cipher = Sta(bytes.fromhex(inputs["key"]), StaTables.SAMPLE)
    enciphered = cipher.encrypt_block(int(inputs["block"], 16))
    assert f"{insert_class(inputs['token_class'], enciphered):X}" == row["expected"]
    assert cipher.decrypt_block(enciphered) == int(inputs["block"], 16)


def some_tables(seed: int) -> StaTables:
    dice = random.Random(seed)
    return StaTables(*(tuple(dice.sample(range(size), size)) for size in (16, 16, 64)))


@given(bits(64), bits(64), st.integers(0, 3))
def test_look_ups_do_what_the_algorithm_says(key: int, block: int, seed: int) -> None:
    tables = some_tables(seed) if seed else StaTables.SAMPLE
    cipher = Sta(key.to_bytes(8, "big"), tables)
    assert cipher.encrypt_block(block) == slowly_enciphered(key, block, tables)


@given(bits(64), bits(64), st.integers(0, 3))
def test_deciphering_undoes_enciphering(key: int, block: int, seed: int) -> None:
    cipher = Sta(key.to_bytes(8, "big"), some_tables(seed))
    assert cipher.decrypt_block(cipher.encrypt_block(block)) == block
    assert cipher.encrypt_block(cipher.decrypt_block(block)) == block


@given(bits(64), st.integers(0, 64))
def test_turning_there_and_back(value: int, count: int) -> None:
    assert rotated_right(rotated_left(value, count), count) == value
    assert rotated_left(value, 64 - count) == rotated_right(value, count)


def test_keys_turn_by_one_bit_a_round() -> None:
    assert enciphering_keys(0xFFFF_FFFF_FFFF_FFFE)[:2] == [1 << 52, 1 << 53]
    assert deciphering_keys(1)[:2] == [1, 1 << 63]
    assert len(enciphering_keys(0)) == len(deciphering_keys(0)) == 16


def test_a_cipher_hides_its_key() -> None:
    assert repr(Sta(b"12345678", StaTables.SAMPLE)) == "Sta(hidden)"
