"""A town for the console: a real head-end over real stores, whose meters are played by a few lines.

`Town` performs the head-end's effects as the runtime would, in the order it gave them, on a clock turned by hand. Its
meters answer from formulas, so that a virtual day of a hundred of them is stored in seconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import exp, sin
from pathlib import Path
from zlib import crc32

from ferraris.cosem import CompanionProfile, load_profile
from ferraris.headend import (
    AssociationFinished,
    CheckClock,
    ClockChecked,
    ClockVerdict,
    CloseAlarm,
    CollectedProfile,
    CollectionPlan,
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
    FailureKind,
    HeadEnd,
    HeadEndConfig,
    InvocationCounterRead,
    MeterRegistered,
    OpenAlarm,
    Outcome,
    PerformCommand,
    ProfileRead,
    ReadControlState,
    ReadEventLog,
    ReadingsStored,
    ReadInvocationCounter,
    ReadProfile,
    RecordCommandState,
    RecordMeterState,
    RunAssociation,
    StoreEvents,
    StoreReadings,
    Work,
    standard_alarm_rules,
)
from ferraris.kernel.clock import ManualClock
from ferraris.kernel.entropy import SeededEntropy
from ferraris.store import AuditRow, CollectionGroupRow, CommandRow, CommandState, MeterRow, Readings, open_stores
from ferraris.vending import Vending
from tests.vending.house import reference_number

START_S = 1_790_000_000 - 1_790_000_000 % 86_400
PERIOD_S = 900
LOG = "0.0.99.98.0.255"
SECRET = b"wrapped: show nobody"
PROFILE = CollectedProfile("LOAD_PROFILE", channel=1, capture_period_s=PERIOD_S, depth_rows=960)
POWER_UP, CLOCK_ADJUSTED, COVER_REMOVED = 2, 5, 40
STRIDE_MS = 600_000
PLAN = CollectionPlan(profiles=("LOAD_PROFILE",), period_s=3_600, offset_s=120, spread_s=900)


@dataclass
class TownMeter:
    """How a meter answers. Spans are (from_s, to_s] since the start."""

    number: int
    no_link: tuple[tuple[int, int], ...] = ()
    no_supply: tuple[tuple[int, int], ...] = ()
    wrong_key: bool = False
    clock_offset_ms: int = 300
    connected: bool = True
    events: list[tuple[int, int]] = field(default_factory=list)
    off_from_s: int | None = None
    _counted_wh: list[int] = field(default_factory=lambda: [1_204_511])

    def reachable(self, now_s: int) -> bool:
        return not _within(now_s, (*self.no_link, *self.no_supply))

    def register_wh(self, time_s: int) -> int:
        """What the meter has counted by then."""
        slot = (time_s - START_S) // PERIOD_S
        while len(self._counted_wh) <= slot:
            end_s = START_S + len(self._counted_wh) * PERIOD_S
            off = self.off_from_s is not None and end_s > self.off_from_s
            supplied = not (off or _within(end_s, self.no_supply))
            self._counted_wh.append(self._counted_wh[-1] + int(self.power_w(end_s) * PERIOD_S / 3_600) * supplied)
        return self._counted_wh[slot]

    def power_w(self, time_s: int) -> float:
        """A household: a base, the morning, the evening, and a fridge."""
        hour = (time_s % 86_400) / 3_600
        size = 0.6 + (self.number * 37 % 100) / 90
        peaks = 900 * exp(-(((hour - 7.4) / 1.1) ** 2)) + 1_900 * exp(-(((hour - 19.2) / 1.9) ** 2))
        noise = (crc32(f"{self.number}/{time_s}".encode()) % 1000) / 1000
        return size * (130 + peaks * (0.55 + 0.9 * noise) + 90 * (1 + sin(time_s / 2_400 + self.number)) * noise)

    def rows(self, times_s: Iterable[int]) -> list[tuple[int, int, int, int, int]]:
        """Readings of every channel of a three-phase meter."""
        found = []
        for time_s in times_s:
            status = 0x80 if _within(time_s - PERIOD_S, self.no_supply) else 0
            active_wh = self.register_wh(time_s)
            volts = [int(2_310 + 40 * sin(time_s / 9_000 + phase) - self.power_w(time_s) / 90) for phase in (0, 1, 2)]
            values = (active_wh, 0, 40_000 + active_wh // 5, active_wh // 40, *volts)
            found += [(self.number, channel, time_s, value, status) for channel, value in enumerate(values, 1)]
        return found


class Town:
    """The running system, as the console sees it."""

    def __init__(self, directory: Path, meters: Iterable[TownMeter] = (), *, plan: CollectionPlan = PLAN) -> None:
        self.stores = open_stores(directory, threads=1)
        self.clock = ManualClock(START_S * 1_000)
        config = HeadEndConfig(plans=(plan,), alarm_rules=standard_alarm_rules())
        self.head_end = HeadEnd(config, SeededEntropy(11))
        self.meters = {meter.number: meter for meter in meters}
        self.vending: Vending | None = None
        self.posted: list[Event] = []
        self._running: list[RunAssociation] = []
        self._unstored: list[StoreReadings] = []
        rows = [meter_row(number) for number in self.meters]
        self.stores.records.save_group(CollectionGroupRow(name="default", plan="{}"))
        self.stores.records.add_meters(rows)
        self.step(*(MeterRegistered(row, (PROFILE,)) for row in rows))

    # What the console uses

    def companion_profile(self, name: str) -> CompanionProfile:
        return load_profile(name)

    def post(self, event: Event) -> None:
        self.posted.append(event)

    def post_command(self, meter: int, kind: CommandKind, argument: str = "", requested_by: str = "") -> CommandRow:
        now_ms = self.clock.now_ms()
        row = self.stores.records.add_command(meter, kind.value, argument, now_ms, requested_by)
        audit = AuditRow(at_ms=now_ms, actor=requested_by, action=kind.value, subject=f"meter {meter}", detail=argument)
        self.stores.records.add_audit([audit])
        self.post(CommandPosted(row))
        return row

    # What a test does

    @property
    def now_s(self) -> int:
        return self.clock.now_ms() // 1_000

    def run(self, until_s: int) -> None:
        """Let everything happen until `until_s` seconds after the start."""
        end_ms = (START_S + until_s) * 1_000
        while True:
            self.settle()
            wake_ms = self.head_end.wake_at()
            if wake_ms is None or wake_ms > end_ms:
                break
            # Everything that is due within some minutes happens together: few steps, few appends.
            self.clock.time_ms = min(end_ms, -(-wake_ms // STRIDE_MS) * STRIDE_MS)
            self.step()
        self.clock.time_ms = end_ms

    def settle(self) -> None:
        """Let what was posted, and everything under way, come to its end without time passing."""
        while self.posted or self._running or self._unstored:
            self.step()
            running, self._running = self._running, []
            self.step(*map(self._associate, running))
            self._store()

    def step(self, *more: Event) -> None:
        posted, self.posted = self.posted, []
        for effect in self.head_end.step(self.clock.now_ms(), [*posted, *more]):
            self._perform(effect)

    def close(self) -> None:
        self.stores.close()

    # Performing

    def _store(self) -> None:
        batches, self._unstored = self._unstored, []
        if batches:
            readings = Readings.concatenate([batch.readings for batch in batches])
            self.stores.intervals.append(readings, self.clock.now_ms())
            self.step(*map(ReadingsStored, batches))

    def _perform(self, effect: Effect) -> None:
        records = self.stores.records
        match effect:
            case RunAssociation():
                self._running.append(effect)
            case StoreReadings():
                self._unstored.append(effect)
            case StoreEvents():
                records.add_events(effect.rows)
                if effect.until_s is not None:
                    self.post(EventsStored(effect.meter, effect.until_s))
            case OpenAlarm():
                records.open_alarm(effect.meter, effect.kind, effect.severity, effect.at_ms, effect.text)
            case CloseAlarm():
                records.close_alarm(effect.meter, effect.kind, effect.at_ms)
            case RecordCommandState():
                records.advance_command(effect.command, effect.state, effect.at_ms, effect.detail)
            case RecordMeterState():
                pass  # the console reads states from the head-end

    def _associate(self, effect: RunAssociation) -> AssociationFinished:
        meter = self.meters[effect.meter]
        if not meter.reachable(self.now_s):
            failure = Failure(FailureKind.TIMEOUT, "no answer within 10 s")
            return AssociationFinished(effect.association, meter.number, (), failure)
        if meter.wrong_key and effect.work != (ReadInvocationCounter(),):
            failure = Failure(FailureKind.AUTHENTICATION, "the meter's answer to our challenge does not verify")
            return AssociationFinished(effect.association, meter.number, (), failure)
        outcomes = tuple(outcome for work in effect.work for outcome in self._do(meter, work))
        return AssociationFinished(effect.association, meter.number, outcomes)

    def _do(self, meter: TownMeter, work: Work) -> list[Outcome]:
        match work:
            case CheckClock():
                return [ClockChecked(meter.clock_offset_ms, 20, ClockVerdict.LEAVE)]
            case ReadProfile():
                slots = range(work.first_slot, min(work.last_slot, self.now_s // PERIOD_S) + 1)
                times_s = [slot * PERIOD_S for slot in slots if not _within(slot * PERIOD_S, meter.no_supply)]
                return [ProfileRead(work, Readings.from_rows(meter.rows(times_s)))]
            case ReadEventLog():
                return [EventsRead(LOG, tuple(e for e in meter.events if work.from_s <= e[0] <= self.now_s))]
            case ReadControlState():
                return [ControlStateRead(meter.connected, int(meter.connected))]
            case PerformCommand():
                return self._command(meter, work)
            case ReadInvocationCounter():
                return [InvocationCounterRead(value=0, ours=5)]

    def _command(self, meter: TownMeter, work: PerformCommand) -> list[Outcome]:
        if work.kind is CommandKind.READ_NOW:
            shown = {"ACTIVE_POWER_IMPORT": {"value": 1234, "scaler": 0, "unit": "watt"}}
            return [CommandAnswered(work.command, True, json.dumps(shown))]
        if work.kind is CommandKind.READ_ATTRIBUTE:
            return [
                CommandAnswered(
                    work.command, True, json.dumps({"value": f"answer <b>{work.argument}</b>", "octets": "00"})
                )
            ]
        self.stores.records.advance_command(work.command, CommandState.SENT, self.clock.now_ms())
        if work.kind is not CommandKind.SET_CLOCK:
            meter.connected = work.kind is CommandKind.RECONNECT
            meter.off_from_s = None if meter.connected else self.now_s
        return [CommandSent(work.command), CommandAnswered(work.command, True, "accepted")]


def meter_row(number: int) -> MeterRow:
    return MeterRow(
        id=number,
        serial=f"FER{number:010}",
        decoder_reference_number=reference_number(number),
        profile="smr5_three_phase",
        host=f"127.20.{number >> 8}.{number & 255}",
        port=4059,
        group="default",
        client_sap=1,
        server_sap=1,
        system_title=b"FER" + number.to_bytes(5, "big"),
        created_ms=START_S * 1_000,
        wrapped_encryption_key=SECRET,
        wrapped_authentication_key=SECRET,
        wrapped_master_key=SECRET,
        wrapped_lls_secret=SECRET,
    )


def street(count: int = 40) -> list[TownMeter]:
    """A street with the troubles that a street has, one each: 3 is cut off for good, 4 lost its link for six hours,
    5 had no supply for two hours, 7 has another key, 9 was opened, 12 has a clock that is off."""
    hour_s = 3_600
    meters = {number: TownMeter(number) for number in range(1, count + 1)}
    restart_s = START_S + 8 * hour_s
    troubles = {
        3: TownMeter(3, no_link=((START_S + 20 * hour_s, START_S + 999 * hour_s),)),
        4: TownMeter(4, no_link=((START_S + 13 * hour_s, START_S + 19 * hour_s),)),
        5: TownMeter(
            5, no_supply=((restart_s, restart_s + 2 * hour_s),), events=[(restart_s + 2 * hour_s + 30, POWER_UP)]
        ),
        7: TownMeter(7, wrong_key=True),
        9: TownMeter(9, events=[(START_S + 5 * hour_s, COVER_REMOVED), (START_S + 6 * hour_s, CLOCK_ADJUSTED)]),
        12: TownMeter(12, clock_offset_ms=-4_200),
    }
    meters.update({number: meter for number, meter in troubles.items() if number <= count})
    return list(meters.values())


def lived_in(directory: Path, count: int = 40, hours: int = 26) -> Town:
    """A street after a day and a bit: gaps, alarms, a disconnected meter, a command under way."""
    town = Town(directory, street(count))
    town.run((hours - 2) * 3_600)
    town.post_command(2, CommandKind.READ_NOW, requested_by="console")
    town.post_command(5, CommandKind.DISCONNECT, requested_by="console")
    town.run(hours * 3_600)
    town.post_command(3, CommandKind.DISCONNECT, requested_by="console")
    town.settle()
    return town


def _within(time_s: int, spans: Iterable[tuple[int, int]]) -> bool:
    return any(first < time_s <= last for first, last in spans)
