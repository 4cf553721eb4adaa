"""Registry, sales, tokens, ledger, shifts, engineering, campaigns and audit: the first tables, and what guards them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_PLACE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_ADDED_ONLY = ("entry", "posting", "deposit", "audit", "campaign_meter")
_NEVER_REMOVED = ("sale", "token", "engineering", "shift", "configuration", "campaign")
_FIXED_IN_SALES = (
    "number, message_id, digest, kind, till, operator, approver, shift, meter, account, month, payment, currency, "
    "tendered_minor, units_tenths, fixed_minor, tariff, breakdown, detail, configuration, created_ms"
)
_FIXED_IN_TOKENS = "sale, position, meter, kind, configuration, base_date, token_identifier, random, value"
_SALE_MOVES = (
    "NOT ((OLD.state = 'pending' AND NEW.state IN ('posted', 'void')) OR "
    "(OLD.state = 'posted' AND NEW.state = 'reversed') OR OLD.state = NEW.state)"
)


def upgrade() -> None:
    """Make the tables, then the triggers."""
    _registry()
    _configurations()
    _ledger()
    _shifts()
    _sales()
    _orders()
    _audit()
    _guards()


def _text(name: str, *refers: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), *[sa.ForeignKey(one) for one in refers], nullable=False)


def _number(name: str, *refers: str, optional: bool = False) -> sa.Column[int]:
    keys = [sa.ForeignKey(one) for one in refers]
    return sa.Column(name, sa.BigInteger(), *keys, nullable=optional, autoincrement=False)


def _place(name: str, *refers: str) -> sa.Column[int]:
    keys = [sa.ForeignKey(one) for one in refers]
    return sa.Column(name, _PLACE, *keys, nullable=False, autoincrement=False)


def _registry() -> None:
    op.create_table("customer", _text("number"), _text("name"), _text("contact"), sa.PrimaryKeyConstraint("number"))
    op.create_table(
        "account",
        _text("number"),
        _text("customer", "customer.number"),
        _text("tariff"),
        _number("opened_ms"),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("ix_account_customer", "account", ["customer"])
    op.create_table(
        "debt",
        _text("number"),
        _text("account", "account.number"),
        _text("name"),
        _text("percent"),
        _number("minimum_minor"),
        _number("priority"),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("ix_debt_account", "debt", ["account"])
    op.create_table(
        "meter",
        _text("decoder_reference_number"),
        _text("account", "account.number"),
        _text("blocked"),
        sa.PrimaryKeyConstraint("decoder_reference_number"),
    )
    op.create_index("ix_meter_account", "meter", ["account"])


def _configurations() -> None:
    op.create_table(
        "configuration",
        _text("meter", "meter.decoder_reference_number"),
        _number("position"),
        _text("state"),
        _text("issuer_identification_number"),
        _number("encryption_algorithm"),
        _text("supply_group_code"),
        _number("key_revision_number"),
        _number("key_type"),
        _number("tariff_index"),
        _number("base_date"),
        _number("key_expiry_number"),
        _number("key_derivation"),
        sa.Column("three_token_key_change", sa.Boolean(), nullable=False),
        _number("from_ms"),
        _number("issued_ms", optional=True),
        _number("loaded_ms", optional=True),
        _number("until_ms", optional=True),
        _text("proof"),
        sa.PrimaryKeyConstraint("meter", "position"),
        sa.CheckConstraint("state IN ('wanted', 'issued', 'loaded', 'former')", name="state"),
    )
    op.create_index("ix_configuration_state", "configuration", ["state"])


def _ledger() -> None:
    op.create_table(
        "entry",
        _place("number"),
        _text("kind"),
        _number("at_ms"),
        _text("subject"),
        _number("pending", "entry.number", optional=True),
        _text("currency"),
        _text("digest"),
        _text("previous_hash"),
        _text("hash"),
        sa.PrimaryKeyConstraint("number"),
        sa.CheckConstraint("number > 0", name="number"),
        sa.CheckConstraint("kind IN ('pending', 'post', 'void', 'direct')", name="kind"),
        sa.CheckConstraint("(kind IN ('post', 'void')) = (pending IS NOT NULL)", name="pending"),
    )
    only_ends = sa.text("pending IS NOT NULL")
    op.create_index(
        "uq_entry_pending", "entry", ["pending"], unique=True, sqlite_where=only_ends, postgresql_where=only_ends
    )
    op.create_table(
        "posting",
        _number("entry", "entry.number"),
        _number("position"),
        _text("account"),
        _number("amount_minor"),
        sa.PrimaryKeyConstraint("entry", "position"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_posting_account", "posting", ["account"])


def _shifts() -> None:
    op.create_table(
        "shift",
        _place("number"),
        _text("till"),
        _text("operator"),
        _number("opened_ms"),
        _number("float_minor"),
        _number("opened_entry"),
        _number("closed_entry", optional=True),
        _number("closed_ms", optional=True),
        _number("counted_minor", optional=True),
        _number("batch", optional=True),
        sa.PrimaryKeyConstraint("number"),
    )
    only_open = sa.text("closed_ms IS NULL")
    op.create_index("uq_shift_open", "shift", ["till"], unique=True, sqlite_where=only_open, postgresql_where=only_open)


def _sales() -> None:
    op.create_table(
        "sale",
        _place("number", "entry.number"),
        _text("message_id"),
        _text("digest"),
        _text("kind"),
        _text("state"),
        _text("till"),
        _text("operator"),
        _text("approver"),
        _number("shift", "shift.number", optional=True),
        _text("meter", "meter.decoder_reference_number"),
        _text("account", "account.number"),
        _number("month"),
        _text("payment"),
        _text("currency"),
        _number("tendered_minor"),
        _number("units_tenths"),
        _number("fixed_minor"),
        _text("tariff"),
        _text("breakdown"),
        _text("detail"),
        _number("configuration"),
        _number("created_ms"),
        _number("finished_ms", optional=True),
        _text("delivery"),
        _number("delivered_ms", optional=True),
        _text("delivery_detail"),
        _number("reprints"),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("message_id"),
        sa.CheckConstraint("state IN ('pending', 'posted', 'void', 'reversed')", name="state"),
        sa.CheckConstraint("tendered_minor >= 0 AND units_tenths >= 0", name="amounts"),
    )
    op.create_index("ix_sale_account_month", "sale", ["account", "month"])
    op.create_index("ix_sale_meter", "sale", ["meter"])
    of_shifts = sa.text("shift IS NOT NULL")
    op.create_index("ix_sale_shift", "sale", ["shift"], sqlite_where=of_shifts, postgresql_where=of_shifts)
    only_pending = sa.text("state = 'pending'")
    op.create_index("ix_sale_pending", "sale", ["state"], sqlite_where=only_pending, postgresql_where=only_pending)
    op.create_table(
        "token",
        _number("sale", "sale.number"),
        _number("position"),
        _text("meter"),
        _text("kind"),
        _number("configuration"),
        _number("base_date"),
        _number("token_identifier", optional=True),
        _number("random"),
        _number("value"),
        sa.Column("digits", sa.Text()),
        sa.PrimaryKeyConstraint("sale", "position"),
        sa.UniqueConstraint("meter", "base_date", "token_identifier"),
        sqlite_with_rowid=False,
    )


def _orders() -> None:
    op.create_table(
        "deposit",
        _text("message_id"),
        _text("till"),
        _text("operator"),
        _number("shift", "shift.number", optional=True),
        _number("amount_minor"),
        _text("reference"),
        _number("at_ms"),
        _number("entry", "entry.number"),
        sa.PrimaryKeyConstraint("message_id"),
    )
    op.create_index("ix_deposit_till", "deposit", ["till"])
    op.create_table(
        "engineering",
        _text("message_id"),
        _text("digest"),
        _text("meter", "meter.decoder_reference_number"),
        _text("till"),
        _text("kind"),
        _number("value"),
        _text("reason"),
        _text("state"),
        _text("requested_by"),
        _number("requested_ms"),
        _text("decided_by"),
        _number("decided_ms", optional=True),
        sa.PrimaryKeyConstraint("message_id"),
        sa.CheckConstraint("requested_by <> decided_by", name="two_persons"),
    )
    op.create_index("ix_engineering_state", "engineering", ["state"])
    op.create_table(
        "campaign",
        _text("name"),
        _text("goal"),
        _number("created_ms"),
        _text("created_by"),
        _number("closed_ms", optional=True),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "campaign_meter",
        _text("campaign", "campaign.name"),
        _text("meter", "meter.decoder_reference_number"),
        _number("configuration"),
        sa.PrimaryKeyConstraint("campaign", "meter"),
    )
    op.create_index("ix_campaign_meter_meter", "campaign_meter", ["meter"])


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", _PLACE, primary_key=True, autoincrement=True),
        _number("at_ms"),
        _text("actor"),
        _text("action"),
        _text("subject"),
        _text("detail"),
    )
    op.create_index("ix_audit_subject", "audit", ["subject"])


def _guards() -> None:
    """The database's own refusals, for hands that come past the program."""
    for table in _ADDED_ONLY:
        _refuse(f"{table}_refuses_update", f"UPDATE ON {table}", f"rows of {table} are added, never changed")
    for table in (*_ADDED_ONLY, *_NEVER_REMOVED):
        _refuse(f"{table}_refuses_delete", f"DELETE ON {table}", f"rows of {table} are never removed")
    _refuse("sale_keeps_its_order", f"UPDATE OF {_FIXED_IN_SALES} ON sale", "an order stays as it was written")
    _refuse("sale_moves_on", "UPDATE OF state ON sale", "the state of a sale moves on and never back", _SALE_MOVES)
    _refuse("token_keeps_its_order", f"UPDATE OF {_FIXED_IN_TOKENS} ON token", "a token never changes")
    _refuse(
        "token_keeps_its_digits",
        "UPDATE OF digits ON token",
        "the digits of a token come once",
        "OLD.digits IS NOT NULL",
    )
    _chain()
    if op.get_bind().dialect.name == "sqlite":  # its INSERT OR REPLACE removes the old row without asking the triggers
        known = "EXISTS (SELECT 1 FROM entry WHERE number = NEW.number)"
        _refuse("entry_refuses_replace", "INSERT ON entry", "rows of entry are never replaced", known)
        known = "EXISTS (SELECT 1 FROM sale WHERE number = NEW.number OR message_id = NEW.message_id)"
        _refuse("sale_refuses_replace", "INSERT ON sale", "rows of sale are never replaced", known)
        known = (
            "EXISTS (SELECT 1 FROM token WHERE (sale = NEW.sale AND position = NEW.position) OR "
            "(meter = NEW.meter AND base_date = NEW.base_date AND token_identifier = NEW.token_identifier))"
        )
        _refuse("token_refuses_replace", "INSERT ON token", "a token identifier is issued once", known)


def _chain() -> None:
    """No two entries follow the same one, and none is missing between them."""
    name, why = "entry_follows_its_predecessor", "an entry follows the hash of its predecessor"
    broken = (
        "NEW.number > 1 AND NOT EXISTS (SELECT 1 FROM entry WHERE number = NEW.number - 1 AND hash = NEW.previous_hash)"
    )
    if op.get_bind().dialect.name == "sqlite":
        _refuse(name, "INSERT ON entry", why, broken)
        return
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {broken} THEN RAISE EXCEPTION '{why}'; END IF; RETURN NEW; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE INSERT ON entry FOR EACH ROW EXECUTE FUNCTION {name}()")


def _refuse(name: str, event: str, why: str, when: str = "") -> None:
    condition = f"WHEN ({when}) " if when else ""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"CREATE TRIGGER {name} BEFORE {event} {condition}BEGIN SELECT RAISE(ABORT, '{why}'); END")
        return
    op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{why}'; END $$")
    op.execute(f"CREATE TRIGGER {name} BEFORE {event} FOR EACH ROW {condition}EXECUTE FUNCTION {name}()")
