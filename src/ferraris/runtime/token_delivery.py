"""Brings sold tokens to their meters: from a sale in vending to a command of the head-end, and its result back to the sale.

Nothing is remembered but what is in the two stores, so that a crash at any moment costs a look and no more:

    sale without a command    its command is posted, with the receipt number as reference
    command not settled       waits; after a while the sale says that the customer had better type the token
    command settled           its result is marked at the sale, which then is delivered, typed or refused
    sale reversed meanwhile   its command is withdrawn; one that is with the meter at this moment is waited for

A token cannot be recalled, so what a meter did with one decides. If it took the token of a sale that was reversed before we knew,
or may have taken it, that is marked like any other result, and an alarm says that money and credit went to one customer.

A crash between the posting and anything else finds the command by its reference; one between the result and the mark marks
again. Sending a token twice does no harm: the meter refuses it the second time (see `headend.commands`).

Only meters that the registry gives a decoder reference number are served. All other tokens are typed, as ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

import structlog

from ferraris.headend import CommandKind, Event, HeadEnd, ReversedTokenTaken, tokens_text, told_of
from ferraris.kernel.clock import Clock
from ferraris.kernel.errors import StoreError
from ferraris.runtime.writer import Offload, run_inline
from ferraris.store import AuditRow, CommandRow, CommandState, SaleFilter, Stores
from ferraris.sts import TokenResult
from ferraris.vending import Delivery, Sale, SaleKind, SaleState, TokenKind, VendingError

LOG = structlog.get_logger("ferraris.runtime")
REQUESTER: Final = "vending"
REFERENCE_MARK: Final = " · "
"""Between who ordered a command and the reference by which a repeated order is known."""
MINUTE_MS: Final = 60_000
OUT_OF_REACH: Final = "the meter cannot be reached: the customer should type the token"
DELIVERED_KINDS: Final = frozenset({SaleKind.CREDIT, SaleKind.FREE_ISSUE, SaleKind.KEY_CHANGE})
"""Engineering tokens are for whoever stands at the meter."""
UNFINISHED_OR_SOLD: Final = (SaleState.PENDING.value, SaleState.POSTED.value)
UNDELIVERED: Final = (Delivery.NONE.value, Delivery.SENT.value)
OPEN_AFTER_REVERSAL: Final = (*UNDELIVERED, Delivery.TYPED.value)
WITHDRAWN: Final = "not entered: the sale was reversed"
"""The fate of a command that never left, or that a meter has refused, when its sale is reversed."""
DOUBTFUL: Final = "sent before the sale was reversed, and no answer came: the meter may have the token"
PASSING: Final = frozenset({TokenResult.LOCKOUT, TokenResult.NOT_READY, TokenResult.OVERFLOW_ERROR, ""})
"""Results that another attempt may change; the empty one: the meter gave none."""


class SaleBook(Protocol):
    """What delivery needs of vending."""

    def recover(self, now_ms: int) -> object: ...
    def sales(self, wanted: SaleFilter) -> Sequence[Sale]: ...
    def mark_delivered(self, number: int, delivery: Delivery, now_ms: int, detail: str = "") -> object: ...


class HeadEndPort(Protocol):
    """What delivery needs of the running head-end; the runtime is one."""

    @property
    def head_end(self) -> HeadEnd: ...

    @property
    def stores(self) -> Stores: ...

    @property
    def clock(self) -> Clock: ...

    def post_command(self, meter: int, kind: CommandKind, argument: str = "", requested_by: str = "") -> CommandRow: ...
    def withdraw_command(self, command: int, reason: str) -> bool: ...
    def post(self, event: Event) -> None: ...


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """How tokens are brought to their meters."""

    look_s: float = 0.5
    """Between two looks for sales and results, in the event loop's seconds."""
    recover_s: float = 60.0
    """Between two attempts at sales that a crash, or a security module out of reach, has left pending."""
    type_after_ms: int = 60 * MINUTE_MS
    """A meter that could not be reached for so long may not be reached today: the customer should type."""
    rest_ms: int = 10 * MINUTE_MS
    """Before the second attempt at a meter that could not take the token; twice as long before each further one."""
    attempts_max: int = 6


class _Fate(NamedTuple):
    delivery: Delivery
    detail: str


@dataclass(slots=True)
class _Way:
    """A sale whose tokens are on their way."""

    sale: Sale
    meter: int
    attempts: list[int]
    """Its commands, the first first."""
    told: str
    """What vending was told of it last."""

    @property
    def reversed(self) -> bool:
        return self.sale.state is SaleState.REVERSED


class TokenDelivery:
    """The way of tokens from vending to meters, while the head-end runs."""

    def __init__(
        self,
        sales: SaleBook,
        port: HeadEndPort,
        settings: DeliverySettings | None = None,
        offload: Offload = run_inline,
    ) -> None:
        self._sales = sales
        self._port = port
        self._settings = settings or DeliverySettings()
        self._offload = offload
        self._ways: dict[int, _Way] = {}
        """By number of the sale."""
        self._seen = 0
        """Sales up to this number are on their way, or need none."""
        self._meters: dict[str, int] = {}
        """By decoder reference number."""

    def take_up(self) -> None:
        """Before the head-end starts: what waits for a sale that was reversed in between must not leave with its first step."""
        try:
            self.look()
        except (StoreError, VendingError) as error:
            LOG.warning("tokens_not_delivered", error=str(error))

    async def run(self) -> None:
        """Until cancelled. A store that fails is tried again."""
        loop = asyncio.get_running_loop()
        recover_s = loop.time()
        while True:
            try:
                if loop.time() >= recover_s:
                    recover_s = loop.time() + self._settings.recover_s
                    await self._offload(lambda: self._sales.recover(self._port.clock.now_ms()))
                self.look()
            except (StoreError, VendingError) as error:
                LOG.warning("tokens_not_delivered", error=str(error))
            await asyncio.sleep(self._settings.look_s)

    def look(self) -> int:
        """Take every sale one step on; how many are under way. Raises StoreError, VendingError."""
        self._take_new()
        self._see_reversals()
        locked: set[int] = set()
        for number in sorted(self._ways):
            way = self._ways[number]
            if way.meter in locked:
                continue
            if self._advance(way):
                del self._ways[number]
            elif any(token.kind is TokenKind.KEY_CHANGE for token in way.sale.tokens):
                locked.add(way.meter)  # what was sold after a key change fits the meter only when it has the new key
        return len(self._ways)

    def _take_new(self) -> None:
        known = self._meters
        known_rows = [meter.row for meter in self._port.head_end.state.meters.values()]
        rows = known_rows or self._port.stores.records.meters()  # before its start the head-end knows none
        self._meters = {row.decoder_reference_number: row.id for row in rows if row.decoder_reference_number}
        if known.keys() != self._meters.keys():
            self._seen = 0  # something may have been sold to a new meter before it was registered
        wanted = SaleFilter(above=self._seen, states=UNFINISHED_OR_SOLD, deliveries=UNDELIVERED)
        # A command may wait for a sale that was reversed while nobody delivered, whatever is said of its tokens.
        taken_back = SaleFilter(above=self._seen, states=(SaleState.REVERSED.value,), deliveries=OPEN_AFTER_REVERSAL)
        sales = sorted([*self._sales.sales(wanted), *self._sales.sales(taken_back)], key=lambda sale: sale.number)
        for sale in sales:
            meter = self._meters.get(sale.meter)
            if sale.state is not SaleState.PENDING and sale.kind in DELIVERED_KINDS and meter is not None:
                way = _Way(sale, meter, self._posted(sale, meter), sale.delivery_detail)
                self._ways.setdefault(sale.number, way)
        pending = [sale.number for sale in sales if sale.state is SaleState.PENDING]
        self._seen = pending[0] - 1 if pending else (sales[-1].number if sales else self._seen)

    def _see_reversals(self) -> None:
        """Learn which of the sales under way have been reversed since they were sold."""
        waiting = [number for number, way in self._ways.items() if not way.reversed]
        if waiting:
            since = SaleFilter(above=min(waiting) - 1, states=(SaleState.REVERSED.value,))
            for sale in self._sales.sales(since):
                if sale.number in self._ways:
                    self._ways[sale.number].sale = sale

    def _advance(self, way: _Way) -> bool:
        """One step of one sale; True when its fate is known."""
        if not way.attempts:
            if not way.reversed:
                self._post(way)
            return way.reversed
        if way.reversed:
            self._port.withdraw_command(way.attempts[-1], WITHDRAWN)
        if way.attempts[-1] in self._port.head_end.state.commands:
            self._tell_if_late(way)
            return False
        row = self._port.stores.records.command(way.attempts[-1])
        if row is None or row.state not in (CommandState.CONFIRMED, CommandState.FAILED):
            return False  # its fate is on its way into the store
        fate = _fate_of_reversed(row) if way.reversed else self._fate(row, len(way.attempts))
        if fate is not None:
            self._close(way, fate)
            return True
        rest_ms = self._settings.rest_ms << (len(way.attempts) - 1)
        if self._port.clock.now_ms() >= (row.finished_ms or row.requested_ms) + rest_ms:
            self._post(way)
        return False

    def _posted(self, sale: Sale, meter: int) -> list[int]:
        """The commands that were posted for a sale, the first first."""
        reference = f"{REQUESTER}{REFERENCE_MARK}{sale.receipt_number}"
        rows = self._port.stores.records.commands(meter=meter)
        return sorted(row.id for row in rows if row.requested_by.partition("/")[0] == reference)

    def _post(self, way: _Way) -> None:
        reference = f"{REQUESTER}{REFERENCE_MARK}{way.sale.receipt_number}"
        if way.attempts:
            reference += f"/{len(way.attempts) + 1}"
        tokens = tokens_text(token.digits for token in way.sale.tokens)
        row = self._port.post_command(way.meter, CommandKind.ENTER_TOKEN, tokens, reference)
        way.attempts.append(row.id)
        self._tell(way, f"command {row.id}")

    def _tell_if_late(self, way: _Way) -> None:
        if self._port.clock.now_ms() >= way.sale.created_ms + self._settings.type_after_ms:
            self._tell(way, OUT_OF_REACH)

    def _tell(self, way: _Way, detail: str) -> None:
        """What happens on the way, told once; nothing depends on it."""
        if way.told != detail:
            self._sales.mark_delivered(way.sale.number, Delivery.SENT, self._port.clock.now_ms(), detail)
            way.told = detail

    def _fate(self, row: CommandRow, attempts: int) -> _Fate | None:
        """What a settled command comes to; None when another attempt is worth while."""
        result, typed = told_of(row.detail)
        if row.state is CommandState.CONFIRMED:
            return _Fate(Delivery.TYPED if typed else Delivery.ACCEPTED, result)
        if result not in PASSING:
            return _Fate(Delivery.REFUSED, result)
        limits = self._port.head_end.config.limits
        lived_ms = (row.finished_ms or row.requested_ms) - row.requested_ms
        if attempts < self._settings.attempts_max and lived_ms < limits.token_expiry_ms:
            return None
        return _Fate(Delivery.TYPED, f"left to the customer: {result or row.detail}")

    def _close(self, way: _Way, fate: _Fate) -> None:
        if (way.sale.delivery, way.sale.delivery_detail) == fate:
            return  # told before the process ended
        now_ms = self._port.clock.now_ms()
        detail = f"receipt {way.sale.receipt_number}: {fate.detail}"
        action = f"token {fate.delivery}"
        if way.reversed:
            action += " after reversal"
            if fate.delivery is not Delivery.NONE and fate.delivery is not Delivery.REFUSED:
                self._port.post(ReversedTokenTaken(way.meter, f"{action}, {detail}"))
        entry = AuditRow(at_ms=now_ms, actor=REQUESTER, action=action, subject=f"meter {way.meter}", detail=detail)
        self._port.stores.records.add_audit([entry])
        self._sales.mark_delivered(way.sale.number, fate.delivery, now_ms, fate.detail)


def _fate_of_reversed(row: CommandRow) -> _Fate:
    """What a settled command comes to whose sale was reversed: there is no other attempt."""
    result, typed = told_of(row.detail)
    if row.state is CommandState.CONFIRMED:
        return _Fate(Delivery.TYPED if typed else Delivery.ACCEPTED, result)
    if result:
        return _Fate(Delivery.REFUSED, result)
    if row.sent_ms is not None and row.detail == WITHDRAWN:
        return _Fate(Delivery.SENT, DOUBTFUL)
    return _Fate(Delivery.NONE, WITHDRAWN)
