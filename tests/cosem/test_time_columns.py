"""Columns of date-times: the same answers as one value at a time gives, for whole arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.cosem import (
    NOT_A_TIME,
    CosemDateTime,
    epoch_s_from_octets,
    octets_from_epoch_s,
    with_deviations_reversed,
)
from ferraris.cosem.date_time import DEVIATION_MIN_MAX
from tests.cosem.strategies import date_times

FIRST_S = -5_617_000_000
LAST_S = 10_539_000_000
"""Inside the years 1792 to 2303, to the day."""


def column(moments: list[CosemDateTime]) -> np.ndarray:
    return np.frombuffer(b"".join(moments), np.uint8).reshape(-1, 12)


def one_by_one(moments: list[CosemDateTime]) -> list[int]:
    """What the scalar form says, in whole seconds."""
    instants = [moment.to_epoch_ms() for moment in moments]
    return [
        NOT_A_TIME if instant is None or not 1792 <= (moment.year or 0) <= 2303 else instant // 1000
        for moment, instant in zip(moments, instants, strict=True)
    ]


REGULAR = st.builds(
    CosemDateTime.from_epoch_ms,
    st.integers(FIRST_S * 1000, LAST_S * 1000),
    st.integers(-DEVIATION_MIN_MAX, DEVIATION_MIN_MAX),
    st.integers(0, 254),
)


@settings(deadline=None)
@given(st.lists(REGULAR, min_size=1, max_size=20))
def test_instants(moments: list[CosemDateTime]) -> None:
    assert epoch_s_from_octets(column(moments)).tolist() == one_by_one(moments)


@settings(deadline=None)
@given(st.lists(st.one_of(REGULAR, date_times), min_size=1, max_size=20))
def test_a_column_with_open_fields_in_it(moments: list[CosemDateTime]) -> None:
    assert epoch_s_from_octets(column(moments)).tolist() == one_by_one(moments)


EDGES = [
    # octets                       seconds           why
    ("07b2010104000000ff000000",   0,                "the epoch"),
    ("07b2010104000000ffffc400",   -3600,            "a deviation below zero"),
    ("07b2010104000000ff003c00",   3600,             "a deviation above zero"),
    ("07e8021d04173b3b63000000",   1_709_251_199,    "the last second of a leap day"),
    ("07e7021d0300000000000000",   NOT_A_TIME,       "no leap year"),
    ("076c021d0400000000000000",   NOT_A_TIME,       "1900 was no leap year"),
    ("07d0021d0200000000000000",   951_782_400,      "2000 was one"),
    ("0700010107000000ff000000",   -5_617_123_200,   "the first year"),
    ("08ff0c1f04173b3bff000000",   10_539_935_999,   "the last year"),
    ("06ff0c1f06173b3bff000000",   NOT_A_TIME,       "a year too early"),
    ("0900010105000000ff000000",   NOT_A_TIME,       "a year too late"),
    ("07e8010f01ff1e2d00ffc400",   NOT_A_TIME,       "open hour"),
    ("07e8010f010c1e2d00800000",   NOT_A_TIME,       "open deviation"),
    ("ffffffffffffffffff8000ff",   NOT_A_TIME,       "all open"),
]  # fmt: skip


@pytest.mark.parametrize(("octets", "seconds", "why"), EDGES)
def test_edges(octets: str, seconds: int, why: str) -> None:
    alone = np.frombuffer(bytes.fromhex(octets), np.uint8).reshape(1, 12)
    assert epoch_s_from_octets(alone).tolist() == [seconds], why


def test_one_bad_row_leaves_the_others_alone() -> None:
    rows = np.frombuffer(bytes.fromhex("".join(octets for octets, _, _ in EDGES)), np.uint8).reshape(-1, 12)
    assert epoch_s_from_octets(rows).tolist() == [seconds for _, seconds, _ in EDGES]


def test_no_rows_give_no_times() -> None:
    assert epoch_s_from_octets(np.empty((0, 12), np.uint8)).tolist() == []
    assert octets_from_epoch_s(np.empty(0, np.int64)).shape == (0, 12)


@settings(deadline=None)
@given(
    st.lists(st.integers(-60_000_000_000, 200_000_000_000), min_size=1, max_size=20),
    st.integers(-DEVIATION_MIN_MAX, DEVIATION_MIN_MAX),
    st.integers(0, 254),
)
def test_written_columns_are_what_one_by_one_gives(epoch_s: list[int], deviation_min: int, status: int) -> None:
    octets = octets_from_epoch_s(np.array(epoch_s), deviation_min, status)
    assert [bytes(row) for row in octets] == [
        CosemDateTime.from_epoch_ms(1000 * second, deviation_min, status).to_octets() for second in epoch_s
    ]


def test_each_row_may_have_its_own_deviation_and_status() -> None:
    octets = octets_from_epoch_s(np.array([0, 0]), np.array([-60, -120]), np.array([0, 0x80]), hundredths=0xFF)
    assert [row.tobytes().hex() for row in octets] == ["07b2010104010000ffffc400", "07b2010104020000ffff8880"]


@settings(deadline=None)
@given(st.lists(st.integers(FIRST_S, LAST_S), min_size=1, max_size=20), st.integers(-720, 840))
def test_there_and_back(epoch_s: list[int], deviation_min: int) -> None:
    assert epoch_s_from_octets(octets_from_epoch_s(np.array(epoch_s), deviation_min)).tolist() == epoch_s


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(FIRST_S, LAST_S), st.integers(-720, 720)), min_size=1, max_size=20))
def test_deviations_turn_as_they_do_one_by_one(rows: list[tuple[int, int]]) -> None:
    octets = octets_from_epoch_s(np.array([second for second, _ in rows]), np.array([minutes for _, minutes in rows]))
    turned = with_deviations_reversed(octets)
    one_by_one = [CosemDateTime.from_octets(bytes(row)).with_deviation_reversed() for row in octets]
    assert [bytes(row) for row in turned] == [moment.to_octets() for moment in one_by_one]
    assert [bytes(row) for row in with_deviations_reversed(turned)] == [bytes(row) for row in octets]


def test_an_open_deviation_has_no_sign_to_turn() -> None:
    open_one = bytes.fromhex("07e8010f010c1e2d00800000")
    column = np.frombuffer(open_one, np.uint8).reshape(1, 12)
    assert with_deviations_reversed(column).tobytes() == open_one
    assert CosemDateTime.from_octets(open_one).with_deviation_reversed().to_octets() == open_one
