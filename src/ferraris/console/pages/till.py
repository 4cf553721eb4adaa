"""The till: find the meter, see what the money buys, sell, and hand over the token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs
from uuid import uuid4

from nicegui import events, ui

from ferraris.console import vending_words
from ferraris.console.markup import Markup
from ferraris.console.pages.frame import Region, Workplace
from ferraris.console.pages.parts import list_card, query_path
from ferraris.console.pages.sale import SaleActs, sale_card, with_receipt
from ferraris.console.pages.sale_parts import last_sales, refusal_box
from ferraris.console.pages.till_parts import finder, found_list, meter_card, purchase_form, quote_card, welcome
from ferraris.console.pages.typed_numbers import typed_amount
from ferraris.console.vending_desk import VendingDesk
from ferraris.console.vending_views import MeterView, meter_view
from ferraris.kernel.errors import FerrarisError
from ferraris.store import SaleFilter
from ferraris.vending import (
    UNIT_OF_SERVICE,
    CreditForm,
    FreeIssueRequest,
    KeyChangeRequest,
    PaymentKind,
    Sale,
    SaleRequest,
    Tariff,
)

FOUND_SHOWN = 8
LAST_SALES = 6


@dataclass(frozen=True, slots=True)
class TillView:
    """What the till shows, as its address says."""

    meter: str = ""
    sale: int = 0
    by_units: bool = False

    @classmethod
    def of_query(cls, query: str) -> TillView:
        """From an address; what it does not understand it leaves at its default."""
        given = {key: values[-1] for key, values in parse_qs(query.lstrip("?")).items()}
        sale = given.get("sale", "")
        number = int(sale) if sale.isascii() and sale.isdigit() and len(sale) < 19 else 0
        return cls(given.get("meter", "")[:24], number, given.get("by") == "units")

    @property
    def path(self) -> str:
        return query_path("/till", meter=self.meter, sale=self.sale or None, by="units" if self.by_units else None)


async def till_page(place: Workplace, query: str) -> None:
    assert place.vending is not None, "only a system that sells has a till"
    await _Till(place, place.vending, TillView.of_query(query)).build()


class _Till(SaleActs):
    """One open till."""

    def __init__(self, place: Workplace, desk: VendingDesk, view: TillView) -> None:
        super().__init__(place, desk)
        self._view = view
        self._search = ""
        self._wanted: Mapping[str, str] = {}
        self._message_id = uuid4().hex
        self.typing = {"find": self._find, "purchase": self._quote}
        self.forms |= {"find": self._pick, "purchase": self._sell}
        self.acts |= {"free": self._free_issue, "key": self._change_key}

    async def build(self) -> None:
        with self.framed("Till", "/till") as frame, ui.element("div").classes("till"):
            with ui.element("div"):
                self._finder, self._found = Region(), Region()
                self._meter, self._purchase, self._breakdown = Region(), Region(), Region()
            with ui.element("div"):
                self._sold, self._last = Region(), Region()
        ui.on("place", self._on_place)
        await frame.keep(self.refresh)

    async def refresh(self) -> None:
        view = self._view
        meter = await self._chosen()
        self._finder.show(None if meter else finder())
        if meter:
            self._found.show()
        self._meter.show(self._meter_card(meter) if meter else None)
        self._purchase.show(self._purchase_form(meter) if meter and not meter.blocked else None)
        if not meter:
            self._breakdown.show()
        await self._show_sales(view)

    async def _chosen(self) -> MeterView | None:
        if not self._view.meter:
            return None
        try:
            return await self.desk.run(lambda vending, _: meter_view(vending, self._view.meter))
        except FerrarisError as error:
            self.refuse(error)
            return None

    def _meter_card(self, meter: MeterView) -> Markup:
        state = self.place.meters.state
        row = next((one.row for one in state.meters.values() if one.row.decoder_reference_number == meter.meter), None)
        settings = self.desk.settings
        free = self._tariff(meter).free_tenths
        return meter_card(meter, settings.currency, settings.minor_digits, free, None if row is None else row.serial)

    def _tariff(self, meter: MeterView) -> Tariff:
        settings = self.desk.settings
        return settings.tariffs.at(meter.account.tariff, settings.local(self.desk.now_ms()).date())

    def _purchase_form(self, meter: MeterView) -> Markup:
        tariff = self._tariff(meter)
        unit = "" if tariff.credit is CreditForm.CURRENCY else UNIT_OF_SERVICE.get(tariff.service, "units")
        return purchase_form(self._view.meter, self.desk.settings.currency, unit, by_units=self._view.by_units)

    async def _show_sales(self, view: TillView) -> None:
        wanted = SaleFilter(till=self.who.till, limit=LAST_SALES)
        last = await self.desk.run(lambda vending, _: vending.sales(wanted)) if self.who.known else []
        self._last.show(list_card("Last at this till", last_sales(last)))
        if not view.sale:
            self._sold.show(None if view.meter else welcome())
            return
        try:
            sale, receipt = await self.desk.run(lambda vending, _: with_receipt(vending, view.sale))
        except FerrarisError as error:
            self._sold.show(refusal_box(vending_words.refusal(error)))
        else:
            self._sold.show(sale_card(sale, receipt, at_till=True))

    # Finding the meter

    async def _find(self, fields: Mapping[str, str]) -> None:
        self._search = fields.get("sought", "").strip()[:64]
        if not self._search:
            self._found.show()
            return
        found = await self.do(lambda vending, _: vending.registry.find(self._search, FOUND_SHOWN))
        if found is not None:
            self._found.show(found_list(found, self._search))

    async def _pick(self, fields: Mapping[str, str]) -> None:
        """Enter in the field: the only meter found is the one that was meant."""
        await self._find(fields)
        found = await self.do(lambda vending, _: vending.registry.find(self._search, 2)) if self._search else None
        if found and len(found) == 1:
            self._go(TillView(found[0].meter))

    # Selling

    async def _quote(self, fields: Mapping[str, str]) -> None:
        """What the money would buy, as one types."""
        self._wanted = fields
        try:
            request = self._request(fields)
        except FerrarisError:
            request = None  # as one types, many a number is not yet one
        if request is None:
            self._breakdown.show()
            return
        try:
            quote = await self.desk.run(lambda vending, now_ms: vending.quote(request, now_ms))
        except FerrarisError as error:
            self._breakdown.show(refusal_box(vending_words.refusal(error)))
        else:
            self._breakdown.show(quote_card(quote))

    async def _sell(self, fields: Mapping[str, str]) -> None:
        if not self.who.known:
            ui.notify("Sign on first.", type="warning")
            return
        try:
            request = self._request(fields)
        except FerrarisError as error:
            self.refuse(error)
            return
        if request is None:
            ui.notify("Say how much first.", type="warning")
            return
        sale = await self.done(self.desk.sell(request))
        if sale is not None:
            self._sold_now(sale)

    def _request(self, fields: Mapping[str, str]) -> SaleRequest | None:
        """The order that the form is, with the page's own message id; None without an amount. Raises AmountError."""
        text = fields.get("amount", "").strip()
        payment = fields.get("payment", PaymentKind.CASH.value)
        if not text or payment not in set(PaymentKind):
            return None
        value = typed_amount(text)
        return SaleRequest(
            message_id=self._message_id,
            till=self.who.till or "till",
            operator=self.who.operator or "operator",
            meter=self._view.meter,
            amount=None if self._view.by_units else value,
            units=value if self._view.by_units else None,
            payment=PaymentKind(payment),
        )

    def _sold_now(self, sale: Sale) -> None:
        """The next order is another one; this one stays in the address, so that a reload shows it again."""
        self._message_id = uuid4().hex
        self._breakdown.show()
        self._go(TillView(sale=sale.number))

    async def _free_issue(self, _: str) -> None:
        request = FreeIssueRequest(
            message_id=self._message_id, till=self.who.till, operator=self.who.operator, meter=self._view.meter
        )
        sale = await self.do(lambda vending, now_ms: vending.free_issue(request, now_ms))
        if sale is not None:
            self._sold_now(sale)

    async def _change_key(self, _: str) -> None:
        request = KeyChangeRequest(
            message_id=self._message_id, till=self.who.till, operator=self.who.operator, meter=self._view.meter
        )
        sale = await self.do(lambda vending, now_ms: vending.change_key(request, now_ms))
        if sale is not None:
            self._sold_now(sale)

    def _go(self, view: TillView) -> None:
        self._view = view
        self.forget_refusal()
        ui.navigate.history.push(view.path)

    async def _on_place(self, event: events.GenericEventArguments) -> None:
        self._view = TillView.of_query(str(event.args or ""))
        self.forget_refusal()
        self._breakdown.show()
        await self.refresh()
        if self._view.meter and self._wanted:
            await self._quote(self._wanted)
