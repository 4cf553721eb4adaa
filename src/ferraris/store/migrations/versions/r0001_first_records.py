"""Registry, counters, commands, alarms, events, states and audit: the first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_IDENTITY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables, and the triggers that keep the audit as it was written."""
    _registry()
    _commands()
    _alarms()
    _meters()
    _audit()


def _registry() -> None:
    op.create_table(
        "collection_group",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("plan", sa.Text(), nullable=False),
    )
    op.create_table(
        "meter",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("group", sa.Text(), sa.ForeignKey("collection_group.name"), nullable=False),
        sa.Column("client_sap", sa.Integer(), nullable=False),
        sa.Column("server_sap", sa.Integer(), nullable=False),
        sa.Column("system_title", sa.LargeBinary(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("wrapped_encryption_key", sa.LargeBinary(), nullable=False),
        sa.Column("wrapped_authentication_key", sa.LargeBinary(), nullable=False),
        sa.Column("wrapped_master_key", sa.LargeBinary()),
        sa.Column("wrapped_lls_secret", sa.LargeBinary()),
        sa.UniqueConstraint("serial"),
        sa.CheckConstraint("id > 0", name="id"),
    )
    op.create_index("ix_meter_group", "meter", ["group"])
    op.create_table(
        "invocation_counter",
        sa.Column("meter", sa.Integer(), sa.ForeignKey("meter.id"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("meter", "name"),
    )


def _commands() -> None:
    op.create_table(
        "command",
        sa.Column("id", _IDENTITY, primary_key=True, autoincrement=True),
        sa.Column("meter", sa.Integer(), sa.ForeignKey("meter.id"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("argument", sa.Text(), nullable=False),
        sa.Column("requested_ms", sa.BigInteger(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("state", sa.String(9), nullable=False),
        sa.Column("sent_ms", sa.BigInteger()),
        sa.Column("finished_ms", sa.BigInteger()),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('pending', 'sent', 'confirmed', 'failed', 'unknown')", name="state"),
        sa.CheckConstraint("state NOT IN ('sent', 'unknown') OR sent_ms IS NOT NULL", name="sent"),
        sa.CheckConstraint("(finished_ms IS NULL) = (state IN ('pending', 'sent'))", name="finished"),
    )
    op.create_index("ix_command_meter", "command", ["meter"])
    op.create_index("ix_command_state", "command", ["state"])


def _alarms() -> None:
    op.create_table(
        "alarm",
        sa.Column("id", _IDENTITY, primary_key=True, autoincrement=True),
        sa.Column("meter", sa.Integer(), sa.ForeignKey("meter.id")),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("severity", sa.String(11), nullable=False),
        sa.Column("opened_ms", sa.BigInteger(), nullable=False),
        sa.Column("closed_ms", sa.BigInteger()),
        sa.Column("text", sa.Text(), nullable=False),
        sa.CheckConstraint("severity IN ('information', 'warning', 'critical')", name="severity"),
    )
    op.create_index("ix_alarm_meter", "alarm", ["meter"])
    op.create_index(
        "uq_alarm_open",
        "alarm",
        [sa.text("coalesce(meter, 0)"), "kind"],
        unique=True,
        sqlite_where=sa.text("closed_ms IS NULL"),
        postgresql_where=sa.text("closed_ms IS NULL"),
    )


def _meters() -> None:
    op.create_table(
        "meter_event",
        sa.Column("meter", sa.Integer(), sa.ForeignKey("meter.id"), nullable=False),
        sa.Column("log", sa.Text(), nullable=False),
        sa.Column("time_s", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("meter", "log", "time_s", "code", "sequence"),
    )
    op.create_index("ix_meter_event_time_s", "meter_event", ["time_s"])
    op.create_table(
        "meter_state",
        sa.Column("meter", sa.Integer(), sa.ForeignKey("meter.id"), nullable=False),
        sa.Column("communication", sa.Text(), nullable=False),
        sa.Column("last_seen_ms", sa.BigInteger()),
        sa.Column("last_attempt_ms", sa.BigInteger()),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("clock_offset_ms", sa.BigInteger()),
        sa.Column("commanded_control_state", sa.Integer()),
        sa.Column("confirmed_control_state", sa.Integer()),
        sa.Column("events_until_s", sa.BigInteger()),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("meter"),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", _IDENTITY, primary_key=True, autoincrement=True),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
    )
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_refuses_{change.lower()} BEFORE {change} ON audit "
            "BEGIN SELECT RAISE(ABORT, 'the audit is added to, never changed'); END"
        )
