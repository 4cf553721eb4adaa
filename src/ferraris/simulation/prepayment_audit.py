"""What must be true of a prepaid street in the end: what was sold is what the meters credited, each token once.

The two sides know nothing of each other: sales come from vending's store, what was taken from the meters' own memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

WH_PER_TENTH: Final = 100
FINDINGS_MAX: Final = 100
"""What is wrong with a whole street has one cause, not a thousand."""


@dataclass(frozen=True, slots=True)
class SoldTokens:
    """One sale: to which decoder reference number, which tokens, for how many tenths of a kWh."""

    receipt: str
    meter: str
    tokens: tuple[str, ...]
    units_tenths: int
    reversed: bool = False
    """The money went back, and the meter is known to have taken the tokens all the same."""


@dataclass(frozen=True, slots=True)
class TakenTokens:
    """What one meter remembers."""

    accepted: int
    refused: int
    credited_wh: int


@dataclass(frozen=True, slots=True)
class PrepaymentAudit:
    """The sums of a street, and what does not add up."""

    tokens_sold: int
    tokens_accepted: int
    tokens_refused: int
    units_sold_tenths: int
    units_credited_wh: int
    findings: tuple[str, ...]
    paid_back: tuple[str, ...] = ()
    """Receipts of sales whose tokens were taken although their money went back: explained, and owed."""


def audit_prepayment(sales: Iterable[SoldTokens], meters: Mapping[str, TakenTokens]) -> PrepaymentAudit:
    """Compare what was sold with what was taken, meter by meter."""
    sales = list(sales)
    counts = Counter[str]()
    units = Counter[str]()
    for sale in sales:
        counts[sale.meter] += len(sale.tokens)
        units[sale.meter] += sale.units_tenths
    findings = [*_doubles(sales)]
    findings += [f"sold to {meter}, which is no meter of the street" for meter in sorted(counts.keys() - meters.keys())]
    for meter, taken in sorted(meters.items()):
        findings += _compare(meter, taken, counts[meter], units[meter])
    return PrepaymentAudit(
        tokens_sold=counts.total(),
        tokens_accepted=sum(taken.accepted for taken in meters.values()),
        tokens_refused=sum(taken.refused for taken in meters.values()),
        units_sold_tenths=units.total(),
        units_credited_wh=sum(taken.credited_wh for taken in meters.values()),
        findings=tuple(findings[:FINDINGS_MAX]),
        paid_back=tuple(sale.receipt for sale in sales if sale.reversed),
    )


def _doubles(sales: list[SoldTokens]) -> Iterable[str]:
    """Tokens that two sales have, or one sale twice."""
    owners: dict[str, str] = {}
    for sale in sales:
        for token in sale.tokens:
            first = owners.setdefault(token, sale.receipt)
            if first != sale.receipt or sale.tokens.count(token) > 1:
                yield f"receipts {first} and {sale.receipt} have one token, that ends in {token[-4:]}"


def _compare(meter: str, taken: TakenTokens, sold: int, units_tenths: int) -> Iterable[str]:
    if taken.accepted > sold:
        yield f"{meter} took {taken.accepted} tokens, {sold} were sold to it: one was taken twice"
    if taken.accepted < sold:
        yield f"{meter} took {taken.accepted} tokens, {sold} were sold to it: one is lost"
    if taken.credited_wh != units_tenths * WH_PER_TENTH:
        yield f"{meter} credited {taken.credited_wh} Wh, {units_tenths * WH_PER_TENTH} Wh were sold to it"
