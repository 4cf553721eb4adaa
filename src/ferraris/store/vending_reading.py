"""What vending reads, as SQL: the same statements for SQLite and PostgreSQL, built once; those of every sale compiled once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import sqlalchemy as sa

from ferraris.kernel.limits import VENDING_ROWS_MAX
from ferraris.store.vending_ahead import COUNTS, IS_CREDIT, MONTH_TOTALS
from ferraris.store.vending_ports import Registered, SaleFilter
from ferraris.store.vending_rows import (
    AccountRow,
    CampaignMeterRow,
    ConfigurationRow,
    CustomerRow,
    DebtRow,
    DepositRow,
    EngineeringRow,
    EntryRow,
    MonthTotals,
    PostingRow,
    SaleRow,
    ShiftRow,
    SoldTokenRow,
    VendingAuditRow,
    VendingCampaignRow,
    VendingMeterRow,
)
from ferraris.store.vending_statements import DirectConnection, PreparedAmong, PreparedSelect
from ferraris.store.vending_tables import (
    ACCOUNT,
    AUDIT,
    CAMPAIGN,
    CAMPAIGN_METER,
    CONFIGURATION,
    CUSTOMER,
    DEBT,
    DEPOSIT,
    ENGINEERING,
    ENTRY,
    METER,
    POSTING,
    SALE,
    SHIFT,
    TOKEN,
)

_Row = TypeVar("_Row")
KEPT_CONFIGURATIONS = 10_000
"""Rows of meters' histories that are remembered, one for each set of values."""


def _by(table: sa.Table, column: str) -> sa.Select[Any]:
    return sa.select(table).where(table.c[column] == sa.bindparam("key"))


_CUSTOMER = PreparedSelect(_by(CUSTOMER, "number"))
_ACCOUNT = PreparedSelect(_by(ACCOUNT, "number"))
_DEBTS = PreparedSelect(_by(DEBT, "account").order_by(DEBT.c.priority, DEBT.c.number))
_METER = PreparedSelect(_by(METER, "decoder_reference_number"))
_REGISTERED = PreparedAmong(
    lambda numbers: (
        sa.select(METER, ACCOUNT.c.customer, ACCOUNT.c.tariff, ACCOUNT.c.opened_ms, CONFIGURATION)
        .join(ACCOUNT, ACCOUNT.c.number == METER.c.account)
        .outerjoin(CONFIGURATION, CONFIGURATION.c.meter == METER.c.decoder_reference_number)
        .where(METER.c.decoder_reference_number.in_(numbers))
        .order_by(METER.c.decoder_reference_number, CONFIGURATION.c.position)
    )
)
_CONFIGURATIONS = PreparedSelect(_by(CONFIGURATION, "meter").order_by(CONFIGURATION.c.position))
_SALE = PreparedSelect(_by(SALE, "number"))
_SALE_BY_MESSAGE = PreparedSelect(_by(SALE, "message_id"))
_NUMBERED = PreparedAmong(lambda numbers: sa.select(SALE).where(SALE.c.number.in_(numbers)).order_by(SALE.c.number))
_SALES_BY_MESSAGES = PreparedAmong(lambda ids: sa.select(SALE).where(SALE.c.message_id.in_(ids)))
_STATES = PreparedAmong(lambda numbers: sa.select(SALE.c.number, SALE.c.state).where(SALE.c.number.in_(numbers)))
_TOKENS = PreparedAmong(
    lambda sales: sa.select(TOKEN).where(TOKEN.c.sale.in_(sales)).order_by(TOKEN.c.sale, TOKEN.c.position)
)
_MONTH = PreparedSelect(
    sa.select(*MONTH_TOTALS).where(
        SALE.c.account == sa.bindparam("account"), SALE.c.month == sa.bindparam("month"), COUNTS
    )
)
_LAST_MONTH = PreparedSelect(
    sa.select(sa.func.max(SALE.c.month)).where(
        SALE.c.account == sa.bindparam("account"),
        SALE.c.month < sa.bindparam("month"),
        IS_CREDIT,
        COUNTS,
    )
)
_LAST_IDENTIFIER = PreparedSelect(
    sa.select(sa.func.max(TOKEN.c.token_identifier)).where(
        TOKEN.c.meter == sa.bindparam("meter"), TOKEN.c.base_date == sa.bindparam("base_date")
    )
)
_HEAD = PreparedSelect(sa.select(ENTRY).order_by(ENTRY.c.number.desc()).limit(1))
_ENTRIES = PreparedSelect(
    sa.select(ENTRY).where(ENTRY.c.number > sa.bindparam("after")).order_by(ENTRY.c.number).limit(sa.bindparam("most"))
)
_POSTINGS = PreparedSelect(
    sa.select(POSTING)
    .where(POSTING.c.entry > sa.bindparam("after"), POSTING.c.entry <= sa.bindparam("upto"))
    .order_by(POSTING.c.entry, POSTING.c.position)
)
_ENDING = ENTRY.alias("ending")
_BALANCES = (
    sa.select(POSTING.c.account, sa.func.sum(POSTING.c.amount_minor))
    .join(ENTRY, ENTRY.c.number == POSTING.c.entry)
    .outerjoin(_ENDING, _ENDING.c.pending == ENTRY.c.number)
    .group_by(POSTING.c.account)
    .order_by(POSTING.c.account)
)
_POSTED = sa.or_(ENTRY.c.kind == "direct", _ENDING.c.kind == "post")
_NOT_VOID = sa.or_(_ENDING.c.kind.is_(None), _ENDING.c.kind != "void")
_LAST_SIGN = "\U0010ffff"
_OPEN_SHIFT = PreparedSelect(_by(SHIFT, "till").where(SHIFT.c.closed_ms.is_(None)))


class SqlVendingReader:
    """Reads on one connection, inside whatever transaction it has."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._direct = DirectConnection(connection)

    # Who buys, and what is registered

    def customer(self, number: str) -> CustomerRow | None:
        return _CUSTOMER.first(self._direct, CustomerRow, key=number)

    def account(self, number: str) -> AccountRow | None:
        return _ACCOUNT.first(self._direct, AccountRow, key=number)

    def debts(self, account: str) -> list[DebtRow]:
        return _DEBTS.rows(self._direct, DebtRow, key=account)

    def meter(self, decoder_reference_number: str) -> VendingMeterRow | None:
        return _METER.first(self._direct, VendingMeterRow, key=decoder_reference_number)

    def registered(self, decoder_reference_numbers: Sequence[str]) -> dict[str, Registered]:
        found: dict[str, Registered] = {}
        for number, account, blocked, customer, tariff, opened_ms, *configured in _REGISTERED.run(
            self._direct, decoder_reference_numbers
        ):
            if number not in found:
                meter = VendingMeterRow(decoder_reference_number=number, account=account, blocked=blocked)
                of = AccountRow(number=account, customer=customer, tariff=tariff, opened_ms=opened_ms)
                found[number] = Registered(meter, of, [])
            if configured[0] is not None:
                found[number].history.append(_configuration(tuple(configured)))
        return found

    def search_meters(self, text: str, limit: int) -> list[VendingMeterRow]:
        escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        inside = f"%{escaped}%"
        found = (
            sa.select(METER)
            .join(ACCOUNT, ACCOUNT.c.number == METER.c.account)
            .join(CUSTOMER, CUSTOMER.c.number == ACCOUNT.c.customer)
            .where(
                sa.or_(
                    METER.c.decoder_reference_number.like(inside, escape="\\"),
                    ACCOUNT.c.number.like(inside, escape="\\"),
                    CUSTOMER.c.number.like(inside, escape="\\"),
                    sa.func.lower(CUSTOMER.c.name).like(inside.lower(), escape="\\"),
                )
            )
            .order_by(METER.c.decoder_reference_number)
            .limit(min(limit, VENDING_ROWS_MAX))
        )
        return self._all(VendingMeterRow, found)

    def meters(self, after: str = "", limit: int | None = None) -> list[VendingMeterRow]:
        number = METER.c.decoder_reference_number
        return self._all(VendingMeterRow, sa.select(METER).where(number > after).order_by(number).limit(limit))

    def configurations(self, meter: str) -> list[ConfigurationRow]:
        return _CONFIGURATIONS.rows(self._direct, ConfigurationRow, key=meter)

    def newest_configurations(self, states: Collection[str]) -> list[ConfigurationRow]:
        newest = (
            sa.select(CONFIGURATION.c.meter, sa.func.max(CONFIGURATION.c.position).label("position"))
            .where(CONFIGURATION.c.state.in_(sorted(states)))
            .group_by(CONFIGURATION.c.meter)
            .subquery()
        )
        same = sa.and_(newest.c.meter == CONFIGURATION.c.meter, newest.c.position == CONFIGURATION.c.position)
        return self._all(ConfigurationRow, sa.select(CONFIGURATION).join(newest, same).order_by(CONFIGURATION.c.meter))

    # Sales

    def sale(self, number: int) -> SaleRow | None:
        return _SALE.first(self._direct, SaleRow, key=number)

    def sale_by_message(self, message_id: str) -> SaleRow | None:
        return _SALE_BY_MESSAGE.first(self._direct, SaleRow, key=message_id)

    def sales_by_messages(self, message_ids: Sequence[str]) -> list[SaleRow]:
        return _SALES_BY_MESSAGES.rows(self._direct, SaleRow, message_ids)

    def sales(self, wanted: SaleFilter) -> list[SaleRow]:
        statement = sa.select(SALE)
        for name in ("meter", "account", "till", "operator", "shift"):
            value = getattr(wanted, name)
            if value is not None:
                statement = statement.where(SALE.c[name] == value)
        for column, among in (("state", wanted.states), ("kind", wanted.kinds), ("delivery", wanted.deliveries)):
            if among:
                statement = statement.where(SALE.c[column].in_(sorted(among)))
        if wanted.from_ms is not None:
            statement = statement.where(SALE.c.created_ms >= wanted.from_ms)
        if wanted.until_ms is not None:
            statement = statement.where(SALE.c.created_ms < wanted.until_ms)
        if wanted.below is not None:
            statement = statement.where(SALE.c.number < wanted.below)
        if wanted.above is not None:
            statement = statement.where(SALE.c.number > wanted.above)
        return self._all(SaleRow, statement.order_by(SALE.c.number.desc()).limit(wanted.limit))

    def numbered_sales(self, numbers: Sequence[int]) -> list[SaleRow]:
        return _NUMBERED.rows(self._direct, SaleRow, numbers)

    def sale_states(self, numbers: Sequence[int]) -> dict[int, str]:
        return dict(_STATES.run(self._direct, numbers))

    def tokens(self, sales: Sequence[int]) -> list[SoldTokenRow]:
        return _TOKENS.rows(self._direct, SoldTokenRow, sales)

    def month_totals(self, account: str, month: int) -> MonthTotals:
        units, fixed, free = _MONTH.run(self._direct, account=account, month=month).fetchone()
        return MonthTotals(int(units), int(fixed), int(free))

    def last_purchase_month(self, account: str, before: int) -> int | None:
        (month,) = _LAST_MONTH.run(self._direct, account=account, month=before).fetchone()
        return None if month is None else int(month)

    def last_token_identifier(self, meter: str, base_date: int) -> int | None:
        (found,) = _LAST_IDENTIFIER.run(self._direct, meter=meter, base_date=base_date).fetchone()
        return None if found is None else int(found)

    # The ledger

    def ledger_head(self) -> EntryRow | None:
        return _HEAD.first(self._direct, EntryRow)

    def entries(self, after: int, limit: int) -> list[EntryRow]:
        return _ENTRIES.rows(self._direct, EntryRow, after=after, most=limit)

    def postings(self, after: int, upto: int) -> list[PostingRow]:
        return _POSTINGS.rows(self._direct, PostingRow, after=after, upto=upto)

    def balances(self, account: str | None = None, *, with_pending: bool = False) -> dict[str, int]:
        statement = _BALANCES.where(_NOT_VOID if with_pending else _POSTED)
        if account is not None:
            statement = statement.where(POSTING.c.account == account)
        return {name: int(balance) for name, balance in self._connection.execute(statement)}

    def movements(self, prefix: str, after: int, upto: int | None) -> dict[str, tuple[int, int]]:
        effective = sa.case((ENTRY.c.kind == "direct", ENTRY.c.number), else_=_ENDING.c.number)
        amount = POSTING.c.amount_minor
        statement = (
            sa.select(
                POSTING.c.account,
                sa.func.sum(sa.case((amount > 0, amount), else_=0)),
                sa.func.sum(sa.case((amount < 0, -amount), else_=0)),
            )
            .join(ENTRY, ENTRY.c.number == POSTING.c.entry)
            .outerjoin(_ENDING, _ENDING.c.pending == ENTRY.c.number)
            .where(_POSTED, POSTING.c.account >= prefix, POSTING.c.account < prefix + _LAST_SIGN)
            .where(effective > after, sa.true() if upto is None else effective <= upto)
            .group_by(POSTING.c.account)
        )
        return {name: (int(debit), int(credit)) for name, debit, credit in self._connection.execute(statement)}

    # Shifts and deposits

    def open_shift(self, till: str) -> ShiftRow | None:
        return _OPEN_SHIFT.first(self._direct, ShiftRow, key=till)

    def shift(self, number: int) -> ShiftRow | None:
        return self._first(ShiftRow, sa.select(SHIFT).where(SHIFT.c.number == number))

    def shifts(self, till: str | None = None, batch: int | None = None, limit: int | None = None) -> list[ShiftRow]:
        statement = _where(_where(sa.select(SHIFT), SHIFT.c.till, till), SHIFT.c.batch, batch)
        return self._all(ShiftRow, statement.order_by(SHIFT.c.number.desc()).limit(limit))

    def unbatched_shifts(self, till: str) -> list[ShiftRow]:
        closed = (SHIFT.c.till == till, SHIFT.c.closed_ms.is_not(None), SHIFT.c.batch.is_(None))
        return self._all(ShiftRow, sa.select(SHIFT).where(*closed).order_by(SHIFT.c.number))

    def next_number(self, of: type[ShiftRow]) -> int:
        return int(self._connection.execute(sa.select(sa.func.max(SHIFT.c.number))).scalar() or 0) + 1

    def next_batch(self) -> int:
        return int(self._connection.execute(sa.select(sa.func.max(SHIFT.c.batch))).scalar() or 0) + 1

    def deposits(self, till: str | None = None, shift: int | None = None) -> list[DepositRow]:
        statement = _where(_where(sa.select(DEPOSIT), DEPOSIT.c.till, till), DEPOSIT.c.shift, shift)
        return self._all(DepositRow, statement.order_by(DEPOSIT.c.entry))

    def deposit(self, message_id: str) -> DepositRow | None:
        return self._first(DepositRow, sa.select(DEPOSIT).where(DEPOSIT.c.message_id == message_id))

    # Engineering, campaigns, audit

    def engineering(self, message_id: str) -> EngineeringRow | None:
        return self._first(EngineeringRow, sa.select(ENGINEERING).where(ENGINEERING.c.message_id == message_id))

    def engineering_in(self, state: str, limit: int | None = None) -> list[EngineeringRow]:
        found = sa.select(ENGINEERING).where(ENGINEERING.c.state == state)
        return self._all(
            EngineeringRow, found.order_by(ENGINEERING.c.requested_ms, ENGINEERING.c.message_id).limit(limit)
        )

    def campaign(self, name: str) -> VendingCampaignRow | None:
        return self._first(VendingCampaignRow, sa.select(CAMPAIGN).where(CAMPAIGN.c.name == name))

    def campaigns(self) -> list[VendingCampaignRow]:
        return self._all(VendingCampaignRow, sa.select(CAMPAIGN).order_by(CAMPAIGN.c.created_ms, CAMPAIGN.c.name))

    def campaign_meters(self, campaign: str) -> list[CampaignMeterRow]:
        found = sa.select(CAMPAIGN_METER).where(CAMPAIGN_METER.c.campaign == campaign)
        return self._all(CampaignMeterRow, found.order_by(CAMPAIGN_METER.c.meter))

    def audit(self, limit: int | None = None, subject: str | None = None) -> list[VendingAuditRow]:
        columns = [column for column in AUDIT.c if column.name != "id"]
        statement = _where(sa.select(*columns), AUDIT.c.subject, subject)
        return self._all(VendingAuditRow, statement.order_by(AUDIT.c.id.desc()).limit(limit))

    def _all(self, row: type[_Row], statement: sa.Select[Any], **parameters: object) -> list[_Row]:
        found = self._connection.execute(statement, parameters)
        names = tuple(found.keys())
        return [row(**dict(zip(names, values, strict=True))) for values in found]

    def _first(self, row: type[_Row], statement: sa.Select[Any], **parameters: object) -> _Row | None:
        rows = self._all(row, statement, **parameters)
        return rows[0] if rows else None


@lru_cache(maxsize=KEPT_CONFIGURATIONS)
def _configuration(values: tuple[Any, ...]) -> ConfigurationRow:
    """The same row for the same values: every sale to a meter reads its history again, and it hardly ever changes."""
    return _CONFIGURATIONS.rows_of([values], ConfigurationRow)[0]


def values_of(row: Any) -> Mapping[str, Any]:
    """A row as the columns of its table."""
    return {name: getattr(row, name) for name in row.__dataclass_fields__}


def _where(statement: sa.Select[Any], column: sa.ColumnElement[Any], value: object) -> sa.Select[Any]:
    return statement if value is None else statement.where(column == value)
