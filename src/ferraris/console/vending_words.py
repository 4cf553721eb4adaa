"""The till's words for people: money, units, states, and what went wrong as a cashier understands it."""

from __future__ import annotations

from dataclasses import dataclass

from ferraris import vending
from ferraris.console import wording
from ferraris.kernel.errors import FerrarisError
from ferraris.sts import TokenError, TokenResult
from ferraris.vending import (
    Delivery,
    Line,
    LineKind,
    PaymentKind,
    Quote,
    Sale,
    SaleKind,
    SaleState,
    credit_minor,
    money_text,
)

SALE_STATES: dict[str, tuple[str, str]] = {
    SaleState.PENDING: ("Pending", "warn"),
    SaleState.POSTED: ("Sold", "good"),
    SaleState.VOID: ("Void", "idle"),
    SaleState.REVERSED: ("Reversed", "bad"),
}
SALE_KINDS: dict[str, str] = {
    SaleKind.CREDIT: "Sale",
    SaleKind.FREE_ISSUE: "Free units",
    SaleKind.KEY_CHANGE: "Key change",
    SaleKind.ENGINEERING: "Engineering token",
}
DELIVERIES: dict[str, tuple[str, str]] = {
    Delivery.NONE: ("Not sent yet", "idle"),
    Delivery.SENT: ("Sent to the meter", "busy"),
    Delivery.ACCEPTED: ("Accepted by the meter", "good"),
    Delivery.REFUSED: ("Refused by the meter", "bad"),
    Delivery.TYPED: ("Typed by the customer", "good"),
}
PAYMENTS: dict[str, str] = {
    PaymentKind.CASH: "Cash",
    PaymentKind.CARD: "Card",
    PaymentKind.MOBILE: "Mobile money",
    PaymentKind.TRANSFER: "Bank transfer",
}
LINE_KINDS: dict[str, str] = {
    LineKind.UNITS: "Credit",
    LineKind.FIXED_CHARGE: "Charge",
    LineKind.TAX: "Tax",
    LineKind.DEBT: "Debt",
}
TOKEN_RESULTS: dict[TokenResult, str] = {
    TokenResult.ACCEPT: "The meter took the token.",
    TokenResult.FORMAT_ERROR: "The digits are no token: there must be twenty, none mistyped.",
    TokenResult.LOCKOUT: "Too many wrong entries: the meter's keypad is locked for a while.",
    TokenResult.NOT_READY: "The meter cannot take a token just now. Try again shortly.",
    TokenResult.CRC_ERROR: "A digit is mistyped, or the token was made for another meter or another key.",
    TokenResult.MANUFACTURER_CODE_ERROR: "The token is for meters of another maker.",
    TokenResult.DDTK_ERROR: "The meter still has its default key and takes no credit before a key change.",
    TokenResult.KEY_EXPIRED_ERROR: "The meter's key has expired: it needs a key change.",
    TokenResult.OLD_ERROR: "The token is older than all that the meter remembers.",
    TokenResult.USED_ERROR: "The meter has taken this token before.",
    TokenResult.FUNCTION_ERROR: "The meter does not know this kind of token.",
    TokenResult.RANGE_ERROR: "The amount is outside what a token can carry.",
    TokenResult.KEY_TYPE_ERROR: "The meter's key may not be changed to one of this type.",
    TokenResult.OVERFLOW_ERROR: "The meter's credit would become too large. Use some first.",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something was not done: a title, a sentence for the cashier, and the standard's name where it has one."""

    title: str
    text: str
    result: str = ""
    retry: bool = False
    """Whether the same request may simply be sent again."""


TITLES: tuple[tuple[type[FerrarisError], str, str], ...] = (
    (vending.AmountError, "Not with this amount", TokenResult.RANGE_ERROR),
    (vending.UnknownMeterError, "No such meter", ""),
    (vending.MeterBlockedError, "This meter is blocked", ""),
    (vending.UnknownTariffError, "No tariff", ""),
    (vending.MessageConflictError, "Another order has this message id", ""),
    (vending.DebtNumberError, "Another debt has this number", ""),
    (vending.SalePendingError, "Not finished yet", ""),
    (vending.SaleVoidError, "This order was voided", ""),
    (vending.KeyExpiryError, "The meter's key has expired", TokenResult.KEY_EXPIRED_ERROR),
    (vending.TokenIdentifierError, "No token can be made now", ""),
    (vending.ApprovalError, "A second person must approve", ""),
    (vending.ReversalError, "This sale cannot be reversed", ""),
    (vending.ShiftError, "The shift does not allow it", ""),
    (vending.KeyChangeError, "No key change", TokenResult.KEY_TYPE_ERROR),
    (vending.FreeIssueError, "No free units", ""),
    (vending.IssueRefusedError, "The security module made no token", ""),
    (vending.LedgerError, "The ledger does not hold", ""),
    (vending.VendingError, "Not done", ""),
)
"""By the kind of error, the first that fits: its title, and the standard's name for the same cause at the meter."""


def refusal(error: FerrarisError) -> Refusal:
    """What a cashier is told about an error."""
    if isinstance(error, TokenError):
        return Refusal("The token is not accepted", TOKEN_RESULTS.get(error.result, str(error)), error.result)
    text = f"{wording.sentence(error.sentence)}."
    for error_type, title, result in TITLES:
        if isinstance(error, error_type):
            return Refusal(title, text, result, retry=isinstance(error, vending.SalePendingError))
    return Refusal("Not done", text)


def money(minor: int, minor_digits: int, currency: str = "") -> str:
    """An amount with thin spaces between thousands: 12 345.60 ZAR."""
    written = money_text(abs(minor), minor_digits)
    whole, point, decimals = written.partition(".")
    sign = "−" if minor < 0 else ""
    return f"{sign}{wording.count(int(whole))}{point}{decimals}{f' {currency}' if currency else ''}"


def units(tenths: int, unit: str = "kWh") -> str:
    """Tenths as people read them: 42.7 kWh."""
    return f"{wording.scaled(tenths, -1)} {unit}"


def credited(sold: Sale | Quote) -> str:
    """What the meter is credited with: units of its service, or money where it counts money; empty for nothing."""
    breakdown = sold.breakdown
    if breakdown is not None and breakdown.credit_money:
        return money(credit_minor(breakdown.credit_money, sold.minor_digits), sold.minor_digits, sold.currency)
    tenths = sold.units_tenths if isinstance(sold, Sale) else sold.breakdown.units_tenths
    return units(tenths, sold.unit) if tenths else ""


def line_name(line: Line, unit: str = "kWh") -> str:
    """A line of a breakdown, in full."""
    if line.units_tenths:
        return f"{units(line.units_tenths, unit)} at {line.price}"
    return line.title


def sale_title(sale: Sale) -> str:
    return SALE_KINDS.get(sale.kind, sale.kind)


def payment(name: str) -> str:
    """How something was paid; the name itself where no till offers it."""
    return PAYMENTS.get(name, wording.kind(name))


def token_result(name: str) -> str:
    """What a result of the meter means; the name itself where it is none of the standard's."""
    return TOKEN_RESULTS.get(TokenResult(name), name) if name in set(TokenResult) else name
