"""A sale as tills, receipts and the head-end see it: what was ordered, its tokens, its breakdown, and its delivery."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from ferraris.sts import StsConfiguration, TokenResult
from ferraris.vending.breakdown import Breakdown
from ferraris.vending.credit import credit_text
from ferraris.vending.tariff import UNIT_OF_SERVICE


class SaleKind(StrEnum):
    """What was ordered."""

    CREDIT = "credit"
    FREE_ISSUE = "free_issue"
    KEY_CHANGE = "key_change"
    ENGINEERING = "engineering"


class SaleState(StrEnum):
    """Pending until the tokens are kept and the money is posted; then posted. Void: it never came to be."""

    PENDING = "pending"
    POSTED = "posted"
    VOID = "void"
    REVERSED = "reversed"


class Delivery(StrEnum):
    """What is known of the tokens' way into the meter."""

    NONE = "none"
    SENT = "sent"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    TYPED = "typed"
    """The customer types them, or is known to have typed them."""


LASTING_REFUSALS: Final = frozenset(
    {TokenResult.OLD_ERROR, TokenResult.DDTK_ERROR, TokenResult.FUNCTION_ERROR, TokenResult.RANGE_ERROR}
)
"""Results after which the meter will never take the token. All others pass: a lockout ends, credit is used, and a meter that could
not read the token, or whose key had expired, reads it when a key change is entered."""


def is_worthless(delivery: str, detail: str) -> bool:
    """Whether the meter is known to refuse a token for ever. Until then whoever has seen the digits can use them."""
    return delivery == Delivery.REFUSED and detail in LASTING_REFUSALS


class TokenKind(StrEnum):
    """What a sold token is for."""

    CREDIT = "credit"
    KEY_CHANGE = "key_change"
    ENGINEERING = "engineering"


@dataclass(frozen=True, slots=True)
class SoldToken:
    """Twenty digits and what they are."""

    digits: str
    kind: TokenKind
    token_identifier: int | None = None

    @property
    def grouped(self) -> str:
        """The digits in fours, as receipts print them."""
        return " ".join(self.digits[start : start + 4] for start in range(0, len(self.digits), 4))


@dataclass(frozen=True, slots=True)
class Sale:
    """An order and what came of it. `number` is the one of its entry in the ledger, and the receipt's."""

    number: int
    message_id: str
    kind: SaleKind
    state: SaleState
    till: str
    operator: str
    approver: str
    meter: str
    account: str
    payment: str
    currency: str
    minor_digits: int
    tendered_minor: int
    units_tenths: int
    tariff: str
    breakdown: Breakdown | None
    detail: str
    configuration: StsConfiguration
    """What the tokens after a key change, or all of them, were made for."""
    created_ms: int
    finished_ms: int | None
    tokens: tuple[SoldToken, ...] = field(repr=False)
    """In the order in which they are entered."""
    delivery: Delivery = Delivery.NONE
    delivered_ms: int | None = None
    delivery_detail: str = ""
    reprints: int = 0
    shift: int | None = None
    service: str = "electricity"
    """What the meter measures, and so the unit of the credit."""

    @property
    def unit(self) -> str:
        """The unit in which `units_tenths` counts."""
        return UNIT_OF_SERVICE[self.service]

    @property
    def credited(self) -> str:
        """What the meter is credited with: 29.7 kWh, or ZAR 86.96 where it counts money; empty for nothing."""
        money = self.breakdown.credit_money if self.breakdown else 0
        return credit_text(self.units_tenths, money, self.service, self.currency, self.minor_digits)

    @property
    def worthless(self) -> bool:
        """Whether the meter is known to refuse the credit for ever."""
        return is_worthless(self.delivery, self.delivery_detail)

    @property
    def receipt_number(self) -> str:
        """Ten digits."""
        return f"{self.number:010d}"

    @property
    def credit_token(self) -> SoldToken | None:
        """The token that carries the credit."""
        return next((token for token in self.tokens if token.kind is TokenKind.CREDIT), None)


@dataclass(frozen=True, slots=True)
class Quote:
    """The trial sale: what an order would come to if it were made now. Nothing is kept."""

    meter: str
    account: str
    customer: str
    tariff: str
    currency: str
    minor_digits: int
    breakdown: Breakdown
    key_change: bool
    """Whether key-change tokens would come before the credit token."""
    service: str = "electricity"

    @property
    def unit(self) -> str:
        """The unit in which `units_tenths` counts."""
        return UNIT_OF_SERVICE[self.service]

    @property
    def credited(self) -> str:
        """What the meter would be credited with."""
        breakdown = self.breakdown
        return credit_text(
            breakdown.units_tenths, breakdown.credit_money, self.service, self.currency, self.minor_digits
        )
