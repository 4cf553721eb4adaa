"""What the rules work on."""

from __future__ import annotations

import pytest

from ferraris.headend import CollectionPlan, Communication, HeadEndConfig, HeadEndState, RecordMeterState
from ferraris.headend.state import Meter
from ferraris.headend.turn import Turn, plan_of
from ferraris.kernel.entropy import SeededEntropy
from tests.headend.world import meter_row

PLANS = (CollectionPlan("first"), CollectionPlan("second"))


@pytest.fixture
def turn() -> Turn:
    return Turn(1_234_567, HeadEndConfig(PLANS), HeadEndState(), SeededEntropy(1))


def test_rests_are_spread_around_their_length(turn: Turn) -> None:
    rests = [turn.jittered(1_000) for _ in range(2_000)]
    assert 500 <= min(rests) < 520
    assert 1_480 < max(rests) <= 1_500
    assert len(set(rests)) > 500


def test_a_group_without_a_plan_follows_the_first(turn: Turn) -> None:
    assert plan_of(turn.config, "second") is PLANS[1]
    assert turn.plan(Meter(meter_row(1, group="nobody's"), [])) is PLANS[0]


def test_changing_state_keeps_the_tally(turn: Turn) -> None:
    meter = Meter(meter_row(1), [])
    turn.state.by_communication[Communication.NEW] = 1
    turn.enter(meter, Communication.OK)
    turn.enter(meter, Communication.OK)
    assert {state: n for state, n in turn.state.by_communication.items() if n} == {Communication.OK: 1}


def test_a_meters_state_is_kept_as_a_row(turn: Turn) -> None:
    meter = Meter(meter_row(3), [], failures=2, clock_offset_ms=-7, confirmed_control_state=1, detail="timeout")
    turn.record(meter)
    (effect,) = turn.effects
    assert isinstance(effect, RecordMeterState)
    assert (effect.row.meter, effect.row.communication, effect.row.failures) == (3, "new", 2)
    assert (effect.row.clock_offset_ms, effect.row.confirmed_control_state, effect.row.detail) == (-7, 1, "timeout")
    assert turn.now_s == 1_234
