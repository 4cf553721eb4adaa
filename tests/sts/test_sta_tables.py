"""The tables of EA07, built in and from a file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.kernel.errors import TableError
from ferraris.kernel.limits import STA_TABLES_CHARACTERS_MAX
from ferraris.sts import StaTables, load_sta_tables


def as_toml(tables: StaTables) -> str:
    return f"s1 = {list(tables.first_substitution)}\ns2 = {list(tables.second_substitution)}\np = {list(tables.permutation)}\n"


def test_the_sample_tables_go_through_a_file() -> None:
    loaded = load_sta_tables(as_toml(StaTables.SAMPLE), "sample.toml")
    assert loaded == StaTables.SAMPLE
    assert loaded.is_sample


@given(st.permutations(range(16)), st.permutations(range(16)), st.permutations(range(64)))
def test_any_permutations_are_tables(first: list[int], second: list[int], permutation: list[int]) -> None:
    tables = StaTables(tuple(first), tuple(second), tuple(permutation))
    assert load_sta_tables(as_toml(tables), "own.toml") == tables


def test_tables_are_licensed_and_not_shown() -> None:
    assert "12" not in repr(StaTables.SAMPLE)


GOOD = as_toml(StaTables.SAMPLE)
# the file                                          what the error says
BROKEN = [
    ("", "s1, expected the key s1"),
    ("s1 = 3", "s1"),
    ("this is no TOML", "own.toml"),
    (GOOD.replace("s2", "s3"), "s3"),
    (GOOD.replace("[12, 10,", "[12,"), "got 15 integers"),
    (GOOD.replace("[12, 10,", "[10, 10,"), "got 1 twice"),
    (GOOD.replace("[12, 10,", "[16, 10,"), "got 1 outside of these"),
    (GOOD.replace("[12, 10,", "[-1, 10,"), "got 1 outside of these"),
    (GOOD.replace("[12, 10,", "[1.5, 10,"), "s1"),
    (GOOD.replace("[12, 10,", "[true, 10,"), "s1"),
    (GOOD.replace("63, 20, 8]", "63, 20, 64]"), "p of the tables of EA07"),
    (GOOD + "x = 1", "x"),
    ("p = '29, 27, 34'\n" + GOOD, "own.toml"),
    ("s1 = '29, 27, 34'", "s1"),
    ("#" * (STA_TABLES_CHARACTERS_MAX + 1), "too long"),
    ("[" * 10_000, "own.toml"),
]


@pytest.mark.parametrize(("text", "said"), BROKEN)
def test_broken_files_are_named_and_their_numbers_kept(text: str, said: str) -> None:
    with pytest.raises(TableError, match=r"own\.toml") as refused:
        load_sta_tables(text, "own.toml")
    assert said in str(refused.value)
    assert "27, 34" not in str(refused.value)


@given(st.text())
def test_any_text_is_tables_or_a_table_error(text: str) -> None:
    with pytest.raises(TableError):
        load_sta_tables(text, "own.toml")
