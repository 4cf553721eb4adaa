"""The parts that answers of XMLVend are made of: the common head, meters, customers, tokens, transactions and receipts.

The elements and their order are those of XMLVend 2.1's three schemas as far as public clients of it show them. A key-change
set of three or four tokens goes beyond what 2.1 knows: its third and fourth stand in elements of our own, named after the
first two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from ferraris.console.xmlvend.node import Node, node
from ferraris.console.xmlvend.request import Request
from ferraris.sts import EncryptionAlgorithm, StsConfiguration
from ferraris.vending import Line, LineKind, Quote, Sale, SaleKind, SoldToken, TokenKind, credit_minor, money_text

SERVER = "ferraris"
NUMERIC_TECHNOLOGY = "02"
"""Numeric tokens, typed in (IEC 62055-41's token carrier type)."""
NO_TOKEN = "0" * 20
"""What stands for the digits in the answer to a trial."""
KEY_CHANGE_ELEMENTS = ("set1stMeterKey", "set2ndMeterKey", "set3rdMeterKey", "set4thMeterKey")
TENTHS = Decimal(10)


@dataclass(frozen=True, slots=True)
class Head:
    """What every answer begins with."""

    request: Request
    now_ms: int
    title: str
    operator_message: str = ""
    customer_message: str = ""

    def nodes(self) -> tuple[Node, ...]:
        return (
            self.request.client.written("base:clientID"),
            node("base:serverID", kind="base:GenericDeviceID", id=SERVER),
            self.request.terminal.written("base:terminalID"),
            self.request.message.written("base:reqMsgID"),
            node("base:respDateTime", text=moment_text(self.now_ms)),
            node("base:dispHeader", text=self.title),
            node("base:operatorMsg", text=self.operator_message or self.title),
            node("base:custMsg", text=self.customer_message),
        )


def moment_text(now_ms: int) -> str:
    """A moment as XML Schema writes it."""
    moment = datetime.fromtimestamp(now_ms / 1_000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def status(currency: str, *, shift_open: bool) -> Node:
    """What the vendor may still sell for, which Ferraris does not limit, and whether the till's batches are open."""
    shift = "open" if shift_open else "closed"
    return node(
        "base:clientStatus",
        node("base:availCredit", value="0", symbol=currency),
        node("base:batchStatus", banking="open", sales="open", shift=shift),
    )


def customer_detail(name: str, account: str, contact: str = "") -> Node:
    return node("base:custVendDetail", name=name, accNo=account, contactNo=contact or None)


def money(name: str, minor: int, currency: str, minor_digits: int) -> Node:
    return node(name, value=money_text(minor, minor_digits), symbol=currency)


def units(name: str, sold: Sale | Quote) -> Node:
    """What the meter is credited with; the unit of money is its currency."""
    breakdown = sold.breakdown
    if breakdown is not None and breakdown.credit_money:
        minor = credit_minor(breakdown.credit_money, sold.minor_digits)
        return node(name, value=money_text(minor, sold.minor_digits), siUnit=sold.currency)
    tenths = sold.units_tenths if isinstance(sold, Sale) else sold.breakdown.units_tenths
    return node(name, value=f"{Decimal(tenths) / TENTHS:f}", siUnit=sold.unit)


def resource(sold: Sale | Quote) -> Node:
    """Of which service. The schemas' names for others than electricity are taken by analogy."""
    return node("base:resource", kind=RESOURCES.get(sold.service, "base:Electricity"))


def meter_detail(name: str, configuration: StsConfiguration, decoder_reference_number: str) -> Node:
    """A meter with its configuration."""
    algorithm = EncryptionAlgorithm(configuration.encryption_algorithm)
    return node(
        name,
        node("base:meterType", at=f"{algorithm:02d}", tt=NUMERIC_TECHNOLOGY),
        kind="base:MeterDetail",
        msno=decoder_reference_number,
        sgc=configuration.supply_group_code,
        krn=str(configuration.key_revision_number),
        ti=f"{configuration.tariff_index:02d}",
    )


def standard_token(name: str, digits: str, *, typed: bool = True) -> Node:
    kind = "base:STS1Token" if typed else ""
    return node(name, node("base:stsCipher", text=digits), kind=kind)


def issue(name: str, kind: str, title: str, sale: Sale, token: SoldToken, *more: Node) -> Node:
    """A token with its meter."""
    return node(
        name,
        node("base:desc", text=title),
        meter_detail("base:meterDetail", sale.configuration, sale.meter),
        standard_token("base:token", token.digits),
        *more,
        kind=kind,
    )


def credit_issue(sale: Sale) -> Node:
    """The credit token of a sale or a free issue."""
    free = sale.kind is SaleKind.FREE_ISSUE
    kind, title = ("base:FreeCredTokenIssue", "Free units") if free else ("base:SaleCredTokenIssue", "Credit token")
    token = sale.credit_token
    assert token is not None, "a credit sale has a credit token"
    more = units("base:units", sale), resource(sale)
    return issue("revenue:creditTokenIssue", kind, title, sale, token, *more)


def key_change_issue(name: str, before: StsConfiguration, sale: Sale) -> Node | None:
    """The key-change set of a sale, and from what to what it leads; None when it has none."""
    tokens = [token for token in sale.tokens if token.kind is TokenKind.KEY_CHANGE]
    if not tokens:
        return None
    parts = (
        standard_token(f"base:{element}", token.digits, typed=False)
        for element, token in zip(KEY_CHANGE_ELEMENTS, tokens, strict=False)
    )
    after = sale.configuration
    return node(
        name,
        node("base:desc", text="Key change: enter these before any other token"),
        meter_detail("base:meterDetail", after, sale.meter),
        node("base:token", *parts, kind="base:KCToken"),
        node(
            "base:kctData",
            fromSGC=before.supply_group_code,
            fromKRN=str(before.key_revision_number),
            fromTI=f"{before.tariff_index:02d}",
            toSGC=after.supply_group_code,
            toKRN=str(after.key_revision_number),
            toTI=f"{after.tariff_index:02d}",
        ),
    )


def receipt(sale: Sale, key_change: Node | None = None) -> Node:
    """The receipt of a credit sale: one transaction for the units, one for each charge and debt."""
    return node(
        "revenue:creditVendReceipt",
        node(
            "revenue:transactions",
            *transactions(sale, credit_issue(sale), key_change),
            money("revenue:tenderAmt", sale.tendered_minor, sale.currency, sale.minor_digits),
            money("revenue:change", 0, sale.currency, sale.minor_digits),
        ),
        receiptNo=sale.receipt_number,
    )


def trial_receipt(quote: Quote, configuration: StsConfiguration) -> Node:
    """The receipt that a sale would have, with zeros for its digits and no number."""
    token = node(
        "revenue:creditTokenIssue",
        node("base:desc", text="Trial"),
        meter_detail("base:meterDetail", configuration, quote.meter),
        standard_token("base:token", NO_TOKEN),
        units("base:units", quote),
        resource(quote),
        kind="base:SaleCredTokenIssue",
    )
    return node(
        "revenue:creditVendReceipt",
        node(
            "revenue:transactions",
            *transactions(quote, token, None),
            money("revenue:tenderAmt", quote.breakdown.tendered_minor, quote.currency, quote.minor_digits),
            money("revenue:change", 0, quote.currency, quote.minor_digits),
        ),
        receiptNo="0",
    )


def transactions(sold: Sale | Quote, token: Node, key_change: Node | None) -> Iterator[Node]:
    """The purchase, split as its breakdown has it. All amounts together are what was tendered."""
    breakdown = sold.breakdown
    number = sold.receipt_number if isinstance(sold, Sale) else None
    lines: Sequence[Line] = () if breakdown is None else breakdown.lines
    taxes = [line for line in lines if line.kind is LineKind.TAX]
    bought = sum(line.amount_minor for line in lines if line.kind in {LineKind.UNITS, LineKind.TAX})
    yield node(
        "revenue:tx",
        money("revenue:amt", bought, sold.currency, sold.minor_digits),
        *(
            node("revenue:tax", money("base:amt", line.amount_minor, sold.currency, sold.minor_digits), type=line.name)
            for line in taxes
        ),
        token,
        key_change,
        node("revenue:tariff", node("base:name", text=sold.tariff), *_steps(sold)),
        kind="revenue:CreditVendTx",
        receiptNo=number,
    )
    for line in lines:
        if line.kind in KINDS_OF_CHARGES:
            yield node(
                "revenue:tx",
                money("revenue:amt", line.amount_minor, sold.currency, sold.minor_digits),
                node("revenue:accDesc", text=line.title),
                kind=KINDS_OF_CHARGES[line.kind],
                receiptNo=number,
            )


RESOURCES = {"water": "base:Water", "gas": "base:Gas"}
KINDS_OF_CHARGES = {LineKind.FIXED_CHARGE: "revenue:ServiceChrgTx", LineKind.DEBT: "revenue:DebtRecoveryTx"}


def _steps(sold: Sale | Quote) -> Iterator[Node]:
    """The tariff's blocks as one line of text: what carries them as elements is a maker's extension."""
    lines = () if sold.breakdown is None else sold.breakdown.lines
    steps = [
        f"{Decimal(line.units_tenths) / TENTHS:f} {sold.unit} @ {sold.currency} {line.price}"
        for line in lines
        if line.units_tenths
    ]
    if steps:
        yield node("base:desc", text="; ".join(steps))
