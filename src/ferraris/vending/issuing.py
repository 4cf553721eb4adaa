"""How an order becomes tokens: kept first, issued then, posted last.

1. *Pending*, one durable transaction: the order, its tokens' identifiers and random bits, and the postings, pending.
2. The security module issues the tokens. It can be asked again: the same plan gives the same tokens.
3. *Post*, one durable transaction: the digits, the end of the pending entry, and what follows for the meter's key.

A cut between any two of these leaves an order that is pending or one that is posted, and `finish` brings the one to the other.
What the security module refuses for good is voided; its token identifiers stay used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ferraris.kernel.entropy import Entropy
from ferraris.keys.security_module import SecurityModule, SecurityModuleError, SecurityModuleUnavailable
from ferraris.store import SaleRow, SoldTokenRow, VendingAuditRow, VendingReader, VendingStore, VendingWriter
from ferraris.sts import StsError
from ferraris.vending import ledger
from ferraris.vending.breakdown import Breakdown, breakdown_text
from ferraris.vending.errors import (
    IssueRefusedError,
    LedgerError,
    MessageConflictError,
    SalePendingError,
    SaleVoidError,
    ShiftError,
    VendingError,
)
from ferraris.vending.ledger import EntryKind, NewEntry, Posting
from ferraris.vending.meters import Configured, KnownMeter, known_meter, note_issued
from ferraris.vending.orders import Order
from ferraris.vending.sale import SaleKind, SaleState
from ferraris.vending.settings import VendingSettings
from ferraris.vending.token_plans import KEY_CHANGE, TokenPlace, plan_key_change, plan_token, planned_token


@dataclass(frozen=True, slots=True)
class Plan:
    """What an order comes to: the tokens to issue and the money to post."""

    kind: SaleKind
    tokens: Sequence[tuple[str, int]] = ()
    """Kind and value of each token beside those of a key change."""
    key_change: tuple[Configured, Configured] | None = None
    postings: Sequence[Posting] = ()
    breakdown: Breakdown | None = None
    tariff: str = ""
    payment: str = ""
    units_tenths: int = 0
    approver: str = ""
    detail: str = ""


@dataclass(slots=True)
class OpenOrder:
    """An order with its tokens, on its way."""

    row: SaleRow
    tokens: list[SoldTokenRow]
    meter: KnownMeter
    breakdown: Breakdown | None = None
    """Of an order that was planned just now; one that comes out of the store has it in its row."""
    digits: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PreparedOrder:
    """An order before it is written, with the number that its entry will have."""

    order: OpenOrder
    entry: NewEntry


class Issuing:
    """Takes orders through their three steps."""

    def __init__(
        self, store: VendingStore, module: SecurityModule, entropy: Entropy, settings: VendingSettings
    ) -> None:
        self._store = store
        self._module = module
        self._entropy = entropy
        self._settings = settings

    # Step 1

    def known_order(self, reader: VendingReader, order: Order) -> OpenOrder | None:
        """The order of this message id, if it was made before. MessageConflictError if it was another one."""
        row = reader.sale_by_message(order.message_id)
        return None if row is None else self.same_order(reader, order, row)

    def same_order(self, reader: VendingReader, order: Order, row: SaleRow) -> OpenOrder:
        """The order that has this message id, which must be this one."""
        if row.digest != order.digest():
            raise MessageConflictError(
                f"message id {order.message_id} stands for another request", got=f"order {row.number}"
            )
        return self.load(reader, row)

    def load(self, reader: VendingReader, row: SaleRow) -> OpenOrder:
        """An order out of the store."""
        return OpenOrder(row, reader.tokens([row.number]), known_meter(reader, row.meter))

    def prepare(
        self, reader: VendingReader, order: Order, meter: KnownMeter, plan: Plan, now_ms: int, before: int = 0
    ) -> PreparedOrder:
        """An order as it will be written, inside the transaction that writes it. Raises VendingError.

        `before`: how many others are prepared to be written before it.
        """
        shift = reader.open_shift(order.till)
        if shift is None and self._settings.shift_required:
            raise ShiftError(f"till {order.till} has no open shift")
        target = plan.key_change[1] if plan.key_change else meter.present
        number = ledger.next_number(reader) + before
        planned = self._planned(reader, number, target, plan, now_ms)
        breakdown = plan.breakdown
        row = SaleRow(
            number=number,
            message_id=order.message_id,
            digest=order.digest(),
            kind=plan.kind.value,
            state=SaleState.PENDING.value,
            till=order.till,
            operator=order.operator,
            approver=plan.approver,
            shift=shift.number if shift else None,
            meter=meter.number,
            account=meter.account.number,
            month=self._settings.month(now_ms),
            payment=plan.payment,
            currency=self._settings.currency,
            tendered_minor=breakdown.tendered_minor if breakdown else 0,
            units_tenths=plan.units_tenths,
            fixed_minor=breakdown.fixed_gross_minor if breakdown else 0,
            tariff=plan.tariff,
            breakdown=breakdown_text(breakdown),
            detail=plan.detail,
            configuration=target.position,
            created_ms=now_ms,
        )
        entry = NewEntry(EntryKind.PENDING, order.message_id, plan.postings, ledger.order_digest(row, planned))
        return PreparedOrder(OpenOrder(row, planned, meter, breakdown), entry)

    def open(self, writer: VendingWriter, prepared: Sequence[PreparedOrder], now_ms: int) -> list[OpenOrder]:
        """Write orders as pending: no two of them of one account, each prepared in this transaction."""
        entries = ledger.append(writer, now_ms, self._settings.currency, [one.entry for one in prepared])
        opened = [one.order for one in prepared]
        if [order.row.number for order in opened] != [entry.number for entry in entries]:
            raise LedgerError("orders are written in another sequence than they were prepared in")
        writer.add([order.row for order in opened])
        writer.add([token for order in opened for token in order.tokens])
        return opened

    def _planned(
        self, reader: VendingReader, sale: int, target: Configured, plan: Plan, now_ms: int
    ) -> list[SoldTokenRow]:
        tokens = plan_key_change(*plan.key_change, sale) if plan.key_change else []
        ahead_max = self._settings.token_identifiers_ahead_max
        for kind, value in plan.tokens:
            place = TokenPlace(sale, len(tokens) + 1)
            tokens.append(plan_token(reader, target, place, kind, value, now_ms, self._entropy, ahead_max))
        return tokens

    # Steps 2 and 3

    def finish(self, order: OpenOrder, now_ms: int) -> SaleRow:
        """Bring an order that is pending to its end, and return it posted.

        Raises SalePendingError when the security module cannot be reached, IssueRefusedError when it refuses for good,
        SaleVoidError for an order that was voided before.
        """
        if self._not_void(order.row).state != SaleState.PENDING:
            return order.row
        failure = self.issue(order)
        if failure is None:
            with self._store.writing("post") as writer:
                row = self.post(writer, [order], now_ms)[0]
            return self._not_void(row)
        if isinstance(failure, SecurityModuleUnavailable):
            raise SalePendingError(f"the security module cannot be reached: {failure}", number=order.row.number)
        with self._store.writing("void") as writer:
            self.void(writer, order.row, "security module", str(failure), now_ms)
        raise IssueRefusedError(f"no token: {failure}") from failure

    def issue(self, order: OpenOrder) -> SecurityModuleError | StsError | None:
        """Ask the security module for the order's tokens; returns why it gave none."""
        digits: list[str] = []
        try:
            changes = [token for token in order.tokens if token.kind == KEY_CHANGE]
            if changes:
                present = order.meter.at(changes[0].configuration).sts
                new = order.meter.at(changes[0].value).sts
                digits += [issued.digits for issued in self._module.issue_key_change(present, new)]
            for row in order.tokens[len(changes) :]:
                configuration = order.meter.at(row.configuration).sts
                wanted = planned_token(row, configuration)
                issued = self._module.issue(configuration, wanted)
                given = getattr(issued.token, "token_identifier", row.token_identifier)
                if given != row.token_identifier:
                    raise StsError(
                        "the security module chose another token identifier", expected=row.token_identifier, got=given
                    )
                digits.append(issued.digits)
            if len(digits) != len(order.tokens):
                raise StsError(
                    "the security module issued another count of tokens", expected=len(order.tokens), got=len(digits)
                )
        except (SecurityModuleError, StsError) as failure:
            return failure
        order.digits = digits
        return None

    def post(self, writer: VendingWriter, orders: Sequence[OpenOrder], now_ms: int) -> list[SaleRow]:
        """Keep the digits and end the pending entries, but for those that somebody else has ended meanwhile.

        Returns every order's row as it is then. Whatever the number of orders, it is a handful of statements.
        """
        states = writer.sale_states([order.row.number for order in orders])
        waiting = {order.row.number: order for order in orders if states[order.row.number] == SaleState.PENDING}
        if waiting:
            self._post(writer, list(waiting.values()), now_ms)
        ended = [number for number in states if number not in waiting]
        rows = {row.number: row for row in writer.numbered_sales(ended)} if ended else {}
        for number, order in waiting.items():  # nothing else of an order changes while it is pending
            rows[number] = replace(order.row, state=SaleState.POSTED.value, finished_ms=now_ms)
        return [rows[order.row.number] for order in orders]

    def _post(self, writer: VendingWriter, orders: Sequence[OpenOrder], now_ms: int) -> None:
        ends = [
            NewEntry(
                EntryKind.POST,
                order.row.message_id,
                digest=ledger.digits_digest(order.digits),
                pending=order.row.number,
            )
            for order in orders
        ]
        ledger.append(writer, now_ms, self._settings.currency, ends)
        writer.set_digits({order.row.number: order.digits for order in orders})
        writer.finish_sales([order.row.number for order in orders], SaleState.POSTED.value, now_ms)
        for order in orders:
            if any(token.kind == KEY_CHANGE for token in order.tokens):
                fresh = known_meter(writer, order.row.meter)
                note_issued(writer, fresh.at(order.row.configuration), now_ms)
        writer.add([_audit(order.row, now_ms) for order in orders])

    def void(self, writer: VendingWriter, row: SaleRow, actor: str, why: str, now_ms: int) -> SaleRow:
        """End a pending order without tokens and without money."""
        row = self._still_pending(writer, row)
        if row.state != SaleState.PENDING:
            return row
        end = NewEntry(EntryKind.VOID, row.message_id, pending=row.number)
        ledger.append(writer, now_ms, row.currency, [end])
        writer.finish_sales([row.number], SaleState.VOID.value, now_ms)
        self.note(writer, actor, "void", row.message_id, why, now_ms)
        return replace(row, state=SaleState.VOID.value, finished_ms=now_ms)

    @staticmethod
    def note(writer: VendingWriter, actor: str, action: str, subject: str, detail: str, now_ms: int) -> None:
        """One row of the audit."""
        writer.add([VendingAuditRow(at_ms=now_ms, actor=actor, action=action, subject=subject, detail=detail)])

    @staticmethod
    def _not_void(row: SaleRow) -> SaleRow:
        if row.state == SaleState.VOID:
            raise SaleVoidError(f"order {row.message_id} was voided", got=f"order {row.number}")
        return row

    @staticmethod
    def _still_pending(reader: VendingReader, row: SaleRow) -> SaleRow:
        found = reader.sale(row.number)
        if found is None:
            raise VendingError(f"order {row.number} is gone")
        return found


def _audit(row: SaleRow, now_ms: int) -> VendingAuditRow:
    detail = f"order {row.number}, meter {row.meter}"
    return VendingAuditRow(at_ms=now_ms, actor=row.operator, action=row.kind, subject=row.message_id, detail=detail)
