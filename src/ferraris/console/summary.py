"""The summary of a run: what was due, what is stored, what came late, which meters failed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from ferraris.console.port import System

MS_PER_S = 1_000


@dataclass(frozen=True, slots=True)
class Summary:
    """Intervals are rows of the load profile. The failed meters owe none: what they hold cannot be had.

    An interval that a meter did not capture, since it had no supply, was not due either.
    """

    meters: int
    intervals_expected: int
    intervals_stored: int
    collection_rate: float
    backfilled: int
    failed_meters: int
    alarms: int
    collectable: int
    """Intervals that are still to come: 0 when all that can be collected is."""


async def summarize(system: System, until_s: int | None = None) -> Summary:
    """The summary of what was captured until `until_s`; until now when that is not given."""
    from ferraris.console.figures import LOAD_PROFILE
    from ferraris.headend import Communication, collectable

    hopeless = {Communication.WRONG_KEY, Communication.QUARANTINED}
    state = system.head_end.state
    now_s = system.clock.now_ms() // MS_PER_S
    if until_s is not None:
        now_s = min(now_s, until_s)
    still_to_come = collectable(state, now_s)
    due: dict[int, dict[int, int]] = {}
    """Slots by channel and meter."""
    backfilled = failed = 0
    start_s = now_s
    for meter in state.meters.values():
        failed += meter.communication in hopeless
        for coverage in meter.coverage:
            profile = coverage.profile
            if profile.tag == LOAD_PROFILE and meter.communication not in hopeless:
                created_s = meter.row.created_ms // MS_PER_S
                passed = profile.slot_at(now_s) - profile.slot_at(created_s)
                due.setdefault(profile.channel, {})[meter.id] = max(0, passed - coverage.absent)
                backfilled += coverage.backfilled
                start_s = min(start_s, created_s)
    expected = stored = 0
    meters, alarms = len(state.meters), len(state.alarms)
    for channel, slots in due.items():
        filled = await asyncio.to_thread(system.stores.intervals.coverage, channel, start_s, now_s)
        expected += sum(slots.values())
        stored += sum(min(filled.get(meter, 0), wanted) for meter, wanted in slots.items())
    return Summary(
        meters=meters,
        intervals_expected=expected,
        intervals_stored=stored,
        collection_rate=stored / expected if expected else 1.0,
        backfilled=backfilled,
        failed_meters=failed,
        alarms=alarms,
        collectable=still_to_come,
    )
