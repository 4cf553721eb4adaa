"""The drawer: shifts with their totals by kind of payment, deposits to the bank, and batches of shifts.

Totals come from the ledger: what was debited to the till's accounts while the shift was open was taken, what was credited was
given back or brought to the bank. The order of its entries says what came while it was open, not a clock, which may be set back.
They carry the ledger's newest hash, so that a printed shift slip witnesses the ledger. What was credited is added up by service: a kWh
and a cubic metre make no sum, nor do units and the money that a currency credit token carries.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ferraris.store import (
    DepositRow,
    SaleFilter,
    SaleRow,
    ShiftRow,
    VendingAuditRow,
    VendingReader,
    VendingStore,
    VendingWriter,
)
from ferraris.sts import Service
from ferraris.vending import ledger
from ferraris.vending.breakdown import read_breakdown
from ferraris.vending.errors import AmountError, MessageConflictError, ShiftError
from ferraris.vending.ledger import EntryKind, NewEntry, Posting
from ferraris.vending.orders import PaymentKind, check_text
from ferraris.vending.sale import SaleKind, SaleState
from ferraris.vending.sale_view import service_of
from ferraris.vending.settings import VendingSettings
from ferraris.vending.tariff import UNIT_OF_SERVICE

BANK = "bank"
_OPENED = "open shift"
_CLOSED = "close shift"
_SALES_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class PaymentTotal:
    """Money by one kind of payment."""

    payment: str
    taken_minor: int
    returned_minor: int


@dataclass(frozen=True, slots=True)
class CreditTotal:
    """What was sold of one service: as units, or as the money that its meters count."""

    service: str
    unit: str
    """Of `units_tenths`: kWh, m³ or min."""
    units_tenths: int
    credit_money: int
    """In hundred-thousandths of the base currency, as currency credit tokens carry it."""


@dataclass(frozen=True, slots=True)
class ShiftTotals:
    """What a shift did."""

    number: int
    till: str
    operator: str
    opened_ms: int
    closed_ms: int | None
    float_minor: int
    payments: tuple[PaymentTotal, ...]
    deposited_minor: int
    sales: int
    free_issues: int
    other_orders: int
    reversed_sales: int
    credits: tuple[CreditTotal, ...]
    """By service, in the order of the standard; a service of which nothing was sold has no place. Reversed sales do not count."""
    expected_cash_minor: int
    counted_minor: int | None
    ledger_entries: int
    ledger_hash: str

    @property
    def difference_minor(self) -> int | None:
        """Counted minus expected; None until it is counted."""
        return None if self.counted_minor is None else self.counted_minor - self.expected_cash_minor


@dataclass(frozen=True, slots=True)
class BatchTotals:
    """Several shifts of a till, closed together."""

    batch: int
    till: str
    shifts: tuple[ShiftTotals, ...]

    @property
    def taken_minor(self) -> int:
        """All that was taken, whatever the kind of payment, less what was given back."""
        return sum(one.taken_minor - one.returned_minor for shift in self.shifts for one in shift.payments)

    @property
    def deposited_minor(self) -> int:
        """What was brought to the bank."""
        return sum(shift.deposited_minor for shift in self.shifts)


class Shifts:
    """Shifts, deposits and batches of all tills."""

    def __init__(self, store: VendingStore, settings: VendingSettings) -> None:
        self._store = store
        self._settings = settings

    def open(self, till: str, operator: str, now_ms: int, float_minor: int = 0, message_id: str = "") -> ShiftRow:
        """Open a shift with this much in the drawer. Raises ShiftError if the till has one open.

        Where a message id is given, the same one finds the shift that it opened, be it closed by now.
        """
        check_text("till", till)
        check_text("operator", operator)
        if float_minor < 0:
            raise AmountError("the float is not below zero", got=float_minor)
        with self._store.writing("open_shift") as writer:
            known = _shift_of_message(writer, message_id, _OPENED, till)
            if known is not None:
                return known
            present = writer.open_shift(till)
            if present is not None:
                raise ShiftError(f"till {till} has a shift open", got=f"shift {present.number} of {present.operator}")
            number = writer.next_number(ShiftRow)
            row = ShiftRow(
                number=number,
                till=till,
                operator=operator,
                opened_ms=now_ms,
                float_minor=float_minor,
                opened_entry=_newest_entry(writer),
            )
            writer.add([row])
            _note(writer, operator, _OPENED, str(number), f"till {till}", now_ms)
            _note_message(writer, operator, _OPENED, message_id, number, now_ms)
        return row

    def close(
        self, till: str, operator: str, now_ms: int, counted_minor: int | None, message_id: str = ""
    ) -> ShiftTotals:
        """Close the till's shift with what was counted in the drawer; None takes what should be in it for what is.

        Where a message id is given, the same one finds the shift that it closed, though another one is open by now.
        """
        if counted_minor is not None and counted_minor < 0:
            raise AmountError("what is counted is not below zero", got=counted_minor)
        with self._store.writing("close_shift") as writer:
            known = _shift_of_message(writer, message_id, _CLOSED, till)
            row = known or self._open_shift(writer, till)
            if known is None:
                counted = counted_minor if counted_minor is not None else _expected(writer, row)
                writer.close_shift(row.number, now_ms, _newest_entry(writer), counted)
                _note(writer, operator, _CLOSED, str(row.number), f"counted {counted}", now_ms)
                _note_message(writer, operator, _CLOSED, message_id, row.number, now_ms)
        return self.totals(row.number)

    def open_shift(self, till: str) -> ShiftRow | None:
        """The till's open shift."""
        with self._store.reading() as reader:
            return reader.open_shift(till)

    def list(self, till: str | None = None, limit: int | None = 100) -> list[ShiftRow]:
        """Shifts, the newest first."""
        with self._store.reading() as reader:
            return reader.shifts(till, limit=limit)

    def totals(self, number: int) -> ShiftTotals:
        """What a shift has done so far, or did. Raises ShiftError."""
        with self._store.reading() as reader:
            row = reader.shift(number)
            if row is None:
                raise ShiftError("no such shift", got=number)
            return _totals(reader, row)

    def deposit(
        self, message_id: str, till: str, operator: str, amount_minor: int, now_ms: int, reference: str = ""
    ) -> DepositRow:
        """Cash taken from the till to the bank. The same message id does it once."""
        check_text("message_id", message_id)
        if amount_minor <= 0:
            raise AmountError("a deposit is above zero", got=amount_minor)
        with self._store.writing("deposit") as writer:
            known = writer.deposit(message_id)
            if known is not None:
                if (known.till, known.amount_minor, known.reference) != (till, amount_minor, reference):
                    raise MessageConflictError(f"message id {message_id} stands for another deposit")
                return known
            shift = writer.open_shift(till)
            moved = [Posting(BANK, amount_minor), Posting(cash_account(till), -amount_minor)]
            new = NewEntry(EntryKind.DIRECT, f"deposit {message_id}", moved)
            (entry,) = ledger.append(writer, now_ms, self._settings.currency, [new])
            row = DepositRow(
                message_id=message_id,
                till=till,
                operator=operator,
                shift=shift.number if shift else None,
                amount_minor=amount_minor,
                reference=reference,
                at_ms=now_ms,
                entry=entry.number,
            )
            writer.add([row])
            _note(writer, operator, "deposit", message_id, f"{amount_minor} from {till}", now_ms)
        return row

    def close_batch(self, till: str, operator: str, now_ms: int) -> BatchTotals:
        """Put the till's closed shifts that belong to no batch into one. Raises ShiftError if there are none."""
        with self._store.writing("close_batch") as writer:
            rows = writer.unbatched_shifts(till)
            if not rows:
                raise ShiftError(f"till {till} has no closed shift that belongs to no batch")
            batch = writer.next_batch()
            writer.batch_shifts([row.number for row in rows], batch)
            _note(writer, operator, "close batch", str(batch), f"{len(rows)} shifts of {till}", now_ms)
        return self.batch_totals(batch)

    def batch_totals(self, batch: int) -> BatchTotals:
        """The totals of a batch. Raises ShiftError."""
        with self._store.reading() as reader:
            rows = reader.shifts(batch=batch)
            if not rows:
                raise ShiftError("no such batch", got=batch)
            return BatchTotals(batch, rows[0].till, tuple(_totals(reader, row) for row in reversed(rows)))

    @staticmethod
    def _open_shift(reader: VendingReader, till: str) -> ShiftRow:
        row = reader.open_shift(till)
        if row is None:
            raise ShiftError(f"till {till} has no open shift")
        return row


def cash_account(till: str) -> str:
    """The drawer's account in the ledger."""
    return f"till:{till}:{PaymentKind.CASH.value}"


def _newest_entry(reader: VendingReader) -> int:
    head = reader.ledger_head()
    return head.number if head else 0


def _belongs(deposit: DepositRow, shift: ShiftRow) -> bool:
    return deposit.entry > shift.opened_entry and (shift.closed_entry is None or deposit.entry <= shift.closed_entry)


def _totals(reader: VendingReader, row: ShiftRow) -> ShiftTotals:
    moved = reader.movements(f"till:{row.till}:", row.opened_entry, row.closed_entry)
    deposited = sum(one.amount_minor for one in reader.deposits(row.till) if _belongs(one, row))
    payments = []
    for kind in PaymentKind:
        taken, returned = moved.get(f"till:{row.till}:{kind.value}", (0, 0))
        cash = kind is PaymentKind.CASH
        payments.append(PaymentTotal(kind.value, taken, returned - deposited if cash else returned))
    orders = reader.sales(SaleFilter(shift=row.number, states=(SaleState.POSTED, SaleState.REVERSED)))
    sold = [order for order in orders if order.kind == SaleKind.CREDIT]
    free = sum(order.kind == SaleKind.FREE_ISSUE for order in orders)
    cash_total = payments[0]
    head = reader.ledger_head()
    return ShiftTotals(
        number=row.number,
        till=row.till,
        operator=row.operator,
        opened_ms=row.opened_ms,
        closed_ms=row.closed_ms,
        float_minor=row.float_minor,
        payments=tuple(payments),
        deposited_minor=deposited,
        sales=len(sold),
        free_issues=free,
        other_orders=len(orders) - len(sold) - free,
        reversed_sales=sum(order.state == SaleState.REVERSED for order in orders),
        credits=_credits(reader, [order for order in sold if order.state == SaleState.POSTED]),
        expected_cash_minor=row.float_minor + cash_total.taken_minor - cash_total.returned_minor - deposited,
        counted_minor=row.counted_minor,
        ledger_entries=head.number if head else 0,
        ledger_hash=head.hash if head else ledger.GENESIS,
    )


def _expected(reader: VendingReader, row: ShiftRow) -> int:
    """What should be in the drawer; nothing where more was brought away than ever came in."""
    return max(0, _totals(reader, row).expected_cash_minor)


def _credits(reader: VendingReader, sales: Sequence[SaleRow]) -> tuple[CreditTotal, ...]:
    """What was sold of each service."""
    services: dict[int, str] = {}
    numbers = [sale.number for sale in sales]
    for start in range(0, len(numbers), _SALES_AT_ONCE):
        for token in reader.tokens(numbers[start : start + _SALES_AT_ONCE]):
            service = service_of(token.kind)
            if service:
                services[token.sale] = service
    units, money = Counter[str](), Counter[str]()
    for sale in sales:
        breakdown = read_breakdown(sale.breakdown)
        units[services[sale.number]] += sale.units_tenths
        money[services[sale.number]] += breakdown.credit_money if breakdown else 0
    names = [service.name.lower() for service in Service]
    return tuple(CreditTotal(name, UNIT_OF_SERVICE[name], units[name], money[name]) for name in names if name in units)


def _shift_of_message(reader: VendingReader, message_id: str, action: str, till: str) -> ShiftRow | None:
    """The shift that a message has opened or closed. MessageConflictError for a message id that stands for something else."""
    if not message_id:
        return None
    check_text("message_id", message_id)
    noted = reader.audit(1, message_id)
    if not noted:
        return None
    row = reader.shift(int(noted[0].detail)) if noted[0].action == _by_message(action) else None
    if row is None or row.till != till:
        raise MessageConflictError(f"message id {message_id} stands for something else")
    return row


def _note_message(writer: VendingWriter, operator: str, action: str, message_id: str, shift: int, now_ms: int) -> None:
    """By which message a shift was opened or closed: what a repetition finds again."""
    if message_id:
        _note(writer, operator, _by_message(action), message_id, str(shift), now_ms)


def _by_message(action: str) -> str:
    return f"{action} by message"


def _note(writer: VendingWriter, actor: str, action: str, subject: str, detail: str, now_ms: int) -> None:
    writer.add([VendingAuditRow(at_ms=now_ms, actor=actor, action=action, subject=subject, detail=detail)])
