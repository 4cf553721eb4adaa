"""XMLVend's use cases behind the till: engineering and test tokens, shifts and deposits, fault reports."""

from __future__ import annotations

import hashlib
from decimal import Decimal

from ferraris.console.xmlvend import answer
from ferraris.console.xmlvend.answer import NUMERIC_TECHNOLOGY, Head, moment_text, money
from ferraris.console.xmlvend.fault import UseCaseError
from ferraris.console.xmlvend.node import LetterError, Node, node
from ferraris.console.xmlvend.request import Request, read_money
from ferraris.console.xmlvend.sales import meter_of, operator_of
from ferraris.sts import MeterTestToken, encode_token
from ferraris.vending import (
    ApprovalError,
    EngineeringKind,
    EngineeringRequest,
    ShiftError,
    ShiftTotals,
    Vending,
    minor_units,
)

ALL_CREDIT = 65_535
"""The register that stands for all of them (IEC 62055-41)."""
ALL_TESTS = (1 << 36) - 1
"""Every control bit: which bit asks for which test is not public, but all of them ask for all."""
WATTS = {"W": 1, "KW": 1_000}
ENGINEERING = {
    # type of the request    kind                            element of the answer   its type
    "ClearTamperReq": (EngineeringKind.CLEAR_TAMPER, "clearTamper", "ClearTamperTokenIssue"),
    "ClearCreditReq": (EngineeringKind.CLEAR_CREDIT, "clearCredit", "ClearCreditTokenIssue"),
    "PwrLmtReq": (EngineeringKind.POWER_LIMIT, "pwrLmtToken", "PwrLmtTokenIssue"),
    "PhUnbalReq": (EngineeringKind.PHASE_UNBALANCE, "phUnbal", "PhUnbalTokenIssue"),
}


def engineering(request: Request, vending: Vending, now_ms: int) -> Node:
    """An engineering token: the first request waits for a second person, the one after the approval gets the token."""
    if request.body.type not in ENGINEERING:
        raise UseCaseError(f"{request.body.type or 'a request without type'} is not offered")
    kind, element, issue = ENGINEERING[request.body.type]
    order = EngineeringRequest(
        message_id=request.message_id,
        till=request.till,
        operator=operator_of(request),
        meter=meter_of(request),
        kind=kind,
        value=_value(request.body, kind),
        reason="asked for over XMLVend",
    )
    asked = vending.engineering.request(order, now_ms)
    if asked.state == "refused":
        raise ApprovalError("a second person has refused it", got=request.message_id)
    sale = vending.sale_by_message(request.message_id)
    if sale is None or not sale.tokens:
        raise ApprovalError(
            "waits for the approval of a second person; send it again afterwards", got=request.message_id
        )
    response = request.body.type.removesuffix("Req") + "Resp"
    token = answer.issue(f"meter:{element}", f"base:{issue}", kind.replace("_", " ").capitalize(), sale, sale.tokens[0])
    head = Head(request, sale.finished_ms or now_ms, "Engineering token").nodes()
    return node("meter:meterSpecificEngResp", *head, token, kind=f"meter:{response}")


def _value(body: Node, kind: EngineeringKind) -> int:
    """The register or the limit that the request states."""
    if kind is EngineeringKind.CLEAR_CREDIT:
        return ALL_CREDIT
    limit = body.get("pwrLmt") or body.get("phUnbalLmt") or body.get("phUnbal")
    if limit is None:
        if kind in {EngineeringKind.POWER_LIMIT, EngineeringKind.PHASE_UNBALANCE}:
            raise LetterError(f"{body.type} states no limit", expected="pwrLmt or phUnbalLmt")
        return 0
    factor = WATTS.get(limit.attributes.get("siUnit", "kW").upper())
    watts = limit.amount() * (factor or 0)
    if factor is None or watts != int(watts) or watts < 0:
        raise LetterError("no limit of power", expected="a value in kW or W, whole watts")
    return int(watts)


def test_token(request: Request, vending: Vending, now_ms: int) -> Node:
    """The token that starts every test of any meter."""
    if request.body.type != "TestAllReq":
        raise UseCaseError(f"{request.body.type or 'a request without type'} is not offered: only TestAllReq is")
    digits = encode_token(MeterTestToken(ALL_TESTS), None)
    token = node(
        "meter:testAll",
        node("meter:desc", text="All tests"),
        node("meter:meterType", tt=NUMERIC_TECHNOLOGY),
        answer.standard_token("meter:token", digits),
    )
    head = Head(request, now_ms, "Test token").nodes()
    return node("meter:nonMeterSpecificEngResp", *head, token, kind="meter:TestAllResp")


def start_batch(request: Request, vending: Vending, now_ms: int) -> Node:
    """The till's shift begins. The same message again finds the shift that it began, and another one that which is open."""
    operator = operator_of(request)
    try:
        shift = vending.shifts.open(request.till, operator, now_ms, message_id=request.message_id)
    except ShiftError:
        present = vending.shifts.open_shift(request.till)
        if present is None or present.operator != operator:
            raise
        shift = present
    started = node("revenue:startedBatch", node("revenue:started", text=moment_text(shift.opened_ms)))
    return node("revenue:startBatchResp", *Head(request, shift.opened_ms, "Shift started").nodes(), started)


def total_batch(request: Request, vending: Vending, now_ms: int) -> Node:
    """What the till's open shift has taken so far."""
    shift = vending.shifts.open_shift(request.till)
    if shift is None:
        raise ShiftError(f"till {request.till} has no open shift")
    totals = vending.shifts.totals(shift.number)
    batch = _batch("revenue:totalBatch", totals, vending, now_ms)
    return node("revenue:totalBatchResp", *Head(request, now_ms, "Shift totals").nodes(), batch)


def end_batch(request: Request, vending: Vending, now_ms: int) -> Node:
    """The till's shift ends. XMLVend counts no drawer, so what should be in it is taken for what is.

    The same message again has the same answer, and ends no other shift, though one is open by then.
    """
    totals = vending.shifts.close(request.till, operator_of(request), now_ms, None, request.message_id)
    batch = _batch("revenue:endBatch", totals, vending, now_ms)
    return node("revenue:endBatchResp", *Head(request, totals.closed_ms or now_ms, "Shift ended").nodes(), batch)


def _batch(name: str, totals: ShiftTotals, vending: Vending, now_ms: int) -> Node:
    settings = vending.settings
    taken = sum(one.taken_minor - one.returned_minor for one in totals.payments)
    return node(
        name,
        node("revenue:started", text=moment_text(totals.opened_ms)),
        node("revenue:ended", text=moment_text(totals.closed_ms or now_ms)),
        money("revenue:batchTot", taken, settings.currency, settings.minor_digits),
    )


def deposit(request: Request, vending: Vending, now_ms: int) -> Node:
    """Money brought to the bank."""
    settings = vending.settings
    amount = next((child for child in request.body.children if child.name in {"depAmt", "amt", "depositAmt"}), None)
    if amount is None:
        raise LetterError("depositReq states no amount", expected="depAmt")
    minor = minor_units(read_money(amount, settings.currency), settings.minor_digits)
    reference = next(
        (child.text for child in request.body.children if child.name in {"refNo", "accNo"} and child.text), ""
    )
    row = vending.shifts.deposit(
        request.message_id,
        request.till,
        operator_of(request),
        minor,
        now_ms,
        reference or request.message.unique_number,
    )
    head = Head(request, row.at_ms, "Deposit").nodes()
    slip = node("revenue:depAmt", value=f"{Decimal(minor).scaleb(-settings.minor_digits):f}", symbol=settings.currency)
    return node("revenue:depositResp", *head, slip)


def fault_number(request: Request) -> str:
    """What the customer is told: the day and ten digits, of the terminal and its message identifier."""
    digest = hashlib.sha256(request.message_id.encode()).digest()
    return f"F{request.message.date_time[:8]}-{int.from_bytes(digest[:8], 'big') % 10**10:010d}"


def report_fault(request: Request, vending: Vending, now_ms: int) -> Node:
    """A fault that a customer reports: kept in the audit, under a number of its own."""
    report = request.body.need("custFaultReport")
    customer = request.body.need("custDetail")
    described = [report.type, *(child.text for child in report.children if child.text), *report.attributes.values()]
    said = "; ".join(filter(None, described))[:120] or "no description"
    who = customer.attributes.get("accNo") or customer.attributes.get("name") or "unknown customer"
    number = fault_number(request)
    if not vending.audit(1, number):  # sent again, it is on record already
        vending.registry.report_fault(number, who[:60], said, operator_of(request), now_ms)
    head = Head(request, now_ms, "Fault report", customer_message=f"Your reference is {number}").nodes()
    log = node(
        "meter:custFaultLog",
        node("meter:custDetail", name=customer.attributes.get("name"), accNo=customer.attributes.get("accNo")),
        node("meter:faultReport", kind=f"meter:{report.type}" if report.type.isalnum() else ""),
        refNo=number,
    )
    return node("meter:custReportFaultResp", *head, log)
