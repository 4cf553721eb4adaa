"""Token identifiers: minutes since a base date."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.sts import (
    IDENTIFIERS,
    BaseDate,
    StsError,
    is_key_expired,
    is_special_reserved,
    issued_ms,
    last_ms,
    ordinary_token_identifier,
    token_identifier_at,
)
from tests.sts.published import id_of, rows
from tests.sts.strategies import identifiers

DATED = [row for row in rows() if "issue" in row["inputs"] and "tid" in row["inputs"]]


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text + "+00:00").timestamp() * 1000)


@pytest.mark.parametrize("row", DATED, ids=id_of)
def test_published_dates_give_the_published_identifiers(row: dict[str, dict[str, object]]) -> None:
    inputs = row["inputs"]
    base_date = BaseDate.of_year(int(str(inputs["base_date"])))
    assert token_identifier_at(base_date, ms(str(inputs["issue"]))) == inputs["tid"]


def test_base_dates_begin_their_year() -> None:
    for base_date in BaseDate:
        assert datetime.fromtimestamp(base_date.start_ms / 1000, UTC) == datetime(base_date.year, 1, 1, tzinfo=UTC)
        assert BaseDate.of_year(base_date.year) is BaseDate.of_year(base_date.value) is base_date
        assert base_date.code == str(base_date.year)[2:]
    with pytest.raises(StsError, match="expected 1993, 2014, 2035"):
        BaseDate.of_year(2000)


def test_identifiers_run_out_after_24_bits() -> None:
    end = ms("2024-11-24 20:15:59.999")
    assert last_ms(BaseDate.Y1993) == end
    assert token_identifier_at(BaseDate.Y1993, end) == IDENTIFIERS - 1
    with pytest.raises(StsError, match="run out"):
        token_identifier_at(BaseDate.Y1993, end + 1)
    assert token_identifier_at(BaseDate.Y1993, end + 1, wrap=True) == 0
    assert token_identifier_at(BaseDate.Y1993, end + 1 + 60_000 * IDENTIFIERS, wrap=True) == 0


def test_a_date_before_the_base_date_has_none() -> None:
    for wrap in (False, True):
        with pytest.raises(StsError, match="before the base date"):
            token_identifier_at(BaseDate.Y2014, BaseDate.Y2014.start_ms - 1, wrap=wrap)


@given(st.sampled_from(BaseDate), identifiers)
def test_an_identifier_is_the_minute_of_its_issue(base_date: BaseDate, identifier: int) -> None:
    issued = issued_ms(base_date, identifier)
    assert token_identifier_at(base_date, issued) == identifier
    assert token_identifier_at(base_date, issued + 59_999) == identifier


@pytest.mark.parametrize("identifier", [-1, IDENTIFIERS])
def test_no_date_for_what_is_no_identifier(identifier: int) -> None:
    with pytest.raises(StsError, match="token identifier"):
        issued_ms(BaseDate.Y2014, identifier)


# issued              reserved  ordinary tokens carry
MINUTES = """
2026-07-29 00:00:00   no        2026-07-29 00:00
2026-07-29 00:01:00   yes       2026-07-29 00:02
2026-07-29 00:01:59   yes       2026-07-29 00:02
2026-07-29 00:02:00   no        2026-07-29 00:02
2026-07-29 12:01:00   no        2026-07-29 12:01
"""


@pytest.mark.parametrize("line", MINUTES.split("\n")[1:-1])
def test_the_first_minute_after_midnight_is_reserved(line: str) -> None:
    issued, reserved, carried = line[:19], line[22:25].strip(), line[32:]
    identifier = token_identifier_at(BaseDate.Y2014, ms(issued))
    assert is_special_reserved(identifier) == (reserved == "yes")
    assert ordinary_token_identifier(identifier) == token_identifier_at(BaseDate.Y2014, ms(carried))


def test_a_key_expires_by_the_upper_octet_of_the_identifier() -> None:
    assert not is_key_expired(85, 85 << 16 | 0xFFFF)
    assert is_key_expired(85, 86 << 16)
    assert is_key_expired(85, 151 << 16)
    assert not is_key_expired(255, IDENTIFIERS - 1)
