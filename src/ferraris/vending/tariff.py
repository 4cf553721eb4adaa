"""A tariff as data: what a unit costs from which day on, and what else a purchase pays for.

Prices and amounts are in the currency, before tax; units are kWh (or m³, or minutes) of the tariff's service.

- **Blocks** rise through the calendar month: what the account has bought since the month began decides where a purchase
  starts. Free units use up no block.
- **Rates** are time of use. A prepaid purchase is used later, nobody knows when; so with the basis `weights` each unit costs
  the mean of the rates in the stated weights, and with `time_of_sale` the rate in force when it is sold.
- **Credit** is units, or money (`currency`) for a meter that has the prices itself: then the tariff has no blocks and no rates,
  and what charges, taxes and debt leave of the amount is what the token carries.
- **Fixed charges** are owed once a calendar month. The first purchase pays them; what it cannot pay, the next one of that month
  does. Months in which an account bought nothing are owed as well, at the present charge, up to `skipped_months_max` of them.
- **Taxes** are applied in the order they stand in, on units and on taxed fixed charges; a `compound` one also on the taxes
  before it. Debt bears no tax.
- **Free units** (free basic electricity) are issued once a calendar month, when they are asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Self

from ferraris.kernel.tables import file_names, load_toml, parse_toml
from ferraris.vending.errors import UnknownTariffError
from ferraris.vending.money import Number

TENTHS = 10
UNIT_OF_SERVICE = {"electricity": "kWh", "water": "m³", "gas": "m³", "time": "min"}
_FRIDAY = 4
_HOURS = re.compile(r"([0-9]{1,2})-([0-9]{1,2})")
_NOTHING = Number("0")
_ONE = Number("1")


class Day(date):
    """A calendar day, as ISO 8601 writes it."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """2026-07-01."""
        return cls.fromisoformat(text)


@dataclass(frozen=True, slots=True)
class Hours:
    """Whole hours of a day, the last one not included: 17-19 is two hours."""

    start: int
    end: int

    @classmethod
    def parse(cls, text: str) -> Hours:
        """17-19. Raises ValueError."""
        found = _HOURS.fullmatch(text)
        if found is None:
            raise ValueError("hours are written as 17-19")
        hours = cls(int(found[1]), int(found[2]))
        if not 0 <= hours.start < hours.end <= 24:
            raise ValueError("hours run from 0-1 to 23-24")
        return hours


class CreditForm(StrEnum):
    """What the meter counts, and so what a token carries."""

    UNITS = "units"
    CURRENCY = "currency"


class RateBasis(StrEnum):
    """What a unit bought under a time-of-use tariff costs."""

    WEIGHTS = "weights"
    TIME_OF_SALE = "time_of_sale"


@dataclass(frozen=True, slots=True)
class Block:
    """Units of a month up to a bound; without bound, all further ones."""

    price: Number
    up_to: int | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """One rate of a time-of-use tariff. One without hours holds whenever no other does."""

    name: str
    price: Number
    weight: int = 0
    hours: tuple[Hours, ...] = ()
    workdays_only: bool = False

    def holds(self, moment: datetime) -> bool:
        """Whether the rate's hours contain this local time."""
        if self.workdays_only and moment.weekday() > _FRIDAY:
            return False
        return not self.hours or any(span.start <= moment.hour < span.end for span in self.hours)


@dataclass(frozen=True, slots=True)
class FixedCharge:
    """Owed once a calendar month."""

    name: str
    amount: Number
    taxed: bool = True


@dataclass(frozen=True, slots=True)
class Tax:
    """Per cent of the net amount; a compound one of net and earlier taxes together."""

    name: str
    percent: Number
    compound: bool = False


@dataclass(frozen=True)
class Tariff:
    """One tariff from its effective day on."""

    name: str
    effective: Day
    currency: str
    service: str = "electricity"
    credit: CreditForm = CreditForm.UNITS
    minimum: Number = _ONE
    maximum: Number | None = None
    free_units: Number = _NOTHING
    block: tuple[Block, ...] = ()
    rate: tuple[Rate, ...] = ()
    rate_basis: RateBasis = RateBasis.WEIGHTS
    fixed_charge: tuple[FixedCharge, ...] = ()
    skipped_months_max: int = 0
    tax: tuple[Tax, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        if self.credit is CreditForm.CURRENCY:
            self._check_currency()
        elif bool(self.block) == bool(self.rate):
            raise ValueError("a tariff has blocks or rates, and not both")
        if any(price <= 0 for price in [one.price for one in self.block] + [one.price for one in self.rate]):
            raise ValueError("a price is above zero")
        self._check_blocks()
        if self.rate:
            self._check_rates()
        if any(tax.percent < 0 for tax in self.tax) or any(charge.amount < 0 for charge in self.fixed_charge):
            raise ValueError("taxes and fixed charges are not below zero")
        if self.minimum <= 0 or (self.maximum is not None and self.maximum < self.minimum):
            raise ValueError("the minimum purchase is above zero and not above the maximum")
        if self.free_units < 0 or self.free_units * TENTHS % 1:
            raise ValueError("free units are tenths, not below zero")
        if self.skipped_months_max < 0:
            raise ValueError("skipped months are not below zero")

    def _check_currency(self) -> None:
        if self.block or self.rate or self.free_units:
            raise ValueError("a tariff for a meter that counts money has no blocks, no rates and no free units")

    def _check_blocks(self) -> None:
        bounds = [block.up_to for block in self.block]
        if bounds and (bounds[-1] is not None or None in bounds[:-1]):
            raise ValueError("every block but the last has a bound up_to")
        known = [0, *(bound for bound in bounds if bound is not None)]
        if any(low >= high for low, high in pairwise(known)):
            raise ValueError("the bounds of blocks rise")

    def _check_rates(self) -> None:
        if self.rate_basis is RateBasis.WEIGHTS and not all(rate.weight > 0 for rate in self.rate):
            raise ValueError("by weights, every rate has a weight above zero")
        others = sum(not rate.hours and not rate.workdays_only for rate in self.rate)
        if self.rate_basis is RateBasis.TIME_OF_SALE and others != 1:
            raise ValueError("by time of sale, exactly one rate has no hours: the one for all other times")

    @cached_property
    def tax_shares(self) -> list[Fraction]:
        """Each tax as a part of the net amount."""
        shares: list[Fraction] = []
        for tax in self.tax:
            base = sum(shares, Fraction(1)) if tax.compound else Fraction(1)
            shares.append(base * Fraction(tax.percent) / 100)
        return shares

    @cached_property
    def tax_factor(self) -> Fraction:
        """From a net amount to the amount with all taxes."""
        return sum(self.tax_shares, Fraction(1))

    def prices_at(self, moment: datetime) -> tuple[tuple[str, Fraction, int | None], ...]:
        """Name, net price of a unit and upper bound in units of each block that holds at this local time."""
        if self.block or self.rate_basis is RateBasis.WEIGHTS:
            return self._standing_prices
        in_force = [rate for rate in self.rate if (rate.hours or rate.workdays_only) and rate.holds(moment)]
        rate = in_force[0] if in_force else next(one for one in self.rate if not one.hours and not one.workdays_only)
        return ((rate.name, Fraction(rate.price), None),)

    @cached_property
    def _standing_prices(self) -> tuple[tuple[str, Fraction, int | None], ...]:
        """The prices of a tariff whose prices do not depend on the time."""
        if self.block:
            names = [f"block {place}" for place in range(1, len(self.block) + 1)] if len(self.block) > 1 else ["units"]
            return tuple((name, Fraction(one.price), one.up_to) for name, one in zip(names, self.block, strict=True))
        whole = sum(rate.weight for rate in self.rate)
        weighted = sum((Fraction(rate.price) * rate.weight for rate in self.rate), Fraction(0))
        return (("weighted rate", weighted / whole, None),)

    @property
    def free_tenths(self) -> int:
        """The monthly free units, in tenths."""
        return int(Decimal(self.free_units) * TENTHS)


class TariffBook:
    """All tariffs, past and coming, each from its effective day on."""

    def __init__(self, tariffs: Iterable[Tariff]) -> None:
        self._by_name: dict[str, list[Tariff]] = {}
        for tariff in sorted(tariffs, key=lambda one: one.effective):
            versions = self._by_name.setdefault(tariff.name, [])
            if versions and versions[-1].effective == tariff.effective:
                raise UnknownTariffError(f"tariff {tariff.name} stands twice for {tariff.effective}")
            versions.append(tariff)

    def at(self, name: str, day: date) -> Tariff:
        """The tariff of that name in force on that day. Raises UnknownTariffError."""
        in_force = [tariff for tariff in self._by_name.get(name, ()) if tariff.effective <= day]
        if not in_force:
            raise UnknownTariffError(f"no tariff {name} in force on {day}", expected=", ".join(self._by_name) or "none")
        return in_force[-1]

    def names(self) -> tuple[str, ...]:
        """The names of the tariffs."""
        return tuple(sorted(self._by_name))

    def tariffs(self) -> tuple[Tariff, ...]:
        """Every tariff, by name and effective day."""
        return tuple(tariff for name in self.names() for tariff in self._by_name[name])


def read_tariff(text: str, place: str) -> Tariff:
    """A tariff from TOML text; `place` names it in errors. Raises TableError."""
    return parse_toml(text, Tariff, place)


def sample_tariffs() -> TariffBook:
    """The tariffs that ship with Ferraris, invented, one for each thing a tariff can say."""
    names = file_names("ferraris.vending", "tariffs", ".toml")
    return TariffBook(load_toml("ferraris.vending", f"tariffs/{name}.toml", Tariff) for name in names)
