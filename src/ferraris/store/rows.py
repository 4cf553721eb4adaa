"""The rows of the record store: what the head-end remembers about its meters, one frozen dataclass a table.

Times are milliseconds since 1970-01-01 UTC unless the name says seconds. `meter` is the number of a row of the meter
table. Keys are here only in wrapped form, and even so stay out of every repr.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterRow:
    """A meter in the registry: who it is, where it is reached, which profile and keys it has, and how it is talked with.

    `link` is the kind of link by which it is reached: a word that the runtime has a connector for. On a serial line `host` is
    the device and `port` the speed in baud. Keys are empty, and the system title may be, where the association is plain.

    What follows `link` is the head-end's to understand; empty or None leaves it to the companion profile's association.
    """

    id: int
    serial: str
    profile: str
    host: str
    port: int
    group: str
    client_sap: int
    server_sap: int
    system_title: bytes
    created_ms: int
    wrapped_encryption_key: bytes = field(repr=False)
    wrapped_authentication_key: bytes = field(repr=False)
    wrapped_master_key: bytes | None = field(default=None, repr=False)
    wrapped_lls_secret: bytes | None = field(default=None, repr=False)
    link: str = "tcp"
    physical_address: int | None = None
    """On an HDLC line."""
    address_octets: int | None = None
    """Of the HDLC address; None for as few as hold it."""
    gateway: str = ""
    """Network and address behind a gateway, as the URL of a meter writes them."""
    referencing: str = ""
    authentication: str = ""
    context: str = ""
    suite: int | None = None
    policy: str = ""
    ciphering: str = ""
    wrapped_signing_key: bytes | None = field(default=None, repr=False)
    """Our private key for signatures to this meter."""
    public_key: bytes | None = None
    """The point that verifies the meter's signatures."""
    wrapped_agreement_key: bytes | None = field(default=None, repr=False)
    """Our private key for key agreement with this meter."""
    public_agreement_key: bytes | None = None
    """The meter's point for key agreement."""
    secondary_address: str = ""
    """On wired M-Bus, where the meter is not called by its primary address."""
    decoder_reference_number: str = ""
    """Of a prepayment meter: who it is to those who sell tokens for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionGroupRow:
    """Meters that are collected by one plan. `plan` is the head-end's own JSON text; the store does not read it."""

    name: str
    plan: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvocationCounterRow:
    """The highest value of a counter that may have been used (sent) or was accepted (received). It never falls."""

    meter: int
    name: str
    reserved: int


class CommandState(StrEnum):
    """A command's life: pending until the octets leave, sent until the answer, unknown while its fate is looked for."""

    PENDING = "pending"
    SENT = "sent"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    UNKNOWN = "unknown"


COMMAND_TRANSITIONS: dict[CommandState, frozenset[CommandState]] = {
    CommandState.PENDING: frozenset({CommandState.SENT, CommandState.CONFIRMED, CommandState.FAILED}),
    CommandState.SENT: frozenset({CommandState.CONFIRMED, CommandState.FAILED, CommandState.UNKNOWN}),
    CommandState.CONFIRMED: frozenset(),
    CommandState.FAILED: frozenset(),
    CommandState.UNKNOWN: frozenset({CommandState.CONFIRMED, CommandState.FAILED}),
}
"""From each state the ones that may follow. Nothing leads back to pending: a command is sent at most once. A command that
only reads needs no sent, and one that never leaves (expired, refused by the head-end itself) fails from pending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRow:
    """Something an operator asked of a meter (disconnect, reconnect, read now) and what became of it."""

    id: int
    meter: int
    kind: str
    argument: str
    requested_ms: int
    requested_by: str
    state: CommandState
    sent_ms: int | None
    finished_ms: int | None
    detail: str


class AlarmSeverity(StrEnum):
    """How soon an operator should look."""

    INFORMATION = "information"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRow:
    """Something an operator should see. At most one of a kind is open for a meter (or, without meter, for the system)."""

    id: int
    meter: int | None
    kind: str
    severity: AlarmSeverity
    opened_ms: int
    closed_ms: int | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterEventRow:
    """An entry of one of the meter's event logs, or an event it pushed.

    `log`: logical name of the log, dotted. `sequence` tells apart events of one code in one second: 0, 1, …
    """

    meter: int
    log: str
    time_s: int
    code: int
    sequence: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterStateRow:
    """What the head-end last knew of a meter.

    `communication` is a word of the head-end's. `clock_offset_ms`: meter's clock minus true time. The control states
    are those of the disconnect control class: 0 disconnected, 1 connected, 2 ready for reconnection. `events_until_s`: the
    event log is kept whole up to there; entries known from pushes may be newer, with unread ones before them.
    """

    meter: int
    communication: str
    last_seen_ms: int | None = None
    last_attempt_ms: int | None = None
    failures: int = 0
    clock_offset_ms: int | None = None
    commanded_control_state: int | None = None
    confirmed_control_state: int | None = None
    events_until_s: int | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """Who did what, when. Rows are added, never changed or removed."""

    at_ms: int
    actor: str
    action: str
    subject: str
    detail: str = ""
