"""What a purchase is made of: units, charges, taxes and debt, adding up to the money tendered, to the last minor unit.

From money to units: debt shares come off first, then what is owed of this month's fixed charges with its tax; all the rest buys
units. Units are reckoned exactly from prices with tax, and rounded up to the tenth that a token can carry (IEC 62055-41
rounds in the customer's favour). The money is split by `money.apportion`, so nothing is lost or made by rounding.

A meter that counts money is credited with what is left after debt, charges and tax, in hundred-thousandths of the currency,
rounded up to what a token can carry.

From units to money: the largest amount that buys just these units, so money too rounds in the customer's favour.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from math import ceil
from typing import NamedTuple

from ferraris.sts import QUANTITY_MAX, carried_currency, carried_quantity, currency_units
from ferraris.vending.errors import AmountError
from ferraris.vending.money import apportion, half_up, money_text
from ferraris.vending.tariff import TENTHS, CreditForm, Tariff

CURRENCY_CREDIT_MAX = (1 << 63) - 1
"""What the store can keep of a credit in money: far beyond any purchase."""
_SEARCH_AROUND = 16
KEPT_PRICES = 1_024
"""Prices and charges of tariffs that are remembered in the form in which every sale wants them."""
_JSON = json.JSONEncoder(separators=(",", ":"))
"""Minor units to either side of the bisected amount; shares of debts make small steps there."""


class LineKind(StrEnum):
    """What a line of a breakdown pays for."""

    UNITS = "units"
    FIXED_CHARGE = "fixed_charge"
    TAX = "tax"
    DEBT = "debt"


@dataclass(frozen=True, slots=True)
class Line:
    """One line: money, and for units how many tenths at which price before tax."""

    kind: LineKind
    name: str
    amount_minor: int
    units_tenths: int = 0
    price: str = ""
    description: str = ""
    """What a debt is for, or for how many months a charge is."""

    @property
    def title(self) -> str:
        """The name as people read it: connection fee (D1), network (3 months)."""
        if not self.description:
            return self.name
        named = (self.description, self.name) if self.kind is LineKind.DEBT else (self.name, self.description)
        return f"{named[0]} ({named[1]})"


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The lines of a purchase. It cannot be made unless they add up."""

    tendered_minor: int
    units_tenths: int
    lines: tuple[Line, ...]
    fixed_gross_minor: int = 0
    """What it pays of the month's fixed charges, their tax included."""
    credit_money: int = 0
    """What a meter that counts money is credited with, in hundred-thousandths of the currency."""

    def __post_init__(self) -> None:
        money = sum(line.amount_minor for line in self.lines)
        units = sum(line.units_tenths for line in self.lines)
        if (money, units) != (self.tendered_minor, self.units_tenths):
            raise AmountError(
                "a breakdown that does not add up",
                expected=(self.tendered_minor, self.units_tenths),
                got=(money, units),
            )

    def total(self, kind: LineKind) -> int:
        """The money of all lines of a kind."""
        return sum(line.amount_minor for line in self.lines if line.kind is kind)


@dataclass(frozen=True, slots=True)
class MonthSoFar:
    """What an account has bought and paid in the calendar month of the purchase."""

    units_tenths: int = 0
    fixed_minor: int = 0
    months_skipped: int = 0
    """Months before it in which the account bought nothing."""


@dataclass(frozen=True, slots=True)
class DebtDue:
    """A debt and the share of each purchase that goes to it: a percentage, and at least the minimum while any is left."""

    number: str
    name: str
    remaining_minor: int
    percent: Decimal = Decimal(0)
    minimum_minor: int = 0


class _Step(NamedTuple):
    """A block of the tariff, as far as it is not used up."""

    name: str
    price: Fraction
    """Of a tenth with tax, in minor units."""
    net_price: Fraction
    """Of a unit."""
    left: int | None
    """Tenths; None for the last block, which has no end."""


@dataclass(frozen=True, slots=True)
class Purchase:
    """All that a breakdown depends on, beside the amount or the units."""

    tariff: Tariff
    moment: datetime
    """Local time."""
    minor_digits: int = 2
    month: MonthSoFar = MonthSoFar()
    debts: tuple[DebtDue, ...] = ()

    def for_money(self, tendered_minor: int) -> Breakdown:
        """What an amount of money buys. Raises AmountError."""
        self._check(tendered_minor)
        shares = self._debt_shares(tendered_minor)
        rest = tendered_minor - sum(shares)
        fixed = self._fixed_paid(rest)
        energy = rest - sum(gross for _, gross in fixed)
        in_money = self.tariff.credit is CreditForm.CURRENCY
        steps = [] if in_money else self._steps()
        units = self._units_for(energy, steps) if energy > 0 and not in_money else 0
        credit_money = self._credit_money(energy) if energy > 0 and in_money else 0
        if units == credit_money == 0:
            short = money_text(tendered_minor, self.minor_digits)
            raise AmountError(
                f"charges and debt leave nothing that buys {'credit' if in_money else 'units'}", got=short
            )
        return Breakdown(
            tendered_minor,
            units,
            (
                *([self._credit_line(energy)] if in_money else self._unit_lines(energy, units, steps)),
                *self._charge_lines(fixed),
                *(self._tax_lines(energy, fixed) if self.tariff.tax else ()),
                *(
                    Line(LineKind.DEBT, debt.number, share, description=debt.name)
                    for debt, share in zip(self.debts, shares, strict=True)
                    if share
                ),
            ),
            sum(gross for _, gross in fixed),
            credit_money,
        )

    def for_units(self, units_tenths: int) -> Breakdown:
        """The amount that buys so many units (or the next that a token can carry). Raises AmountError."""
        if self.tariff.credit is CreditForm.CURRENCY:
            raise AmountError(
                f"under tariff {self.tariff.name} the meter counts money", expected="an amount of money", got="units"
            )
        if not 0 < units_tenths <= QUANTITY_MAX:
            raise AmountError("units that a token cannot carry", expected=f"0.1 to {QUANTITY_MAX / TENTHS}")
        wanted = carried_quantity(units_tenths)
        steps = self._steps()
        energy = int(_cost_of(wanted, steps))
        low, high = 0, 10**15
        while low < high:
            middle = (low + high) // 2
            if self._energy_left(middle) < energy:
                low = middle + 1
            else:
                high = middle
        for amount in range(low + _SEARCH_AROUND, max(0, low - _SEARCH_AROUND), -1):
            left = self._energy_left(amount)
            if left > 0 and (bought := _tenths_for(left, steps)) <= QUANTITY_MAX and carried_quantity(bought) == wanted:
                return self.for_money(amount)
        raise AmountError("no whole amount of money buys exactly these units", got=f"{units_tenths} tenths")

    def _check(self, tendered_minor: int) -> None:
        digits = self.minor_digits
        least = _minor(self.tariff.minimum, digits)
        most = None if self.tariff.maximum is None else _minor(self.tariff.maximum, digits)
        if tendered_minor <= 0:
            raise AmountError("an amount is above zero", got=money_text(tendered_minor, digits))
        if tendered_minor < least:
            raise AmountError(
                "below the minimum purchase", expected=self.tariff.minimum, got=money_text(tendered_minor, digits)
            )
        if most is not None and tendered_minor > most:
            raise AmountError(
                "above the maximum purchase", expected=self.tariff.maximum, got=money_text(tendered_minor, digits)
            )

    # Debt and fixed charges

    def _debt_shares(self, tendered_minor: int) -> list[int]:
        """Each debt's share, in order, out of what the ones before it leave."""
        left = tendered_minor
        shares: list[int] = []
        for debt in self.debts:
            asked = max(half_up(tendered_minor * Fraction(debt.percent) / 100), debt.minimum_minor)
            share = max(0, min(asked, debt.remaining_minor, left))
            shares.append(share)
            left -= share
        return shares

    def _fixed_paid(self, available: int) -> list[tuple[int, int]]:
        """(place of the charge, gross amount paid now) in order, as far as the money goes."""
        factor = self.tariff.tax_factor
        covered = self.month.fixed_minor
        paid: list[tuple[int, int]] = []
        for place, charge in enumerate(self.tariff.fixed_charge):
            month = half_up(_exact_minor(charge.amount, self.minor_digits) * (factor if charge.taxed else 1))
            gross = month * self._months_owed()
            already = min(gross, covered)
            covered -= already
            now = min(gross - already, available)
            available -= now
            if now:
                paid.append((place, now))
        return paid

    def _months_owed(self) -> int:
        """This month, and those before it that were skipped, as far as the tariff goes back."""
        return 1 + min(self.month.months_skipped, self.tariff.skipped_months_max)

    def _energy_left(self, tendered_minor: int) -> int:
        rest = tendered_minor - sum(self._debt_shares(tendered_minor))
        return rest - sum(gross for _, gross in self._fixed_paid(rest))

    # Units

    def _steps(self) -> list[_Step]:
        """The blocks from where the month stands."""
        factor = self.tariff.tax_factor * Fraction(10**self.minor_digits, TENTHS)
        used = self.month.units_tenths
        steps: list[_Step] = []
        for name, price, up_to in self.tariff.prices_at(self.moment):
            if up_to is None:
                steps.append(_Step(name, price * factor, price, None))
            elif up_to * TENTHS > used:
                steps.append(_Step(name, price * factor, price, up_to * TENTHS - used))
                used = up_to * TENTHS
        return steps

    @staticmethod
    def _units_for(gross: int, steps: Sequence[_Step]) -> int:
        units = _tenths_for(gross, steps)
        if units > QUANTITY_MAX:
            raise AmountError(
                "buys more than one token can carry", expected=f"up to {QUANTITY_MAX / TENTHS}", got=units / TENTHS
            )
        return carried_quantity(units)

    # Money on the meter

    def _net(self, gross: int) -> int:
        return apportion(gross, [Fraction(1), *self.tariff.tax_shares])[0]

    def _credit_money(self, gross: int) -> int:
        credit = carried_currency(currency_units(Decimal(self._net(gross)).scaleb(-self.minor_digits)))
        if credit > CURRENCY_CREDIT_MAX:
            raise AmountError("buys more than one token can carry", got=money_text(gross, self.minor_digits))
        return credit

    def _credit_line(self, gross: int) -> Line:
        return Line(LineKind.UNITS, "credit", self._net(gross))

    # Lines

    def _unit_lines(self, gross: int, units: int, steps: Sequence[_Step]) -> Iterator[Line]:
        """The net money by block; the last block's units take the rounding."""
        net = self._net(gross)
        taken: list[tuple[_Step, int, Fraction]] = []
        money, left_units = Fraction(gross), units
        for step in steps:
            last = step.left is None or step.left * step.price >= money
            cost = money if last else (step.left or 0) * step.price
            tenths = left_units if last else (step.left or 0)
            taken.append((step, tenths, cost))
            money -= cost
            left_units -= tenths
            if last:
                break
        parts = apportion(net, [cost for _, _, cost in taken])
        for (step, tenths, _), part in zip(taken, parts, strict=True):
            yield Line(LineKind.UNITS, step.name, part, tenths, _price_text(step.net_price))

    def _charge_lines(self, fixed: Sequence[tuple[int, int]]) -> Iterator[Line]:
        for place, gross in fixed:
            charge = self.tariff.fixed_charge[place]
            months = self._months_owed()
            described = f"{months} months" if months > 1 else ""
            yield Line(
                LineKind.FIXED_CHARGE, charge.name, self._net(gross) if charge.taxed else gross, description=described
            )

    def _tax_lines(self, energy: int, fixed: Sequence[tuple[int, int]]) -> Iterator[Line]:
        taxed = [energy, *(gross for place, gross in fixed if self.tariff.fixed_charge[place].taxed)]
        split = [apportion(gross, [Fraction(1), *self.tariff.tax_shares]) for gross in taxed]
        for place, tax in enumerate(self.tariff.tax, start=1):
            yield Line(LineKind.TAX, tax.name, sum(parts[place] for parts in split))


def _cost_of(units_tenths: int, steps: Sequence[_Step]) -> Fraction:
    cost = Fraction(0)
    for step in steps:
        taken = units_tenths if step.left is None else min(units_tenths, step.left)
        cost += taken * step.price
        units_tenths -= taken
    return cost


def _tenths_for(gross: int, steps: Sequence[_Step]) -> int:
    """What the money buys, whatever a token can carry."""
    money, units = Fraction(gross), 0
    for step in steps:
        if step.left is None or step.left * step.price >= money:
            return units + ceil(money / step.price)
        units += step.left
        money -= step.left * step.price
    return units


@lru_cache(maxsize=KEPT_PRICES)
def _exact_minor(amount: Decimal, minor_digits: int) -> Fraction:
    return Fraction(amount) * Fraction(10**minor_digits)


def _minor(amount: Decimal, minor_digits: int) -> int:
    return half_up(_exact_minor(amount, minor_digits))


@lru_cache(maxsize=KEPT_PRICES)
def _price_text(price: Fraction) -> str:
    """A price with at least two decimals and at most six."""
    text = f"{Decimal(half_up(price * 10**6)).scaleb(-6):f}"
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


def breakdown_text(breakdown: Breakdown | None) -> str:
    """A breakdown as the store keeps it; empty for none."""
    if breakdown is None:
        return ""
    lines = [
        [line.kind.value, line.name, line.amount_minor, line.units_tenths, line.price]
        + ([line.description] if line.description else [])
        for line in breakdown.lines
    ]
    kept: list[object] = [breakdown.tendered_minor, breakdown.units_tenths, breakdown.fixed_gross_minor, lines]
    if breakdown.credit_money:
        kept.append(breakdown.credit_money)
    return _JSON.encode(kept)


def read_breakdown(text: str) -> Breakdown | None:
    """A breakdown out of the store."""
    if not text:
        return None
    tendered, units, fixed, lines, *credit_money = json.loads(text)
    return Breakdown(tendered, units, tuple(Line(LineKind(line[0]), *line[1:]) for line in lines), fixed, *credit_money)
