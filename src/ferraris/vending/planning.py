"""What each kind of order comes to: which tokens, which breakdown, which postings."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ferraris.store import VendingReader
from ferraris.sts import StsError, tenths
from ferraris.vending.breakdown import Breakdown, LineKind, MonthSoFar, Purchase
from ferraris.vending.errors import AmountError, FreeIssueError, KeyChangeError, UnknownTariffError
from ferraris.vending.issuing import Plan
from ferraris.vending.ledger import Posting
from ferraris.vending.meters import Configured, KnownMeter
from ferraris.vending.money import minor_units
from ferraris.vending.orders import EngineeringRequest, SaleRequest
from ferraris.vending.registry import debt_account, debts_due
from ferraris.vending.sale import SaleKind
from ferraris.vending.settings import VendingSettings
from ferraris.vending.tariff import CreditForm, Tariff
from ferraris.vending.token_plans import CREDIT_KINDS


def plan_sale(
    reader: VendingReader, settings: VendingSettings, request: SaleRequest, meter: KnownMeter, now_ms: int
) -> Plan:
    """Credit for money, and the key change that the meter waits for."""
    tariff = tariff_of(settings, meter, now_ms)
    breakdown = reckon(reader, settings, request, meter, tariff, now_ms)
    return Plan(
        SaleKind.CREDIT,
        tokens=[(_credit_kind(tariff), breakdown.credit_money or breakdown.units_tenths)],
        key_change=key_change_due(meter),
        postings=list(_sale_postings(request, breakdown)),
        breakdown=breakdown,
        tariff=f"{tariff.name} {tariff.effective}",
        payment=request.payment.value,
        units_tenths=breakdown.units_tenths,
    )


def plan_free_issue(reader: VendingReader, settings: VendingSettings, meter: KnownMeter, now_ms: int) -> Plan:
    """The month's free units. Raises FreeIssueError."""
    tariff = tariff_of(settings, meter, now_ms)
    month = settings.month(now_ms)
    if tariff.free_tenths == 0:
        raise FreeIssueError(f"tariff {tariff.name} gives no free units")
    if reader.month_totals(meter.account.number, month).free_issues:
        raise FreeIssueError(
            f"account {meter.account.number} has had the free units of {month // 100}-{month % 100:02d}"
        )
    return Plan(
        SaleKind.FREE_ISSUE,
        tokens=[(_credit_kind(tariff), tariff.free_tenths)],
        key_change=key_change_due(meter),
        tariff=f"{tariff.name} {tariff.effective}",
        units_tenths=tariff.free_tenths,
    )


def plan_key_change(meter: KnownMeter) -> Plan:
    """The key change that waits, or the present configuration's once more. Raises KeyChangeError when there is none."""
    change = key_change_due(meter)
    if change is None and meter.before is not None:
        change = (meter.before, meter.present)
    if change is None:
        raise KeyChangeError(f"meter {meter.number} waits for no key change")
    return Plan(SaleKind.KEY_CHANGE, key_change=change)


def plan_engineering(request: EngineeringRequest, approver: str) -> Plan:
    """A technician's token, approved."""
    return Plan(
        SaleKind.ENGINEERING,
        tokens=[(request.kind.value, request.value)],
        approver=approver,
        detail=f"{request.kind.value} {request.value}: {request.reason}",
    )


def key_change_due(meter: KnownMeter) -> tuple[Configured, Configured] | None:
    """From which configuration to which the next purchase leads, if it leads anywhere."""
    return (meter.present, meter.wanted) if meter.wanted else None


def tariff_of(settings: VendingSettings, meter: KnownMeter, now_ms: int) -> Tariff:
    """The account's tariff in force. Raises UnknownTariffError."""
    tariff = settings.tariffs.at(meter.account.tariff, settings.local(now_ms).date())
    if tariff.currency != settings.currency:
        raise UnknownTariffError(f"tariff {tariff.name}: currency", expected=settings.currency, got=tariff.currency)
    if f"credit_{tariff.service}" not in CREDIT_KINDS:
        raise UnknownTariffError(
            f"tariff {tariff.name}: service", expected="electricity, water, gas or time", got=tariff.service
        )
    return tariff


def reckon(
    reader: VendingReader,
    settings: VendingSettings,
    request: SaleRequest,
    meter: KnownMeter,
    tariff: Tariff,
    now_ms: int,
) -> Breakdown:
    """The breakdown of a sale at this moment. Raises AmountError."""
    account = meter.account.number
    totals = reader.month_totals(account, settings.month(now_ms))
    purchase = Purchase(
        tariff,
        settings.local(now_ms),
        settings.minor_digits,
        MonthSoFar(totals.units_tenths, totals.fixed_minor, _months_skipped(reader, settings, meter, tariff, now_ms)),
        tuple(debts_due(reader, account)),
    )
    if request.amount is not None:
        return purchase.for_money(minor_units(request.amount, settings.minor_digits))
    return purchase.for_units(_tenths(request.units or Decimal(0)))


def _months_skipped(
    reader: VendingReader, settings: VendingSettings, meter: KnownMeter, tariff: Tariff, now_ms: int
) -> int:
    """Months before this one without a purchase, since the last one or since the account was opened, the first included."""
    if not tariff.skipped_months_max:
        return 0
    month = settings.month(now_ms)
    last = reader.last_purchase_month(meter.account.number, month)
    opened = settings.month(meter.account.opened_ms)
    between = _months(month) - (_months(opened) if last is None else _months(last) + 1)
    return max(0, between)


def _months(month: int) -> int:
    """A month as 202607 writes it, counted."""
    return month // 100 * 12 + month % 100


def _tenths(units: Decimal) -> int:
    try:
        return tenths(units)
    except StsError as error:
        raise AmountError(f"units: {error}") from None


def _credit_kind(tariff: Tariff) -> str:
    return f"{'currency' if tariff.credit is CreditForm.CURRENCY else 'credit'}_{tariff.service}"


def _sale_postings(request: SaleRequest, breakdown: Breakdown) -> Iterator[Posting]:
    """The drawer is debited with what was tendered; what it pays for is credited, line by line."""
    yield Posting(f"till:{request.till}:{request.payment.value}", breakdown.tendered_minor)
    units = breakdown.total(LineKind.UNITS)
    if units:
        yield Posting("income:units", -units)
    for line in breakdown.lines:
        if line.kind is LineKind.DEBT:
            yield Posting(debt_account(line.name), -line.amount_minor)
        elif line.kind is not LineKind.UNITS and line.amount_minor:
            yield Posting(f"{_BOOKS[line.kind]}:{line.name}", -line.amount_minor)


_BOOKS = {LineKind.FIXED_CHARGE: "income", LineKind.TAX: "tax"}
