"""What a till may ask for: each order carries the message id by which a retry is known for one.

The digest of an order is what the store keeps beside its message id: the same id with another digest is another order.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from decimal import Decimal
from enum import StrEnum

from ferraris.kernel.limits import VENDING_TEXT_CHARACTERS_MAX
from ferraris.vending.errors import AmountError, VendingError


class PaymentKind(StrEnum):
    """How the customer pays."""

    CASH = "cash"
    CARD = "card"
    TRANSFER = "transfer"
    MOBILE = "mobile"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Who asks for something at which till, for which meter, under which message id."""

    message_id: str
    till: str
    operator: str
    meter: str
    """The decoder reference number."""

    def __post_init__(self) -> None:
        for name in ("message_id", "till", "operator", "meter"):
            check_text(name, getattr(self, name))

    def digest(self) -> str:
        """What tells this order from another one."""
        content = {field.name: str(getattr(self, field.name)) for field in fields(self)}
        text = json.dumps([type(self).__name__, content], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleRequest(Order):
    """Credit for money: either the amount to be paid, or the units to be bought."""

    amount: Decimal | None = None
    """In the base currency."""
    units: Decimal | None = None
    """In kWh, m³ or minutes."""
    payment: PaymentKind = PaymentKind.CASH

    def __post_init__(self) -> None:
        Order.__post_init__(self)
        if (self.amount is None) == (self.units is None):
            raise AmountError("a sale names either an amount or units")
        given = self.amount if self.amount is not None else self.units
        if given is None or not given.is_finite() or given <= 0:
            raise AmountError("an amount is above zero", got=given)

    def digest(self) -> str:
        """As of any order; 5 and 5.00 are one amount."""
        content = [self.till, self.operator, self.meter, self.payment.value]
        content += ["" if given is None else _exact(given) for given in (self.amount, self.units)]
        return hashlib.sha256(json.dumps(["SaleRequest", *content]).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeIssueRequest(Order):
    """The month's free units (free basic electricity) of the meter's account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChangeRequest(Order):
    """The key-change tokens of the meter's wanted configuration, or once more those that were issued."""


class EngineeringKind(StrEnum):
    """Tokens that a technician asks for. All but the tests are class 2 and carry a token identifier."""

    CLEAR_CREDIT = "clear_credit"
    CLEAR_TAMPER = "clear_tamper"
    POWER_LIMIT = "power_limit"
    PHASE_UNBALANCE = "phase_unbalance"
    TARIFF_RATE = "tariff_rate"
    WATER_FACTOR = "water_factor"
    EXTENDED_SET = "extended_set"
    METER_TEST = "meter_test"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineeringRequest(Order):
    """An engineering token: issued only when a second person approves.

    `value`: the register to clear, the limit in W, or the control bits of a test, as the kind has it.
    """

    kind: EngineeringKind
    value: int = 0
    reason: str = ""


def _exact(number: Decimal) -> str:
    """A number above zero to its last digit, however it is written: no context rounds it, no exponent unrolls it."""
    _, digits, exponent = number.as_tuple()
    whole = "".join(map(str, digits))
    kept = whole.rstrip("0")
    return f"{kept}E{int(exponent) + len(whole) - len(kept)}"


def check_text(name: str, text: str) -> None:
    """Raise VendingError for a text that is empty, too long or not printable."""
    if not text or len(text) > VENDING_TEXT_CHARACTERS_MAX or not text.isprintable():
        raise VendingError(
            f"a {name.replace('_', ' ')}",
            expected=f"1 to {VENDING_TEXT_CHARACTERS_MAX} printable characters",
            got=repr(text[:40]),
        )
