"""XMLVend's use cases at the till: confirm, trial, sale, free units, reprint, last response, reversal, key change."""

from __future__ import annotations

from dataclasses import replace

from ferraris.console.vending_views import MeterView, meter_view
from ferraris.console.xmlvend import answer
from ferraris.console.xmlvend.answer import Head
from ferraris.console.xmlvend.fault import LastResponseError, UseCaseError
from ferraris.console.xmlvend.names import BASE
from ferraris.console.xmlvend.node import LetterError, Node, node
from ferraris.console.xmlvend.request import MessageId, Request, read_meter, read_purchase
from ferraris.store import SaleFilter
from ferraris.sts import StsConfiguration
from ferraris.vending import (
    FoundMeter,
    FreeIssueRequest,
    KeyChangeRequest,
    KnownMeter,
    Sale,
    SaleKind,
    SaleRequest,
    SaleState,
    Vending,
    parse_pan,
)

CUSTOMERS_MAX = 20
"""Customers of one answer to a search."""
CREDIT = frozenset({SaleKind.CREDIT, SaleKind.FREE_ISSUE})
RESPONSES = {
    SaleKind.CREDIT: "creditVendResp",
    SaleKind.FREE_ISSUE: "freeIssueResp",
    SaleKind.KEY_CHANGE: "updateMeterKeyResp",
}
TITLES = {SaleKind.CREDIT: "Credit vend", SaleKind.FREE_ISSUE: "Free units", SaleKind.KEY_CHANGE: "Key change"}
OPERATOR = "xmlvend"
"""Stands for the operator of a client that names none."""


def operator_of(request: Request) -> str:
    return request.operator or OPERATOR


def meter_of(request: Request) -> str:
    """The decoder reference number that the request is about. Raises LetterError, UnknownMeterError."""
    return parse_pan(read_meter(request.body.need("idMethod")).number).decoder_reference_number


def confirm_customer(request: Request, vending: Vending, now_ms: int) -> Node:
    """Who buys for a meter, or which customers fit."""
    method = request.body.need("idMethod")
    if method.get("custIdentifier") is None:
        found = [meter_view(vending, meter_of(request))]
    else:
        found = [meter_view(vending, one.meter) for one in _customers(method.need("custIdentifier"), vending)]
    results = (_confirmation(one) for one in found)
    return node("revenue:confirmCustomerResp", *Head(request, now_ms, "Confirm customer").nodes(), *results)


def _customers(identifier: Node, vending: Vending) -> list[FoundMeter]:
    """Customers by account number or by a part of the name. An exact account stands alone."""
    account = identifier.attributes.get("accNo", "").strip()
    sought = account or identifier.attributes.get("name", "").strip() or identifier.text
    sought = sought or next((child.text for child in identifier.children if child.text), "")
    if not sought or len(sought) > 64:
        raise LetterError("custIdentifier names nobody", expected="an account number or a name, at most 64 characters")
    found = vending.registry.find(sought, CUSTOMERS_MAX)
    exact = [one for one in found if one.account == account]
    if not found:
        raise LetterError("no customer fits", got=sought[:40])
    return exact or found


def _confirmation(found: MeterView) -> Node:
    return node(
        "revenue:confirmCustResult",
        answer.customer_detail(found.customer.name, found.account.number, found.customer.contact),
        node("revenue:custVendConfig", node("revenue:canVend", text="false" if found.blocked else "true")),
        answer.meter_detail("revenue:meterDetail", found.present, found.meter),
    )


def confirm_meter(request: Request, vending: Vending, now_ms: int) -> Node:
    """What a meter is configured for."""
    found = meter_view(vending, meter_of(request))
    result = node("meter:confirmMeterResult", answer.meter_detail("meter:meterDetail", found.present, found.meter))
    return node("meter:confirmMeterResp", *Head(request, now_ms, "Confirm meter").nodes(), result)


def trial(request: Request, vending: Vending, now_ms: int) -> Node:
    """What a sale would come to."""
    order = sale_request(request, vending)
    quote = vending.quote(order, now_ms)
    known = vending.registry.meter(order.meter)
    target = known.wanted.sts if known.wanted else known.present.sts
    return node(
        "revenue:trialCreditVendResp",
        *_vend_head(request, vending, known, Head(request, now_ms, "Trial vend")),
        answer.trial_receipt(quote, target),
    )


def sell(request: Request, vending: Vending, now_ms: int) -> Node:
    """A sale by money or units."""
    return sale_answer(request, vending, vending.sell(sale_request(request, vending), now_ms))


def sale_request(request: Request, vending: Vending) -> SaleRequest:
    """The sale that a letter orders. Raises LetterError, UnknownMeterError."""
    purchase = read_purchase(request.body, vending.settings.currency)
    return SaleRequest(
        message_id=request.message_id,
        till=request.till,
        operator=operator_of(request),
        meter=meter_of(request),
        amount=purchase.amount,
        units=purchase.units,
    )


def free_issue(request: Request, vending: Vending, now_ms: int) -> Node:
    """The month's free units."""
    order = FreeIssueRequest(
        message_id=request.message_id, till=request.till, operator=operator_of(request), meter=meter_of(request)
    )
    return sale_answer(
        request, vending, vending.free_issue(order, now_ms), name=request.body.name.removesuffix("Req") + "Resp"
    )


def change_key(request: Request, vending: Vending, now_ms: int) -> Node:
    """The key change that the meter waits for."""
    order = KeyChangeRequest(
        message_id=request.message_id, till=request.till, operator=operator_of(request), meter=meter_of(request)
    )
    return sale_answer(request, vending, vending.change_key(order, now_ms))


def reprint(request: Request, vending: Vending, now_ms: int) -> Node:
    """The meter's last sale once more."""
    wanted = SaleFilter(
        meter=meter_of(request), states=(SaleState.POSTED.value,), kinds=tuple(kind.value for kind in CREDIT), limit=1
    )
    found = vending.sales(wanted)
    if not found:
        raise LastResponseError("this meter has no sale to print again")
    sale = vending.reprint(found[0].number, operator_of(request), now_ms)
    answered = sale_answer(request, vending, sale)
    head = Head(request, now_ms, "Reprint").nodes()
    return node("revenue:reprintResp", *head, replace(answered, name="reprint", type="revenue:CreditVendResp"))


def advice(request: Request, vending: Vending, now_ms: int) -> Node:
    """What became of an earlier message; its confirmation; its reversal."""
    message = MessageId.read(request.body.need("adviceReqMsgID"))
    sale = vending.sale_by_message(request.order_of(message))
    if sale is None:
        raise LastResponseError("no order of this client has that message identifier", got=message.unique_number)
    kind = request.body.type or "LastRespAdviceReq"
    if kind == "ReversalAdviceReq":
        sale = vending.reverse(sale.number, operator_of(request), now_ms, "reversal advice")
    elif kind not in {"LastRespAdviceReq", "ConfirmationAdviceReq"}:
        raise UseCaseError(f"{kind} is not offered")
    head = Head(request, now_ms, kind.removesuffix("AdviceReq")).nodes()
    said = message.written("base:adviceReqMsgID")
    last = None
    if kind == "LastRespAdviceReq":
        if sale.state is not SaleState.POSTED:
            raise LastResponseError(f"that order is {sale.state}", got=f"order {sale.number}")
        answered = sale_answer(replace(request, message=message), vending, sale)
        prefix = "revenue" if sale.kind in CREDIT else "meter"
        kind_name = f"{prefix}:{answered.name[:1].upper()}{answered.name[1:]}"
        last = replace(answered, namespace=BASE, name="lastResponse", type=kind_name)
    return node("base:adviceResp", *head, said, last, kind=f"base:{kind.removesuffix('Req')}Resp")


def sale_answer(request: Request, vending: Vending, sale: Sale, *, name: str = "") -> Node:
    """The answer that a sale has, whenever it is asked for: it depends on the sale alone."""
    if sale.kind not in RESPONSES:
        raise UseCaseError(f"an order of kind {sale.kind} has no receipt in XMLVend")
    known = vending.registry.meter(sale.meter)
    thanks = "Enter the tokens in the order given." if len(sale.tokens) > 1 else "Enter the token at the meter."
    moment_ms = sale.finished_ms or sale.created_ms
    head = Head(request, moment_ms, TITLES[sale.kind], f"{TITLES[sale.kind]} successful", thanks)
    parts = _vend_head(request, vending, known, head)
    before = _before(known, sale)
    if sale.kind is SaleKind.KEY_CHANGE:
        change = answer.key_change_issue("meter:updateMeterKey", before, sale)
        return node("meter:updateMeterKeyResp", *parts, change)
    change = answer.key_change_issue("revenue:kcTokenIssue", before, sale)
    return node(f"revenue:{name or RESPONSES[sale.kind]}", *parts, answer.receipt(sale, change))


def _before(known: KnownMeter, sale: Sale) -> StsConfiguration:
    """The configuration from which the sale's key change led away."""
    places = [one.position for one in known.history if one.sts == sale.configuration]
    earlier = [one for one in known.history if places and one.position < places[0]]
    return earlier[-1].sts if earlier else sale.configuration


def _vend_head(request: Request, vending: Vending, known: KnownMeter, head: Head) -> tuple[Node, ...]:
    customer = vending.registry.customer_of(known)
    settings = vending.settings
    shift = vending.shifts.open_shift(request.till)
    return (
        *head.nodes(),
        answer.status(settings.currency, shift_open=shift is not None),
        node("base:utility", name=settings.utility, address=""),
        node("base:vendor", name=request.client.id),
        answer.customer_detail(customer.name, known.account.number, customer.contact),
    )
