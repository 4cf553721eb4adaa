"""The start: what the stores know becomes the head-end's first event. Nothing else survives, so nothing else may matter.

Of the past, only as much is looked through as a meter's buffer is deep: a row that is missing from before that cannot be
had any more, whoever asks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from ferraris.headend import (
    USUAL_PROFILES,
    CollectedProfile,
    CollectionPlan,
    HeadEndConfig,
    KnownCoverage,
    Limits,
    Restarted,
    RestartedMeter,
    plan_from_json,
    plan_to_json,
    standard_alarm_rules,
)
from ferraris.runtime.kinds import offer_or_fault
from ferraris.store import CollectionGroupRow, CommandState, IntervalStore, MeterRow, RecordStore, Stores

OPEN_STATES = (CommandState.PENDING, CommandState.SENT, CommandState.UNKNOWN)


def load_config(records: RecordStore, limits: Limits) -> HeadEndConfig:
    """The plans of the record store's groups. A new store gets a first one."""
    if not records.groups():
        save_plan(records, CollectionPlan(profiles=USUAL_PROFILES))
    plans = tuple(plan_from_json(group.plan) for group in records.groups())
    return HeadEndConfig(plans, limits, standard_alarm_rules())


def save_plan(records: RecordStore, plan: CollectionPlan) -> None:
    """Keep a group's plan on record."""
    records.save_group(CollectionGroupRow(name=plan.group, plan=plan_to_json(plan)))


def wanted_of(config: HeadEndConfig, row: MeterRow) -> tuple[str, ...]:
    """What is to be collected from a meter if its kind has it: the profiles of its group's plan."""
    return next((plan for plan in config.plans if plan.group == row.group), config.plans[0]).profiles


def recover(stores: Stores, config: HeadEndConfig, now_ms: int) -> Restarted:
    """What the head-end knew, as far as it is in the stores."""
    records = stores.records
    rows = records.meters()
    offers = {row.id: offer_or_fault(row.profile, wanted_of(config, row)) for row in rows}
    profiles = {row.id: offers[row.id].profiles for row in rows}
    coverage = known_coverage(stores.intervals, rows, profiles, now_ms // 1_000)
    states = {state.meter: state for state in records.states()}
    meters = tuple(
        RestartedMeter(
            row=row,
            profiles=profiles[row.id],
            coverage=tuple(coverage[row.id]),
            state=states.get(row.id),
            unknown=offers[row.id].unknown,
            fault=offers[row.id].fault,
            note=offers[row.id].note,
        )
        for row in rows
    )
    return Restarted(meters, tuple(records.commands(states=OPEN_STATES)), tuple(records.alarms()))


def known_coverage(
    intervals: IntervalStore,
    rows: Sequence[MeterRow],
    profiles: dict[int, tuple[CollectedProfile, ...]],
    now_s: int,
) -> dict[int, list[KnownCoverage]]:
    """By meter, what the store holds of each of its profiles, with one query for gaps a kind of profile."""
    by_profile: dict[CollectedProfile, list[MeterRow]] = defaultdict(list)
    for row in rows:
        for profile in profiles[row.id]:
            by_profile[profile].append(row)
    known: dict[int, list[KnownCoverage]] = defaultdict(list)
    for profile, owners in by_profile.items():
        for row_id, coverage in _coverage_of(intervals, profile, owners, now_s).items():
            known[row_id].append(coverage)
    return known


def _coverage_of(
    intervals: IntervalStore, profile: CollectedProfile, owners: list[MeterRow], now_s: int
) -> dict[int, KnownCoverage]:
    period_s = profile.capture_period_s
    until_slot = profile.slot_at(now_s)
    created = {row.id: profile.slot_at(row.created_ms // 1_000) for row in owners}
    start_slot = max(min(created.values()), until_slot - profile.depth_rows - 1)
    newest = intervals.latest(profile.channel)
    missing: dict[int, list[tuple[int, int]]] = {row.id: [] for row in owners}
    if start_slot < until_slot:
        span_s = start_slot * period_s, until_slot * period_s
        found = intervals.gaps(profile.channel, *span_s, period_s, list(created), on_grid=profile.on_grid)
        for gap in found:
            first = max(gap.first_s // period_s, created[gap.meter] + 1)
            if first <= gap.last_s // period_s:
                missing[gap.meter].append((first, gap.last_s // period_s))
    return {
        row.id: KnownCoverage(
            profile.tag,
            until_slot,
            tuple(missing[row.id]),
            None if row.id not in newest else profile.slot_of(newest[row.id]),
        )
        for row in owners
    }
