"""The work of one association with a meter, item by item, and what can come of each item.

The head-end composes the work, the runtime performs it in order and answers with outcomes in the same order. An item
that the meter refuses leaves a `WorkRefused` and the next item follows; a failed link, a broken protocol or a failed
protection ends the association, and the outcomes reached by then still count.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ferraris.headend.clock_check import ClockVerdict
from ferraris.headend.plan import CollectedProfile
from ferraris.store import Readings


class CommandKind(StrEnum):
    """What an operator can ask of a meter. The first two only read: repeating them harms nobody."""

    READ_NOW = "read_now"
    READ_ATTRIBUTE = "read_attribute"
    SET_CLOCK = "set_clock"
    DISCONNECT = "disconnect"
    RECONNECT = "reconnect"
    ENTER_TOKEN = "enter_token"  # noqa: S105 - the payment kind

    @property
    def reads_only(self) -> bool:
        return self in {CommandKind.READ_NOW, CommandKind.READ_ATTRIBUTE}

    @property
    def repeatable(self) -> bool:
        """Whether it may be performed again without harm: it reads, or the meter itself refuses a second time."""
        return self.reads_only or self is CommandKind.ENTER_TOKEN


# Work


@dataclass(frozen=True, slots=True)
class CheckClock:
    """Read the meter's clock; set it when its offset lies between tolerance and guard (see `clock_check`)."""

    tolerance_ms: int
    guard_ms: int
    capture_period_s: int


@dataclass(frozen=True, slots=True)
class ReadProfile:
    """Read the rows of a profile captured at the slots first_slot … last_slot."""

    profile: CollectedProfile
    first_slot: int
    last_slot: int

    @property
    def from_s(self) -> int:
        return self.first_slot * self.profile.capture_period_s

    @property
    def to_s(self) -> int:
        return self.last_slot * self.profile.capture_period_s


@dataclass(frozen=True, slots=True)
class LearnProfiles:
    """Ask the meter what columns, period and depth these profiles have: its companion profile does not say."""

    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReadEventLog:
    """Read the standard event log from `from_s` on."""

    from_s: int


@dataclass(frozen=True, slots=True)
class ReadControlState:
    """Read output_state and control_state of the disconnector."""


@dataclass(frozen=True, slots=True)
class PerformCommand:
    """Carry out an operator's command.

    Unless it only reads, the runtime durably records it as sent before the first octet of it leaves, and reports that
    with `CommandSent`: from then on it must not be sent again, unless its kind is repeatable. `again` says that it may have
    reached the meter already.
    """

    command: int
    kind: CommandKind
    argument: str
    again: bool = False


@dataclass(frozen=True, slots=True)
class ReadInvocationCounter:
    """Read, as the public client, the invocation counter that the meter last accepted from us."""


Work = (
    CheckClock | LearnProfiles | ReadProfile | ReadEventLog | ReadControlState | PerformCommand | ReadInvocationCounter
)


# Outcomes


@dataclass(frozen=True, slots=True)
class ClockChecked:
    """`offset_ms`: meter's clock minus ours, known to ± `uncertainty_ms`. `verdict`: what was done about it."""

    offset_ms: int
    uncertainty_ms: int
    verdict: ClockVerdict


@dataclass(frozen=True, slots=True)
class KnownCoverage:
    """What the interval store holds of one profile of one meter, as of `until_slot`.

    `missing`: the ranges of empty slots since registration. `newest_slot`: the newest filled one.
    """

    tag: str
    until_slot: int
    missing: tuple[tuple[int, int], ...]
    newest_slot: int | None


@dataclass(frozen=True, slots=True)
class ProfilesLearnt:
    """What the meter says of its profiles, and what the store holds of them.

    `fault`: why one is not collected; `note`: what of those that are is left out.
    """

    profiles: tuple[CollectedProfile, ...]
    coverage: tuple[KnownCoverage, ...] = ()
    fault: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class ProfileRead:
    """The rows that the meter gave for a `ReadProfile`, as readings of all its channels."""

    work: ReadProfile
    readings: Readings


@dataclass(frozen=True, slots=True)
class EventsRead:
    """Entries of the standard event log as (time_s, code), in the log's order."""

    log: str
    events: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class ControlStateRead:
    """Where the disconnector really is."""

    output_state: bool
    control_state: int


@dataclass(frozen=True, slots=True)
class CommandSent:
    """The command is recorded as sent; whether it left, arrived or was carried out is not known from this."""

    command: int


@dataclass(frozen=True, slots=True)
class CommandAnswered:
    """The meter answered the command: it accepted it, or refused and did nothing."""

    command: int
    accepted: bool
    detail: str


@dataclass(frozen=True, slots=True)
class InvocationCounterRead:
    """`value`: the counter in the meter. `ours`: the last one that we may have used. Not authenticated."""

    value: int
    ours: int


@dataclass(frozen=True, slots=True)
class WorkRefused:
    """The meter refused an item of work, in the standard's words."""

    work: Work
    detail: str


Outcome = (
    ClockChecked
    | ProfilesLearnt
    | ProfileRead
    | EventsRead
    | ControlStateRead
    | CommandSent
    | CommandAnswered
    | InvocationCounterRead
    | WorkRefused
)
