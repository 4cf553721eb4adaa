"""Many orders in one transaction: the same outcome as one by one, in fewer statements.

What an order comes to depends on what its account bought before it, and on nothing of any other account. So a batch is opened in
waves: each wave has at most one order of an account, is planned whole and then written whole; what an account has more waits for
the next wave and sees what was written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ferraris.store import SaleRow, VendingReader, VendingWriter
from ferraris.vending.errors import UnknownMeterError, VendingError
from ferraris.vending.issuing import Issuing, OpenOrder, Plan, PreparedOrder
from ferraris.vending.meters import KnownMeter, known_meter
from ferraris.vending.orders import Order
from ferraris.vending.sale import Sale

Planner = Callable[[VendingReader, Order, KnownMeter, int], Plan]
Placed = tuple[int, Order]


class Batch:
    """The orders of one transaction, by their places in it: opened, or refused with an error."""

    def __init__(self, issuing: Issuing, plan: Planner, now_ms: int) -> None:
        self._issuing = issuing
        self._plan = plan
        self._now_ms = now_ms
        self._meters: dict[str, KnownMeter] = {}
        self._known: dict[str, SaleRow] = {}
        self.orders: dict[int, OpenOrder] = {}
        self.results: dict[int, Sale | VendingError] = {}

    def open(self, writer: VendingWriter, requests: Sequence[Order]) -> None:
        """Write them all as pending, wave by wave."""
        self._known = {row.message_id: row for row in writer.sales_by_messages([one.message_id for one in requests])}
        waiting: list[Placed] = list(enumerate(requests))
        while waiting:
            waiting = self._wave(writer, waiting)

    def _wave(self, writer: VendingWriter, waiting: Sequence[Placed]) -> list[Placed]:
        """Open what can go together and return the rest."""
        accounts: set[str] = set()
        messages: set[str] = set()
        prepared: dict[int, PreparedOrder] = {}
        later: list[Placed] = []
        for place, request in waiting:
            try:
                if request.message_id in messages or self._account(writer, request) in accounts:
                    later.append((place, request))
                elif request.message_id in self._known:
                    row = self._known[request.message_id]
                    self.orders[place] = self._issuing.same_order(writer, request, row)
                    continue
                else:
                    meter = self._meter(writer, request.meter)
                    plan = self._plan(writer, request, meter, self._now_ms)
                    prepared[place] = self._issuing.prepare(
                        writer, request, meter, plan, self._now_ms, before=len(prepared)
                    )
                accounts.add(self._account(writer, request))  # what comes behind it must not overtake it
                messages.add(request.message_id)
            except VendingError as error:
                self.results[place] = error
        opened = self._issuing.open(writer, list(prepared.values()), self._now_ms)
        for place, order in zip(prepared, opened, strict=True):
            self.orders[place] = order
            self._known[order.row.message_id] = order.row
        return later

    def _account(self, reader: VendingReader, request: Order) -> str:
        """The account that the order may be made for; none, which no account is called, where there is no such meter."""
        if request.message_id in self._known:
            return ""
        try:
            return self._meter(reader, request.meter).account.number
        except UnknownMeterError:
            return ""

    def _meter(self, reader: VendingReader, number: str) -> KnownMeter:
        """The meter, read once."""
        if number not in self._meters:
            self._meters[number] = known_meter(reader, number)
        return self._meters[number]
