"""EA11, MISTY1."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.sts.misty1 import Misty1, fl_indexes, fo_indexes, halves_of_fi
from tests.sts.published import Row, id_of, rows_of
from tests.sts.strategies import bits


@pytest.mark.parametrize("row", rows_of("MISTY1"), ids=id_of)
def test_the_examples_of_the_rfc(row: Row) -> None:
    cipher = Misty1(bytes.fromhex(row["inputs"]["key"]))
    block = int(row["inputs"]["plaintext"], 16)
    assert f"{cipher.encrypt_block(block):016x}" == row["expected"]
    assert cipher.decrypt_block(int(row["expected"], 16)) == block


@given(st.binary(min_size=16, max_size=16), bits(64))
def test_deciphering_undoes_enciphering(key: bytes, block: int) -> None:
    cipher = Misty1(key)
    assert cipher.decrypt_block(cipher.encrypt_block(block)) == block
    assert cipher.encrypt_block(cipher.decrypt_block(block)) == block


def test_both_halves_of_fi_lose_nothing() -> None:
    for half in halves_of_fi():
        assert sorted(half) == list(range(1 << 16))


def test_words_of_the_expanded_key_are_among_its_sixteen() -> None:
    assert all(index < 16 for k in range(8) for index in fo_indexes(k))
    assert all(index < 16 for k in range(10) for index in fl_indexes(k))
    assert fo_indexes(0) == (0, 13, 2, 9, 7, 11, 4)
    assert [fl_indexes(k) for k in (0, 1, 9)] == [(0, 14), (10, 4), (14, 0)]


def test_a_cipher_hides_its_key() -> None:
    assert repr(Misty1(bytes(16))) == "Misty1(hidden)"
