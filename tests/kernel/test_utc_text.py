"""Moments as text: what a person reads names its zone."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.kernel.utc_text import utc_text

SHOWN = """
milliseconds since 1970     text
0                           1970-01-01 00:00:00 UTC
-1                          1969-12-31 23:59:59 UTC
-30610224000001             0999-12-31 23:59:59 UTC
1774746900999               2026-03-29 01:15:00 UTC
1790000000000               2026-09-21 14:13:20 UTC
253402300799999             9999-12-31 23:59:59 UTC
253402300800000             253402300800000 ms
1000000000000000000         1000000000000000000 ms
-99999999999999             -99999999999999 ms
"""


@pytest.mark.parametrize("line", SHOWN.strip().splitlines()[1:])
def test_moments_in_and_out_of_all_calendars(line: str) -> None:
    assert utc_text(int(line[:28])) == line[28:]


@given(st.integers(-(2**63), 2**63))
def test_any_moment_has_a_text(time_ms: int) -> None:
    assert re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8} UTC|-?[0-9]+ ms", utc_text(time_ms))
