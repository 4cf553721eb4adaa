"""Which rows to ask a meter for, and what its answers settle.

Nothing that a meter may still have is ever given up: a missing slot leaves the list only when its row is in the store, or
when the meter was asked for it, answered, and cannot have it. It cannot when a later row exists (captures follow one
another, so this one did not happen: the meter had no supply), or when the slot is older than the buffer is deep.
"""

from __future__ import annotations

import numpy as np

from ferraris.headend.alarms import AlarmKind, close_alarm, raise_alarm
from ferraris.headend.effects import StoreEvents, StoreReadings
from ferraris.headend.events import ReadingsNotStored, ReadingsStored
from ferraris.headend.plan import CollectedProfile
from ferraris.headend.slots import runs
from ferraris.headend.state import Coverage, Meter
from ferraris.headend.turn import Turn
from ferraris.headend.work import EventsRead, ProfileRead, ReadEventLog, ReadProfile
from ferraris.store import MeterEventRow, Readings


def expect_captures(turn: Turn, meter: Meter) -> None:
    """Put the slots that have passed since the last look on the list of what is missing."""
    for coverage in meter.coverage:
        newest = coverage.profile.slot_at(turn.now_s - turn.limits.settle_s)
        if newest > coverage.until_slot:
            coverage.missing.add(coverage.until_slot + 1, newest)
            coverage.until_slot = newest


def profile_work(turn: Turn, meter: Meter) -> list[ReadProfile]:
    """The oldest missing rows, as much as one association may fetch."""
    expect_captures(turn, meter)
    limits = turn.limits
    rows_left, spans_left = limits.rows_per_association_max, limits.spans_per_association_max
    work: list[ReadProfile] = []
    asked = 0
    for coverage in meter.coverage:
        if rows_left <= 0 or spans_left <= 0:
            break
        spans = coverage.missing.spans(rows_max=rows_left, spans_max=spans_left, join_slots=limits.join_rows)
        work += [ReadProfile(coverage.profile, first, last) for first, last in spans]
        rows_left -= sum(last - first + 1 for first, last in spans)
        spans_left -= len(spans)
        asked += coverage.missing.count_until(spans[-1][1]) if spans else 0
    meter.asked_all = asked == meter.missing
    return work


def event_log_work(turn: Turn, meter: Meter) -> ReadEventLog:
    """The event log since the newest entry known, and a little before it: a clock set back brings older entries later.

    As much before it as the meter's clock was behind when it was last looked at.
    """
    start_s = meter.row.created_ms // 1_000 if meter.events_until_s is None else meter.events_until_s
    behind_ms = max(0, -(meter.clock_offset_ms or 0))
    return ReadEventLog(start_s - (turn.limits.clock_guard_ms + behind_ms) // 1_000)


def on_profile_read(turn: Turn, meter: Meter, outcome: ProfileRead) -> None:
    """Send the rows that were asked for to the store; settle at once when there are none."""
    work = outcome.work
    coverage = coverage_of(meter, work.profile)
    if coverage is None:
        return
    readings, outside = _within(outcome.readings, work)
    turn.state.counts.rows_outside += outside
    if not len(readings):
        _settle_asked(turn, meter, coverage, (work.first_slot, work.last_slot))
        return
    meter.storing += 1
    turn.state.storing_count += 1
    slots = _filled_slots(readings, work.profile)
    turn.emit(StoreReadings(meter.id, work.profile, (work.first_slot, work.last_slot), slots, readings, turn.now_ms))


def on_stored(turn: Turn, meter: Meter, event: ReadingsStored) -> None:
    """The rows are kept: they are missing no longer."""
    batch = event.batch
    _leave_store(turn, meter)
    turn.state.store_failures = 0
    close_alarm(turn, None, AlarmKind.STORE)
    coverage = coverage_of(meter, batch.profile)
    if coverage is None:
        return
    late_slot = batch.profile.slot_at(turn.now_s - turn.limits.late_after_s)
    for first, last in batch.slots:
        late = coverage.missing.remove(first, min(last, late_slot))
        stored = late + coverage.missing.remove(first, last)
        coverage.backfilled += late
        turn.state.counts.backfilled += late
        turn.state.counts.rows_stored += stored
        meter.progress |= stored > 0
        coverage.newest_slot = max(last, coverage.newest_slot if coverage.newest_slot is not None else last)
    _settle_asked(turn, meter, coverage, batch.asked)


def on_not_stored(turn: Turn, meter: Meter, event: ReadingsNotStored) -> None:
    """The rows stay missing: the meter still has them."""
    _leave_store(turn, meter)
    meter.store_failed = True
    turn.state.store_failures += 1
    raise_alarm(turn, None, AlarmKind.STORE, f"readings cannot be stored: {event.detail}")


def on_events_read(turn: Turn, meter: Meter, outcome: EventsRead) -> None:
    """Send the entries of the event log to the store."""
    rows = event_rows(meter.id, outcome.log, outcome.events)
    if rows:
        # An entry from a clock that was ahead must not hide those that come after the clock was set right.
        turn.emit(StoreEvents(meter.id, rows, min(turn.now_s, max(row.time_s for row in rows))))


def event_rows(meter: int, log: str, events: tuple[tuple[int, int], ...]) -> tuple[MeterEventRow, ...]:
    """Entries as rows; entries of one code in one second are numbered in the log's order."""
    seen: dict[tuple[int, int], int] = {}
    rows = []
    for time_s, code in events:
        sequence = seen.get((time_s, code), 0)
        seen[time_s, code] = sequence + 1
        rows.append(MeterEventRow(meter=meter, log=log, time_s=time_s, code=code, sequence=sequence))
    return tuple(rows)


def is_late(turn: Turn, meter: Meter) -> bool:
    """Whether rows are missing that should long be here."""
    for coverage in meter.coverage:
        oldest = coverage.missing.oldest
        if oldest is not None and oldest <= coverage.profile.slot_at(turn.now_s - turn.limits.late_after_s):
            return True
    return False


def coverage_of(meter: Meter, profile: CollectedProfile) -> Coverage | None:
    for coverage in meter.coverage:
        if coverage.profile == profile:
            return coverage
    return None


def _leave_store(turn: Turn, meter: Meter) -> None:
    meter.storing -= 1
    turn.state.storing_count -= 1


def _within(readings: Readings, work: ReadProfile) -> tuple[Readings, int]:
    """The readings captured in the span that was asked for, and how many were not."""
    inside = (readings.time_s > work.from_s - work.profile.capture_period_s) & (readings.time_s <= work.to_s)
    outside = len(readings) - int(np.count_nonzero(inside))
    if not outside:
        return readings, 0
    kept = Readings(
        readings.meter[inside],
        readings.channel[inside],
        readings.time_s[inside],
        readings.value[inside],
        readings.status[inside],
    )
    return kept, outside


def _filled_slots(readings: Readings, profile: CollectedProfile) -> tuple[tuple[int, int], ...]:
    """The slots that have a row, as ranges. A row captured off its grid (after a clock change) fills none."""
    times_s = readings.time_s[readings.channel == profile.channel]
    if profile.on_grid:
        times_s = times_s[times_s % profile.capture_period_s == 0]
    return tuple(runs(np.unique(-(-times_s // profile.capture_period_s)).tolist()))


def _settle_asked(turn: Turn, meter: Meter, coverage: Coverage, asked: tuple[int, int]) -> None:
    """Of the slots asked for and not given, drop those that the meter cannot have."""
    overwritten = coverage.profile.slot_at(turn.now_s) - coverage.profile.depth_rows - 1
    followed = overwritten if coverage.newest_slot is None else coverage.newest_slot - 1
    first, last = asked
    lost = coverage.missing.remove(first, min(last, overwritten))
    absent = coverage.missing.remove(first, min(last, followed))
    coverage.unrecoverable += lost
    coverage.absent += absent
    meter.progress |= lost + absent > 0
    if lost:
        text = f"{lost} rows of {coverage.profile.tag} are no longer in the meter"
        raise_alarm(turn, meter.id, AlarmKind.DATA_LOST, text)
