"""What the head-end decides: the effects that `HeadEnd.step` returns and the runtime carries out, in their order."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ferraris.headend.plan import CollectedProfile
from ferraris.headend.work import Work
from ferraris.store import AlarmSeverity, CommandState, MeterEventRow, MeterStateRow, Readings


class Client(StrEnum):
    """In whose name an association is made: the meter's registered client, or the public client without protection."""

    REGISTERED = "registered"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class RunAssociation:
    """Associate with `meter`, do `work` in order, release; answer with one `AssociationFinished` in any case."""

    association: int
    meter: int
    work: tuple[Work, ...]
    client: Client = Client.REGISTERED


@dataclass(frozen=True, slots=True, eq=False)
class StoreReadings:
    """Keep these readings; answer with `ReadingsStored` or `ReadingsNotStored`.

    `slots` are the slots of the profile that they fill, as ascending ranges, within what was asked.
    """

    meter: int
    profile: CollectedProfile
    asked: tuple[int, int]
    slots: tuple[tuple[int, int], ...]
    readings: Readings
    received_ms: int


@dataclass(frozen=True, slots=True)
class StoreEvents:
    """Keep these entries of a meter's event log, each at most once.

    Answer with `EventsStored` once they are kept, unless `until_s` is None (pushed entries: the log may hold more).
    """

    meter: int
    rows: tuple[MeterEventRow, ...]
    until_s: int | None


@dataclass(frozen=True, slots=True)
class OpenAlarm:
    meter: int | None
    kind: str
    severity: AlarmSeverity
    at_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class CloseAlarm:
    meter: int | None
    kind: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class RecordCommandState:
    """Advance a command's row."""

    command: int
    state: CommandState
    at_ms: int
    detail: str


@dataclass(frozen=True, slots=True)
class RecordMeterState:
    row: MeterStateRow


@dataclass(frozen=True, slots=True)
class RaiseInvocationCounter:
    """Durably leave every counter up to `used_up_to` behind for this meter before its next association."""

    meter: int
    used_up_to: int


Effect = (
    RunAssociation
    | StoreReadings
    | StoreEvents
    | OpenAlarm
    | CloseAlarm
    | RecordCommandState
    | RecordMeterState
    | RaiseInvocationCounter
)
