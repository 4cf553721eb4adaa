"""Account, class 111: the centre of payment metering, which ties credits, charges and the token gateway together."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Annotated

from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject, Method
from ferraris.cosem.obis_code import Obis
from ferraris.cosem.types import (
    DATE_TIME_STRING,
    DOUBLE_LONG,
    INTEGER,
    LOGICAL_NAME,
    LONG_UNSIGNED,
    UNSIGNED,
    UTF8_STRING,
    Array,
    Enumerated,
    NamedBits,
    Structure,
)
from ferraris.kernel.units import Unit


class PaymentMode(IntEnum):
    """Whether the consumer pays afterwards or beforehand."""

    CREDIT = 1
    PREPAYMENT = 2


class AccountStatus(IntEnum):
    """Where an account stands between its making and its end."""

    NEW = 1
    ACTIVE = 2
    CLOSED = 3


class CreditState(IntFlag):
    """What the credit in use and the one after it are like: bits of the current credit status."""

    IN_CREDIT = 0x01
    LOW_CREDIT = 0x02
    NEXT_CREDIT_ENABLED = 0x04
    NEXT_CREDIT_SELECTABLE = 0x08
    NEXT_CREDIT_SELECTED = 0x10
    SELECTABLE_CREDIT_IN_USE = 0x20
    OUT_OF_CREDIT = 0x40


class CollectionConfiguration(IntFlag):
    """When a charge is collected from a credit, beside ordinary times."""

    WHEN_SUPPLY_IS_DISCONNECTED = 0x01
    IN_LOAD_LIMITING_PERIODS = 0x02
    IN_FRIENDLY_CREDIT_PERIODS = 0x04


class CurrencyUnit(IntEnum):
    """What an amount counts."""

    TIME = 0
    CONSUMPTION = 1
    MONETARY = 2


@dataclass(frozen=True, slots=True)
class AccountModeAndStatus:
    """How the consumer pays, and whether the account is in use."""

    payment_mode: Annotated[PaymentMode, Enumerated(PaymentMode)]
    account_status: Annotated[AccountStatus, Enumerated(AccountStatus)]


@dataclass(frozen=True, slots=True)
class CreditChargeConfiguration:
    """Which charge is collected from which credit, and when."""

    credit_reference: Annotated[Obis, LOGICAL_NAME]
    charge_reference: Annotated[Obis, LOGICAL_NAME]
    collection_configuration: Annotated[CollectionConfiguration, NamedBits(CollectionConfiguration, 3)]


@dataclass(frozen=True, slots=True)
class TokenGatewayConfiguration:
    """How many hundredths of a token's amount a credit gets."""

    credit_reference: Annotated[Obis, LOGICAL_NAME]
    token_proportion: Annotated[int, UNSIGNED]


@dataclass(frozen=True, slots=True)
class Currency:
    """What the amounts of an account are counted in: units of `10 ** scale` of what `name` says."""

    name: Annotated[str, UTF8_STRING]
    scale: Annotated[int, INTEGER]
    unit: Annotated[CurrencyUnit, Enumerated(CurrencyUnit)]


class Account(CosemObject, class_id=111, version=0):
    """What a consumer has and owes, summed over the credits and charges it refers to. Blue Book 4.6.2.

    All amounts are in `currency`. Bit 0 of the bit-strings is taken as their first bit, as in every bit-string of the
    standard; meters that number them from the other end have been made.
    """

    account_mode_and_status = Attribute(2, Structure(AccountModeAndStatus), STATIC)
    current_credit_in_use = Attribute(3, UNSIGNED, DYNAMIC)
    current_credit_status = Attribute(4, NamedBits(CreditState, 8), DYNAMIC)
    available_credit = Attribute(5, DOUBLE_LONG, DYNAMIC)
    amount_to_clear = Attribute(6, DOUBLE_LONG, DYNAMIC)
    clearance_threshold = Attribute(7, DOUBLE_LONG, STATIC)
    aggregated_debt = Attribute(8, DOUBLE_LONG, DYNAMIC)
    credit_reference_list = Attribute(9, Array(LOGICAL_NAME), STATIC)
    charge_reference_list = Attribute(10, Array(LOGICAL_NAME), STATIC)
    credit_charge_configuration = Attribute(11, Array(Structure(CreditChargeConfiguration)), STATIC)
    token_gateway_configuration = Attribute(12, Array(Structure(TokenGatewayConfiguration)), STATIC)
    account_activation_time = Attribute(13, DATE_TIME_STRING, STATIC)
    account_closure_time = Attribute(14, DATE_TIME_STRING, STATIC)
    currency = Attribute(15, Structure(Currency), STATIC)
    low_credit_threshold = Attribute(16, DOUBLE_LONG, DYNAMIC)
    next_credit_available_threshold = Attribute(17, DOUBLE_LONG, DYNAMIC)
    max_provision = Attribute(18, LONG_UNSIGNED, STATIC)
    max_provision_period = Attribute(19, DOUBLE_LONG, STATIC, unit=Unit.SECOND)

    activate_account = Method(1, INTEGER)
    close_account = Method(2, INTEGER)
    reset_account = Method(3, INTEGER)
