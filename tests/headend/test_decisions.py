"""What the head-end decides after a failed attempt, as tables: what came, in which state, and what follows."""

from __future__ import annotations

import pytest

from ferraris.headend import (
    Client,
    CollectionPlan,
    Communication,
    Failure,
    FailureKind,
    HeadEndConfig,
    InvocationCounterRead,
    Limits,
    MeterRegistered,
    RunAssociation,
)
from ferraris.headend.events import AssociationFinished
from ferraris.headend.state import Meter
from tests.headend.world import START_S, World

LIMITS = Limits(start_spread_ms=0)
MINUTE_S = 60


def rows(table: str) -> list[list[str]]:
    """The cells of an aligned table, without its heading: two blanks part them."""
    lines = [line for line in table.strip().splitlines()[1:] if line.strip()]
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines]


def running_world() -> World:
    """One meter whose first association is under way."""
    world = World(HeadEndConfig(limits=LIMITS))
    world.add_meter(1)
    assert len(world.running) == 1
    return world


def state_of(world: World) -> Meter:
    return world.head_end.state.meters[1]


def put_into(world: World, communication: str, failures: int) -> None:
    """As if the meter had come to this state in earlier rounds."""
    meter, tally = state_of(world), world.head_end.state.by_communication
    tally[meter.communication] -= 1
    meter.communication = Communication(communication)
    tally[meter.communication] += 1
    meter.failures = failures


def end(world: World, *kind: FailureKind) -> RunAssociation:
    """Let the association end at once, with a failure if one is given."""
    (effect,) = world.running.values()
    world.finish(effect.association, after=0, failure=Failure(kind[0], "it says so") if kind else None)
    return effect


# The rests are without their jitter of half to one and a half; "now" is at once, as the public client.
FAILURES = """
came            state before   failures  state after    alarm                           rest in min
unreachable     new            0         late           none                            1
unreachable     ok             1         late           none                            2
unreachable     late           2         late           none                            4
unreachable     late           3         unreachable    meter_unreachable               30
unreachable     unreachable    4         unreachable    none                            30
unreachable     unreachable    4000      unreachable    none                            30
unreachable     wrong_key      0         wrong_key      none                            360
unreachable     quarantined    7         quarantined    none                            360
timeout         ok             0         late           none                            1
timeout         late           3         unreachable    meter_unreachable               30
closed          ok             0         late           none                            1
closed          late           3         unreachable    meter_unreachable               30
busy            ok             0         late           none                            1
busy            late           3         late           meter_busy                      30
busy            unreachable    9         unreachable    none                            30
counter         ok             0         late           none                            now
counter         unreachable    9         unreachable    none                            now
counter         quarantined    9         quarantined    none                            now
authentication  ok             0         late           none                            now
authentication  wrong_key      5         wrong_key      none                            now
protocol        ok             0         late           none                            1
protocol        late           2         late           none                            4
protocol        late           3         quarantined    meter_quarantined               360
protocol        unreachable    3         quarantined    meter_quarantined               360
protocol        wrong_key      0         wrong_key      none                            1
refused         ok             0         late           none                            1
refused         late           3         quarantined    meter_quarantined               360
local           ok             0         ok             keys_unusable                   30
local           unreachable    9         unreachable    keys_unusable                   30
"""


@pytest.mark.parametrize("row", rows(FAILURES), ids=" ".join)
def test_what_follows_a_failure(row: list[str]) -> None:
    came, before, failures, after, alarm, rest = row
    world = running_world()
    put_into(world, before, int(failures))
    end(world, FailureKind(came))
    meter = state_of(world)
    assert meter.communication == after
    assert [effect.kind for effect in world.alarms.values()] == ([] if alarm == "none" else [alarm])
    assert "it says so" in meter.detail
    if rest == "now":
        assert [effect.client for effect in world.running.values()] == [Client.PUBLIC]
        return
    rest_ms = meter.due_ms - world.now_ms
    assert 0.5 <= rest_ms / (float(rest) * MINUTE_S * 1_000) <= 1.5
    assert world.running == {}


# `ahead`: the meter's counter minus ours. `second`: how the association as the public client ended.
RECOVERIES = """
first           second      ahead    recovered before  state after  alarm                           ours raised  next
counter         counter     1        0                 late         none                            yes          registered now
counter         counter     1048576  0                 late         none                            yes          registered now
counter         counter     1048576  7                 late         none                            yes          registered now
counter         counter     1        8                 quarantined  invocation_counter_implausible  no           probe
counter         counter     1048577  0                 quarantined  invocation_counter_implausible  no           probe
counter         counter     0        0                 quarantined  invocation_counter_implausible  no           probe
counter         counter     -5       0                 quarantined  invocation_counter_implausible  no           probe
authentication  counter     1        0                 late         none                            yes          registered now
authentication  counter     0        0                 late         none                            no           registered later
authentication  counter     -99      0                 wrong_key    wrong_key                       no           probe
authentication  counter     2000000  0                 quarantined  invocation_counter_implausible  no           probe
counter         refused     -        0                 quarantined  invocation_counter_implausible  no           probe
authentication  refused     -        0                 wrong_key    wrong_key                       no           probe
authentication  protocol    -        0                 wrong_key    wrong_key                       no           probe
counter         protocol    -        0                 quarantined  invocation_counter_implausible  no           probe
counter         timeout     -        0                 late         none                            no           public later
authentication  closed      -        0                 late         none                            no           public later
authentication  busy        -        0                 late         none                            no           public later
"""


@pytest.mark.parametrize("row", rows(RECOVERIES), ids=" ".join)
def test_the_counter_in_the_meter_is_judged(row: list[str]) -> None:
    first, second, ahead, recovered, after, alarm, raised, following = row
    world = running_world()
    state_of(world).counter_recoveries = int(recovered)
    end(world, FailureKind(first))
    (effect,) = world.running.values()
    assert effect.client is Client.PUBLIC
    if second == "counter":
        del world.running[effect.association]
        seen = InvocationCounterRead(value=10_000 + int(ahead), ours=10_000)
        world.step(AssociationFinished(effect.association, 1, (seen,)))
    else:
        world.finish(effect.association, after=0, failure=Failure(FailureKind(second), "no"))
    assert state_of(world).communication == after
    assert [effect.kind for effect in world.alarms.values()] == ([] if alarm == "none" else [alarm])
    assert world.counters == ({1: 10_000 + int(ahead)} if raised == "yes" else {})
    clients = [effect.client for effect in world.running.values()]
    assert clients == ([Client.REGISTERED] if following == "registered now" else [])
    if following.endswith(" later"):
        world.advance_to(state_of(world).due_ms)
        client = Client.PUBLIC if following == "public later" else Client.REGISTERED
        assert [effect.client for effect in world.running.values()] == [client]
    if following == "probe":
        rest_h = (state_of(world).due_ms - world.now_ms) / 3_600_000
        assert 3 <= rest_h <= 9


def test_a_recovery_that_does_not_help_ends_in_quarantine() -> None:
    """Ours was raised above the meter's word, and the meter still refuses it."""
    world = running_world()
    world.meters[1].counter = 500
    end(world, FailureKind.COUNTER)
    world.finish(next(iter(world.running)))
    assert world.counters == {1: 500}
    end(world, FailureKind.COUNTER)
    assert state_of(world).communication == "quarantined"
    assert world.running == {}


# An open alarm of contact gives way to the next diagnosis; one good association closes all.
SUCCESSIONS = """
failures in their order                         alarms open at the end
unreachable*4                                   meter_unreachable
unreachable*9                                   meter_unreachable
busy*4                                          meter_busy
busy*4 unreachable*4                            meter_unreachable
unreachable*4 busy*4                            meter_unreachable
unreachable*4 protocol                          meter_quarantined
protocol*4 unreachable                          meter_quarantined
unreachable*4 authentication authentication     wrong_key
authentication authentication protocol*4        meter_quarantined
local                                           keys_unusable
local unreachable*3                             meter_unreachable
unreachable*4 good                              none
authentication authentication good              none
protocol*4 good                                 none
local good                                      none
busy*4 good unreachable*3                       none
"""


@pytest.mark.parametrize("row", rows(SUCCESSIONS), ids=lambda row: row[0])
def test_at_most_one_diagnosis_stands(row: list[str]) -> None:
    story, expected = row
    world = running_world()
    for word in story.split():
        name, _, times = word.partition("*")
        for _ in range(int(times or 1)):
            if not world.running:
                world.advance_to(world.head_end.wake_at() or 0)
            if name == "good":
                world.finish(next(iter(world.running)))
                world.store_all()
            else:
                end(world, FailureKind(name))
    assert [kind for _, kind in world.alarms] == ([] if expected == "none" else [expected])


@pytest.mark.parametrize("kind", list(FailureKind))
def test_a_failure_is_counted_once_and_kept_in_the_records(kind: FailureKind) -> None:
    world = running_world()
    end(world, kind)
    assert world.head_end.state.counts.associations_failed == 1
    assert world.states[1].failures == 1
    assert world.states[1].last_attempt_ms == START_S * 1_000
    assert world.states[1].last_seen_ms is None
    assert world.states[1].detail.startswith(kind.value)


def test_the_rests_of_many_meters_are_spread_over_their_whole_range() -> None:
    """All the meters of a district that fail in one moment come back over a minute, not in one moment."""
    world = World(HeadEndConfig((CollectionPlan(concurrency_max=400),), Limits(start_spread_ms=0, concurrency_max=400)))
    for number in range(1, 301):
        world.add_meter(number)
    for association in list(world.running):
        world.finish(association, after=0, failure=Failure(FailureKind.UNREACHABLE, "no route"))
    rests_s = sorted((meter.due_ms - world.now_ms) / 1_000 for meter in world.head_end.state.meters.values())
    tenths = [sum(30 + 6 * part <= rest < 36 + 6 * part for rest in rests_s) for part in range(10)]
    assert rests_s[0] >= 30
    assert rests_s[-1] <= 90
    assert min(tenths) >= 10, tenths


def test_a_changed_registration_gives_a_fresh_diagnosis() -> None:
    """An operator corrects the key while the counter is about to be looked at: what was suspected is void."""
    world = running_world()
    end(world, FailureKind.AUTHENTICATION)
    (public,) = world.running.values()
    world.step(MeterRegistered(world.meters[1].row, world.profiles))
    world.finish(public.association, after=0, failure=Failure(FailureKind.TIMEOUT, "lost"))
    assert state_of(world).suspicion is None
    assert world.alarms == {}
    world.advance_to(world.head_end.wake_at() or 0)
    (again,) = world.running.values()
    assert again.client is Client.REGISTERED
