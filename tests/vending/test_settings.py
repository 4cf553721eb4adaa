"""The operator's calendar: days and months are local, token identifiers are not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from tests.vending.house import settings

# moment (UTC)            zone                    month
MONTHS = """
2026-06-30 21:59:59       Africa/Johannesburg     202606
2026-06-30 22:00:00       Africa/Johannesburg     202607
2026-12-31 23:59:59       UTC                     202612
2026-03-31 21:59:59       Europe/Berlin           202603
2026-03-31 22:00:00       Europe/Berlin           202604
2026-11-30 22:59:59       Europe/Berlin           202611
2026-11-30 23:00:00       Europe/Berlin           202612
"""


@pytest.mark.parametrize("row", MONTHS.strip().splitlines())
def test_months_begin_at_local_midnight(row: str) -> None:
    moment, zone, month = (part.strip() for part in row.split("  ") if part.strip())
    now_ms = int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()) * 1000
    assert settings(time_zone=ZoneInfo(zone)).month(now_ms) == int(month)


def test_local_time_is_whole_seconds_in_the_zone() -> None:
    east = settings(time_zone=timezone(timedelta(hours=3)))
    assert east.local(1_999).isoformat() == "1970-01-01T03:00:01+03:00"
