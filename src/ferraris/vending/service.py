"""Vending: the orders and queries of every till. Plain and synchronous; the time of an order is an argument.

Each order that makes tokens is two durable transactions with the security module between them (`issuing` says how); all other
orders are one. Repeating an order with its message id does no harm: the same request gives the same tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ferraris.kernel.entropy import Entropy
from ferraris.kernel.limits import VENDING_BATCH_MAX
from ferraris.keys.security_module import SecurityModule, SecurityModuleUnavailable
from ferraris.store import SaleFilter, SaleRow, VendingAuditRow, VendingReader, VendingStore, VendingWriter
from ferraris.vending import ledger
from ferraris.vending.batch import Batch
from ferraris.vending.campaigns import Campaigns, stranded_sales
from ferraris.vending.engineering import Engineering
from ferraris.vending.errors import (
    ApprovalError,
    IssueRefusedError,
    ReversalError,
    SalePendingError,
    SaleVoidError,
    VendingError,
)
from ferraris.vending.issuing import Issuing, OpenOrder, Plan
from ferraris.vending.ledger import ChainState, EntryKind, NewEntry, Posting
from ferraris.vending.meters import KnownMeter, known_meter, note_loaded
from ferraris.vending.orders import FreeIssueRequest, KeyChangeRequest, Order, SaleRequest
from ferraris.vending.planning import key_change_due, plan_free_issue, plan_key_change, plan_sale, reckon, tariff_of
from ferraris.vending.registry import Registry
from ferraris.vending.sale import Delivery, Quote, Sale, SaleKind, SaleState, is_worthless
from ferraris.vending.sale_view import sale_view, sale_views
from ferraris.vending.settings import VendingSettings
from ferraris.vending.shifts import Shifts


@dataclass(frozen=True, slots=True)
class Recovery:
    """What became of orders that were found pending."""

    posted: int
    voided: int
    pending: int


class Vending:
    """One vending system. Tills, the head-end and the command line call it; several processes may at one store."""

    def __init__(
        self, store: VendingStore, module: SecurityModule, entropy: Entropy, settings: VendingSettings
    ) -> None:
        self.settings = settings
        self._store = store
        self._issuing = Issuing(store, module, entropy, settings)
        self.registry = Registry(store, settings)
        self.shifts = Shifts(store, settings)
        self.engineering = Engineering(store, self._issuing, settings)
        self.campaigns = Campaigns(store, self.change_key)

    # Orders that make tokens

    def quote(self, request: SaleRequest, now_ms: int) -> Quote:
        """The trial sale: what the order would come to. Nothing is written."""
        with self._store.reading() as reader:
            meter = known_meter(reader, request.meter)
            meter.check_open()
            tariff = tariff_of(self.settings, meter, now_ms)
            breakdown = reckon(reader, self.settings, request, meter, tariff, now_ms)
            customer = reader.customer(meter.account.customer)
        return Quote(
            meter.number,
            meter.account.number,
            customer.name if customer else "",
            f"{tariff.name} {tariff.effective}",
            self.settings.currency,
            self.settings.minor_digits,
            breakdown,
            key_change_due(meter) is not None,
            tariff.service,
        )

    def sell(self, request: SaleRequest, now_ms: int) -> Sale:
        """Sell credit. Raises VendingError; after SalePendingError the same request finishes it."""
        with self._store.writing("pending") as writer:
            order = self._open(writer, request, now_ms)
        return self._finish(order, now_ms)

    def sell_together(self, requests: Sequence[SaleRequest], now_ms: int) -> list[Sale | VendingError]:
        """Many sales that share both commits; each is sold, or has the error that `sell` would have raised."""
        if len(requests) > VENDING_BATCH_MAX:
            raise VendingError(
                "too many sales for one commit", expected=f"at most {VENDING_BATCH_MAX}", got=len(requests)
            )
        batch = Batch(self._issuing, self._plan, self.settings.month(now_ms), now_ms)
        with self._store.writing("pending") as writer:
            batch.open(writer, requests)
        orders, results = batch.orders, batch.results
        failures = {
            place: self._issuing.issue(order) for place, order in orders.items() if order.row.state == SaleState.PENDING
        }
        with self._store.writing("post") as writer:
            ready = [order for place, order in orders.items() if failures.get(place) is None]
            posted = {row.number: row for row in self._issuing.post(writer, ready, now_ms)}
            for place, order in orders.items():
                row = posted.get(order.row.number, order.row)
                results[place] = self._end(writer, order, row, failures.get(place), now_ms)
        return [results[place] for place in range(len(requests))]

    def free_issue(self, request: FreeIssueRequest, now_ms: int) -> Sale:
        """Issue the month's free units, once. Raises FreeIssueError."""
        with self._store.writing("pending") as writer:
            order = self._open(writer, request, now_ms)
        return self._finish(order, now_ms)

    def change_key(self, request: KeyChangeRequest, now_ms: int) -> Sale:
        """Issue the key-change tokens alone, without a purchase. Raises KeyChangeError."""
        with self._store.writing("pending") as writer:
            order = self._open(writer, request, now_ms)
        return self._finish(order, now_ms)

    def _open(self, writer: VendingWriter, request: Order, now_ms: int) -> OpenOrder:
        known = self._issuing.known_order(writer, request)
        if known is not None:
            return known
        meter = known_meter(writer, request.meter)
        prepared = self._issuing.prepare(writer, request, meter, self._plan(writer, request, meter, now_ms), now_ms)
        return self._issuing.open(writer, [prepared], now_ms)[0]

    def _plan(self, reader: VendingReader, request: Order, meter: KnownMeter, now_ms: int) -> Plan:
        meter.check_open()
        if isinstance(request, SaleRequest):
            return plan_sale(reader, self.settings, request, meter, now_ms)
        if isinstance(request, FreeIssueRequest):
            return plan_free_issue(reader, self.settings, meter, now_ms)
        return plan_key_change(meter)

    def _finish(self, order: OpenOrder, now_ms: int) -> Sale:
        row = self._issuing.finish(order, now_ms)
        if order.digits:
            return self._view(order, row)
        return self.sale(row.number)

    def _end(
        self, writer: VendingWriter, order: OpenOrder, row: SaleRow, failure: Exception | None, now_ms: int
    ) -> Sale | VendingError:
        if row.state == SaleState.VOID:
            return SaleVoidError(f"order {row.message_id} was voided", got=f"order {row.number}")
        if isinstance(failure, SecurityModuleUnavailable):
            return SalePendingError(f"the security module cannot be reached: {failure}", number=row.number)
        if failure is not None:
            self._issuing.void(writer, row, "security module", str(failure), now_ms)
            return IssueRefusedError(f"no token: {failure}")
        return self._view(order, row)

    def _view(self, order: OpenOrder, row: SaleRow) -> Sale:
        return sale_view(row, order.tokens, order.meter, self.settings.minor_digits, order.digits, order.breakdown)

    # What comes after

    def recover(self, now_ms: int) -> Recovery:
        """Finish what a crash, or a security module that was away, left pending. For the start, and from time to time."""
        with self._store.reading() as reader:
            waiting = reader.sales(SaleFilter(states=(SaleState.PENDING.value,)))
            orders = [self._issuing.load(reader, row) for row in reversed(waiting)]
        posted = voided = pending = 0
        for order in orders:
            try:
                self._issuing.finish(order, now_ms)
                posted += 1
            except SalePendingError:
                pending += 1
            except (IssueRefusedError, SaleVoidError):
                voided += 1
        return Recovery(posted, voided, pending)

    def cancel(self, number: int, operator: str, now_ms: int, reason: str = "") -> Sale:
        """Void an order that is pending: the customer gets the money back. For supervisors."""
        if operator not in self.settings.supervisors:
            raise ApprovalError("only a supervisor voids a pending order", got=operator)
        with self._store.writing("void") as writer:
            row = writer.sale(number)
            if row is None or row.state != SaleState.PENDING:
                raise ReversalError(f"order {number} is not pending", got=row.state if row else "no such order")
            self._issuing.void(writer, row, operator, reason, now_ms)
        return self.sale(number)

    def reverse(self, number: int, operator: str, now_ms: int, reason: str = "") -> Sale:
        """Take a sale back: a counter-entry, the same money. The token identifier is never issued again.

        The answer to a sale shows its token, and nothing recalls a token: so only a supervisor reverses a sale, unless the meter
        is known to refuse the token for ever. Reversing twice does nothing.
        """
        with self._store.writing("reverse") as writer:
            row = writer.sale(number)
            if row is None:
                raise ReversalError("no such sale", got=number)
            if row.state != SaleState.REVERSED:
                self._check_reversal(row, operator)
                back = [
                    Posting(posting.account, -posting.amount_minor) for posting in writer.postings(number - 1, number)
                ]
                new = NewEntry(EntryKind.DIRECT, ledger.reversal_of(row.message_id), back)
                ledger.append(writer, now_ms, row.currency, [new])
                writer.finish_sales([number], SaleState.REVERSED.value, now_ms)
                self._note(writer, operator, "reverse", row.message_id, reason, now_ms)
        return self.sale(number)

    def _check_reversal(self, row: SaleRow, operator: str) -> None:
        if row.state != SaleState.POSTED or row.kind not in (SaleKind.CREDIT, SaleKind.FREE_ISSUE):
            raise ReversalError(f"a {row.kind} order that is {row.state} cannot be reversed")
        if not is_worthless(row.delivery, row.delivery_detail) and operator not in self.settings.supervisors:
            raise ReversalError(
                "the token may still be used: only a supervisor reverses the sale", got=f"delivery {row.delivery}"
            )

    def reprint(self, number: int, operator: str, now_ms: int) -> Sale:
        """The same receipt once more; the copies are counted."""
        with self._store.writing("reprint") as writer:
            row = writer.sale(number)
            if row is None or row.state != SaleState.POSTED:
                raise VendingError(
                    f"there is no receipt {number} to print again", got=row.state if row else "no such order"
                )
            writer.count_reprint(number)
            self._note(writer, operator, "reprint", row.message_id, f"copy {row.reprints + 1}", now_ms)
        return self.sale(number)

    def mark_delivered(self, number: int, delivery: Delivery, now_ms: int, detail: str = "") -> Sale:
        """What is known of the tokens' way into the meter. Once accepted is accepted for ever.

        An accepted token proves that the meter has the key under which it was made.
        """
        with self._store.writing("deliver") as writer:
            row = writer.sale(number)
            if row is None or row.state not in (SaleState.POSTED, SaleState.REVERSED):
                raise VendingError(f"sale {number} has nothing to deliver", got=row.state if row else "no such order")
            if row.delivery != Delivery.ACCEPTED:
                writer.deliver_sale(number, delivery.value, now_ms, detail)
                if delivery is Delivery.ACCEPTED:
                    if row.state == SaleState.REVERSED:
                        self._note(writer, "meter", "accepted after reversal", row.message_id, detail, now_ms)
                    meter = known_meter(writer, row.meter)
                    note_loaded(writer, meter, row.configuration, now_ms, f"token of receipt {number} accepted")
        return self.sale(number)

    # Queries

    def sale(self, number: int) -> Sale:
        """One order by its number. Raises VendingError."""
        with self._store.reading() as reader:
            row = reader.sale(number)
            if row is None:
                raise VendingError("no such order", got=number)
            return sale_views(reader, [row], self.settings.minor_digits)[0]

    def sale_by_message(self, message_id: str) -> Sale | None:
        """The order of a message id: how a till finds out what became of one whose answer it missed."""
        with self._store.reading() as reader:
            row = reader.sale_by_message(message_id)
            return None if row is None else sale_views(reader, [row], self.settings.minor_digits)[0]

    def sales(self, wanted: SaleFilter) -> list[Sale]:
        """Orders, the newest first."""
        with self._store.reading() as reader:
            return sale_views(reader, reader.sales(wanted), self.settings.minor_digits)

    def undelivered(self, limit: int | None = None) -> list[Sale]:
        """Posted orders of which no meter has said anything yet; `delivery` says which were sent. The newest first."""
        open_ends = (Delivery.NONE.value, Delivery.SENT.value)
        return self.sales(SaleFilter(states=(SaleState.POSTED.value,), deliveries=open_ends, limit=limit))

    def stranded(self, meter: KnownMeter) -> list[Sale]:
        """Credit tokens under a former key that no meter is known to have taken: after the key change they are worthless."""
        with self._store.reading() as reader:
            numbers = stranded_sales(reader, meter, meter.present.position)
            return sale_views(reader, reader.numbered_sales(numbers), self.settings.minor_digits)

    def balances(self) -> dict[str, int]:
        """The balance of each account of the ledger, in minor units."""
        with self._store.reading() as reader:
            return reader.balances()

    def verify_ledger(self) -> ChainState:
        """Reckon the whole ledger again. LedgerError names the first fault."""
        with self._store.reading() as reader:
            return ledger.verify_chain(reader)

    def audit(self, limit: int = 100, subject: str | None = None) -> list[VendingAuditRow]:
        """Who did what, the newest first."""
        with self._store.reading() as reader:
            return reader.audit(limit, subject)

    @staticmethod
    def _note(writer: VendingWriter, actor: str, action: str, subject: str, detail: str, now_ms: int) -> None:
        Issuing.note(writer, actor, action, subject, detail, now_ms)
