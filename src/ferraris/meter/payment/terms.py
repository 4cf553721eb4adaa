"""What a meter's account is kept by: prices, standing charge, debt, thresholds, as its payment objects are set.

Currency, unit charges, thresholds and configurations are attributes of the account, the credits and the charges, so a companion
profile and clients set them. Which charge is which follows from its type: one by consumption, one by time, and one for debt
that is collected with each payment or by time.

A price in the table is `charge_per_unit` times 10 to the power of its scale, for 10^commodity_scale Wh; a charge by time is
that much a day. The proportion of a payment that goes to debt is in hundredths of a percent; no public source says so.

The collection configuration says which charges are collected while the supply is off, and which in friendly hours. A charge that is
not collected then falls not due: it is not made up for. `max_provision` limits what the debt's share of payments comes to in
`max_provision_period` seconds, which begin with the first payment that they collect from; 0 sets no limit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Final

from ferraris.cosem import Attribute, Obis, obis
from ferraris.cosem.classes.account import Account, AccountStatus, CollectionConfiguration, CurrencyUnit, PaymentMode
from ferraris.cosem.classes.charge import Charge, ChargeType, UnitCharge
from ferraris.cosem.classes.credit import Credit, CreditConfiguration
from ferraris.kernel.errors import TableError
from ferraris.meter.memory import RATES
from ferraris.meter.payment.balance import MILLION

MONEY_SCALE: Final = -5
"""Amount units of money: 1/100,000 of the base currency."""
ENERGY_SCALE: Final = -3
"""Amount units of energy: 1/1000 kWh."""
KWH_SCALE: Final = 3
"""Of a kWh in Wh, the unit of the register that charges refer to."""
DOUBLE_LONG_MAX: Final = 2**31 - 1
AMOUNT_MAX: Final = 4_000_000_000_000
"""Amount units: more would not fit the memory in millionths."""
PROPORTION_WHOLE: Final = 10_000

Value = Callable[[Attribute[Any], Obis], Any]


@dataclass(frozen=True, slots=True)
class Terms:
    """Amounts in millionths of the amount unit, but for `prices`: amount units for a kWh, by rate."""

    counts_money: bool
    prepaid: bool
    first_status: AccountStatus
    """Of the account of a new meter."""
    display_scale: int
    """Objects show amounts in units of 10 to this power of a kWh or of the base currency."""
    prices: tuple[int, ...]
    a_day: int
    charged_when_off: bool
    debt_a_day: int
    debt_share: int
    """Of each payment, in hundredths of a percent."""
    warning: int
    emergency_limit: int
    """0: there is none."""
    emergency_from: int
    """Emergency credit can be selected when no more than this is left."""
    emergency_automatic: bool
    provision_max: int = 0
    """What shares of payments come to at most in a period; 0: there is no limit."""
    provision_period_s: int = 0
    collected_when_friendly: tuple[bool, bool, bool] = (True, True, True)
    """Whether consumption, the charge by time and the debt are collected in friendly hours."""
    friendly: bool = False
    """These are the terms of a friendly hour."""

    @classmethod
    def of(cls, value: Value) -> Terms:
        """As the objects are set. Raises TableError for what they cannot mean together."""
        currency = value(Account.currency, obis.ACCOUNT)
        mode = value(Account.account_mode_and_status, obis.ACCOUNT)
        money = currency.unit is CurrencyUnit.MONETARY
        if not money and currency.unit is not CurrencyUnit.CONSUMPTION:
            raise TableError("unit of an account", expected="consumption or money", got=currency.unit.name)
        unit_scale = MONEY_SCALE if money else ENERGY_SCALE
        shown = _power(currency.scale - unit_scale) * MILLION
        configuration = value(Credit.credit_configuration, obis.CREDIT_EMERGENCY)
        debt_type = value(Charge.charge_type, obis.CHARGE_DEBT)
        debt_rate = _charges(value(Charge.unit_charge_active, obis.CHARGE_DEBT), unit_scale)[0]
        return cls(
            money,
            mode.payment_mode is PaymentMode.PREPAYMENT,
            mode.account_status,
            currency.scale,
            _prices(value(Charge.unit_charge_active, obis.CHARGE_CONSUMPTION), unit_scale),
            _charges(value(Charge.unit_charge_active, obis.CHARGE_DAILY), unit_scale)[0] * MILLION,
            _collects(value, obis.CHARGE_DAILY, CollectionConfiguration.WHEN_SUPPLY_IS_DISCONNECTED),
            debt_rate * MILLION if debt_type is ChargeType.TIME_BASED else 0,
            value(Charge.proportion, obis.CHARGE_DEBT) if debt_type is ChargeType.PAYMENT_EVENT_BASED else 0,
            int(value(Credit.warning_threshold, obis.CREDIT_TOKEN) * shown),
            int(value(Credit.preset_credit_amount, obis.CREDIT_EMERGENCY) * shown),
            int(value(Credit.credit_available_threshold, obis.CREDIT_EMERGENCY) * shown),
            not configuration & CreditConfiguration.CONFIRMATION_NEEDED,
            int(value(Account.max_provision, obis.ACCOUNT) * shown),
            max(0, value(Account.max_provision_period, obis.ACCOUNT)),
            (
                _collects(value, obis.CHARGE_CONSUMPTION, CollectionConfiguration.IN_FRIENDLY_CREDIT_PERIODS),
                _collects(value, obis.CHARGE_DAILY, CollectionConfiguration.IN_FRIENDLY_CREDIT_PERIODS),
                _collects(value, obis.CHARGE_DEBT, CollectionConfiguration.IN_FRIENDLY_CREDIT_PERIODS),
            ),
        )

    def at(self, friendly: bool) -> Terms:
        """The terms of a friendly hour, or of any other."""
        if not friendly:
            return self
        consumption, daily, debt = self.collected_when_friendly
        return replace(
            self,
            friendly=True,
            prices=self.prices if consumption else (0,) * len(self.prices),
            a_day=self.a_day if daily else 0,
            debt_a_day=self.debt_a_day if debt else 0,
            debt_share=self.debt_share if debt else 0,
        )

    @property
    def charges_days(self) -> bool:
        """Whether anything is collected by the day."""
        return self.a_day > 0 or self.debt_a_day > 0

    @property
    def amount_max(self) -> int:
        """Amount units that the credit register and the objects that show it can hold."""
        return min(AMOUNT_MAX, int(DOUBLE_LONG_MAX * self._shown))

    @property
    def most(self) -> int:
        """The same in millionths."""
        return self.amount_max * MILLION

    def shown(self, amount: int) -> int:
        """An amount as the objects show it: rounded down, and cut off at what they can hold."""
        units = int(amount // (self._shown * MILLION))
        return max(-DOUBLE_LONG_MAX - 1, min(units, DOUBLE_LONG_MAX))

    def meant(self, shown: int) -> int:
        """The amount that a client has written."""
        return int(shown * self._shown * MILLION)

    @property
    def _shown(self) -> Fraction:
        return _power(self.display_scale - (MONEY_SCALE if self.counts_money else ENERGY_SCALE))


def _power(exponent: int) -> Fraction:
    return Fraction(10) ** exponent


def _prices(charge: UnitCharge, unit_scale: int) -> tuple[int, ...]:
    """By rate; a table with one element is the price of all."""
    per_kwh = _power(KWH_SCALE - charge.charge_per_unit_scaling.commodity_scale)
    found = tuple(_exact(one * per_kwh) for one in _exact_charges(charge, unit_scale))
    return found if len(found) >= RATES else (found or (0,))[:1] * RATES


def _charges(charge: UnitCharge, unit_scale: int) -> tuple[int, ...]:
    return tuple(_exact(one) for one in _exact_charges(charge, unit_scale)) or (0,)


def _exact_charges(charge: UnitCharge, unit_scale: int) -> list[Fraction]:
    factor = _power(charge.charge_per_unit_scaling.price_scale - unit_scale)
    return [element.charge_per_unit * factor for element in charge.charge_table]


def _exact(amount: Fraction) -> int:
    if amount.denominator != 1 or amount < 0:
        raise TableError("a charge", expected="whole amount units, none below 0", got=str(amount))
    return amount.numerator


def _collects(value: Value, charge: Obis, when: CollectionConfiguration) -> bool:
    """Whether the charge is collected then, from whatever credit."""
    configured = value(Account.credit_charge_configuration, obis.ACCOUNT)
    return any(one.charge_reference == charge and one.collection_configuration & when for one in configured)
