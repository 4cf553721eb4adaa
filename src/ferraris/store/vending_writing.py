"""What vending writes, as SQL, inside one transaction; each statement is announced to the write hook before it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any

import sqlalchemy as sa

from ferraris.kernel.errors import StoreError
from ferraris.store.vending_ahead import ReadAhead
from ferraris.store.vending_ports import VendingRow
from ferraris.store.vending_reading import SqlVendingReader, values_of
from ferraris.store.vending_rows import (
    AccountRow,
    ConfigurationRow,
    CustomerRow,
    DebtRow,
    EntryRow,
    MonthTotals,
    ShiftRow,
    VendingMeterRow,
)
from ferraris.store.vending_statements import Prepared
from ferraris.store.vending_tables import CAMPAIGN, ENGINEERING, SALE, SHIFT, TABLES, TOKEN

_INSERTS = {
    kind: (f"add {table.name}", Prepared(sa.insert(table).inline(), [field.name for field in fields(kind)]))
    for kind, table in TABLES.items()
}
_FINISH = Prepared(
    sa.update(SALE)
    .where(SALE.c.number == sa.bindparam("which"))
    .values(state=sa.bindparam("new_state"), finished_ms=sa.bindparam("at_ms"))
)
_DIGITS = Prepared(
    sa.update(TOKEN)
    .where(TOKEN.c.sale == sa.bindparam("which"), TOKEN.c.position == sa.bindparam("place"))
    .values(digits=sa.bindparam("new_digits"))
)


class SqlVendingWriter(SqlVendingReader):
    """Writes on one connection; the store commits."""

    def __init__(self, connection: sa.Connection, tell: Callable[[str], None]) -> None:
        super().__init__(connection)
        self._tell = tell
        self._head: EntryRow | None = None
        self._shifts: dict[str, ShiftRow | None] = {}
        self._ahead = ReadAhead()

    def ledger_head(self) -> EntryRow | None:
        """Read once: nobody else writes while this transaction does."""
        if self._head is None:
            self._head = super().ledger_head()
        return self._head

    def open_shift(self, till: str) -> ShiftRow | None:
        """Read once for each till, until this transaction itself opens or closes a shift."""
        if till not in self._shifts:
            self._shifts[till] = super().open_shift(till)
        return self._shifts[till]

    def read_ahead(self, accounts: Sequence[str], meters: Sequence[str], month: int) -> None:
        self._ahead.read(self._direct, accounts, meters, month)

    def month_totals(self, account: str, month: int) -> MonthTotals:
        return self._ahead.month_totals.get((account, month)) or super().month_totals(account, month)

    def debts(self, account: str) -> list[DebtRow]:
        ahead = self._ahead.debts.get(account)
        return super().debts(account) if ahead is None else ahead

    def last_token_identifier(self, meter: str, base_date: int) -> int | None:
        if (meter, base_date) in self._ahead.last_token_identifiers:
            return self._ahead.last_token_identifiers[meter, base_date]
        return super().last_token_identifier(meter, base_date)

    def add(self, rows: Sequence[VendingRow]) -> None:
        if not rows:
            return
        kind, last = type(rows[0]), rows[-1]
        what, statement = _INSERTS[kind]
        self._begin(what)
        self._check(what, statement.insert(self._direct, rows).rowcount)
        if isinstance(last, EntryRow):
            self._head = last
        if isinstance(last, ShiftRow):
            self._shifts.clear()

    def replace(self, row: CustomerRow | AccountRow | DebtRow | VendingMeterRow | ConfigurationRow) -> None:
        table, values = TABLES[type(row)], dict(values_of(row))
        same = [column == values[column.name] for column in table.primary_key]
        known = self._connection.execute(sa.select(sa.func.count()).select_from(table).where(*same)).scalar()
        if not known:
            self.add([row])
            return
        self._write(f"replace {table.name}", sa.update(table).where(*same).values(values))

    def finish_sales(self, numbers: Sequence[int], state: str, finished_ms: int) -> None:
        parameters = [{"which": number, "new_state": state, "at_ms": finished_ms} for number in numbers]
        self._write_each("finish sales", _FINISH, parameters)

    def deliver_sale(self, number: int, delivery: str, delivered_ms: int, detail: str) -> None:
        values = {"delivery": delivery, "delivered_ms": delivered_ms, "delivery_detail": detail}
        self._write("deliver sale", sa.update(SALE).where(SALE.c.number == number).values(values))

    def count_reprint(self, number: int) -> None:
        counted = sa.update(SALE).where(SALE.c.number == number).values(reprints=SALE.c.reprints + 1)
        self._write("count reprint", counted)

    def set_digits(self, digits: Mapping[int, Sequence[str]]) -> None:
        parameters = [
            {"which": sale, "place": place, "new_digits": one}
            for sale, all_of_it in digits.items()
            for place, one in enumerate(all_of_it, start=1)
        ]
        self._write_each("set digits", _DIGITS, parameters)

    def close_shift(self, number: int, closed_ms: int, closed_entry: int, counted_minor: int) -> None:
        self._shifts.clear()
        values = {"closed_ms": closed_ms, "closed_entry": closed_entry, "counted_minor": counted_minor}
        self._write("close shift", sa.update(SHIFT).where(SHIFT.c.number == number).values(values))

    def batch_shifts(self, shifts: Sequence[int], batch: int) -> None:
        batched = sa.update(SHIFT).where(SHIFT.c.number.in_(list(shifts))).values(batch=batch)
        self._write("batch shifts", batched)

    def decide_engineering(self, message_id: str, state: str, decided_by: str, decided_ms: int) -> None:
        values = {"state": state, "decided_by": decided_by, "decided_ms": decided_ms}
        decided = sa.update(ENGINEERING).where(ENGINEERING.c.message_id == message_id).values(values)
        self._write("decide engineering", decided)

    def close_campaign(self, name: str, closed_ms: int) -> None:
        closed = sa.update(CAMPAIGN).where(CAMPAIGN.c.name == name).values(closed_ms=closed_ms)
        self._write("close campaign", closed)

    def _write_each(self, what: str, statement: Prepared, parameters: Sequence[Mapping[str, Any]]) -> None:
        self._begin(what)
        self._check(what, statement.run_for_each(self._direct, parameters).rowcount)

    def _write(self, what: str, statement: sa.Update) -> None:
        self._begin(what)
        self._check(what, self._connection.execute(statement).rowcount)

    def _begin(self, what: str) -> None:
        """Something is written now."""
        self._tell(what)
        self._ahead.forget()

    @staticmethod
    def _check(what: str, rows: int) -> None:
        if rows == 0:
            raise StoreError(f"{what}: there is no such row")
