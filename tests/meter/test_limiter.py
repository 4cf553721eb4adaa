"""A limiter minute by minute, and its emergencies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cosem import CosemDateTime
from ferraris.cosem.classes.limiter import EmergencyProfile
from ferraris.meter.clock import Zone
from ferraris.meter.limiter import Limit, Side, emergency_holds

UTC_ZONE = Zone.fixed(0)
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
