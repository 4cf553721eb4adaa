"""Readings as columns: types and lengths are exact, and no value is bent to fit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.store import Reading, Readings

ROWS = st.lists(
    st.tuples(
        st.integers(-(2**31), 2**31 - 1),
        st.integers(-(2**15), 2**15 - 1),
        st.integers(-(2**63), 2**63 - 1),
        st.integers(-(2**63), 2**63 - 1),
        st.integers(-(2**31), 2**31 - 1),
    ),
    max_size=20,
)


@given(ROWS)
def test_rows_go_in_and_come_out_as_they_were(rows: list[tuple[int, ...]]) -> None:
    readings = Readings.from_rows(rows)
    assert len(readings) == len(rows)
    assert [tuple(row) for row in readings.rows()] == rows


@given(ROWS, ROWS)
def test_concatenation_keeps_the_order(first: list[tuple[int, ...]], second: list[tuple[int, ...]]) -> None:
    both = Readings.concatenate([Readings.from_rows(first), Readings.from_rows(second)])
    assert list(both.rows()) == [Reading(*row) for row in first + second]


def test_nothing_concatenated_is_an_empty_batch() -> None:
    assert len(Readings.concatenate([])) == 0
    assert list(Readings.concatenate([]).rows()) == []


def test_a_single_number_stands_for_a_column() -> None:
    readings = Readings.of(7, [1, 2], [900, 900], 5)
    assert list(readings.rows()) == [Reading(7, 1, 900, 5, 0), Reading(7, 2, 900, 5, 0)]


def test_columns_have_the_types_that_the_store_keeps() -> None:
    readings = Readings.of([1], [2], [3], [4], [5])
    types = [getattr(readings, name).dtype.name for name in ("meter", "channel", "time_s", "value", "status")]
    assert types == ["int32", "int16", "int64", "int64", "int32"]
    assert all(type(number) is int for number in next(readings.rows()))


# column       value that does not fit
MISFITS = """
meter          2147483648
meter          -2147483649
channel        32768
channel        -32769
time_s         9223372036854775808
value          9223372036854775808
value          -9223372036854775809
value          1.5
status         2147483648
"""


@pytest.mark.parametrize("row", [line.split() for line in MISFITS.strip().splitlines()], ids=" ".join)
def test_a_value_that_does_not_fit_raises_instead_of_wrapping(row: list[str]) -> None:
    column, text = row
    given = dict.fromkeys(("meter", "channel", "time_s", "value", "status"), 1)
    given[column] = float(text) if "." in text else int(text)
    with pytest.raises((ValueError, OverflowError)):
        Readings.of(**given)


def test_an_unsigned_value_beyond_the_signed_range_raises() -> None:
    with pytest.raises(ValueError, match="value"):
        Readings.of(1, 1, 1, np.array([2**63], dtype=np.uint64))


def test_columns_of_unequal_length_raise() -> None:
    with pytest.raises(ValueError, match=r"broadcast|shape"):
        Readings.of([1, 2, 3], [1, 2], 900, 5)


@pytest.mark.parametrize("column", ["meter", "channel", "time_s", "value", "status"])
def test_a_column_of_another_type_or_shape_is_refused(column: str) -> None:
    good = Readings.of([1, 2], 1, 900, 5)
    columns = {name: getattr(good, name) for name in ("meter", "channel", "time_s", "value", "status")}
    for bad in (columns[column].astype(np.float64), columns[column][:1], columns[column].reshape(2, 1)):
        with pytest.raises(ValueError, match="column"):
            Readings(**{**columns, column: bad})


def test_readings_cannot_be_reassigned() -> None:
    with pytest.raises(AttributeError):
        Readings.of(1, 1, 900, 5).value = np.zeros(1, dtype=np.int64)  # type: ignore[misc]
