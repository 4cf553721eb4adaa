"""Collection plans: when a meter is read, and how a plan is kept."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.headend import CollectedProfile, CollectionPlan, plan_from_json, plan_to_json
from ferraris.kernel.errors import ConfigError
from ferraris.meter.clock import Zone
from tests.headend.world import DAILY, LOAD

BEFORE_SUMMER_S = 1_772_409_600
"""2026-03-02T00:00Z."""


@pytest.mark.parametrize("name", ["central_european", "eastern_european", "western_european"])
def test_each_local_midnight_has_a_slot_of_its_own_through_days_of_23_and_25_hours(name: str) -> None:
    zone = Zone.load(name)
    midnight_s = int(zone.next_midnight_s(np.array([BEFORE_SUMMER_S]))[0])
    hours, slots = set(), []
    for _ in range(800):
        slots.append(DAILY.slot_of(midnight_s))
        next_s = int(zone.next_midnight_s(np.array([midnight_s]))[0])
        hours.add((next_s - midnight_s) // 3_600)
        midnight_s = next_s
    assert slots == list(range(slots[0], slots[0] + 800))
    assert hours == {23, 24, 25}


@pytest.mark.parametrize(("time_s", "slot"), [(0, 0), (1, 1), (86_399, 1), (86_400, 1), (86_401, 2)])
def test_a_daily_row_belongs_to_the_day_that_it_is_captured_in(time_s: int, slot: int) -> None:
    assert (DAILY.on_grid, DAILY.slot_of(time_s)) == (False, slot)


def test_a_row_of_the_load_profile_belongs_to_its_own_second() -> None:
    assert (LOAD.on_grid, LOAD.slot_of(1_800), LOAD.slot_at(1_800)) == (True, 2, 2)


def test_plans_survive_as_json() -> None:
    plan = CollectionPlan("west", ("LOAD_PROFILE", "DAILY_PROFILE"), False, 1800, 10, 20, 3, 7, 42)
    assert plan_from_json(plan_to_json(plan)) == plan
    assert plan_from_json('{"group": "x"}') == CollectionPlan("x")


NO_PLANS = """
text                                what is told
                                    Expecting value
{                                   Expecting property name
{"period_s": 99999                  Expecting ',' delimiter
[]                                  an object with some of group, profiles, event_log
3                                   an object with some of
"profiles"                          an object with some of
{"colour": 1}                       an object with some of
{"period_s": 0}                     a collection plan does not fit its period
{"period_s": -3600}                 a collection plan does not fit its period
{"offset_s": -1, "spread_s": 0}     a collection plan does not fit its period
{"offset_s": 7200}                  a collection plan does not fit its period
{"concurrency_max": 0}              a group needs room for one association
{"period_s": 3600.5}                period_s, expected int, got 3600.5
{"period_s": Infinity}              Infinity, which is no number
{"period_s": NaN}                   NaN, which is no number
{"seed": 1, "seed": 2}              'seed' twice
{"period_s": true}                  period_s, expected int, got true
{"period_s": "3600"}                period_s, expected int, got "3600"
{"period_s": null}                  period_s, expected int, got null
{"event_log": "no"}                 event_log, expected bool, got "no"
{"event_log": 1}                    event_log, expected bool, got 1
{"group": 7}                        group, expected str, got 7
{"priority": "high"}                priority, expected int, got "high"
{"seed": 0.5}                       seed, expected int, got 0.5
{"profiles": "LOAD_PROFILE"}        profiles, expected a list of names, got "LOAD_PROFILE"
{"profiles": [1]}                   profiles, expected a list of names, got [1]
{"profiles": null}                  profiles, expected a list of names, got null
{"profiles": {"LOAD_PROFILE": 1}}   profiles, expected a list of names, got {"LOAD_PROFILE": 1}
"""


@pytest.mark.parametrize("line", NO_PLANS.strip("\n").splitlines()[1:])
def test_plans_that_are_none(line: str) -> None:
    text, told = line[:36].strip(), line[36:]
    with pytest.raises(ConfigError, match=re.escape(told)):
        plan_from_json(text)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"group":' * 100_000, '{"seed":' + "9" * 5_000 + "}"], ids=len)
def test_a_plan_nested_or_counted_without_end_is_none(text: str) -> None:
    with pytest.raises(ConfigError, match="a collection plan is not JSON"):
        plan_from_json(text)


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([column.name for column in fields(CollectionPlan)]), ANY_JSON, max_size=4))
def test_any_object_is_a_plan_that_can_be_followed_or_none(given_plan: dict[str, object]) -> None:
    plan = CollectionPlan()
    with suppress(ConfigError):
        plan = plan_from_json(json.dumps(given_plan))
    assert isinstance(plan.next_round_ms("FER0000000001", 10**12), int)
    assert plan_from_json(plan_to_json(plan)) == plan


def test_the_spread_is_the_same_at_every_start_and_another_with_another_seed() -> None:
    plan, other = CollectionPlan(seed=1), CollectionPlan(seed=2)
    phases = [plan.phase_ms(f"FER{number:010}") for number in range(100)]
    assert phases == [CollectionPlan(seed=1).phase_ms(f"FER{number:010}") for number in range(100)]
    assert phases != [other.phase_ms(f"FER{number:010}") for number in range(100)]


@given(
    st.integers(60, 86_400),
    st.integers(0, 3_600),
    st.integers(0, 3_600),
    st.integers(0, 2 * 10**12),
    st.text(max_size=9),
)
def test_rounds_come_once_a_period(period_s: int, offset_s: int, spread_s: int, after_ms: int, serial: str) -> None:
    offset_s, spread_s = offset_s % period_s, spread_s % period_s
    plan = CollectionPlan(period_s=period_s, offset_s=offset_s, spread_s=spread_s)
    first = plan.next_round_ms(serial, after_ms)
    assert after_ms < first <= after_ms + period_s * 1_000
    assert plan.next_round_ms(serial, first) == first + period_s * 1_000
    assert plan.next_round_ms(serial, first - 1) == first
    assert 0 <= plan.phase_ms(serial) - offset_s * 1_000 <= spread_s * 1_000


@pytest.mark.parametrize(
    "wrong",
    [{"period_s": 0}, {"period_s": 60, "offset_s": 60, "spread_s": 60}, {"offset_s": -1}, {"concurrency_max": 0}],
    ids=str,
)
def test_plans_that_do_not_fit_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigError):
        CollectionPlan(**({"spread_s": 0} | wrong))  # type: ignore[arg-type]


def test_slots_of_a_profile() -> None:
    profile = CollectedProfile("LOAD_PROFILE", 1, 900, 96)
    assert [profile.slot_at(time_s) for time_s in (0, 899, 900, 901)] == [0, 0, 1, 1]
    assert profile.depth_s == 86_400
