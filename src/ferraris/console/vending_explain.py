"""Why a meter may have refused a token: what the record of sales says about the digits that somebody typed.

The digits are held against what was sold: to this meter, with one slip of the finger, or to another meter. What the meter itself
answered to a delivered token stands with its sale. A token that nobody here sold is opened with `ferraris sts explain`, which
takes keys; no key leaves the security module for this.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from ferraris.console import vending_words
from ferraris.kernel.utc_text import utc_text
from ferraris.store import SaleFilter
from ferraris.sts import TOKEN_DIGITS, TokenResult, bare_digits
from ferraris.vending import ConfigurationState, Delivery, KnownMeter, Sale, SaleState, SoldToken, TokenKind, Vending

SALES_SEARCHED = 1_000
"""How many of the newest sales are searched, of the meter and of all meters."""


class Reason(StrEnum):
    """What there is to say about the digits."""

    FORMAT = "format"
    MISTYPED = "mistyped"
    WRONG_METER = "wrong_meter"
    REVERSED = "reversed"
    KEY_CHANGE_NOT_LOADED = "key_change_not_loaded"
    OLD_KEY = "old_key"
    USED = "used"
    REFUSED = "refused"
    GOOD = "good"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Told:
    """The reason, the standard's name for what the meter shows, and a sentence for the customer."""

    reason: Reason
    result: str
    text: str
    likely: str = ""
    """The digits that were probably meant."""
    receipt_number: str = ""


def explain(vending: Vending, known: KnownMeter, typed: str) -> Told:
    """What is known of the digits."""
    digits = bare_digits(typed)
    own = _tokens(vending.sales(SaleFilter(meter=known.number, limit=SALES_SEARCHED)))
    if digits in own:
        return _sold_here(known, *own[digits])
    for near in _slips(digits):
        if near in own:
            sale, _ = own[near]
            grouped = " ".join(near[at : at + 4] for at in range(0, TOKEN_DIGITS, 4))
            text = f"A digit is mistyped: receipt {sale.receipt_number} has {grouped}."
            return Told(Reason.MISTYPED, _shown(digits), text, near, sale.receipt_number)
    others = _tokens(vending.sales(SaleFilter(limit=SALES_SEARCHED)))
    if digits in others:
        sale, _ = others[digits]
        text = f"The token was sold for meter {sale.meter}, not for this one (receipt {sale.receipt_number})."
        return Told(Reason.WRONG_METER, TokenResult.CRC_ERROR, text, receipt_number=sale.receipt_number)
    if len(digits) != TOKEN_DIGITS or not (digits.isascii() and digits.isdigit()):
        text = f"A token has {TOKEN_DIGITS} digits; these are {len(digits)} characters."
        return Told(Reason.FORMAT, TokenResult.FORMAT_ERROR, text)
    return Told(Reason.UNKNOWN, "", "No sale on record has these digits, nor any that differ by one slip.")


def _tokens(sales: list[Sale]) -> dict[str, tuple[Sale, SoldToken]]:
    return {token.digits: (sale, token) for sale in sales for token in sale.tokens}


def _sold_here(known: KnownMeter, sale: Sale, token: SoldToken) -> Told:
    """The token of a sale to this very meter: everything but the digits is looked at."""
    receipt = sale.receipt_number
    sold = f"sold on {utc_text(sale.created_ms)} as receipt {receipt}"
    if sale.state is SaleState.REVERSED:
        return Told(Reason.REVERSED, "", f"The sale was taken back ({sold}).", receipt_number=receipt)
    if sale.delivery is Delivery.ACCEPTED:
        text = f"The meter has taken this token already ({sold}, accepted {utc_text(sale.delivered_ms or 0)})."
        return Told(Reason.USED, TokenResult.USED_ERROR, text, receipt_number=receipt)
    if token.kind is not TokenKind.KEY_CHANGE:
        state = next((one.state for one in known.history if one.sts == sale.configuration), None)
        if state is ConfigurationState.FORMER:
            text = f"The token was made for the key that the meter had before its key change ({sold})."
            return Told(Reason.OLD_KEY, TokenResult.CRC_ERROR, text, receipt_number=receipt)
        if state is ConfigurationState.ISSUED:
            text = f"The meter is not known to have its new key: enter the key-change tokens first ({sold})."
            return Told(Reason.KEY_CHANGE_NOT_LOADED, TokenResult.CRC_ERROR, text, receipt_number=receipt)
    if sale.delivery is Delivery.REFUSED:
        said = vending_words.token_result(sale.delivery_detail)
        return Told(Reason.REFUSED, sale.delivery_detail, f"{said} ({sold})", receipt_number=receipt)
    text = f"The digits are right and nothing is known against them ({sold}). Were older tokens entered after it?"
    return Told(Reason.GOOD, "", text, receipt_number=receipt)


def _shown(digits: str) -> str:
    whole = len(digits) == TOKEN_DIGITS and digits.isascii() and digits.isdigit()
    return TokenResult.CRC_ERROR if whole else TokenResult.FORMAT_ERROR


def _slips(digits: str) -> Iterator[str]:
    """What may have been meant: one digit replaced, neighbours exchanged, one digit too few or too many."""
    places = range(len(digits))
    if len(digits) == TOKEN_DIGITS:
        yield from (f"{digits[:at]}{new}{digits[at + 1 :]}" for at in places for new in "0123456789")
        yield from (f"{digits[:at]}{digits[at + 1]}{digits[at]}{digits[at + 2 :]}" for at in places[:-1])
    elif len(digits) == TOKEN_DIGITS - 1:
        yield from (f"{digits[:at]}{new}{digits[at:]}" for at in range(TOKEN_DIGITS) for new in "0123456789")
    elif len(digits) == TOKEN_DIGITS + 1:
        yield from (f"{digits[:at]}{digits[at + 1 :]}" for at in places)
