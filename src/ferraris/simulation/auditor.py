"""The auditor: knows the truth of the meters and of the wire, watches what the collectors make of it, and objects.

What it claims, at every step where it can be seen and once more at the end:

* every reading that a collector stores was captured by its meter, with that value and status;
* what a collector was told is stored is there after every restart, once;
* no invocation counter is used twice under one key by one sender;
* a meter carries out only commands that are on record as sent and not settled, each at most once, and what the record
  says in the end is what the meter did;
* links, octets under way, tasks and queues stay within named bounds;
* once faults have stopped, everything that was captured is stored and every command's fate is known, within a bound.

The first objection ends the run. It carries the seed and the last lines of the story, and the same seed finds it again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ferraris.cosem import ControlState
from ferraris.headend import CommandKind
from ferraris.simulation.errors import AuditError
from ferraris.simulation.events import EventLog
from ferraris.simulation.truth import MeterTruth, ProfileTruth, Switching, Truth
from ferraris.store import CommandRow, CommandState, Readings, Stores

TARGETS: Final = {
    CommandKind.DISCONNECT.value: ControlState.DISCONNECTED,
    CommandKind.RECONNECT.value: ControlState.CONNECTED,
}
EVENT_LOG: Final = "0.0.99.98.0.255"
EVENTS_SHOWN: Final = 100
"""Entries that a meter's standard event log shows: older ones can be lost to a collector that was long away."""
FOREVER_S: Final = 1 << 40


@dataclass(slots=True)
class Ledger:
    """What the auditor holds against one collector."""

    name: str
    created_s: int
    meters: tuple[int, ...]
    """Those that it must collect completely."""
    commands: Callable[[int], list[CommandRow]]
    """The commands on record for a meter, whether the collector runs or not."""
    kept: dict[tuple[int, str], set[int]] = field(default_factory=dict)
    """By meter and profile, the capture times of the rows that the store took."""


class Auditor:
    """Watches one run. `finding` is what it objected to first; `found` tells that there is one."""

    def __init__(self, seed: int, log: EventLog, now_ms: Callable[[], int]) -> None:
        self.finding: AuditError | None = None
        self.found = asyncio.Event()
        self.truth = Truth(log, self._on_executed)
        self.executions: Counter[tuple[int, int]] = Counter()
        """By (meter, command): how often it was carried out."""
        self.rows_stored = 0
        self._seed = seed
        self._log = log
        self._now_ms = now_ms
        self._ledgers: dict[str, Ledger] = {}
        self._logged: dict[int, int] = {}
        """By meter, the events logged when the calm began."""

    def fail(self, claim: str, detail: str, about: str = "") -> None:
        """Object. Only the first objection counts: what follows may follow from it."""
        if self.finding is None:
            self._log.record("objection", claim, detail=detail)
            self.finding = AuditError(claim, detail, self._seed, self._now_ms(), self._log.story(about))
            self.found.set()

    def add_ledger(self, ledger: Ledger) -> None:
        """A collector begins."""
        self._ledgers[ledger.name] = ledger

    # Readings

    def appended(self, name: str, readings: Readings) -> None:
        """A collector's store has taken these readings."""
        ledger = self._ledgers[name]
        for meter, channel, time_s, value, status in readings.rows():
            if not self._true(meter, channel, time_s, value, status):
                return
            profile = self.truth.meters[meter].profile_of(channel)
            assert profile is not None
            if channel == profile.channels.start:
                kept = ledger.kept.setdefault((meter, profile.name), set())
                self.rows_stored += profile.name == "load" and time_s not in kept
                kept.add(time_s)

    def reopened(self, name: str, stores: Stores) -> None:
        """A collector's stores were opened again, or its run has ended: look through all of them."""
        ledger = self._ledgers[name]
        filled = 0
        for meter in self.truth.meters:
            for profile in self.truth.meters[meter].profiles:
                filled += self._check_profile(ledger, meter, profile, stores)
            if self.finding is not None:
                return
        if stores.intervals.count() != filled:
            self.fail("a reading is stored twice", f"{name}: {stores.intervals.count()} rows for {filled} slots", name)

    def _check_profile(self, ledger: Ledger, meter: int, profile: ProfileTruth, stores: Stores) -> int:
        """Check what is stored of one profile of a meter; the number of its filled slots."""
        stored = stores.intervals.read(meter, profile.channels, 0, FOREVER_S)
        times: Counter[int] = Counter()
        for _, channel, time_s, value, status in stored.rows():
            if not self._true(meter, channel, time_s, value, status):
                return len(stored)
            times[time_s] += 1
        about, expected = f"meter{meter}", len(profile.channels)
        for time_s, count in times.items():
            if count != expected:
                self.fail("a row is stored in part", f"{about} at {time_s}: {count} of {expected} channels", about)
        kept = ledger.kept.setdefault((meter, profile.name), set())
        lost = kept - times.keys()
        if lost:
            self.fail("a stored interval is lost", f"{ledger.name}, {about}: {_spans(lost)}", about)
        kept.update(times)
        return len(stored)

    def _true(self, meter: int, channel: int, time_s: int, value: int, status: int) -> bool:
        truth = self.truth.meters.get(meter)
        profile = None if truth is None else truth.profile_of(channel)
        if profile is not None and profile.holds(time_s, channel, value, status):
            return True
        rows = None if profile is None else profile.rows.get(time_s)
        claim = "a reading has a wrong value" if rows else "an interval is invented"
        about = f"meter{meter}"
        text = f"{about}, channel {channel} at {time_s}: {value}, status {status}; captured {rows}"
        self.fail(claim, text, about)
        return False

    def missing(self, name: str, until_s: int) -> dict[int, list[int]]:
        """By meter, the times of rows captured up to `until_s`, of all profiles, that the collector does not have yet."""
        ledger = self._ledgers[name]
        found = {}
        for number in ledger.meters:
            absent = [
                time_s
                for profile in self.truth.meters[number].profiles
                for time_s in profile.rows
                if ledger.created_s < time_s <= until_s and time_s not in ledger.kept.get((number, profile.name), ())
            ]
            if absent:
                found[number] = sorted(absent)
        return found

    # Commands

    def _on_executed(self, meter: int, switching: Switching) -> None:
        """A meter has carried out a remote command: there must be one on record for it that may still be under way."""
        about = f"meter{meter}"
        rows = [row for ledger in self._ledgers.values() for row in ledger.commands(meter)]
        under_way = [
            row
            for row in rows
            if row.state in (CommandState.SENT, CommandState.UNKNOWN) and TARGETS.get(row.kind) is switching.state
        ]
        if not under_way:
            detail = f"{about} is {switching.state.name.lower()}; on record: {_states(rows)}"
            self.fail("a command is carried out that nobody has under way", detail, about)
            return
        # The fate of one that is settled may still be on its way into the record: it is not taken for this one.
        row = min(under_way, key=lambda found: (self.executions[meter, found.id], found.id))
        self.executions[meter, row.id] += 1
        self._log.record("executed", about, command=row.id)
        if self.executions[meter, row.id] > 1:
            self.fail("a command is carried out twice", f"command {row.id} ({row.kind}) by {about}", about)

    def check_commands(self, name: str, meter: int) -> None:
        """In the end: what is on record of a meter's commands is what it did."""
        truth = self.truth.meters[meter]
        about = f"meter{meter}"
        for row in self._ledgers[name].commands(meter):
            text = f"command {row.id} ({row.kind}) to {about} is {row.state}: {row.detail}"
            executed = self.executions[meter, row.id]
            if row.state not in (CommandState.CONFIRMED, CommandState.FAILED):
                self.fail("a command's fate is not known", text, about)
            elif row.kind in TARGETS and row.state is CommandState.FAILED and executed:
                self.fail("a command that failed was carried out", text, about)
            elif row.kind in TARGETS and row.state is CommandState.CONFIRMED and not executed:
                self._check_needless(truth, row, text)

    def _check_needless(self, truth: MeterTruth, row: CommandRow, text: str) -> None:
        """A command that was lost on its way to a meter that stood so already is as good as done."""
        if row.finished_ms is None or truth.state_at(row.finished_ms) is not TARGETS[row.kind]:
            self.fail("a confirmed command was not carried out", text, f"meter{truth.number}")

    # The end

    def check_state(self, meter: int, seen: int | None) -> None:
        """In the end: where a collector believes a disconnector to stand is where it stands."""
        stands = self.truth.meters[meter].state_at(self._now_ms())
        if seen != stands:
            self.fail(
                "a disconnector stands otherwise than shown", f"meter{meter}: {seen}, not {stands}", f"meter{meter}"
            )

    def calm_begins(self) -> None:
        """What was logged until now must all be read; what is logged from now on may still lie in the meter."""
        self._logged = {number: len(meter.events) for number, meter in self.truth.meters.items()}

    def unread_events(self, meter: int, stores: Stores) -> Counter[tuple[int, int]]:
        """Of the events logged before the calm, and as far as the meter still shows them, those not on record."""
        events = self.truth.meters[meter].events
        shown = events[max(0, len(events) - EVENTS_SHOWN) : self._logged[meter]]
        return Counter(shown) - _on_record(meter, stores)

    def check_events(self, meter: int, stores: Stores) -> None:
        """In the end: the events on record are those of the meter's log, each as often as it stands there."""
        about = f"meter{meter}"
        if invented := _on_record(meter, stores) - Counter(self.truth.meters[meter].events):
            self.fail("an event is invented", f"{about}: {dict(invented)}", about)
        if lost := self.unread_events(meter, stores):
            self.fail("an event is lost", f"{about}: {dict(lost)}", about)

    def bound(self, what: str, value: int, limit: int) -> None:
        """Something that could grow must not."""
        if value > limit:
            self.fail(f"{what} grows beyond its bound", f"{value}, at most {limit}")


def _on_record(meter: int, stores: Stores) -> Counter[tuple[int, int]]:
    return Counter((row.time_s, row.code) for row in stores.records.events(meter, EVENT_LOG))


def _states(rows: list[CommandRow]) -> str:
    return ", ".join(f"{row.id} {row.kind} {row.state}" for row in rows) or "nothing"


def _spans(times: set[int]) -> str:
    first, last = min(times), max(times)
    return f"{len(times)} rows between {first} and {last}"
