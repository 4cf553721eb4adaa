"""The decoder: what it remembers of tokens, how long a keypad is locked, which tokens of a key change still count."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.kernel.limits import TOKEN_IDENTIFIERS_REMEMBERED
from ferraris.sts import TokenResult
from tests.meter.payment.decoders import EMPTY as NEW

OLD_OR_USED = {TokenResult.OLD_ERROR, TokenResult.USED_ERROR}


@given(st.lists(st.integers(0, 2**24 - 1), unique=True, max_size=3 * TOKEN_IDENTIFIERS_REMEMBERED))
def test_no_identifier_is_taken_twice_however_many_come(identifiers: list[int]) -> None:
    decoder, taken = NEW, []
    for identifier in identifiers:
        if decoder.result_by_memory(identifier) is TokenResult.ACCEPT:
            decoder = decoder.with_identifier(identifier)
            taken.append(identifier)
    assert all(decoder.result_by_memory(identifier) in OLD_OR_USED for identifier in taken)
    assert list(decoder.identifiers) == sorted(taken)[-TOKEN_IDENTIFIERS_REMEMBERED:]


def test_a_new_identifier_takes_the_place_of_the_smallest() -> None:
    decoder = replace(NEW, identifiers=tuple(range(10, 10 + TOKEN_IDENTIFIERS_REMEMBERED)))
    assert decoder.result_by_memory(10) is TokenResult.USED_ERROR
    after = decoder.with_identifier(1_000)
    assert after.identifiers == (*range(11, 10 + TOKEN_IDENTIFIERS_REMEMBERED), 1_000)
    assert after.result_by_memory(10) is TokenResult.OLD_ERROR


def test_nothing_is_old_before_the_memory_is_full() -> None:
    assert replace(NEW, identifiers=(500,)).result_by_memory(1) is TokenResult.ACCEPT


@pytest.mark.parametrize(
    ("wrong", "locked_s"), [(0, 0), (1, 0), (2, 10), (3, 20), (8, 640), (9, 1_280), (10, 1_280), (10_000, 1_280)]
)
def test_one_more_wrong_entry_after_so_many(wrong: int, locked_s: int) -> None:
    after = replace(NEW, wrong_entries=wrong).after_wrong_entry(5_000)
    assert after.wrong_entries == wrong + 1
    assert after.is_locked(5_000) is (locked_s > 0)
    if locked_s:
        assert after.locked_until_ms == 5_000 + locked_s * 1_000
        assert not after.is_locked(after.locked_until_ms)
    assert after.after_right_entry().wrong_entries == 0


def test_sections_wait_for_a_time() -> None:
    waiting = replace(NEW, sections=("1", "2"), sections_until_ms=100)
    assert waiting.waiting_sections(100) == ("1", "2")
    assert waiting.waiting_sections(101) == ()


def test_neither_key_nor_sections_show() -> None:
    shown = repr(replace(NEW, sections=("12345678901234567890",)))
    assert NEW.key.octets.hex() not in shown
    assert "12345678901234567890" not in shown
