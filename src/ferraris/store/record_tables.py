"""The tables of the record store, as SQLAlchemy sees them; the migrations make them.

A table's columns have the names of its row's fields. A change here needs a migration in `ferraris.store.migrations` and
`REVISION` set to it; a test compares the two.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Enum,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    func,
    text,
)

from ferraris.store.rows import AlarmSeverity, CommandState

REVISION = "0006"
"""The newest migration."""

METADATA = MetaData(
    naming_convention={
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)

# SQLite numbers the rows of an INTEGER PRIMARY KEY by itself, of a BIGINT one it does not.
_IDENTITY = BigInteger().with_variant(Integer(), "sqlite")


def _words(of: type[StrEnum], name: str) -> Enum:
    """A column of an enumeration's words, checked by the database."""
    return Enum(
        of,
        values_callable=lambda words: [word.value for word in words],
        native_enum=False,
        create_constraint=True,
        name=name,
    )


def _meter(*, nullable: bool = False) -> Column[int]:
    return Column("meter", Integer, ForeignKey("meter.id"), nullable=nullable)


COLLECTION_GROUP = Table(
    "collection_group",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("plan", Text, nullable=False),
)

METER = Table(
    "meter",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("serial", Text, nullable=False, unique=True),
    Column("profile", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("port", Integer, nullable=False),
    Column("group", Text, ForeignKey("collection_group.name"), nullable=False, index=True),
    Column("client_sap", Integer, nullable=False),
    Column("server_sap", Integer, nullable=False),
    Column("system_title", LargeBinary, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("wrapped_encryption_key", LargeBinary, nullable=False),
    Column("wrapped_authentication_key", LargeBinary, nullable=False),
    Column("wrapped_master_key", LargeBinary),
    Column("wrapped_lls_secret", LargeBinary),
    Column("link", Text, nullable=False, server_default="tcp"),
    Column("physical_address", Integer),
    Column("address_octets", Integer),
    Column("gateway", Text, nullable=False, server_default=""),
    Column("referencing", Text, nullable=False, server_default=""),
    Column("authentication", Text, nullable=False, server_default=""),
    Column("context", Text, nullable=False, server_default=""),
    Column("suite", Integer),
    Column("policy", Text, nullable=False, server_default=""),
    Column("ciphering", Text, nullable=False, server_default=""),
    Column("wrapped_signing_key", LargeBinary),
    Column("public_key", LargeBinary),
    Column("wrapped_agreement_key", LargeBinary),
    Column("public_agreement_key", LargeBinary),
    Column("secondary_address", Text, nullable=False, server_default=""),
    Column("decoder_reference_number", Text, nullable=False, server_default=""),
    CheckConstraint("id > 0", name="id"),
)

INVOCATION_COUNTER = Table(
    "invocation_counter",
    METADATA,
    _meter(),
    Column("name", Text, nullable=False),
    Column("reserved", BigInteger, nullable=False),
    PrimaryKeyConstraint("meter", "name"),
)

COMMAND = Table(
    "command",
    METADATA,
    Column("id", _IDENTITY, primary_key=True, autoincrement=True),
    _meter(),
    Column("kind", Text, nullable=False),
    Column("argument", Text, nullable=False),
    Column("requested_ms", BigInteger, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("state", _words(CommandState, "state"), nullable=False),
    Column("sent_ms", BigInteger),
    Column("finished_ms", BigInteger),
    Column("detail", Text, nullable=False),
    Index(None, "meter"),
    Index(None, "state"),
    CheckConstraint("state NOT IN ('sent', 'unknown') OR sent_ms IS NOT NULL", name="sent"),
    CheckConstraint("(finished_ms IS NULL) = (state IN ('pending', 'sent'))", name="finished"),
)

ALARM = Table(
    "alarm",
    METADATA,
    Column("id", _IDENTITY, primary_key=True, autoincrement=True),
    _meter(nullable=True),
    Column("kind", Text, nullable=False),
    Column("severity", _words(AlarmSeverity, "severity"), nullable=False),
    Column("opened_ms", BigInteger, nullable=False),
    Column("closed_ms", BigInteger),
    Column("text", Text, nullable=False),
    Index(None, "meter"),
)

# An alarm without a meter counts as one of meter 0, a number that no meter may have.
Index(
    "uq_alarm_open",
    func.coalesce(ALARM.c.meter, 0),
    ALARM.c.kind,
    unique=True,
    sqlite_where=text("closed_ms IS NULL"),
    postgresql_where=text("closed_ms IS NULL"),
)

METER_EVENT = Table(
    "meter_event",
    METADATA,
    _meter(),
    Column("log", Text, nullable=False),
    Column("time_s", BigInteger, nullable=False),
    Column("code", Integer, nullable=False),
    Column("sequence", Integer, nullable=False),
    PrimaryKeyConstraint("meter", "log", "time_s", "code", "sequence"),
    Index(None, "time_s"),
)

METER_STATE = Table(
    "meter_state",
    METADATA,
    _meter(),
    Column("communication", Text, nullable=False),
    Column("last_seen_ms", BigInteger),
    Column("last_attempt_ms", BigInteger),
    Column("failures", Integer, nullable=False),
    Column("clock_offset_ms", BigInteger),
    Column("commanded_control_state", Integer),
    Column("confirmed_control_state", Integer),
    Column("events_until_s", BigInteger),
    Column("detail", Text, nullable=False),
    PrimaryKeyConstraint("meter"),
)

AUDIT = Table(
    "audit",
    METADATA,
    Column("id", _IDENTITY, primary_key=True, autoincrement=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
)
