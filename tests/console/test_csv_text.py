"""CSV: rows come back as they were, and no cell is a formula."""

from __future__ import annotations

import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.console.csv_text import csv_response, csv_text

cells = st.one_of(
    st.integers(),
    st.text(st.characters(codec="utf-8", exclude_characters="\x00")).filter(lambda t: t[:1] not in "=+-@\t\r" or not t),
)


@given(st.lists(st.tuples(cells, cells)))
def test_rows_come_back(rows: list[tuple[object, object]]) -> None:
    back = list(csv.reader(StringIO(csv_text(("a", "b"), rows), newline="")))
    assert back == [["a", "b"], *([str(cell) for cell in row] for row in rows)]


@pytest.mark.parametrize("text", ["=HYPERLINK(0)", "+1", "-1", "@SUM(A1)", "\tx"])
def test_words_of_meters_are_no_formulas(text: str) -> None:
    assert csv_text(("a",), [(text,)]) == f"a\r\n'{text}\r\n"


def test_numbers_keep_their_sign_and_nothing_is_nothing() -> None:
    assert csv_text(("a", "b"), [(-5, None)]) == "a,b\r\n-5,\r\n"


def test_a_table_is_a_download() -> None:
    response = csv_response("meters", ("a",), [(1,)])
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["content-disposition"] == 'attachment; filename="meters.csv"'
    assert response.body == b"a\r\n1\r\n"
