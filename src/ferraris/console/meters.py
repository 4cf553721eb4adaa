"""One meter for the console: its row, its view, its events and objects, by the serial that is printed on it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ferraris.console.objects import ObjectView, browse, known_values
from ferraris.console.port import System
from ferraris.console.problems import not_found
from ferraris.cosem import CompanionProfile
from ferraris.cosem import events as event_table
from ferraris.headend import HeadEndState, MeterView, meter_view, terms_of, terms_view
from ferraris.kernel.errors import ConfigError, TableError
from ferraris.store import CommandState, MeterRow, RecordStore

COMMANDS_SEARCHED = 200
"""How many of a meter's last commands are searched for values that were read."""


@dataclass(frozen=True, slots=True)
class EventLine:
    """An entry of an event log, and what its code means."""

    time_s: int
    log: str
    code: int
    tag: str
    severity: str
    description: str


class MeterReader:
    """Answers questions about meters."""

    def __init__(self, system: System) -> None:
        self.system = system

    @property
    def state(self) -> HeadEndState:
        return self.system.head_end.state

    @property
    def records(self) -> RecordStore:
        return self.system.stores.records

    def row(self, serial: str) -> MeterRow:
        """The meter of that serial. Raises Problem when the head-end does not know it."""
        row = self.records.meter_by_serial(serial)
        if row is None or row.id not in self.state.meters:
            raise not_found("meter", serial)
        return self.state.meters[row.id].row

    def view(self, row: MeterRow) -> MeterView:
        view = meter_view(self.state, row.id)
        if view is None:
            raise not_found("meter", row.serial)
        profile = self.profile(row)
        if profile is None:
            return replace(view, profile_title=row.profile)
        try:
            terms = terms_view(row, terms_of(row, profile))
        except ConfigError:  # an old row that no profile fits: the head-end's alarm says so
            terms = None
        return replace(view, profile_title=profile.title, terms=terms)

    def profile(self, row: MeterRow) -> CompanionProfile | None:
        """The meter's companion profile; None where it cannot be had any more."""
        try:
            return self.system.companion_profile(row.profile)
        except (ConfigError, TableError):
            return None

    def serial(self, meter: int | None) -> str:
        """The serial of a meter's number; empty for none."""
        known = None if meter is None else self.state.meters.get(meter)
        return "" if known is None else known.row.serial

    async def events(self, row: MeterRow, limit: int) -> list[EventLine]:
        """The newest first."""
        rows = await asyncio.to_thread(self.records.events, row.id, None, limit)
        return [event_line(entry.log, entry.time_s, entry.code) for entry in rows]

    async def objects(self, row: MeterRow) -> tuple[ObjectView, ...]:
        """What the meter presents to the association in which it is read."""
        profile = self.profile(row)
        if profile is None:
            return ()
        stored = await asyncio.to_thread(self.system.stores.intervals.last_values, row.id)
        asked = await asyncio.to_thread(self.records.commands, row.id, [CommandState.CONFIRMED], COMMANDS_SEARCHED)
        known = known_values(profile, stored, asked)
        return browse(profile, profile.association_of(row.client_sap, row.server_sap), known)

    def span(self, start: datetime | None, end: datetime | None, length_s: int) -> tuple[int, int]:
        """(start_s, end_s] as asked for; by default the last `length_s` seconds. A time without a zone is UTC."""
        end_s = self.system.clock.now_ms() // 1_000 if end is None else _epoch_s(end)
        return end_s - length_s if start is None else _epoch_s(start), end_s


def event_line(log: str, time_s: int, code: int) -> EventLine:
    """An entry with its meaning; a code that is in no table keeps its number."""
    known = event_table.by_code(code)
    if known is None:
        return EventLine(time_s, log, code, f"EVENT_{code}", "info", f"Event {code} of the maker's own")
    return EventLine(time_s, log, code, known.tag, known.severity.value, known.description)


def _epoch_s(moment: datetime) -> int:
    return int((moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp())
