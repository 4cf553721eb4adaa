"""What the payment objects show at a moment: one line for each attribute that the meter itself changes, by tag and name.

The index of the credit in use counts from 0, in the order of the account's list, as a published meter manual has it. Amounts
are in the unit of the account's currency, rounded down; what has been lent or is owed counts as more, not less.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Final

from ferraris.cosem import CosemDateTime
from ferraris.cosem.classes.account import AccountModeAndStatus, AccountStatus, CreditState, PaymentMode
from ferraris.cosem.classes.credit import CreditStatus
from ferraris.cosem.classes.iec_62055_41_attributes import MeterPrimaryAccountNumber
from ferraris.cosem.classes.token_gateway import TokenDeliveryMethod
from ferraris.meter.live_values import Moment
from ferraris.meter.payment.account import Account, ChargeKind, Emergency
from ferraris.meter.payment.display import key_change_tokens
from ferraris.meter.payment.outcome import token_status
from ferraris.meter.payment.prepayment import Prepayment
from ferraris.meter.payment.row import account_of, number, text_of
from ferraris.sts import StsConfiguration, result_of_number

COMMODITY: Final = "electricity"
TOKEN_CARRIERS: Final = (2, 8)
"""Numeric tokens, and virtual ones that come over DLMS; the numbers are from memory."""
NO_CERTIFICATE: Final = ""
UNSPECIFIED: Final = bytes.fromhex("ffffffffffffffffff8000ff")
"""A date-time with nothing in it."""


class Statement:
    """Everything about a meter's payment at one moment, each part worked out when it is asked for."""

    def __init__(self, payment: Prepayment, moment: Moment) -> None:
        self.row = payment.row
        self.terms = payment.terms
        self.moment = moment
        self._payment = payment

    @cached_property
    def account(self) -> Account:
        return account_of(self.row)

    @cached_property
    def left(self) -> int:
        return self.account.left(self.moment.meter.import_mwh_at(self.moment.now_ms))

    @cached_property
    def configuration(self) -> StsConfiguration:
        return self._payment.decoder.configuration

    def shown(self, amount: int) -> int:
        return self.terms.shown(amount)

    def owed(self, amount: int) -> int:
        """An amount to be paid, rounded up."""
        return -self.terms.shown(-amount)

    def time(self, clock_s: int) -> CosemDateTime:
        """A moment of the meter's clock; unspecified for one that never was."""
        if not clock_s:
            return CosemDateTime.from_octets(UNSPECIFIED)
        zone = self.moment.meter.zone
        status = 0x80 if zone.daylight_saving(clock_s) else 0
        return CosemDateTime.from_epoch_ms(clock_s * 1000, -int(zone.offset_min(clock_s)), status)

    @property
    def emergency_left(self) -> int:
        return max(0, self.terms.emergency_limit + min(0, self.left))

    @property
    def emergency_selectable(self) -> bool:
        return self.terms.emergency_limit > 0 and self.left <= max(0, self.terms.emergency_from)

    @property
    def available(self) -> int:
        selected = self.account.emergency is not Emergency.NOT_SELECTED
        return max(0, self.left) + (self.emergency_left if selected else 0)

    @property
    def emergency_status(self) -> CreditStatus:
        if self.emergency_left == 0:
            return CreditStatus.EXHAUSTED
        if self.account.emergency is Emergency.NOT_SELECTED:
            return CreditStatus.SELECTABLE if self.emergency_selectable else CreditStatus.ENABLED
        return CreditStatus.IN_USE if self.left <= 0 else CreditStatus.SELECTED

    @property
    def credit_state(self) -> CreditState:
        """The flags of the account."""
        status, state = self.emergency_status, CreditState(0)
        if self.left > 0:
            state |= CreditState.IN_CREDIT
        if self.account.warned:
            state |= CreditState.LOW_CREDIT
        if self.terms.emergency_limit > 0:
            state |= CreditState.NEXT_CREDIT_ENABLED
        if status is CreditStatus.SELECTABLE:
            state |= CreditState.NEXT_CREDIT_SELECTABLE
        if status is CreditStatus.SELECTED:
            state |= CreditState.NEXT_CREDIT_SELECTED
        if status is CreditStatus.IN_USE:
            state |= CreditState.SELECTABLE_CREDIT_IN_USE
        if self.available == 0:
            state |= CreditState.OUT_OF_CREDIT
        return state


PaymentLive = Callable[[Statement], Any]


def _remaining(kind: ChargeKind) -> PaymentLive:
    owed: dict[ChargeKind, Callable[[Account], int]] = {
        ChargeKind.CONSUMPTION: lambda account: 0,
        ChargeKind.DAILY: lambda account: account.arrears,
        ChargeKind.DEBT: lambda account: account.debt,
    }
    return lambda now: now.owed(owed[kind](now.account))


def _paid(kind: ChargeKind) -> PaymentLive:
    """Consumption is collected as it flows: what has flowed since the last change of price counts too."""

    def read(now: Statement) -> int:
        running = now.account.balance.amount - now.left if kind is ChargeKind.CONSUMPTION else 0
        return now.shown(now.account.collections[kind].paid + running)

    return read


def _charge(tag: str, kind: ChargeKind) -> dict[tuple[str, str], PaymentLive]:
    return {
        (tag, "total_amount_paid"): _paid(kind),
        (tag, "last_collection_time"): lambda now: now.time(now.account.collections[kind].time_s),
        (tag, "last_collection_amount"): lambda now: now.shown(now.account.collections[kind].amount),
        (tag, "total_amount_remaining"): _remaining(kind),
    }


def _pan(now: Statement) -> MeterPrimaryAccountNumber:
    pan = now.configuration.meter_pan
    issuer, reference = int(pan.issuer_identification_number), int(pan.decoder_reference_number)
    return MeterPrimaryAccountNumber(issuer, reference, int(pan.digits[-1]))


def _mode_and_status(now: Statement) -> AccountModeAndStatus:
    mode = PaymentMode.PREPAYMENT if now.terms.prepaid else PaymentMode.CREDIT
    return AccountModeAndStatus(mode, AccountStatus(now.account.status))


PAYMENT_LIVE: dict[tuple[str, str], PaymentLive] = {
    ("ACCOUNT", "account_mode_and_status"): _mode_and_status,
    ("ACCOUNT", "current_credit_in_use"): lambda now: int(now.emergency_status is CreditStatus.IN_USE),
    ("ACCOUNT", "current_credit_status"): lambda now: now.credit_state,
    ("ACCOUNT", "available_credit"): lambda now: now.shown(now.available),
    ("ACCOUNT", "amount_to_clear"): lambda now: now.shown(min(0, now.left)),
    ("ACCOUNT", "aggregated_debt"): lambda now: now.owed(now.account.arrears + now.account.debt),
    ("ACCOUNT", "low_credit_threshold"): lambda now: now.shown(now.terms.warning),
    ("ACCOUNT", "next_credit_available_threshold"): lambda now: now.shown(now.terms.emergency_from),
    ("CREDIT_TOKEN", "current_credit_amount"): lambda now: now.shown(max(0, now.left)),
    ("CREDIT_TOKEN", "credit_status"): lambda now: CreditStatus.IN_USE if now.left > 0 else CreditStatus.EXHAUSTED,
    ("CREDIT_EMERGENCY", "current_credit_amount"): lambda now: now.shown(now.emergency_left),
    ("CREDIT_EMERGENCY", "credit_status"): lambda now: now.emergency_status,
    ("TOKEN_GATEWAY", "token"): lambda now: text_of(now.row, "token"),
    ("TOKEN_GATEWAY", "token_time"): lambda now: now.time(number(now.row, "token_s")),
    ("TOKEN_GATEWAY", "token_description"): lambda now: tuple(text_of(now.row, "display").splitlines()),
    ("TOKEN_GATEWAY", "token_delivery_method"): lambda now: TokenDeliveryMethod(number(now.row, "token_delivery")),
    ("TOKEN_GATEWAY", "token_status"): lambda now: token_status(result_of_number(number(now.row, "token_result"))),
    ("STS_ATTRIBUTES", "meter_pan"): _pan,
    ("STS_ATTRIBUTES", "commodity"): lambda now: COMMODITY,
    ("STS_ATTRIBUTES", "token_carrier_types"): lambda now: TOKEN_CARRIERS,
    ("STS_ATTRIBUTES", "encryption_algorithm"): lambda now: int(now.configuration.encryption_algorithm),
    ("STS_ATTRIBUTES", "supply_group_code"): lambda now: int(now.configuration.supply_group_code),
    ("STS_ATTRIBUTES", "tariff_index"): lambda now: now.configuration.tariff_index,
    ("STS_ATTRIBUTES", "key_revision_number"): lambda now: now.configuration.key_revision_number,
    ("STS_ATTRIBUTES", "key_type"): lambda now: int(now.configuration.key_type),
    ("STS_ATTRIBUTES", "key_expiry_number"): lambda now: now.configuration.key_expiry_number,
    ("STS_ATTRIBUTES", "no_of_kct_supported"): lambda now: key_change_tokens(now.configuration),
    ("STS_ATTRIBUTES", "sts_certificate_no"): lambda now: NO_CERTIFICATE,
}
PAYMENT_LIVE |= _charge("CHARGE_CONSUMPTION", ChargeKind.CONSUMPTION)
PAYMENT_LIVE |= _charge("CHARGE_DAILY", ChargeKind.DAILY)
PAYMENT_LIVE |= _charge("CHARGE_DEBT", ChargeKind.DEBT)
