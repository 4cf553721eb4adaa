"""REST about who buys: meters with their configurations, customers, accounts, debts, tariffs."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query

from ferraris.console.problems import not_found
from ferraris.console.vending_bodies import (
    AccountTariff,
    Block,
    Configuration,
    Customer,
    Debt,
    LoadedReport,
    MeterEntry,
    Registration,
    WantedConfiguration,
)
from ferraris.console.vending_desk import VendingDesk
from ferraris.console.vending_views import (
    MeterView,
    RegistrationView,
    SettingsView,
    TariffView,
    meter_view,
    tariff_view,
)
from ferraris.kernel.limits import VENDING_TEXT_CHARACTERS_MAX
from ferraris.store import CustomerRow, VendingAuditRow
from ferraris.sts import EncryptionAlgorithm, MeterPan, StsConfiguration
from ferraris.vending import DebtDue, FoundMeter, NewMeter, minor_units, parse_pan, sample_tables_notice

FOUND_MAX = 100
Number = Annotated[str, Path(max_length=VENDING_TEXT_CHARACTERS_MAX)]
Meter = Annotated[str, Path(max_length=24, description="Decoder reference number, or the meter PAN of 18 digits.")]


def registry_routes(desk: VendingDesk) -> APIRouter:
    """The registry of vending."""
    router = APIRouter(tags=["vending: meters and customers"])
    _add_meters(router, desk)
    _add_customers(router, desk)
    _add_tariffs(router, desk)
    return router


def _add_meters(router: APIRouter, desk: VendingDesk) -> None:
    @router.get("/meters")
    async def find(
        search: Annotated[str, Query(max_length=64, description="In number, account, customer's number or name.")] = "",
        limit: Annotated[int, Query(ge=1, le=FOUND_MAX)] = 20,
    ) -> list[FoundMeter]:
        """Meters as a till looks them up."""
        return await desk.run(lambda vending, _: vending.registry.find(search, limit))

    @router.post("/meters", status_code=HTTPStatus.CREATED)
    async def register(registration: Registration) -> RegistrationView:
        """Register meters with accounts and customers, all or none; `registered` says how many were new."""
        meters = list(map(new_meter, registration.meters))
        new = await desk.run(lambda vending, now_ms: vending.registry.register(meters, registration.operator, now_ms))
        notices = (sample_tables_notice(desk.settings, one.configuration) for one in meters)
        return RegistrationView(new, next(filter(None, notices), ""))

    @router.get("/meters/{meter}")
    async def meter(meter: Meter) -> MeterView:
        """A meter with its customer, its configuration's history, and what it is to become."""
        return await desk.run(lambda vending, _: meter_view(vending, meter))

    @router.post("/meters/{meter}/block")
    async def block(meter: Meter, block: Block) -> MeterView:
        """Sell nothing more to a meter, for a reason; without a reason: sell again."""
        number = parse_pan(meter).decoder_reference_number
        await desk.run(lambda vending, now_ms: vending.registry.block(number, block.reason, block.operator, now_ms))
        return await desk.run(lambda vending, _: meter_view(vending, number))

    @router.put("/meters/{meter}/wanted-configuration")
    async def want(meter: Meter, wanted: WantedConfiguration) -> MeterView:
        """What the meter is to become: its next purchase brings the key-change tokens."""
        configuration = sts_configuration(parse_pan(meter), wanted.configuration)
        await desk.run(lambda vending, now_ms: vending.registry.want(configuration, wanted.operator, now_ms))
        return await desk.run(lambda vending, _: meter_view(vending, meter))

    @router.post("/meters/{meter}/loaded")
    async def loaded(meter: Meter, report: LoadedReport) -> MeterView:
        """Somebody has seen at the meter that it has the configuration whose tokens were issued."""
        number = parse_pan(meter).decoder_reference_number
        await desk.run(
            lambda vending, now_ms: vending.registry.report_loaded(number, report.proof, report.operator, now_ms)
        )
        return await desk.run(lambda vending, _: meter_view(vending, number))


def _add_customers(router: APIRouter, desk: VendingDesk) -> None:
    @router.put("/customers/{number:path}")
    async def save_customer(number: Number, customer: Customer) -> CustomerRow:
        """Add a customer, or change name and contact."""
        row = CustomerRow(number=number, name=customer.name, contact=customer.contact)
        await desk.run(lambda vending, now_ms: vending.registry.save_customer(row, customer.operator, now_ms))
        return row

    @router.put("/accounts/{number:path}/tariff")
    async def set_tariff(number: Number, account: AccountTariff) -> AccountTariff:
        """Put an account on another tariff, from now on."""
        await desk.run(
            lambda vending, now_ms: vending.registry.set_tariff(number, account.tariff, account.operator, now_ms)
        )
        return account

    @router.get("/accounts/{number:path}/debts")
    async def debts(number: Number) -> list[DebtDue]:
        """What is left of an account's debts, in minor units."""
        return await desk.run(lambda vending, _: vending.registry.debts(number))

    @router.post("/debts/{number:path}", status_code=HTTPStatus.CREATED)
    async def open_debt(number: Number, debt: Debt) -> list[DebtDue]:
        """An account owes something from now on; each purchase pays its share of it."""
        digits = desk.settings.minor_digits
        await desk.run(
            lambda vending, now_ms: vending.registry.open_debt(
                number, debt.account, debt.name, minor_units(debt.amount, digits), debt.operator, now_ms,
                percent=debt.percent, minimum_minor=minor_units(debt.minimum, digits), priority=debt.priority,
            )
        )  # fmt: skip
        return await desk.run(lambda vending, _: vending.registry.debts(debt.account))


def _add_tariffs(router: APIRouter, desk: VendingDesk) -> None:
    @router.get("/settings")
    async def settings() -> SettingsView:
        """What the operator decided for all tills: the currency and its digits, who is a supervisor."""
        given = desk.settings
        supervisors = tuple(sorted(given.supervisors))
        return SettingsView(given.utility, given.currency, given.minor_digits, given.shift_required, supervisors)

    @router.get("/tariffs")
    async def tariffs() -> list[TariffView]:
        """Every tariff from each of its effective days on."""
        return [tariff_view(tariff) for tariff in desk.settings.tariffs.tariffs()]

    @router.get("/tariffs/{name}")
    async def tariff(name: Number) -> TariffView:
        """The tariff of that name that is in force today."""
        if name not in desk.settings.tariffs.names():
            raise not_found("tariff", name)
        return tariff_view(desk.settings.tariffs.at(name, desk.settings.local(desk.now_ms()).date()))

    @router.get("/audit")
    async def audit(
        limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
        subject: Annotated[str | None, Query(max_length=VENDING_TEXT_CHARACTERS_MAX)] = None,
    ) -> list[VendingAuditRow]:
        """Who did what about vending, the newest first."""
        return await desk.run(lambda vending, _: vending.audit(limit, subject))


def new_meter(entry: MeterEntry) -> NewMeter:
    """A meter to be registered. Raises UnknownMeterError, StsError for one that cannot be."""
    return NewMeter(
        sts_configuration(parse_pan(entry.meter), entry.configuration),
        entry.account,
        entry.tariff,
        entry.customer,
        entry.customer_name,
        entry.contact,
    )


def sts_configuration(pan: MeterPan, given: Configuration) -> StsConfiguration:
    return StsConfiguration(
        meter_pan=pan,
        encryption_algorithm=EncryptionAlgorithm(given.encryption_algorithm),
        supply_group_code=given.supply_group_code,
        key_revision_number=given.key_revision_number,
        key_type=given.key_type,
        tariff_index=given.tariff_index,
        base_date=given.base_date,
        key_expiry_number=given.key_expiry_number,
        key_derivation=given.key_derivation,
        three_token_key_change=given.three_token_key_change,
    )
