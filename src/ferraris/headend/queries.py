"""What the console and the command line ask of the head-end: plain functions over its state, nothing changed.

The overview costs the same for ten meters and for a million; lists cost one pass over the meters.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ferraris.headend.alarms import SYSTEM
from ferraris.headend.state import Activity, Alarm, Communication, Counts, Coverage, HeadEndState, Meter
from ferraris.headend.terms import Terms
from ferraris.store import AlarmSeverity, IntervalStore, MeterRow

PAGE_ROWS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Overview:
    """The system at a glance."""

    meters: int
    by_communication: dict[str, int]
    running: int
    waiting: int
    storing: int
    open_alarms: int
    alarms_by_severity: dict[str, int]
    open_commands: int
    counts: Counts


@dataclass(frozen=True, slots=True)
class CollectionRate:
    """How many of the slots that have passed are stored. `rate` is 1.0 when none was to be expected yet."""

    expected: int
    stored: int

    @property
    def rate(self) -> float:
        return self.stored / self.expected if self.expected else 1.0


@dataclass(frozen=True, slots=True)
class MeterLine:
    """A meter as one line of a list."""

    id: int
    serial: str
    group: str
    profile: str
    address: str
    communication: str
    activity: str
    last_seen_ms: int | None
    missing: int
    alarms: int
    clock_offset_ms: int | None
    detail: str


@dataclass(frozen=True, slots=True)
class ProfileView:
    """How the collection of one profile of one meter stands, in slots."""

    tag: str
    channel: int
    capture_period_s: int
    missing: int
    missing_ranges_s: tuple[tuple[int, int], ...]
    """First and last capture time of each range."""
    absent: int
    unrecoverable: int
    backfilled: int


@dataclass(frozen=True, slots=True)
class TermsView:
    """On what terms the meter is talked with, in words."""

    link: str
    framing: str
    physical_address: int | None
    gateway: str
    referencing: str
    authentication: str
    context: str
    suite: int
    policy: str
    ciphering: str


@dataclass(frozen=True, slots=True)
class MeterView:
    """Everything the head-end knows of a meter, but its keys."""

    line: MeterLine
    profiles: tuple[ProfileView, ...]
    open_alarms: tuple[Alarm, ...]
    open_commands: tuple[int, ...]
    commanded_control_state: int | None
    confirmed_control_state: int | None
    failures: int
    last_attempt_ms: int | None
    next_attempt_ms: int | None
    profile_title: str = ""
    """Of its companion profile, where that is at hand; so are the terms."""
    terms: TermsView | None = None


class MeterOrder(StrEnum):
    """By what a list of meters is sorted."""

    SERIAL = "serial"
    COMMUNICATION = "communication"
    LAST_SEEN = "last_seen"
    MISSING = "missing"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class MeterPage:
    """A part of a list; `total` counts all that were found."""

    total: int
    lines: tuple[MeterLine, ...]


def overview(state: HeadEndState) -> Overview:
    by_severity = dict.fromkeys((severity.value for severity in AlarmSeverity), 0)
    for alarm in state.alarms.values():
        by_severity[alarm.severity.value] += 1
    return Overview(
        meters=len(state.meters),
        by_communication={communication.value: n for communication, n in state.by_communication.items()},
        running=state.running_count,
        waiting=sum(map(len, state.ready.values())) + len(state.urgent),
        storing=state.storing_count,
        open_alarms=len(state.alarms),
        alarms_by_severity=by_severity,
        open_commands=len(state.commands),
        counts=state.counts,
    )


def list_meters(
    state: HeadEndState,
    *,
    search: str = "",
    communication: Communication | None = None,
    group: str | None = None,
    order: MeterOrder = MeterOrder.SERIAL,
    descending: bool = False,
    offset: int = 0,
    limit: int = 100,
) -> MeterPage:
    """The meters whose serial, address, group or state contains `search`, sorted, from `offset` on."""
    wanted = search.strip().lower()
    found = [
        meter
        for meter in state.meters.values()
        if (communication is None or meter.communication is communication)
        and (group is None or meter.row.group == group)
        and (not wanted or _matches(meter, wanted))
    ]
    found.sort(key=lambda meter: meter.row.serial)
    if order is not MeterOrder.SERIAL:
        found.sort(key=lambda meter: _sort_key(meter, order))
    if descending:
        found.reverse()
    alarms = alarm_counts(state)
    part = found[offset : offset + max(0, min(limit, PAGE_ROWS_MAX))]
    return MeterPage(len(found), tuple(_line(meter, alarms.get(meter.id, 0)) for meter in part))


def meter_view(state: HeadEndState, number: int) -> MeterView | None:
    """What there is to say about a meter; None when nobody knows it."""
    meter = state.meters.get(number)
    if meter is None:
        return None
    alarms = tuple(alarm for alarm in state.alarms.values() if alarm.meter == number)
    return MeterView(
        line=_line(meter, len(alarms)),
        profiles=tuple(map(_profile_view, meter.coverage)),
        open_alarms=alarms,
        open_commands=tuple(command.id for command in meter.commands),
        commanded_control_state=meter.commanded_control_state,
        confirmed_control_state=meter.confirmed_control_state,
        failures=meter.failures,
        last_attempt_ms=meter.last_attempt_ms,
        next_attempt_ms=meter.due_ms if meter.activity is Activity.IDLE else None,
    )


def terms_view(row: MeterRow, terms: Terms) -> TermsView:
    """The terms of a meter as people read them."""
    return TermsView(
        link=row.link,
        framing=terms.framing.value,
        physical_address=row.physical_address,
        gateway=row.gateway,
        referencing=terms.referencing.value,
        authentication=terms.authentication.name.lower(),
        context="ciphered" if terms.ciphered else "plain",
        suite=int(terms.suite),
        policy=terms.policy.name.lower(),
        ciphering=terms.ciphering_text,
    )


def open_alarms(state: HeadEndState) -> list[Alarm]:
    """The newest first."""
    return sorted(state.alarms.values(), key=lambda alarm: (-alarm.opened_ms, alarm.meter or SYSTEM, alarm.kind))


def alarm_counts(state: HeadEndState) -> dict[int, int]:
    """Open alarms by meter; 0 for the system."""
    counts: dict[int, int] = {}
    for meter, _ in state.alarms:
        counts[meter] = counts.get(meter, 0) + 1
    return counts


def collection_rate(
    state: HeadEndState, intervals: IntervalStore, start_s: int, end_s: int, tag: str = "LOAD_PROFILE"
) -> CollectionRate:
    """Of the slots of the profile in (start_s, end_s] since each meter's registration, how many are stored."""
    expected = 0
    channels: dict[int, None] = {}
    for meter in state.meters.values():
        for coverage in meter.coverage:
            profile = coverage.profile
            if profile.tag == tag:
                first_s = max(start_s, meter.row.created_ms // 1_000)
                expected += max(0, profile.slot_at(end_s) - profile.slot_at(first_s))
                channels[profile.channel] = None
    stored = sum(sum(intervals.coverage(channel, start_s, end_s).values()) for channel in channels)
    return CollectionRate(expected, min(stored, expected))


def collectable(state: HeadEndState, until_s: int, *, hopeless: bool = False) -> int:
    """How many slots captured until `until_s` are still to come: 0 when all that can be collected is.

    Meters whose circuit is open for another reason than silence (a wrong key, say) count only when `hopeless` does.
    """
    return sum(
        _collectable(meter, until_s)
        for meter in state.meters.values()
        if hopeless or meter.communication not in {Communication.WRONG_KEY, Communication.QUARANTINED}
    )


def _collectable(meter: Meter, until_s: int) -> int:
    waiting = 0
    for coverage in meter.coverage:
        last = coverage.profile.slot_at(until_s)
        waiting += coverage.missing.count_until(last) + max(0, last - coverage.until_slot)
    return waiting


def _matches(meter: Meter, wanted: str) -> bool:
    row = meter.row
    return any(wanted in text.lower() for text in (row.serial, row.host, row.group, meter.communication.value))


def _sort_key(meter: Meter, order: MeterOrder) -> tuple[int, str]:
    match order:
        case MeterOrder.COMMUNICATION:
            return 0, meter.communication.value
        case MeterOrder.LAST_SEEN:
            return meter.last_seen_ms or 0, ""
        case MeterOrder.MISSING:
            return meter.missing, ""
        case MeterOrder.GROUP:
            return 0, meter.row.group
        case MeterOrder.SERIAL:
            return 0, meter.row.serial


def _line(meter: Meter, alarms: int) -> MeterLine:
    row = meter.row
    return MeterLine(
        id=row.id,
        serial=row.serial,
        group=row.group,
        profile=row.profile,
        address=f"{row.host}:{row.port}",
        communication=meter.communication.value,
        activity=meter.activity.value,
        last_seen_ms=meter.last_seen_ms,
        missing=meter.missing,
        alarms=alarms,
        clock_offset_ms=meter.clock_offset_ms,
        detail=meter.detail,
    )


def _profile_view(coverage: Coverage) -> ProfileView:
    profile = coverage.profile
    period_s = profile.capture_period_s
    return ProfileView(
        tag=profile.tag,
        channel=profile.channel,
        capture_period_s=period_s,
        missing=len(coverage.missing),
        missing_ranges_s=tuple((first * period_s, last * period_s) for first, last in coverage.missing),
        absent=coverage.absent,
        unrecoverable=coverage.unrecoverable,
        backfilled=coverage.backfilled,
    )
