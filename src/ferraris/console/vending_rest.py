"""REST under /api/v1/vending: quotes, sales, receipts, and what is done to a sale afterwards."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Response

from ferraris.console.problems import not_found, refused
from ferraris.console.vending_bodies import Act, Explanation, MeterOrder, QuoteOrder, SaleOrder
from ferraris.console.vending_desk import VendingDesk
from ferraris.console.vending_explain import Told, explain
from ferraris.console.vending_views import SaleView, receipt_of, sale_view, sold_view
from ferraris.kernel.limits import VENDING_ROWS_MAX, VENDING_TEXT_CHARACTERS_MAX
from ferraris.store import SaleFilter
from ferraris.vending import (
    ChainState,
    Delivery,
    FreeIssueRequest,
    KeyChangeRequest,
    Quote,
    SaleKind,
    SaleRequest,
    SaleState,
    meter_sought,
    parse_pan,
    receipt_text,
)

VENDING_PREFIX = "/api/v1/vending"
QUOTE_NAME = "quote"
PAGE_ROWS = 100
SaleNumber = Annotated[int, Path(ge=1, lt=1 << 63, description="The order's number; the receipt's without its zeros.")]
Key = Annotated[
    str,
    Header(
        alias="idempotency-key",
        max_length=VENDING_TEXT_CHARACTERS_MAX,
        description="The message id, unless the body has it.",
    ),
]
Limit = Annotated[int, Query(ge=1, le=VENDING_ROWS_MAX)]
Whole = Annotated[int | None, Query(ge=-1 << 63, lt=1 << 63)]
"""What a column of the store can be compared with."""


class ReceiptFormat(StrEnum):
    """How a receipt is answered."""

    TEXT = "text"
    PDF = "pdf"


def sale_routes(desk: VendingDesk) -> APIRouter:
    """What a till needs most."""
    router = APIRouter(tags=["vending: sales"])
    _add_orders(router, desk)
    _add_queries(router, desk)
    _add_afterwards(router, desk)
    return router


def _add_orders(router: APIRouter, desk: VendingDesk) -> None:
    @router.post("/quotes")
    async def quote(order: QuoteOrder) -> Quote:
        """The trial sale: what the order would come to now, line by line. Nothing is kept."""
        request = SaleRequest(
            message_id=QUOTE_NAME, till=QUOTE_NAME, operator=QUOTE_NAME,
            meter=reference_of(order.meter), amount=order.amount, units=order.units,
        )  # fmt: skip
        return await desk.run(lambda vending, now_ms: vending.quote(request, now_ms))

    @router.post("/sales", status_code=HTTPStatus.CREATED)
    async def sell(order: SaleOrder, idempotency_key: Key = "") -> SaleView:
        """Sell credit. Repeating the request with its message id gives the same tokens and charges nothing anew.

        After a problem with `retry`, repeat the request: it finishes the order that was begun.
        """
        request = SaleRequest(
            message_id=message_id(order.message_id, idempotency_key), till=order.till, operator=order.operator,
            meter=reference_of(order.meter), amount=order.amount, units=order.units, payment=order.payment,
        )  # fmt: skip
        return sold_view(await desk.sell(request), desk.settings)

    @router.post("/free-issues", status_code=HTTPStatus.CREATED)
    async def free_issue(order: MeterOrder, idempotency_key: Key = "") -> SaleView:
        """The month's free units (free basic electricity), once a month and account."""
        request = FreeIssueRequest(
            message_id=message_id(order.message_id, idempotency_key),
            till=order.till,
            operator=order.operator,
            meter=reference_of(order.meter),
        )
        return sold_view(await desk.run(lambda vending, now_ms: vending.free_issue(request, now_ms)), desk.settings)

    @router.post("/key-changes", status_code=HTTPStatus.CREATED)
    async def change_key(order: MeterOrder, idempotency_key: Key = "") -> SaleView:
        """The key-change tokens that the meter waits for, without a purchase; or once more those it was given."""
        request = KeyChangeRequest(
            message_id=message_id(order.message_id, idempotency_key),
            till=order.till,
            operator=order.operator,
            meter=reference_of(order.meter),
        )
        return sold_view(await desk.run(lambda vending, now_ms: vending.change_key(request, now_ms)), desk.settings)


def _add_queries(router: APIRouter, desk: VendingDesk) -> None:
    @router.get("/sales")
    async def sales(
        meter: str | None = None,
        account: str | None = None,
        till: str | None = None,
        operator: str | None = None,
        shift: Whole = None,
        state: SaleState | None = None,
        kind: SaleKind | None = None,
        delivery: Delivery | None = None,
        from_ms: Whole = None,
        until_ms: Whole = None,
        below: Annotated[Whole, Query(description="The page after the one that ended with this number.")] = None,
        limit: Limit = PAGE_ROWS,
    ) -> list[SaleView]:
        """Orders that fit all that is given, the newest first."""
        wanted = SaleFilter(
            meter=None if meter is None else meter_sought(meter), account=account, till=till, operator=operator, shift=shift, from_ms=from_ms, until_ms=until_ms,
            states=() if state is None else (state.value,), kinds=() if kind is None else (kind.value,),
            deliveries=() if delivery is None else (delivery.value,), below=below, limit=limit,
        )  # fmt: skip
        return list(map(sale_view, await desk.run(lambda vending, _: vending.sales(wanted))))

    @router.get("/sales/by-message")
    async def by_message(message_id: Annotated[str, Query(max_length=VENDING_TEXT_CHARACTERS_MAX)]) -> SaleView:
        """What became of an order whose answer was lost."""
        found = await desk.run(lambda vending, _: vending.sale_by_message(message_id))
        if found is None:
            raise not_found("order of message id", message_id)
        return sale_view(found)

    @router.get("/sales/{number}")
    async def sale(number: SaleNumber) -> SaleView:
        """An order with its tokens, its breakdown, and what is known of its delivery."""
        return sale_view(await desk.run(lambda vending, _: vending.sale(number)))

    @router.get("/sales/{number}/receipt", response_class=Response)
    async def receipt(
        number: SaleNumber, answer: Annotated[ReceiptFormat, Query(alias="format")] = ReceiptFormat.TEXT
    ) -> Response:
        """The receipt, the digits in fours: plain text for a slip printer, or PDF."""
        found = await desk.run(lambda vending, _: receipt_of(vending, vending.sale(number)))
        if answer is ReceiptFormat.TEXT:
            return Response(receipt_text(found), media_type="text/plain; charset=utf-8")
        from ferraris.vending.receipt_pdf import receipt_pdf  # its library is heavy, and tills print text

        octets = await asyncio.to_thread(receipt_pdf, found)
        named = {"content-disposition": f'inline; filename="receipt-{found.number}.pdf"'}
        return Response(octets, media_type="application/pdf", headers=named)

    @router.post("/explain")
    async def explain_token(question: Explanation) -> Told:
        """Why a meter may have refused a token, as far as the record of sales tells: mistyped, another meter's, old key, used."""
        return await desk.run(
            lambda vending, _: explain(vending, vending.registry.meter(question.meter), question.token)
        )

    @router.get("/ledger")
    async def ledger() -> ChainState:
        """Reckons the whole ledger again, every hash and every sum: how far it reaches, or a problem that names the fault."""
        return await desk.run(lambda vending, _: vending.verify_ledger())

    @router.get("/balances")
    async def balances() -> dict[str, int]:
        """The balance of each account of the ledger, in minor units."""
        return await desk.run(lambda vending, _: vending.balances())


def _add_afterwards(router: APIRouter, desk: VendingDesk) -> None:
    @router.post("/sales/{number}/reprint")
    async def reprint(number: SaleNumber, act: Act) -> SaleView:
        """The same receipt once more; copies are counted."""
        return sale_view(await desk.run(lambda vending, now_ms: vending.reprint(number, act.operator, now_ms)))

    @router.post("/sales/{number}/reversal")
    async def reverse(number: SaleNumber, act: Act) -> SaleView:
        """Take a sale back. Supervisors only, unless the meter refuses its token for ever: nothing recalls a token."""
        return sale_view(
            await desk.run(lambda vending, now_ms: vending.reverse(number, act.operator, now_ms, act.reason))
        )

    @router.post("/sales/{number}/cancellation")
    async def cancel(number: SaleNumber, act: Act) -> SaleView:
        """Void an order that is pending, as long as no token was made. For supervisors."""
        return sale_view(
            await desk.run(lambda vending, now_ms: vending.cancel(number, act.operator, now_ms, act.reason))
        )

    @router.post("/sales/{number}/typed")
    async def typed(number: SaleNumber, act: Act) -> SaleView:
        """The customer has typed the tokens, or takes them home to do so."""
        detail = f"said by {act.operator}"
        return sale_view(
            await desk.run(lambda vending, now_ms: vending.mark_delivered(number, Delivery.TYPED, now_ms, detail))
        )


def message_id(in_body: str, in_header: str) -> str:
    """The message id of an order. Raises Problem when there is none, or there are two."""
    if in_body and in_header and in_body != in_header:
        raise refused("The message id in the body and the Idempotency-Key differ; one of them is enough.")
    given = in_body or in_header
    if not given:
        raise refused("An order needs a message id of your own: in the body, or in the header Idempotency-Key.")
    return given


def reference_of(meter: str) -> str:
    """The decoder reference number of a meter as somebody typed it. Raises UnknownMeterError for a wrong check digit."""
    return parse_pan(meter).decoder_reference_number
