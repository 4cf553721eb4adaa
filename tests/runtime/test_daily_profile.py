"""Daily values: captured at the meter's midnight, which is not UTC's, kept in channels of their own, backfilled after outages."""

from __future__ import annotations

from pathlib import Path

from tests.meter.steady import MONDAY_MS
from tests.runtime.street import Street, tell

DAILY_IMPORT, IMPORT = 17, 1
MIDNIGHT_S = MONDAY_MS // 1_000 + 23 * 3_600
"""The first midnight of the meters, in winter an hour before UTC's."""
DAY_S = 86_400


def daily(street: Street, meter: int) -> list[tuple[int, int]]:
    """(time_s, value) of what is stored of a meter's daily profile."""
    rows = street.stores.intervals.read(meter, [DAILY_IMPORT], 0, MIDNIGHT_S + 100 * DAY_S).rows()
    return [(row.time_s, row.value) for row in rows]


def expected(street: Street, days: int) -> list[tuple[int, int]]:
    """400 W, from the beginning of the meters' lives an hour after their first midnight."""
    return [(MIDNIGHT_S + day * DAY_S, 400 * (23 + 24 * day)) for day in range(days)]


def test_daily_values_are_kept_beside_the_load_profile_of_the_same_second(tmp_path: Path) -> None:
    async def story(street: Street) -> None:
        await street.live_until(50)
        for meter in (1, 2, 3):
            assert daily(street, meter) == expected(street, 2)
            at_midnight = street.stores.intervals.versions(meter, IMPORT, MIDNIGHT_S)
            assert [version.value for version in at_midnight] == [400 * 23]
            assert street.communication(meter) == "ok"
        assert street.alarm_kinds() == set()

    tell(tmp_path, story)


def test_daily_values_are_backfilled_after_an_outage_and_a_restart(tmp_path: Path) -> None:
    async def story(street: Street) -> None:
        await street.live_until(26)
        street.network.medium.cut("outage", [street.service.devices[0].identity.host])
        await street.live_until(76)
        assert (daily(street, 1), daily(street, 2)) == (expected(street, 1), expected(street, 3))
        await street.kill_head_end()
        street.network.medium.heal("outage")
        street.open_head_end()
        await street.live_until(79)
        for meter in (1, 2, 3):
            assert daily(street, meter) == expected(street, 3)
            (profile,) = [
                c for c in street.runtime.head_end.state.meters[meter].coverage if c.profile.tag == "DAILY_PROFILE"
            ]
            assert (len(profile.missing), profile.absent) == (0, 0)

    tell(tmp_path, story)
