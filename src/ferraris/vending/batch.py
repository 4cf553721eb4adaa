"""Many orders in one transaction: the same outcome as one by one, in fewer statements.

What an order comes to depends on what its account bought before it, and on nothing of any other account. So a batch is opened in
waves: each wave has at most one order of an account, is planned whole and then written whole; what an account has more waits for
the next wave and sees what was written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ferraris.store import Registered, SaleRow, VendingReader, VendingWriter
from ferraris.vending.errors import UnknownMeterError, VendingError
from ferraris.vending.issuing import Issuing, OpenOrder, Plan, PreparedOrder
from ferraris.vending.meters import KnownMeter, meter_known_as
from ferraris.vending.orders import Order
from ferraris.vending.sale import Sale

Planner = Callable[[VendingReader, Order, KnownMeter, int], Plan]
Placed = tuple[int, Order]


class Batch:
    """The orders of one transaction, by their places in it: opened, or refused with an error."""

    def __init__(self, issuing: Issuing, plan: Planner, month: int, now_ms: int) -> None:
        self._issuing = issuing
        self._plan = plan
        self._month = month
        self._now_ms = now_ms
        self._registered: dict[str, Registered] = {}
        self._meters: dict[str, KnownMeter] = {}
        self._known: dict[str, SaleRow] = {}
        self.orders: dict[int, OpenOrder] = {}
        self.results: dict[int, Sale | VendingError] = {}

    def open(self, writer: VendingWriter, requests: Sequence[Order]) -> None:
        """Write them all as pending, wave by wave."""
        self._known = {row.message_id: row for row in writer.sales_by_messages([one.message_id for one in requests])}
        self._registered = writer.registered(sorted({one.meter for one in requests}))
        waiting: list[Placed] = list(enumerate(requests))
        while waiting:
            waiting = self._wave(writer, waiting)

    def _wave(self, writer: VendingWriter, waiting: Sequence[Placed]) -> list[Placed]:
        """Open what can go together and return the rest."""
        accounts: set[str] = set()
        messages: set[str] = set()
        prepared: dict[int, PreparedOrder] = {}
        later: list[Placed] = []
        self._read_ahead(writer, [request.meter for _, request in waiting])
        for place, request in waiting:
            try:
                if request.message_id in messages or self._account(request) in accounts:
                    later.append((place, request))
                elif request.message_id in self._known:
                    row = self._known[request.message_id]
                    self.orders[place] = self._issuing.same_order(writer, request, row)
                    continue
                else:
                    meter = self._meter(request.meter)
                    plan = self._plan(writer, request, meter, self._now_ms)
                    prepared[place] = self._issuing.prepare(
                        writer, request, meter, plan, self._now_ms, before=len(prepared)
                    )
                accounts.add(self._account(request))  # what comes behind it must not overtake it
                messages.add(request.message_id)
            except VendingError as error:
                self.results[place] = error
        opened = self._issuing.open(writer, list(prepared.values()), self._now_ms)
        for place, order in zip(prepared, opened, strict=True):
            self.orders[place] = order
            self._known[order.row.message_id] = order.row
        return later

    def _read_ahead(self, writer: VendingWriter, meters: Iterable[str]) -> None:
        """What the orders of a wave will ask for, read for all of them at once."""
        known = {number: self._registered[number] for number in meters if number in self._registered}
        accounts = {one.account.number for one in known.values()}
        writer.read_ahead(sorted(accounts), sorted(known), self._month)

    def _account(self, request: Order) -> str:
        """The account that the order may be made for; none, which no account is called, where there is no such meter."""
        if request.message_id in self._known:
            return ""
        try:
            return self._meter(request.meter).account.number
        except UnknownMeterError:
            return ""

    def _meter(self, number: str) -> KnownMeter:
        """The meter, as it was read when the batch began."""
        if number not in self._meters:
            self._meters[number] = meter_known_as(number, self._registered)
        return self._meters[number]
