"""The tables of the vending store, as SQLAlchemy sees them; the migrations make them, and the triggers that guard them.

A table's columns have the names of its row's fields. A change here needs a migration in `ferraris.store.vending_migrations`
and `REVISION` set to it; a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from ferraris.store.vending_rows import (
    AccountRow,
    CampaignMeterRow,
    ConfigurationRow,
    CustomerRow,
    DebtRow,
    DepositRow,
    EngineeringRow,
    EntryRow,
    PostingRow,
    SaleRow,
    ShiftRow,
    SoldTokenRow,
    VendingAuditRow,
    VendingCampaignRow,
    VendingMeterRow,
)

REVISION = "0001"
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

# In SQLite an INTEGER PRIMARY KEY is the row's own place, numbered by itself when no number is given; a BIGINT one is an index
# beside the table. Every page that a commit touches goes to the disk, so a sale's tables have no index that nobody asks.
_PLACE = BigInteger().with_variant(Integer(), "sqlite")


def _text(name: str, refers: str | None = None, *, key: bool = False) -> Column[str]:
    return Column(name, Text, *([ForeignKey(refers)] if refers else []), primary_key=key, nullable=False)


def _place(name: str, *refers: str) -> Column[int]:
    keys = [ForeignKey(one) for one in refers]
    return Column(name, _PLACE, *keys, primary_key=True, nullable=False, autoincrement=False)


def _number(name: str, *, optional: bool = False, key: bool = False) -> Column[int]:
    return Column(name, BigInteger, primary_key=key, nullable=optional, autoincrement=False)


CUSTOMER = Table("customer", METADATA, _text("number", key=True), _text("name"), _text("contact"))

ACCOUNT = Table(
    "account",
    METADATA,
    _text("number", key=True),
    _text("customer", "customer.number"),
    _text("tariff"),
    _number("opened_ms"),
    Index(None, "customer"),
)

DEBT = Table(
    "debt",
    METADATA,
    _text("number", key=True),
    _text("account", "account.number"),
    _text("name"),
    _text("percent"),
    _number("minimum_minor"),
    _number("priority"),
    Index(None, "account"),
)

METER = Table(
    "meter",
    METADATA,
    _text("decoder_reference_number", key=True),
    _text("account", "account.number"),
    _text("blocked"),
    Index(None, "account"),
)

CONFIGURATION = Table(
    "configuration",
    METADATA,
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
    Column("three_token_key_change", Boolean, nullable=False),
    _number("from_ms"),
    _number("issued_ms", optional=True),
    _number("loaded_ms", optional=True),
    _number("until_ms", optional=True),
    _text("proof"),
    PrimaryKeyConstraint("meter", "position"),
    Index(None, "state"),
    CheckConstraint("state IN ('wanted', 'issued', 'loaded', 'former')", name="state"),
)

ENTRY = Table(
    "entry",
    METADATA,
    _place("number"),
    _text("kind"),
    _number("at_ms"),
    _text("subject"),
    Column("pending", BigInteger, ForeignKey("entry.number")),
    _text("currency"),
    _text("digest"),
    _text("previous_hash"),
    _text("hash"),
    Index(
        "uq_entry_pending",
        "pending",
        unique=True,
        sqlite_where=text("pending IS NOT NULL"),
        postgresql_where=text("pending IS NOT NULL"),
    ),
    CheckConstraint("number > 0", name="number"),
    CheckConstraint("kind IN ('pending', 'post', 'void', 'direct')", name="kind"),
    CheckConstraint("(kind IN ('post', 'void')) = (pending IS NOT NULL)", name="pending"),
)

POSTING = Table(
    "posting",
    METADATA,
    Column("entry", BigInteger, ForeignKey("entry.number"), nullable=False),
    _number("position"),
    _text("account"),
    _number("amount_minor"),
    PrimaryKeyConstraint("entry", "position"),
    Index(None, "account"),
    sqlite_with_rowid=False,
)

SHIFT = Table(
    "shift",
    METADATA,
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
    Index(
        "uq_shift_open",
        "till",
        unique=True,
        sqlite_where=text("closed_ms IS NULL"),
        postgresql_where=text("closed_ms IS NULL"),
    ),
)

SALE = Table(
    "sale",
    METADATA,
    _place("number", "entry.number"),
    Column("message_id", Text, nullable=False, unique=True),
    _text("digest"),
    _text("kind"),
    _text("state"),
    _text("till"),
    _text("operator"),
    _text("approver"),
    Column("shift", BigInteger, ForeignKey("shift.number")),
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
    Index(None, "account", "month"),
    Index(None, "meter"),
    Index(
        "ix_sale_shift",
        "shift",
        sqlite_where=text("shift IS NOT NULL"),
        postgresql_where=text("shift IS NOT NULL"),
    ),
    Index(
        "ix_sale_pending", "state", sqlite_where=text("state = 'pending'"), postgresql_where=text("state = 'pending'")
    ),
    CheckConstraint("state IN ('pending', 'posted', 'void', 'reversed')", name="state"),
    CheckConstraint("tendered_minor >= 0 AND units_tenths >= 0", name="amounts"),
)

TOKEN = Table(
    "token",
    METADATA,
    Column("sale", BigInteger, ForeignKey("sale.number"), nullable=False),
    _number("position"),
    _text("meter"),
    _text("kind"),
    _number("configuration"),
    _number("base_date"),
    _number("token_identifier", optional=True),
    _number("random"),
    _number("value"),
    Column("digits", Text),
    PrimaryKeyConstraint("sale", "position"),
    UniqueConstraint("meter", "base_date", "token_identifier"),
    sqlite_with_rowid=False,
)

DEPOSIT = Table(
    "deposit",
    METADATA,
    _text("message_id", key=True),
    _text("till"),
    _text("operator"),
    Column("shift", BigInteger, ForeignKey("shift.number")),
    _number("amount_minor"),
    _text("reference"),
    _number("at_ms"),
    Column("entry", BigInteger, ForeignKey("entry.number"), nullable=False),
    Index(None, "till"),
)

ENGINEERING = Table(
    "engineering",
    METADATA,
    _text("message_id", key=True),
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
    Index(None, "state"),
    CheckConstraint("requested_by <> decided_by", name="two_persons"),
)

CAMPAIGN = Table(
    "campaign",
    METADATA,
    _text("name", key=True),
    _text("goal"),
    _number("created_ms"),
    _text("created_by"),
    _number("closed_ms", optional=True),
)

CAMPAIGN_METER = Table(
    "campaign_meter",
    METADATA,
    _text("campaign", "campaign.name"),
    _text("meter", "meter.decoder_reference_number"),
    _number("configuration"),
    PrimaryKeyConstraint("campaign", "meter"),
    Index(None, "meter"),
)

AUDIT = Table(
    "audit",
    METADATA,
    Column("id", _PLACE, primary_key=True, autoincrement=True),
    _number("at_ms"),
    _text("actor"),
    _text("action"),
    _text("subject"),
    _text("detail"),
    Index(None, "subject"),
)

TABLES: dict[type, Table] = {
    CustomerRow: CUSTOMER,
    AccountRow: ACCOUNT,
    DebtRow: DEBT,
    VendingMeterRow: METER,
    ConfigurationRow: CONFIGURATION,
    SaleRow: SALE,
    SoldTokenRow: TOKEN,
    EntryRow: ENTRY,
    PostingRow: POSTING,
    ShiftRow: SHIFT,
    DepositRow: DEPOSIT,
    EngineeringRow: ENGINEERING,
    VendingCampaignRow: CAMPAIGN,
    CampaignMeterRow: CAMPAIGN_METER,
    VendingAuditRow: AUDIT,
}
"""The table of each kind of row."""

ADDED_ONLY = ("entry", "posting", "deposit", "audit", "campaign_meter")
"""Tables whose rows never change."""
FIXED_COLUMNS = {
    "sale": tuple(
        column.name
        for column in SALE.c
        if column.name not in {"state", "finished_ms", "delivery", "delivered_ms", "delivery_detail", "reprints"}
    ),
    "token": tuple(column.name for column in TOKEN.c if column.name != "digits"),
}
"""Columns that keep what they were written with; rows of these tables are never removed."""
