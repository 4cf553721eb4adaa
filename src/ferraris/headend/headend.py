"""The head-end: events in, effects out. It decides; the runtime does.

`step(now_ms, events)` takes what has happened, in order, and returns what is to be done, in order. It reads no clock,
opens nothing and waits for nothing: the same events at the same moments with the same entropy give the same effects,
which is what lets the simulator replay a whole year of a territory from one seed.
"""

from __future__ import annotations

from collections.abc import Iterable

from ferraris.headend import collection, commands, contact, pushes, schedule
from ferraris.headend.alarms import SYSTEM, AlarmKind, close_alarm, raise_alarm
from ferraris.headend.effects import Effect
from ferraris.headend.events import (
    AlarmAcknowledged,
    AssociationFinished,
    CollectionRequested,
    CommandPosted,
    CommandWithdrawn,
    Event,
    EventsStored,
    MeterRegistered,
    PushReceived,
    PushRejected,
    ReadingsNotStored,
    ReadingsStored,
    RecordsNotStored,
    RecordsStored,
    Restarted,
    RestartedMeter,
    ReversedTokenTaken,
)
from ferraris.headend.plan import CollectedProfile, HeadEndConfig
from ferraris.headend.slots import SlotRanges
from ferraris.headend.state import Activity, Alarm, Communication, Coverage, HeadEndState, Meter
from ferraris.headend.turn import Turn
from ferraris.headend.work import (
    ClockChecked,
    CommandAnswered,
    CommandSent,
    ControlStateRead,
    EventsRead,
    InvocationCounterRead,
    KnownCoverage,
    Outcome,
    ProfileRead,
    ProfilesLearnt,
    ReadInvocationCounter,
    WorkRefused,
)
from ferraris.kernel.entropy import Entropy
from ferraris.store import MeterRow


class HeadEnd:
    """The rules over one state. `state` is for queries; only `step` changes it."""

    def __init__(self, config: HeadEndConfig, entropy: Entropy, state: HeadEndState | None = None) -> None:
        self.config = config
        self.state = state if state is not None else HeadEndState()
        self._entropy = entropy

    def step(self, now_ms: int, events: Iterable[Event] = ()) -> list[Effect]:
        """Take the events, start what is due at `now_ms`, and return what is to be done."""
        turn = Turn(now_ms, self.config, self.state, self._entropy)
        for event in events:
            _take(turn, event)
        schedule.launch(turn)
        return turn.effects

    def wake_at(self) -> int | None:
        """When `step` has something to do even if nothing happens, in ms; None if never."""
        return schedule.next_due_ms(self.state)


def _take(turn: Turn, event: Event) -> None:
    match event:
        case AssociationFinished():
            _on_association_finished(turn, event)
        case ReadingsStored() | ReadingsNotStored():
            _on_store(turn, event)
        case EventsStored():
            meter = turn.state.meters.get(event.meter)
            if meter is not None:
                meter.events_until_s = max(event.until_s, meter.events_until_s or 0)
        case PushReceived():
            pushes.on_received(turn, event)
        case PushRejected():
            pushes.on_rejected(turn, event)
        case CommandPosted():
            meter = commands.on_posted(turn, event.row)
            if meter is not None:
                schedule.make_urgent(turn, meter)
        case CommandWithdrawn():
            commands.on_withdrawn(turn, event.command, event.detail)
        case ReversedTokenTaken():
            raise_alarm(turn, event.meter, AlarmKind.REVERSED_TOKEN, event.detail)
        case CollectionRequested():
            _on_collection_requested(turn, event)
        case MeterRegistered():
            _on_registered(turn, event)
        case Restarted():
            _on_restarted(turn, event)
        case AlarmAcknowledged():
            close_alarm(turn, event.meter, event.kind)
        case RecordsNotStored():
            raise_alarm(turn, None, AlarmKind.RECORDS, event.detail)
        case RecordsStored():
            close_alarm(turn, None, AlarmKind.RECORDS)


def _on_association_finished(turn: Turn, event: AssociationFinished) -> None:
    meter = turn.state.meters.get(event.meter)
    if meter is None or meter.association != event.association:
        return  # told twice
    turn.state.running_count -= 1
    turn.state.running[meter.place] -= 1
    meter.association = 0
    for outcome in event.outcomes:
        _on_outcome(turn, meter, outcome)
    commands.on_association_over(turn, meter)
    if event.failure is None and not meter.counter_reading:
        contact.on_success(turn, meter)
    elif event.failure is not None and not meter.counter_reading:
        contact.on_failure(turn, meter, event.failure)
    elif event.failure is not None and meter.suspicion is not None:
        contact.on_counter_not_read(turn, meter, event.failure)
    commands.expire(turn, meter)
    meter.activity = Activity.STORING
    if meter.storing == 0:
        _finish(turn, meter)


def _on_outcome(turn: Turn, meter: Meter, outcome: Outcome) -> None:
    match outcome:
        case ClockChecked():
            contact.on_clock_checked(turn, meter, outcome)
            commands.on_clock_checked(turn, meter, outcome)
        case ProfilesLearnt():
            _on_profiles_learnt(turn, meter, outcome)
        case ProfileRead():
            collection.on_profile_read(turn, meter, outcome)
        case EventsRead():
            collection.on_events_read(turn, meter, outcome)
            pushes.on_events(turn, meter, outcome.events)
        case ControlStateRead():
            commands.on_control_state(turn, meter, outcome)
        case CommandSent():
            commands.on_sent(turn, outcome)
        case CommandAnswered():
            commands.on_answered(turn, meter, outcome)
        case InvocationCounterRead():
            contact.on_counter_read(turn, meter, outcome)
        case WorkRefused(work=ReadInvocationCounter()):
            contact.conclude(turn, meter, f"the meter refuses to show its invocation counter: {outcome.detail}")
        case WorkRefused():
            commands.on_refused(turn, meter, outcome)


def _on_profiles_learnt(turn: Turn, meter: Meter, outcome: ProfilesLearnt) -> None:
    """The meter has told what it captures: collect that from now on."""
    meter.unknown = ()
    _collect(meter, outcome.profiles, outcome.coverage)
    _judge_profiles(turn, meter, "; ".join(filter(None, (meter.profile_fault, outcome.fault))))
    _note(turn, meter, outcome.note)
    meter.retry_ms = turn.now_ms if outcome.profiles else meter.retry_ms


def _collect(meter: Meter, profiles: Iterable[CollectedProfile], known: tuple[KnownCoverage, ...]) -> None:
    """Collect these profiles, too. One of a tag that is collected already takes its place, or is the same and goes on."""
    going_on = {coverage.profile: coverage for coverage in meter.coverage}
    tags = {profile.tag for profile in profiles}
    meter.coverage = [coverage for coverage in meter.coverage if coverage.profile.tag not in tags]
    created_s = meter.row.created_ms // 1_000
    for profile in profiles:
        if profile in going_on:
            meter.coverage.append(going_on[profile])
        else:
            coverage = Coverage(profile, profile.slot_at(created_s))
            _know(coverage, known)
            meter.coverage.append(coverage)


def _note(turn: Turn, meter: Meter, note: str) -> None:
    """Tell the operator what of the meter's rows is left out: once, and after a restart unless that is open still."""
    if note:
        raise_alarm(turn, meter.id, AlarmKind.COLUMNS, note)


def _judge_profiles(turn: Turn, meter: Meter, fault: str) -> None:
    """Tell the operator what cannot be collected, and why."""
    if fault:
        raise_alarm(turn, meter.id, AlarmKind.PROFILE, fault)
    elif not meter.unknown:
        close_alarm(turn, meter.id, AlarmKind.PROFILE)


def _on_store(turn: Turn, event: ReadingsStored | ReadingsNotStored) -> None:
    meter = turn.state.meters.get(event.batch.meter)
    if meter is None or meter.storing == 0:
        return
    if isinstance(event, ReadingsStored):
        collection.on_stored(turn, meter, event)
    else:
        collection.on_not_stored(turn, meter, event)
    if meter.storing == 0:
        _finish(turn, meter)


def _finish(turn: Turn, meter: Meter) -> None:
    """An association and its readings are dealt with."""
    if meter.failures == 0:
        contact.grade(turn, meter)
    schedule.rest(turn, meter)
    turn.record(meter)


def _on_collection_requested(turn: Turn, event: CollectionRequested) -> None:
    meters = turn.state.meters
    wanted = meters.keys() if event.meters is None else event.meters
    for number in wanted:
        meter = meters.get(number)
        if meter is None or event.group not in (None, meter.row.group):
            continue
        schedule.hurry(turn, meter, turn.now_ms)
        if meter.activity is Activity.STORING:  # its association was over before anyone asked
            meter.retry_ms = turn.now_ms


def _on_registered(turn: Turn, event: MeterRegistered) -> None:
    known = turn.state.meters.get(event.row.id)
    if known is None:
        meter = _add(turn, event.row, event.profiles)
        meter.unknown, meter.profile_fault = event.unknown, event.fault
        _judge_profiles(turn, meter, event.fault)
        _note(turn, meter, event.note)
        return
    # Its row has changed (address, keys, group, kind) or its plan: what was held against the old row may be wrong now.
    known.row = event.row
    known.suspicion = None
    known.unknown, known.profile_fault = event.unknown, event.fault
    tags = {profile.tag for profile in event.profiles}
    known.coverage = [coverage for coverage in known.coverage if coverage.profile.tag in tags]
    _collect(known, event.profiles, event.coverage)
    _judge_profiles(turn, known, event.fault)
    if not event.note and not known.unknown:
        close_alarm(turn, known.id, AlarmKind.COLUMNS)
    _note(turn, known, event.note)
    schedule.hurry(turn, known, turn.now_ms)


def _on_restarted(turn: Turn, event: Restarted) -> None:
    for row in event.open_alarms:
        turn.state.alarms[row.meter or SYSTEM, row.kind] = Alarm.of_row(row)
    for known in event.meters:
        _restore(turn, known)
    for command in sorted(event.commands, key=lambda row: row.id):
        meter = commands.on_restarted(turn, command)
        if meter is not None:
            schedule.make_urgent(turn, meter)


def _add(turn: Turn, row: MeterRow, profiles: tuple[CollectedProfile, ...]) -> Meter:
    coverage = [Coverage(profile, profile.slot_at(row.created_ms // 1_000)) for profile in profiles]
    meter = Meter(row, coverage)
    turn.state.meters[row.id] = meter
    turn.state.by_communication[Communication.NEW] += 1
    spread_ms = int(turn.limits.start_spread_ms * turn.entropy.uniform())
    schedule.due_at(turn, meter, turn.now_ms + spread_ms)
    return meter


def _know(coverage: Coverage, known: tuple[KnownCoverage, ...]) -> None:
    """What the store holds of one of the meter's profiles."""
    for stored in known:
        if stored.tag == coverage.profile.tag:
            coverage.until_slot = max(coverage.until_slot, stored.until_slot)
            coverage.missing = SlotRanges(stored.missing)
            coverage.newest_slot = stored.newest_slot


def _restore(turn: Turn, known: RestartedMeter) -> None:
    meter = _add(turn, known.row, known.profiles)
    meter.unknown, meter.profile_fault = known.unknown, known.fault
    for coverage in meter.coverage:
        _know(coverage, known.coverage)
    _judge_profiles(turn, meter, known.fault)
    _note(turn, meter, known.note)
    if known.state is not None:
        turn.enter(meter, Communication(known.state.communication))
        meter.failures = known.state.failures
        meter.last_seen_ms = known.state.last_seen_ms
        meter.last_attempt_ms = known.state.last_attempt_ms
        meter.clock_offset_ms = known.state.clock_offset_ms
        meter.commanded_control_state = known.state.commanded_control_state
        meter.confirmed_control_state = known.state.confirmed_control_state
        meter.events_until_s = known.state.events_until_s
        meter.detail = known.state.detail
