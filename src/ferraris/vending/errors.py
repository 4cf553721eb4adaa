"""What can be wrong with an order at the till, each with the name that the till shows."""

from __future__ import annotations

from ferraris.kernel.errors import FerrarisError


class VendingError(FerrarisError):
    """An order that vending refuses, or cannot finish yet. Nothing of it is charged unless the text says so."""


class AmountError(VendingError):
    """Zero, negative, not whole in the currency's minor unit, below the tariff's minimum, or too large."""


class UnknownMeterError(VendingError):
    """No meter of that decoder reference number is registered, or it has no account or configuration."""


class MeterBlockedError(VendingError):
    """The meter is blocked for vending; the reason is in the text."""


class UnknownTariffError(VendingError):
    """No tariff of that name is in force on that day."""


class MessageConflictError(VendingError):
    """The message id stands for another request already."""


class DebtNumberError(VendingError):
    """A debt's number stands for one that was opened before, and may be paid off."""


class SalePendingError(VendingError):
    """The security module could not be reached: the money is not posted. Sending the same request again finishes it."""

    def __init__(self, summary: str, *, number: int) -> None:
        super().__init__(summary)
        self.number = number


class SaleVoidError(VendingError):
    """The order under this message id was voided; a new order needs a new message id."""


class IssueRefusedError(VendingError):
    """The security module will not issue the token; the order is void. Why is in the text and in `__cause__`."""


class KeyExpiryError(VendingError):
    """The meter's vending key has expired for tokens of this time: the meter needs a key change."""


class TokenIdentifierError(VendingError):
    """No token identifier is left: the base date's range is used up, or the clock was set back too far."""


class ApprovalError(VendingError):
    """An order that needs a second person was approved by the first, or by nobody."""


class FreeIssueError(VendingError):
    """The tariff gives no free units, or the month's were issued already."""


class ReversalError(VendingError):
    """A sale that is no longer, or never was, to be reversed."""


class ShiftError(VendingError):
    """A till without an open shift, or with one already."""


class KeyChangeError(VendingError):
    """A key change that is not wanted, or whose configuration cannot follow the present one."""


class LedgerError(VendingError):
    """The ledger was altered: an entry's hash, its predecessor or its sum does not hold."""
