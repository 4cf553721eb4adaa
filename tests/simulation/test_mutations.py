"""Bugs put into the product on purpose: the auditor finds each of them, for what it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from ferraris.headend import commands, pushes
from ferraris.keys import ReservedCounter
from ferraris.meter import meter as meter_module
from ferraris.meter import server
from ferraris.meter.committed_rows import CommittedRows
from ferraris.meter.memory import FleetMemory
from ferraris.runtime import conversation, recovery
from ferraris.runtime.conversation import Conversation
from ferraris.simulation import WorldSettings
from ferraris.store import Readings
from ferraris.store.intervals_duckdb import DuckDbIntervalStore
from ferraris.store.records_sqlite import SqliteRecordStore
from tests.simulation.small import STORMY, finding_of

Patch = pytest.MonkeyPatch


def head_end_forgets_its_counters(patch: Patch) -> None:
    patch.setattr(SqliteRecordStore, "reserve_invocation_counters", lambda self, counters: None)


def meters_forget_their_counters(patch: Patch) -> None:
    patch.setattr(FleetMemory, "_reserve_counters", lambda self: self.counters["reserved"].copy())
    patch.setattr(meter_module, "sending_counter", lambda memory, meter: ReservedCounter(0, lambda up_to: None))


def a_counter_is_taken_twice(patch: Patch) -> None:
    take = ReservedCounter.take

    def sticky(self: ReservedCounter) -> int:
        value = take(self)
        return value - 1 if value % 1024 == 40 else value

    patch.setattr(ReservedCounter, "take", sticky)


def gaps_are_forgotten_at_a_restart(patch: Patch) -> None:
    known = recovery.known_coverage

    def blind(*arguments: Any) -> Any:
        return {meter: [replace(one, missing=()) for one in all_] for meter, all_ in known(*arguments).items()}

    patch.setattr(recovery, "known_coverage", blind)


def a_command_is_sent_twice(patch: Patch) -> None:
    carry_out = Conversation._carry_out

    async def twice(self: Conversation, work: Any) -> str:
        await carry_out(self, work)
        return await carry_out(self, work)

    patch.setattr(Conversation, "_carry_out", twice)


def a_lost_command_is_sent_again(patch: Patch) -> None:
    """After a restart a command in doubt is taken for one that was never sent."""
    on_restarted = commands.on_restarted

    def trusting(turn: Any, row: Any) -> Any:
        meter = on_restarted(turn, row)
        command = turn.state.commands.get(row.id)
        if command is not None:
            command.state = commands.CommandState.PENDING
        return meter

    patch.setattr(commands, "on_restarted", trusting)
    patch.setattr(Conversation, "_record_sent", lambda self, command: True)


def a_fate_is_told_wrongly(patch: Patch) -> None:
    patch.setattr(commands, "_control_state_verdict", lambda kind, seen: (False, "not looked at"))


def readings_are_stored_twice(patch: Patch) -> None:
    append = DuckDbIntervalStore.append

    def doubled(self: DuckDbIntervalStore, readings: Readings, received_ms: int) -> Any:
        appended = append(self, readings, received_ms)
        self._connected().execute("INSERT INTO reading SELECT * FROM reading WHERE received_ms = ?", [received_ms])
        return appended

    patch.setattr(DuckDbIntervalStore, "append", doubled)


def a_reading_is_changed(patch: Patch) -> None:
    readings_of = conversation.readings_of

    def off_by_one(*arguments: Any) -> Readings:
        readings = readings_of(*arguments)
        return replace(readings, value=readings.value + (readings.time_s % 86_400 == 0))

    patch.setattr(conversation, "readings_of", off_by_one)


def a_reading_is_moved(patch: Patch) -> None:
    readings_of = conversation.readings_of

    def later(*arguments: Any) -> Readings:
        readings = readings_of(*arguments)
        return replace(readings, time_s=readings.time_s + 1)

    patch.setattr(conversation, "readings_of", later)


def meters_fall_back_to_an_older_row(patch: Patch) -> None:
    opened = CommittedRows.__init__

    def behind(self: CommittedRows, file: Any) -> None:
        opened(self, file)
        older = 1 - self._current
        self._current = older if self._slots["sequence"].min() > 0 else self._current

    patch.setattr(CommittedRows, "__init__", behind)


def meters_keep_dead_links(patch: Patch) -> None:
    patch.setattr(server._Watchdog, "_look", lambda self: None)


def a_push_hides_older_events(patch: Patch) -> None:
    on_received = pushes.on_received

    def too_far(turn: Any, event: Any) -> None:
        on_received(turn, event)
        turn.state.meters[event.meter].events_until_s = 1 << 40

    patch.setattr(pushes, "on_received", too_far)


@dataclass(frozen=True)
class Bug:
    put_in: Callable[[Patch], None]
    claim: str
    seed: int = 1


BUGS = [
    Bug(head_end_forgets_its_counters, "an invocation counter is used twice under one key"),
    Bug(meters_forget_their_counters, "an invocation counter is used twice under one key"),
    Bug(a_counter_is_taken_twice, "an invocation counter is used twice under one key"),
    Bug(gaps_are_forgotten_at_a_restart, "the calm does not heal everything"),
    Bug(a_command_is_sent_twice, "a command is carried out twice"),
    Bug(a_lost_command_is_sent_again, "a command is carried out"),
    Bug(a_fate_is_told_wrongly, "a command that failed was carried out"),
    Bug(readings_are_stored_twice, "a reading is stored twice"),
    Bug(a_reading_is_changed, "a reading has a wrong value"),
    Bug(a_reading_is_moved, "an interval is invented"),
    Bug(meters_fall_back_to_an_older_row, "a meter has forgotten what it had committed"),
    Bug(meters_keep_dead_links, "the number of links that nobody needs grows beyond its bound", seed=5),
    Bug(a_push_hides_older_events, "the calm does not heal everything"),
]


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.put_in.__name__)
def test_the_auditor_finds(bug: Bug, monkeypatch: Patch) -> None:
    bug.put_in(monkeypatch)
    settings = WorldSettings(bug.seed, 4, 0.5, rates=STORMY, commands_per_day=8, rival=False, unkeyed=False)
    finding = finding_of(settings)
    assert finding.claim.startswith(bug.claim), finding
    assert finding.seed == bug.seed
    assert finding.story
