"""What REST answers about vending: vending's own values, with what a program or a person needs beside them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from ferraris.store import AccountRow, ConfigurationRow, CustomerRow
from ferraris.sts import StsConfiguration
from ferraris.vending import (
    DebtDue,
    KnownMeter,
    Receipt,
    Sale,
    Tariff,
    Vending,
    VendingSettings,
    make_receipt,
    sample_tables_notice,
)


@dataclass(frozen=True, slots=True)
class SaleView:
    """An order with its receipt's number and its tokens in fours, in the order in which they are entered.

    Money is whole minor units: `tendered_minor` 1050 with `minor_digits` 2 is 10.50. Units are tenths.
    """

    receipt_number: str
    tokens_in_fours: tuple[str, ...]
    sale: Sale
    notice: str = ""
    """What is to be known about the tokens: made with the sample tables, they work in no real meter."""


@dataclass(frozen=True, slots=True)
class MeterView:
    """A prepayment meter: who buys for it, what it is configured for, and what it is to become."""

    meter: str
    blocked: str
    """Why nothing is sold to it; empty: it is."""
    customer: CustomerRow
    account: AccountRow
    present: StsConfiguration
    wanted: StsConfiguration | None
    history: tuple[ConfigurationRow, ...]
    debts: tuple[DebtDue, ...]
    notice: str = ""
    """What is to be known about its tokens."""


@dataclass(frozen=True, slots=True)
class SettingsView:
    """What the operator decided for all tills."""

    utility: str
    currency: str
    minor_digits: int
    shift_required: bool
    supervisors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TariffLine:
    """A price, a charge or a tax of a tariff."""

    kind: str
    name: str
    value: Decimal
    up_to: int | None = None


@dataclass(frozen=True, slots=True)
class TariffView:
    """A tariff from its effective day on. Prices are before tax."""

    name: str
    effective: str
    currency: str
    service: str
    minimum: Decimal
    maximum: Decimal | None
    free_units: Decimal
    lines: tuple[TariffLine, ...]
    note: str


@dataclass(frozen=True, slots=True)
class RegistrationView:
    """How many meters were new, and what is to be known about the tokens of those that were given."""

    registered: int
    notice: str = ""


def sale_view(sale: Sale) -> SaleView:
    return SaleView(sale.receipt_number, tuple(token.grouped for token in sale.tokens), sale)


def sold_view(sale: Sale, settings: VendingSettings) -> SaleView:
    """An order that was just made, with what is to be known about its tokens."""
    return replace(sale_view(sale), notice=sample_tables_notice(settings, sale.configuration))


def receipt_of(vending: Vending, sale: Sale) -> Receipt:
    """The receipt of a sale, with its customer's name. Raises VendingError while there is none."""
    known = vending.registry.meter(sale.meter)
    return make_receipt(sale, vending.settings, vending.registry.customer_of(known).name)


def meter_view(vending: Vending, number: str) -> MeterView:
    """The meter of that number. Raises UnknownMeterError."""
    return view_of(vending, vending.registry.meter(number))


def view_of(vending: Vending, known: KnownMeter) -> MeterView:
    return MeterView(
        meter=known.number,
        blocked=known.meter.blocked,
        customer=vending.registry.customer_of(known),
        account=known.account,
        present=known.present.sts,
        wanted=known.wanted.sts if known.wanted else None,
        history=tuple(one.row for one in known.history),
        debts=tuple(vending.registry.debts(known.account.number)),
        notice=sample_tables_notice(vending.settings, known.present.sts),
    )


def tariff_view(tariff: Tariff) -> TariffView:
    blocks = (
        TariffLine("block", f"block {place}", Decimal(block.price), block.up_to)
        for place, block in enumerate(tariff.block, 1)
    )
    rates = (TariffLine("rate", rate.name, Decimal(rate.price)) for rate in tariff.rate)
    charges = (TariffLine("fixed_charge", charge.name, Decimal(charge.amount)) for charge in tariff.fixed_charge)
    taxes = (TariffLine("tax_percent", tax.name, Decimal(tax.percent)) for tax in tariff.tax)
    return TariffView(
        name=tariff.name,
        effective=tariff.effective.isoformat(),
        currency=tariff.currency,
        service=tariff.service,
        minimum=Decimal(tariff.minimum),
        maximum=None if tariff.maximum is None else Decimal(tariff.maximum),
        free_units=Decimal(tariff.free_units),
        lines=(*blocks, *rates, *charges, *taxes),
        note=tariff.note,
    )
