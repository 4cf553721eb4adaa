"""A world for the head-end, without I/O: meters with buffers, stores as dictionaries, and a pair of hands.

`World` performs the head-end's effects one by one, when and as a test says: an association can fail before, between and
after its items of work, its end can be told twice, and the head-end can be ended and restarted from the stores alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from ferraris.headend import (
    AssociationFinished,
    CheckClock,
    Client,
    ClockChecked,
    CloseAlarm,
    CollectedProfile,
    CommandAnswered,
    CommandKind,
    CommandPosted,
    CommandSent,
    ControlStateRead,
    Effect,
    Event,
    EventsRead,
    EventsStored,
    Failure,
    HeadEnd,
    HeadEndConfig,
    InvocationCounterRead,
    KnownCoverage,
    MeterRegistered,
    OpenAlarm,
    Outcome,
    PerformCommand,
    ProfileRead,
    RaiseInvocationCounter,
    ReadControlState,
    ReadEventLog,
    ReadingsNotStored,
    ReadingsStored,
    ReadInvocationCounter,
    ReadProfile,
    RecordCommandState,
    RecordMeterState,
    Restarted,
    RestartedMeter,
    RunAssociation,
    StoreEvents,
    StoreReadings,
    Work,
    WorkRefused,
    clock_verdict,
)
from ferraris.headend.slots import runs
from ferraris.kernel.entropy import SeededEntropy
from ferraris.store import AlarmRow, CommandRow, CommandState, MeterEventRow, MeterRow, MeterStateRow, Readings

START_S = 1_800_000_000 - 1_800_000_000 % 86_400
LOAD = CollectedProfile("LOAD_PROFILE", channel=1, capture_period_s=900, depth_rows=96)
DAILY = CollectedProfile("DAILY_PROFILE", channel=1001, capture_period_s=86_400, depth_rows=30)
LOG = "0.0.99.98.0.255"


@dataclass
class FieldMeter:
    """A meter: what it captured and did, and how it answers."""

    row: MeterRow
    depth_rows: int = LOAD.depth_rows
    rows: dict[int, int] = field(default_factory=dict)
    """Value by slot of the load profile; overwritten from the oldest."""
    without_supply: set[int] = field(default_factory=set)
    """Slots that it did not capture."""
    clock_offset_ms: int = 0
    clocks_set: int = 0
    output_state: bool = True
    switched: list[str] = field(default_factory=list)
    events: list[tuple[int, int]] = field(default_factory=list)
    counter: int = 0
    refuses: set[type] = field(default_factory=set)
    extra_rows: dict[int, int] = field(default_factory=dict)
    """Given by time in seconds with every answer, asked for or not."""

    def capture_until(self, now_s: int) -> None:
        first = max(self.rows, default=self.row.created_ms // 1000 // 900) + 1
        for slot in range(first, (now_s + self.clock_offset_ms // 1000) // 900 + 1):
            if slot not in self.without_supply:
                self.rows[slot] = slot * 7 + self.row.id
        for slot in sorted(self.rows)[: -self.depth_rows]:
            del self.rows[slot]


def meter_row(number: int, *, created_s: int = START_S, group: str = "default") -> MeterRow:
    return MeterRow(
        id=number,
        serial=f"FER{number:010}",
        profile="smr5_three_phase",
        host=f"127.20.0.{number % 250 + 1}",
        port=4059,
        group=group,
        client_sap=1,
        server_sap=1,
        system_title=b"FER" + number.to_bytes(5, "big"),
        created_ms=created_s * 1000,
        wrapped_encryption_key=b"",
        wrapped_authentication_key=b"",
    )


class World:
    """The head-end, its meters and its stores."""

    def __init__(
        self, config: HeadEndConfig | None = None, *, seed: int = 7, profiles: Iterable[CollectedProfile] = (LOAD,)
    ) -> None:
        self.config = config or HeadEndConfig()
        self.profiles = tuple(profiles)
        self.now_ms = START_S * 1000
        self.entropy = SeededEntropy(seed)
        self.head_end = HeadEnd(self.config, self.entropy)
        self.meters: dict[int, FieldMeter] = {}
        self.running: dict[int, RunAssociation] = {}
        self.unstored: list[StoreReadings] = []
        self.stored: dict[tuple[int, int], int] = {}
        self.stored_twice = 0
        self.command_rows: dict[int, CommandRow] = {}
        self.alarms: dict[tuple[int | None, str], OpenAlarm] = {}
        self.alarm_changes: list[Effect] = []
        self.states: dict[int, MeterStateRow] = {}
        self.meter_events: set[MeterEventRow] = set()
        self.counters: dict[int, int] = {}
        self.store_fails = False
        self.associations: list[tuple[int, RunAssociation]] = []
        """(now_ms, effect) of all that were ever started."""

    # The hands

    def add_meter(self, number: int, *, group: str = "default", depth_rows: int = LOAD.depth_rows) -> FieldMeter:
        meter = FieldMeter(meter_row(number, created_s=self.now_ms // 1000, group=group), depth_rows)
        self.meters[number] = meter
        profiles = tuple(replace(p, depth_rows=depth_rows) if p is LOAD else p for p in self.profiles)
        self.step(MeterRegistered(meter.row, profiles))
        return meter

    def step(self, *events: Event) -> list[Effect]:
        effects = self.head_end.step(self.now_ms, events)
        for effect in effects:
            self._perform(effect)
        return effects

    def advance_to(self, now_ms: int) -> None:
        self.now_ms = max(self.now_ms, now_ms)
        self.step()

    def finish(
        self, association: int, *, after: int | None = None, failure: Failure | None = None
    ) -> AssociationFinished:
        """Do the first `after` items of the work (all by default), then end, perhaps with a failure."""
        effect = self.running.pop(association)
        outcomes: list[Outcome] = []
        for work in effect.work[:after]:
            outcomes += self._do(self.meters[effect.meter], work)
        event = AssociationFinished(association, effect.meter, tuple(outcomes), failure)
        self.step(event)
        return event

    def store_all(self) -> None:
        """The writer's turn."""
        batches, self.unstored = self.unstored, []
        for batch in batches:
            if self.store_fails:
                self.step(ReadingsNotStored(batch, "disk full"))
                continue
            for reading in batch.readings.rows():
                self.stored_twice += (reading.meter, reading.time_s) in self.stored
                self.stored[reading.meter, reading.time_s] = reading.value
            self.step(ReadingsStored(batch))

    def run_until(self, end_s: int, **failures: Failure) -> None:
        """Let every association come to its end at once, until `end_s`. `failures`: by meter, as m<number>."""
        while True:
            for association in list(self.running):
                failure = failures.get(f"m{self.running[association].meter}")
                self.finish(association, after=0 if failure else None, failure=failure)
            self.store_all()
            if self.running or self.unstored:
                continue
            wake_ms = self.head_end.wake_at()
            if wake_ms is None or wake_ms > end_s * 1000:
                break
            self.advance_to(wake_ms)
        self.now_ms = max(self.now_ms, end_s * 1000)

    def post(self, command: int, meter: int, kind: CommandKind, argument: str = "") -> None:
        self.command_rows[command] = CommandRow(
            id=command,
            meter=meter,
            kind=kind.value,
            argument=argument,
            requested_ms=self.now_ms,
            requested_by="operator",
            state=CommandState.PENDING,
            sent_ms=None,
            finished_ms=None,
            detail="",
        )
        self.step(CommandPosted(self.command_rows[command]))

    def restart(self) -> None:
        """End the head-end, with all that is on its way, and start it from the stores."""
        self.running.clear()
        self.unstored.clear()
        self.head_end = HeadEnd(self.config, self.entropy)
        meters = tuple(self._known(meter) for meter in self.meters.values())
        open_states = {CommandState.PENDING, CommandState.SENT, CommandState.UNKNOWN}
        commands = tuple(row for row in self.command_rows.values() if row.state in open_states)
        alarms = tuple(
            AlarmRow(
                id=0, meter=a.meter, kind=a.kind, severity=a.severity, opened_ms=a.at_ms, closed_ms=None, text=a.text
            )
            for a in self.alarms.values()
        )
        self.step(Restarted(meters, commands, alarms))

    # What a test asks

    def missing_in_store(self, number: int, until_s: int) -> set[int]:
        """Slots that the meter holds and the store does not."""
        held = {slot for slot in self.meters[number].rows if slot * 900 <= until_s}
        return {slot for slot in held if (number, slot * 900) not in self.stored}

    # Performing

    def _known(self, meter: FieldMeter) -> RestartedMeter:
        until = LOAD.slot_at(self.now_ms // 1000)
        first = LOAD.slot_at(meter.row.created_ms // 1000) + 1
        filled = [slot for slot in range(first, until + 1) if (meter.row.id, slot * 900) in self.stored]
        missing = tuple(runs(slot for slot in range(first, until + 1) if (meter.row.id, slot * 900) not in self.stored))
        profile = replace(LOAD, depth_rows=meter.depth_rows)
        coverage = KnownCoverage("LOAD_PROFILE", until, missing, max(filled, default=None))
        return RestartedMeter(meter.row, (profile,), (coverage,), self.states.get(meter.row.id))

    def _perform(self, effect: Effect) -> None:
        match effect:
            case RunAssociation():
                assert effect.association not in self.running
                assert effect.meter not in {other.meter for other in self.running.values()}, "read twice at once"
                self.running[effect.association] = effect
                self.associations.append((self.now_ms, effect))
            case StoreReadings():
                self.unstored.append(effect)
            case StoreEvents():
                self.meter_events.update(effect.rows)
                if effect.until_s is not None:
                    self.step(EventsStored(effect.meter, effect.until_s))
            case OpenAlarm():
                assert (effect.meter, effect.kind) not in self.alarms, "opened twice"
                self.alarms[effect.meter, effect.kind] = effect
                self.alarm_changes.append(effect)
            case CloseAlarm():
                del self.alarms[effect.meter, effect.kind]
                self.alarm_changes.append(effect)
            case RecordCommandState():
                row = self.command_rows[effect.command]
                self.command_rows[effect.command] = replace(row, state=effect.state, detail=effect.detail)
            case RecordMeterState():
                self.states[effect.row.meter] = effect.row
            case RaiseInvocationCounter():
                self.counters[effect.meter] = effect.used_up_to

    def _do(self, meter: FieldMeter, work: Work) -> list[Outcome]:
        now_s = self.now_ms // 1000
        meter.capture_until(now_s)
        if type(work) in meter.refuses:
            return [WorkRefused(work, "read-write-denied")]
        match work:
            case CheckClock():
                return [self._check_clock(meter, work)]
            case ReadProfile():
                times = {slot * 900: value for slot, value in meter.rows.items()}
                asked = {t: v for t, v in times.items() if work.from_s <= t <= work.to_s} | meter.extra_rows
                rows = [(meter.row.id, work.profile.channel, t, v, 0) for t, v in sorted(asked.items())]
                return [ProfileRead(work, Readings.from_rows(rows))]
            case ReadEventLog():
                return [EventsRead(LOG, tuple(entry for entry in meter.events if entry[0] >= work.from_s))]
            case ReadControlState():
                return [ControlStateRead(meter.output_state, int(meter.output_state))]
            case PerformCommand():
                return self._command(meter, work)
            case ReadInvocationCounter():
                return [InvocationCounterRead(meter.counter, self.counters.get(meter.row.id, 0))]

    def _check_clock(self, meter: FieldMeter, work: CheckClock) -> ClockChecked:
        seen_ms = self.now_ms + meter.clock_offset_ms
        verdict = clock_verdict(
            meter_ms=seen_ms,
            asked_ms=self.now_ms,
            answered_ms=self.now_ms,
            tolerance_ms=work.tolerance_ms,
            guard_ms=work.guard_ms,
            capture_period_s=work.capture_period_s,
        )
        offset_ms = meter.clock_offset_ms
        if verdict.value == "set":
            meter.clocks_set += 1
            meter.clock_offset_ms = 0
        return ClockChecked(offset_ms, 0, verdict)

    def _command(self, meter: FieldMeter, work: PerformCommand) -> list[Outcome]:
        if work.kind.reads_only:
            return [CommandAnswered(work.command, True, "123 Wh")]
        row = self.command_rows[work.command]
        assert row.state is CommandState.PENDING, "sent twice"
        self.command_rows[work.command] = replace(row, state=CommandState.SENT)
        meter.switched.append(work.kind.value)
        if work.kind is CommandKind.SET_CLOCK:
            meter.clock_offset_ms = 0
        else:
            meter.output_state = work.kind is CommandKind.RECONNECT
        return [CommandSent(work.command), CommandAnswered(work.command, True, "success")]


__all__ = ["DAILY", "LOAD", "LOG", "START_S", "Client", "FieldMeter", "World", "meter_row"]
