"""The head-end against everything that goes wrong, in any order: Hypothesis drives the world and checks the promises.

Whatever is lost, told twice, refused, crashed or restarted: no row of a meter is forgotten or stored twice, no command is
carried out twice, no meter is read twice at once, no attempt goes without a rest, and once the faults stop everything that
a meter holds is in the store and every command has its fate.
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ferraris.headend import (
    Activity,
    AssociationFinished,
    CommandKind,
    Failure,
    FailureKind,
    HeadEndConfig,
    Limits,
    PushFault,
    PushReceived,
    PushRejected,
    ReadProfile,
)
from ferraris.store import CommandState
from tests.headend.world import START_S, FieldMeter, World

METERS = 3
HOUR_MS = 3_600_000
LIMITS = Limits(
    concurrency_max=2,
    urgent_reserve=1,
    rows_per_association_max=12,
    spans_per_association_max=3,
    join_rows=1,
    command_expiry_ms=4 * HOUR_MS,
)
OPEN = {CommandState.PENDING, CommandState.SENT, CommandState.UNKNOWN}


class HeadEndMachine(RuleBasedStateMachine):
    """Three meters with deep buffers, so that everything stays collectable."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(HeadEndConfig(limits=LIMITS))
        self.ends: list[AssociationFinished] = []
        self.last_command = 0
        self.attempts: dict[int, list[int]] = {}

    @initialize()
    def register(self) -> None:
        for number in range(1, METERS + 1):
            self.world.add_meter(number, depth_rows=5_000)

    def meter(self, number: int) -> FieldMeter:
        return self.world.meters[number]

    # What happens

    @rule()
    def time_passes_to_the_next_thing_due(self) -> None:
        wake_ms = self.world.head_end.wake_at()
        if wake_ms is not None:
            self.world.advance_to(wake_ms)

    @rule(minutes=st.integers(1, 180))
    def time_passes(self, minutes: int) -> None:
        self.world.advance_to(self.world.now_ms + minutes * 60_000)

    @precondition(lambda self: self.world.running)
    @rule(pick=st.integers(0, 9))
    def an_association_ends_well(self, pick: int) -> None:
        running = sorted(self.world.running)
        self.ends.append(self.world.finish(running[pick % len(running)]))

    @precondition(lambda self: self.world.running)
    @rule(pick=st.integers(0, 9), after=st.integers(0, 8), kind=st.sampled_from(list(FailureKind)))
    def an_association_fails(self, pick: int, after: int, kind: FailureKind) -> None:
        running = sorted(self.world.running)
        failure = Failure(kind, "injected")
        self.ends.append(self.world.finish(running[pick % len(running)], after=after, failure=failure))

    @precondition(lambda self: self.ends)
    @rule(pick=st.integers(0, 99))
    def an_end_is_told_twice(self, pick: int) -> None:
        self.world.step(self.ends[pick % len(self.ends)])

    @rule(fails=st.booleans())
    def the_store_takes_its_turn(self, fails: bool) -> None:
        self.world.store_fails = fails
        self.world.store_all()

    @rule()
    def the_head_end_crashes(self) -> None:
        self.ends.clear()
        self.world.restart()

    @rule(meter=st.integers(1, METERS), kind=st.sampled_from(list(CommandKind)))
    def an_operator_commands(self, meter: int, kind: CommandKind) -> None:
        self.last_command += 1
        self.world.post(self.last_command, meter, kind)

    @rule(meter=st.integers(1, METERS), slots=st.integers(1, 6))
    def a_meter_has_no_supply(self, meter: int, slots: int) -> None:
        now_s = self.world.now_ms // 1000
        self.meter(meter).capture_until(now_s)
        first = now_s // 900 + 1
        self.meter(meter).without_supply |= set(range(first, first + slots))

    @rule(meter=st.integers(1, METERS), refuses=st.booleans())
    def a_meter_refuses_its_profile(self, meter: int, refuses: bool) -> None:
        self.meter(meter).refuses = {ReadProfile} if refuses else set()

    @rule(meter=st.integers(1, METERS), counter=st.sampled_from([0, 5_000, 0xFFFF_FFFF]))
    def a_meter_shows_a_counter(self, meter: int, counter: int) -> None:
        self.meter(meter).counter = counter

    @rule(meter=st.integers(0, METERS + 1), fault=st.sampled_from([None, *PushFault]))
    def a_push_comes(self, meter: int, fault: PushFault | None) -> None:
        if fault is None:
            self.world.step(PushReceived(meter, ((self.world.now_ms // 1000, 1),)))
        else:
            self.world.step(PushRejected(meter or None, fault, "injected"))

    # What holds at every step

    @invariant()
    def counts_are_what_they_count(self) -> None:
        state = self.world.head_end.state
        assert state.running_count == len(self.world.running) == sum(state.running.values())
        assert state.storing_count == len(self.world.unstored)
        assert state.running_count <= LIMITS.concurrency_max + LIMITS.urgent_reserve
        assert sum(state.by_communication.values()) == len(state.meters)
        assert len(state.due) <= 4 * METERS + 65

    @invariant()
    def every_meter_waits_for_something_that_will_come(self) -> None:
        running = {effect.meter for effect in self.world.running.values()}
        storing = {batch.meter for batch in self.world.unstored}
        for meter in self.world.head_end.state.meters.values():
            match meter.activity:
                case Activity.RUNNING:
                    assert meter.id in running
                case Activity.STORING:
                    assert meter.id in storing
                case Activity.READY:
                    assert self.world.running or self.world.unstored
                case Activity.IDLE:
                    wake_ms = self.world.head_end.wake_at()
                    assert wake_ms is not None
                    assert wake_ms <= meter.due_ms

    @invariant()
    def nothing_is_forgotten(self) -> None:
        """Every row that a meter holds and the store lacks is on the list, on its way, or yet to be expected."""
        for meter in self.world.head_end.state.meters.values():
            coverage = meter.coverage[0]
            lacking = {
                slot
                for slot in self.meter(meter.id).rows
                if slot <= coverage.until_slot and (meter.id, slot * 900) not in self.world.stored
            }
            assert lacking <= {slot for first, last in coverage.missing for slot in range(first, last + 1)}
            assert coverage.unrecoverable == 0

    @invariant()
    def a_command_is_carried_out_at_most_once(self) -> None:
        switching = [row for row in self.world.command_rows.values() if not CommandKind(row.kind).reads_only]
        posted = [(row.meter, row.kind) for row in switching]
        done = [(meter.row.id, kind) for meter in self.world.meters.values() for kind in meter.switched]
        assert all(done.count(what) <= posted.count(what) for what in done)

    @invariant()
    def open_commands_are_known_and_bounded(self) -> None:
        state = self.world.head_end.state
        assert {row.id for row in self.world.command_rows.values() if row.state in OPEN} == set(state.commands)
        assert all(len(meter.commands) <= LIMITS.commands_per_meter_max for meter in state.meters.values())

    @invariant()
    def attempts_rest_in_between(self) -> None:
        """At most a handful of associations with one meter within a minute, whatever happens."""
        recent = [effect.meter for at_ms, effect in self.world.associations if at_ms > self.world.now_ms - 1_000]
        restarts_and_commands = 6 + 2 * self.last_command
        assert all(recent.count(meter) <= 12 + restarts_and_commands for meter in recent)

    def teardown(self) -> None:
        """The faults stop: everything heals."""
        world = self.world
        world.store_fails = False
        for meter in world.meters.values():
            meter.refuses, meter.without_supply, meter.counter = set(), set(), 0
        end_s = world.now_ms // 1000 + 36 * 3_600
        world.run_until(end_s)
        for number in world.meters:
            assert world.missing_in_store(number, end_s - 2 * 3_600) == set()
        assert not [row for row in world.command_rows.values() if row.state in OPEN]
        assert {alarm.kind for alarm in world.alarms.values()} <= {fault.value for fault in PushFault}
        assert {meter.communication for meter in world.head_end.state.meters.values()} <= {"ok"}
        assert world.now_ms >= START_S * 1000


TestHeadEndMachine = HeadEndMachine.TestCase
TestHeadEndMachine.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, report_multiple_bugs=False
)


def test_the_same_events_at_the_same_moments_give_the_same_effects() -> None:
    def life(seed: int) -> list[str]:
        world = World(HeadEndConfig(limits=LIMITS), seed=seed)
        for number in range(1, 6):
            world.add_meter(number)
        failure = Failure(FailureKind.TIMEOUT, "lost")
        world.run_until(START_S + 5 * 3_600, m2=failure)
        world.run_until(START_S + 9 * 3_600)
        return [f"{now_ms} {effect}" for now_ms, effect in world.associations]

    assert life(1) == life(1)
    assert life(1) != life(2)
