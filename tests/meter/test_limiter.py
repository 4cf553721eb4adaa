"""A limiter minute by minute, and its emergencies."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cosem import CosemDateTime
from ferraris.cosem.classes.limiter import EmergencyProfile
from ferraris.meter.clock import Zone
from ferraris.meter.limiter import Limit, Side, emergency_holds

UTC_ZONE = Zone.fixed(0)
CET = Zone.load("central_european")
START_S = 1_772_409_600
"""2026-03-02T00:00:00Z."""


def acts(limit: Limit, values: list[int]) -> list[bool | None]:
    side: Side | None = None
    found = []
    for minute, value in enumerate(values):
        side, act = limit.step(side, value, 60 * minute)
        found.append(act)
    return found


@pytest.mark.parametrize(
    ("over_s", "under_s", "values", "told"),
    [
        (0, 0, "0900", " OU "),
        (0, 0, "9900", "O U "),
        (120, 0, "0999900", "   O U "),
        (120, 0, "0990999", "      O"),
        (0, 120, "9000900", "O  UO  "),
        (0, 0, "0000", "    "),
    ],
)
def test_a_few_minutes(over_s: int, under_s: int, values: str, told: str) -> None:
    names = {True: "O", False: "U", None: " "}
    found = acts(Limit(5, over_s, under_s), [int(value) for value in values])
    assert "".join(names[act] for act in found) == told


@given(st.integers(0, 300), st.integers(0, 300), st.lists(st.integers(0, 10), max_size=60))
def test_actions_take_turns_and_never_come_early(over_s: int, under_s: int, values: list[int]) -> None:
    """What is done is so after every value in the time before was on that side; under follows over only."""
    told = acts(Limit(5, over_s, under_s), values)
    last = False
    for minute, act in enumerate(told):
        if act is None:
            continue
        patience_s = over_s if act else under_s
        before = values[max(0, minute - -(-patience_s // 60)) : minute + 1]
        assert all((value > 5) is act for value in before)
        assert act or last
        last = act


@pytest.mark.parametrize(("seconds", "holds"), [(-1, False), (0, True), (599, True), (600, False)])
def test_an_emergency_lasts_as_long_as_it_says(seconds: int, holds: bool) -> None:
    profile = EmergencyProfile(3, CosemDateTime(2026, 3, 2, None, 0, 0, 0, 0), 600)
    assert emergency_holds(profile, (1, 3), START_S + seconds, UTC_ZONE) is holds
    assert not emergency_holds(profile, (1, 2), START_S + seconds, UTC_ZONE)
    assert not emergency_holds(EmergencyProfile(3, CosemDateTime(), 600), (3,), START_S, UTC_ZONE)


@pytest.mark.parametrize(
    ("over_s", "under_s", "values", "told"),
    [
        (60, 120, "99090000", " O    U "),  # a short relapse leaves the action under the threshold owed
        (120, 60, "9999090000", "  O    U  "),
        (60, 60, "990990", " O  O "),  # switched on by hand in the minute between, and over it again
        (60, 60, "0909000", "       "),  # it was never over for long enough, so it never comes back
        (0, 60, "55655", "  O U"),  # at the threshold is not over it
    ],
)
def test_what_was_done_over_the_threshold_is_undone_in_the_end(
    over_s: int, under_s: int, values: str, told: str
) -> None:
    names = {True: "O", False: "U", None: " "}
    assert "".join(names[act] for act in acts(Limit(5, over_s, under_s), [int(value) for value in values])) == told


@given(st.integers(0, 300), st.integers(0, 300), st.lists(st.integers(0, 10), max_size=60))
def test_a_value_that_stays_under_brings_the_action_back_if_it_is_owed(
    over_s: int, under_s: int, values: list[int]
) -> None:
    """After any past, quiet minutes enough leave the last action one under the threshold, or none at all."""
    quiet = 2 + under_s // 60 + 1
    told = [act for act in acts(Limit(5, over_s, under_s), [*values, *[0] * quiet]) if act is not None]
    assert not told or told[-1] is False
    assert (True in told) == (False in told)


@given(st.integers(0, 300), st.lists(st.integers(0, 10), max_size=60))
def test_a_value_that_stays_over_is_acted_upon(over_s: int, values: list[int]) -> None:
    told = [act for act in acts(Limit(5, over_s, 60), [*values, *[9] * (over_s // 60 + 2)]) if act is not None]
    assert told[-1] is True


@given(st.integers(0, 300), st.integers(0, 300), st.lists(st.integers(0, 10), max_size=40), st.integers(-5, 5))
def test_only_the_distance_to_the_threshold_counts(over_s: int, under_s: int, values: list[int], by: int) -> None:
    assert acts(Limit(5, over_s, under_s), values) == acts(Limit(5 + by, over_s, under_s), [v + by for v in values])


@given(st.lists(st.integers(0, 10), min_size=1, max_size=40))
def test_without_patience_each_crossing_is_told_at_once(values: list[int]) -> None:
    overs = [value > 5 for value in values]
    crossed = [over if over is not before else None for before, over in pairwise([False, *overs])]
    assert acts(Limit(5, 0, 0), values) == crossed


def test_a_moved_threshold_is_a_crossing() -> None:
    """An emergency that begins lowers the threshold under a value that has not moved; its end brings it back."""
    normal, emergency = Limit(500, 60, 60), Limit(300, 60, 60)
    side: Side | None = None
    told = []
    for minute, limit in enumerate([normal, normal, emergency, emergency, emergency, normal, normal]):
        side, act = limit.step(side, 400, 60 * minute)
        told.append(act)
    assert told == [None, None, None, True, None, None, False]


def test_a_clock_set_back_makes_nothing_happen_early() -> None:
    limit = Limit(5, 120, 120)
    side, act = limit.step(None, 9, 1_000)
    for clock_s in (400, 1_000, 1_119):
        side, act = limit.step(side, 9, clock_s)
        assert act is None
    assert limit.step(side, 9, 1_120)[1] is True


@pytest.mark.parametrize(
    ("start",                                             "offset_s"),
    [
        (CosemDateTime(2026, 3, 29, None, 1, 59, 0, 0),   3_540),    # still winter time
        (CosemDateTime(2026, 3, 29, None, 3, 0, 0, 0),    3_600),    # the first minute of summer time
        (CosemDateTime(2026, 3, 29, None, 12, 0, 0, 0),   10 * 3_600),
    ],
)  # fmt: skip
def test_an_emergency_begins_by_the_clock_on_the_wall(start: CosemDateTime, offset_s: int) -> None:
    """On the day on which daylight saving begins in central Europe, counted from 01:00 local time."""
    one_o_clock_s = 1_774_742_400
    profile = EmergencyProfile(1, start, 60)
    for seconds, holds in ((-1, False), (0, True), (59, True), (60, False)):
        assert emergency_holds(profile, (1,), one_o_clock_s + offset_s + seconds, CET) is holds, seconds


def test_an_emergency_of_no_time_or_no_group_never_holds() -> None:
    start = CosemDateTime(2026, 3, 2, None, 0, 0, 0, 0)
    assert not emergency_holds(EmergencyProfile(3, start, 0), (3,), START_S, UTC_ZONE)
    assert not emergency_holds(EmergencyProfile(3, start, 600), (), START_S, UTC_ZONE)
