"""From the store's rows to a `Sale`: what every query and every order answers with."""

from __future__ import annotations

from collections.abc import Sequence

from ferraris.store import SaleRow, SoldTokenRow, VendingReader
from ferraris.vending.breakdown import Breakdown, read_breakdown
from ferraris.vending.meters import KnownMeter, meter_known_as
from ferraris.vending.sale import Delivery, Sale, SaleKind, SaleState, SoldToken, TokenKind
from ferraris.vending.token_plans import CREDIT_KINDS, CURRENCY_KINDS, KEY_CHANGE


def sale_view(
    row: SaleRow,
    tokens: Sequence[SoldTokenRow],
    meter: KnownMeter,
    minor_digits: int,
    issued: Sequence[str] = (),
    breakdown: Breakdown | None = None,
) -> Sale:
    """One sale. Tokens appear once they have digits, or `issued` gives them. `breakdown`: the row's, where it is known."""
    digits: Sequence[str | None] = issued or [token.digits for token in tokens]
    return Sale(
        number=row.number,
        message_id=row.message_id,
        kind=SaleKind(row.kind),
        state=SaleState(row.state),
        till=row.till,
        operator=row.operator,
        approver=row.approver,
        meter=row.meter,
        account=row.account,
        payment=row.payment,
        currency=row.currency,
        minor_digits=minor_digits,
        tendered_minor=row.tendered_minor,
        units_tenths=row.units_tenths,
        tariff=row.tariff,
        breakdown=breakdown or read_breakdown(row.breakdown),
        detail=row.detail,
        configuration=meter.at(row.configuration).sts,
        created_ms=row.created_ms,
        finished_ms=row.finished_ms,
        tokens=tuple(
            SoldToken(given, token_kind(token.kind), token.token_identifier)
            for token, given in zip(tokens, digits, strict=True)
            if given
        ),
        delivery=Delivery(row.delivery),
        delivered_ms=row.delivered_ms,
        delivery_detail=row.delivery_detail,
        reprints=row.reprints,
        shift=row.shift,
        service=next(filter(None, (service_of(token.kind) for token in tokens)), "electricity"),
    )


def sale_views(reader: VendingReader, rows: Sequence[SaleRow], minor_digits: int) -> list[Sale]:
    """Many sales; their meters are read together."""
    registered = reader.registered(sorted({row.meter for row in rows}))
    meters = {number: meter_known_as(number, registered) for number in registered}
    tokens: dict[int, list[SoldTokenRow]] = {}
    numbers = [row.number for row in rows]
    for start in range(0, len(numbers), 500):
        for token in reader.tokens(numbers[start : start + 500]):
            tokens.setdefault(token.sale, []).append(token)
    return [sale_view(row, tokens.get(row.number, []), meters[row.meter], minor_digits) for row in rows]


def service_of(kind: str) -> str:
    """The service that a planned token credits; empty if it credits none."""
    service = CREDIT_KINDS.get(kind, CURRENCY_KINDS.get(kind))
    return "" if service is None else service.name.lower()


def token_kind(kind: str) -> TokenKind:
    """What a planned token is for."""
    if kind in CREDIT_KINDS or kind in CURRENCY_KINDS:
        return TokenKind.CREDIT
    return TokenKind.KEY_CHANGE if kind == KEY_CHANGE else TokenKind.ENGINEERING
