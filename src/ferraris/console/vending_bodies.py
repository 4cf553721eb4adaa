"""What programs send to REST about vending. Each field says what it is: these texts are the OpenAPI description.

Amounts are decimal numbers in the currency; a text such as "20.50" is as good as a number. The message id names an order for
ever: the same id with the same order gives the same tokens back, never new ones. It stands in the body or in the header
`Idempotency-Key`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from ferraris.console.strict_body import StrictBody
from ferraris.kernel.limits import VENDING_BATCH_MAX, VENDING_TEXT_CHARACTERS_MAX
from ferraris.sts import BaseDate, EncryptionAlgorithm, KeyDerivation, KeyType
from ferraris.vending import EngineeringKind, PaymentKind

NUMBERS_MAX = 100_000
"""Meters of one campaign."""
METERS_PER_REGISTRATION_MAX = 2_000
METER_CHARACTERS_MAX = 24


def plainly_written(expected: str, pattern: str) -> BeforeValidator:
    """Numbers, and texts that are written in digits, are taken; what Python would read besides is not.

    It would read underscores, exponents, a plus, blanks, the digits of other scripts, true and false.
    """

    def check(given: object) -> object:
        if isinstance(given, bool) or (isinstance(given, str) and not re.fullmatch(pattern, given)):
            raise ValueError(expected)
        return given

    return BeforeValidator(check)


def printable(text: str) -> str:
    """A text that every printer and screen shows as it stands. Raises ValueError: control characters are orders to both."""
    if not text.isprintable():
        raise ValueError("printable characters only")
    return text


Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=VENDING_TEXT_CHARACTERS_MAX),
    AfterValidator(printable),
]
Note = Annotated[str, StringConstraints(max_length=VENDING_TEXT_CHARACTERS_MAX), AfterValidator(printable)]
"""A text that may be left empty."""
MeterNumber = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=METER_CHARACTERS_MAX),
    Field(description="The decoder reference number (11 or 13 digits) or the meter PAN (18 digits)."),
]
MessageId = Annotated[
    str, Field(max_length=VENDING_TEXT_CHARACTERS_MAX, description="Names the order; may stand in Idempotency-Key.")
]
PlainDecimal = plainly_written("a decimal number", r"-?[0-9]{1,40}(\.[0-9]{1,40})?")
PlainWhole = plainly_written("a whole number", r"-?[0-9]{1,40}")
Money = Annotated[Decimal, Field(max_digits=18, decimal_places=6, description="In the currency."), PlainDecimal]
Operator = Annotated[Text, Field(description="Who asks.")]
TillName = Annotated[Text, Field(description="At which till.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterOrder(StrictBody):
    """An order for a meter at a till."""

    till: TillName
    operator: Operator
    meter: MeterNumber
    message_id: MessageId = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleOrder(MeterOrder):
    """A sale, or the question what it would come to: either `amount` or `units`."""

    amount: Annotated[Money | None, Field(description="Money to be paid.")] = None
    units: Annotated[Money | None, Field(description="Units to be bought, in kWh, m³ or minutes.")] = None
    payment: PaymentKind = PaymentKind.CASH


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteOrder(StrictBody):
    """The question what a sale would come to; nothing is kept."""

    meter: MeterNumber
    amount: Annotated[Money | None, Field(description="Money to be paid.")] = None
    units: Annotated[Money | None, Field(description="Units to be bought, in kWh, m³ or minutes.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineeringOrder(MeterOrder):
    """An engineering token. It is issued when a second person approves."""

    kind: EngineeringKind
    value: Annotated[
        int, Field(ge=0, lt=1 << 44, description="Register to clear, limit in W, or control bits of a test.")
    ] = 0
    reason: Note = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision(StrictBody):
    """A second person's yes or no to an engineering token."""

    message_id: Text
    operator: Annotated[Text, Field(description="Who decides: somebody else than who asked.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Act(StrictBody):
    """Who does something to a sale, and why."""

    operator: Operator
    reason: Note = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration(StrictBody):
    """A meter's STS configuration, without its number."""

    supply_group_code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
    key_revision_number: Annotated[int, Field(ge=1, le=9), PlainWhole] = 1
    key_type: KeyType = KeyType.DUTK
    tariff_index: Annotated[int, Field(ge=0, le=99), PlainWhole] = 1
    encryption_algorithm: EncryptionAlgorithm = EncryptionAlgorithm.EA07
    base_date: Annotated[BaseDate, Field(description="93, 14 or 35: the year in which token identifiers begin.")] = (
        BaseDate.Y2014
    )
    key_expiry_number: Annotated[int, Field(ge=0, le=255), PlainWhole] = 255
    key_derivation: KeyDerivation = KeyDerivation.DKGA04
    three_token_key_change: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterEntry(StrictBody):
    """A meter to be registered, with its account and customer. Those that are known stay as they are."""

    meter: MeterNumber
    configuration: Configuration
    account: Text
    tariff: Text
    customer: Annotated[Text, Field(description="The customer's number.")]
    customer_name: Note = ""
    contact: Note = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration(StrictBody):
    """Meters to be registered: all of them, or none where one is wrong."""

    operator: Operator
    meters: Annotated[list[MeterEntry], Field(min_length=1, max_length=METERS_PER_REGISTRATION_MAX)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer(StrictBody):
    """A customer's name and contact."""

    operator: Operator
    name: Text
    contact: Note = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountTariff(StrictBody):
    """The tariff that an account is put on."""

    operator: Operator
    tariff: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt(StrictBody):
    """A debt that purchases pay off."""

    operator: Operator
    account: Text
    name: Text
    amount: Money
    percent: Annotated[
        Decimal, PlainDecimal, Field(ge=0, lt=100, decimal_places=4, description="Share of each purchase.")
    ] = Decimal(0)
    minimum: Annotated[Money, Field(description="Of each purchase at least this.")] = Decimal(0)
    priority: Annotated[int, Field(ge=0, le=1_000), PlainWhole] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Block(StrictBody):
    """Why nothing is sold to a meter; empty to sell again."""

    operator: Operator
    reason: Note = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedConfiguration(StrictBody):
    """What a meter is to become. The next purchase brings the key-change tokens."""

    operator: Operator
    configuration: Configuration


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedReport(StrictBody):
    """How it is known that a meter has its new key."""

    operator: Operator
    proof: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation(StrictBody):
    """A token that somebody could not enter, and the meter that it was tried at."""

    meter: MeterNumber
    token: Annotated[str, Field(max_length=64, description="The digits as they were typed.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftOpening(StrictBody):
    """An operator begins to work at a till, with this much money in the drawer."""

    till: TillName
    operator: Operator
    float_amount: Money = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftClosing(StrictBody):
    """An operator ends work at a till, having counted the drawer."""

    till: TillName
    operator: Operator
    counted: Annotated[Money, Field(ge=0, description="What was counted in the drawer.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositOrder(StrictBody):
    """Money that goes from a till to the bank."""

    till: TillName
    operator: Operator
    amount: Money
    reference: Text
    message_id: MessageId = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOrder(StrictBody):
    """A till's closed shifts are put together into a batch."""

    till: TillName
    operator: Operator


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignOrder(StrictBody):
    """A bulk change of keys: these meters shall get what is given here; what is not given stays as it is."""

    name: Text
    operator: Operator
    meters: Annotated[
        list[MeterNumber] | None, Field(max_length=NUMBERS_MAX, description="All that need it, if not given.")
    ] = None
    supply_group_code: Annotated[str | None, StringConstraints(pattern=r"^[0-9]{6}$")] = None
    key_revision_number: Annotated[int | None, Field(ge=1, le=9), PlainWhole] = None
    tariff_index: Annotated[int | None, Field(ge=0, le=99), PlainWhole] = None
    base_date: BaseDate | None = None
    key_expiry_number: Annotated[int | None, Field(ge=0, le=255), PlainWhole] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkIssue(StrictBody):
    """Key-change tokens for all meters of a campaign that have none yet."""

    till: TillName
    operator: Operator
    limit: Annotated[int, Field(ge=1, le=VENDING_BATCH_MAX), PlainWhole] = VENDING_BATCH_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature(StrictBody):
    """Who does it."""

    operator: Operator
