"""The head-end's state: plain values, changed only inside `HeadEnd.step`, rebuilt from the stores after a restart.

A meter is always in exactly one activity:

    IDLE      its next attempt stands in the heap of due times
    READY     it is due and waits in a queue for a free place
    RUNNING   one association with it is under way
    STORING   the association is over, its readings are on their way into the store

so no meter is ever read twice at once, and no list grows beyond one entry a meter. A heap entry counts only while it
equals its meter's `due_ms`; the others are leftovers of earlier plans and are dropped when they surface.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from ferraris.headend.failure import FailureKind
from ferraris.headend.plan import CollectedProfile
from ferraris.headend.slots import SlotRanges
from ferraris.headend.work import CommandKind
from ferraris.store import AlarmRow, AlarmSeverity, CommandState, MeterRow


class Activity(StrEnum):
    """What a meter waits for."""

    IDLE = "idle"
    READY = "ready"
    RUNNING = "running"
    STORING = "storing"


class Communication(StrEnum):
    """How the talk with a meter goes. In the last three states the circuit is open: attempts are few."""

    NEW = "new"
    """Registered, not yet reached."""
    OK = "ok"
    LATE = "late"
    """The last attempts failed, or rows older than they should be are still missing."""
    UNREACHABLE = "unreachable"
    WRONG_KEY = "wrong_key"
    QUARANTINED = "quarantined"
    """It breaks the protocol, or claims what cannot be."""

    @property
    def circuit_open(self) -> bool:
        return self in {Communication.UNREACHABLE, Communication.WRONG_KEY, Communication.QUARANTINED}


@dataclass(slots=True)
class Coverage:
    """What is known of one profile of one meter.

    Every slot after registration and up to `until_slot` is stored, in `missing`, or counted in `absent` (the meter was
    asked and has no row: it had no supply, say) or `unrecoverable` (the meter has overwritten it).
    """

    profile: CollectedProfile
    until_slot: int
    missing: SlotRanges = field(default_factory=SlotRanges)
    newest_slot: int | None = None
    absent: int = 0
    unrecoverable: int = 0
    backfilled: int = 0


@dataclass(slots=True)
class Command:
    """A command whose fate is not settled. In state SENT or UNKNOWN it may have been carried out."""

    id: int
    meter: int
    kind: CommandKind
    argument: str
    expires_ms: int
    state: CommandState = CommandState.PENDING

    @property
    def in_doubt(self) -> bool:
        return self.state is not CommandState.PENDING


@dataclass(slots=True)
class Meter:
    """A meter as the head-end sees it."""

    row: MeterRow
    coverage: list[Coverage]
    communication: Communication = Communication.NEW
    activity: Activity = Activity.IDLE
    due_ms: int = 0
    association: int = 0
    """The one that is running; 0 for none."""
    place: str = ""
    """The group on whose account it runs."""
    unknown: tuple[str, ...] = ()
    """Profiles that the meter must be asked about before they can be collected."""
    profile_fault: str = ""
    """Why a profile is not collected, as far as its companion profile says."""
    storing: int = 0
    """Batches on their way into the store."""
    failures: int = 0
    """Failed attempts since the last good one."""
    last_seen_ms: int | None = None
    last_attempt_ms: int | None = None
    clock_offset_ms: int | None = None
    events_until_s: int | None = None
    commanded_control_state: int | None = None
    confirmed_control_state: int | None = None
    commands: list[Command] = field(default_factory=list)
    suspicion: FailureKind | None = None
    """The failure that made us look at the invocation counter in the meter; None since the last good association."""
    counter_read_next: bool = False
    """The next association only reads that counter, as the public client."""
    counter_reading: bool = False
    """The running association does."""
    counter_recoveries: int = 0
    urgent: bool = False
    """Someone waits: it goes before the scheduled meters."""
    retry_ms: int | None = None
    """When to try again, decided while readings were still on their way into the store."""
    asked_all: bool = True
    """The running association asks for everything that is missing."""
    progress: bool = False
    """The association brought rows, or certainty that there are none."""
    store_failed: bool = False
    detail: str = ""
    """What went wrong last, for people."""

    @property
    def id(self) -> int:
        return self.row.id

    @property
    def missing(self) -> int:
        return sum(len(coverage.missing) for coverage in self.coverage)


@dataclass(slots=True)
class Alarm:
    """An open alarm."""

    meter: int | None
    kind: str
    severity: AlarmSeverity
    opened_ms: int
    text: str

    @classmethod
    def of_row(cls, row: AlarmRow) -> Alarm:
        return cls(row.meter, row.kind, row.severity, row.opened_ms, row.text)


@dataclass(slots=True)
class Counts:
    """What has happened since the start."""

    associations: int = 0
    associations_failed: int = 0
    rows_stored: int = 0
    backfilled: int = 0
    rows_outside: int = 0
    """Rows that a meter gave although nobody asked for their time: not kept."""
    pushes: int = 0
    pushes_rejected: int = 0
    clocks_set: int = 0


@dataclass(slots=True)
class HeadEndState:
    """Everything that the head-end knows."""

    meters: dict[int, Meter] = field(default_factory=dict)
    due: list[tuple[int, int]] = field(default_factory=list)
    """Heap of (due_ms, meter)."""
    urgent: list[tuple[int, int]] = field(default_factory=list)
    """Heap of (due_ms, meter): READY meters for which someone waits."""
    ready: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    """By group, a heap of (due_ms, meter): the other READY meters."""
    running: dict[str, int] = field(default_factory=dict)
    """By group, the associations under way."""
    running_count: int = 0
    storing_count: int = 0
    store_failures: int = 0
    """Batches that the store refused since it last took one."""
    last_association: int = 0
    alarms: dict[tuple[int, str], Alarm] = field(default_factory=dict)
    """Open alarms by (meter, kind); meter 0 stands for the system."""
    commands: dict[int, Command] = field(default_factory=dict)
    by_communication: dict[Communication, int] = field(default_factory=lambda: dict.fromkeys(Communication, 0))
    counts: Counts = field(default_factory=Counts)
