"""What the head-end is told: the events that `HeadEnd.step` takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from ferraris.headend.effects import StoreReadings
from ferraris.headend.failure import Failure
from ferraris.headend.plan import CollectedProfile
from ferraris.headend.work import KnownCoverage, Outcome
from ferraris.store import AlarmRow, CommandRow, MeterRow, MeterStateRow


@dataclass(frozen=True, slots=True)
class AssociationFinished:
    """The association `association` is over: `outcomes` were reached, then it was released or `failure` ended it."""

    association: int
    meter: int
    outcomes: tuple[Outcome, ...]
    failure: Failure | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ReadingsStored:
    """Every reading of `batch` is in the store, as new, as known already or as a new version."""

    batch: StoreReadings


@dataclass(frozen=True, slots=True, eq=False)
class ReadingsNotStored:
    """Nothing of `batch` is in the store."""

    batch: StoreReadings
    detail: str


@dataclass(frozen=True, slots=True)
class EventsStored:
    """The entries of a meter's event log up to `until_s` are in the store."""

    meter: int
    until_s: int


@dataclass(frozen=True, slots=True)
class RecordsNotStored:
    """The record store could not keep something; the runtime tries again."""

    detail: str


@dataclass(frozen=True, slots=True)
class RecordsStored:
    """The record store keeps what it is given again."""


@dataclass(frozen=True, slots=True)
class PushReceived:
    """A meter sent, unasked, a notification whose protection holds. `events`: (time_s, code)."""

    meter: int
    events: tuple[tuple[int, int], ...] = ()


class PushFault(StrEnum):
    """Why a push was not accepted. Each has its alarm."""

    UNKNOWN_METER = "push_from_unknown_meter"
    BAD_PROTECTION = "push_protection"
    REPLAYED = "push_replayed"
    MALFORMED = "push_malformed"
    FLOOD = "push_flood"


@dataclass(frozen=True, slots=True)
class PushRejected:
    """A notification that was not accepted. `meter` is None when its sender is not known."""

    meter: int | None
    fault: PushFault
    detail: str


@dataclass(frozen=True, slots=True)
class CommandPosted:
    """An operator's command, already in the record store."""

    row: CommandRow


@dataclass(frozen=True, slots=True)
class CommandWithdrawn:
    """A command was taken back, in the record store already: it is not carried out any more."""

    command: int
    detail: str


@dataclass(frozen=True, slots=True)
class ReversedTokenTaken:
    """A meter has, or may have, the token of a sale that was reversed: somebody has to look after the money."""

    meter: int
    detail: str


@dataclass(frozen=True, slots=True)
class MeterRegistered:
    """A meter is new in the registry, or its row has changed. `profiles`: what its kind offers of the plan's profiles.

    `unknown` names those that the meter must be asked about first; `fault` says why something cannot be collected, `note` what is
    left out of what can be. `coverage`: what the store holds of them already.
    """

    row: MeterRow
    profiles: tuple[CollectedProfile, ...]
    unknown: tuple[str, ...] = ()
    fault: str = ""
    note: str = ""
    coverage: tuple[KnownCoverage, ...] = ()


@dataclass(frozen=True, slots=True)
class CollectionRequested:
    """Read these meters now, whatever their plans say: those in `meters` and of `group`, None for no restriction."""

    group: str | None = None
    meters: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class AlarmAcknowledged:
    """An operator has dealt with an alarm: it closes."""

    meter: int | None
    kind: str


@dataclass(frozen=True, slots=True)
class RestartedMeter:
    """A registered meter as the stores know it."""

    row: MeterRow
    profiles: tuple[CollectedProfile, ...]
    coverage: tuple[KnownCoverage, ...] = ()
    state: MeterStateRow | None = None
    unknown: tuple[str, ...] = ()
    fault: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Restarted:
    """The head-end starts: everything that the stores know. Comes once, before all other events."""

    meters: tuple[RestartedMeter, ...] = ()
    commands: tuple[CommandRow, ...] = ()
    """Those pending, sent or unknown."""
    open_alarms: tuple[AlarmRow, ...] = field(default=())


Event = (
    AssociationFinished
    | ReadingsStored
    | ReadingsNotStored
    | EventsStored
    | RecordsNotStored
    | RecordsStored
    | PushReceived
    | PushRejected
    | CommandPosted
    | CommandWithdrawn
    | ReversedTokenTaken
    | MeterRegistered
    | CollectionRequested
    | AlarmAcknowledged
    | Restarted
)
