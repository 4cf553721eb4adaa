"""Shifts: what the open one has taken so far, what the drawer should hold, and those that are closed."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import uuid4

from nicegui import ui

from ferraris.console import vending_words, wording
from ferraris.console.markup import Child, Markup, joined, moment, tag
from ferraris.console.pages.frame import Region, Workplace
from ferraris.console.pages.parts import chip, empty, list_card, table
from ferraris.console.pages.till_frame import TillPage, field
from ferraris.console.pages.till_parts import PAYMENTS
from ferraris.console.pages.typed_numbers import typed_amount
from ferraris.console.vending_desk import VendingDesk
from ferraris.kernel.errors import FerrarisError
from ferraris.vending import ShiftTotals, Vending, VendingSettings, credit_minor, minor_units

SHIFTS_SHOWN = 40


async def shifts_page(place: Workplace) -> None:
    assert place.vending is not None, "only a system that sells has shifts"
    await _ShiftsPage(place, place.vending).build()


class _ShiftsPage(TillPage):
    """One open page of shifts."""

    def __init__(self, place: Workplace, desk: VendingDesk) -> None:
        super().__init__(place, desk)
        self._deposit_id = uuid4().hex
        self.forms |= {"open": self._open, "close": self._close, "deposit": self._deposit}
        self.acts |= {"batch": self._batch}

    async def build(self) -> None:
        with self.framed("Shifts", "/till/shifts") as frame:
            with ui.element("div").classes("till"):
                with ui.element("div"):
                    self._present = Region()
                with ui.element("div"):
                    self._forms = Region()
            self._list = Region()
        await frame.keep(self.refresh)

    async def refresh(self) -> None:
        settings, till = self.desk.settings, self.who.till
        present, earlier = await self.desk.run(lambda vending, _: shifts_of(vending, till))
        self._present.show(totals_card(present, settings) if present else no_shift(till))
        self._forms.show(shift_forms(settings.currency, is_open=present is not None) if self.who.known else None)
        self._list.show(list_card("Shifts of all tills", shift_table(earlier, settings), _batch_button(self.who.known)))

    async def _open(self, fields: Mapping[str, str]) -> None:
        money = self._money(fields.get("float", "") or "0")
        if money is not None:
            await self.do(lambda vending, now_ms: vending.shifts.open(self.who.till, self.who.operator, now_ms, money))

    async def _close(self, fields: Mapping[str, str]) -> None:
        money = self._money(fields.get("counted", ""))
        if money is not None:
            await self.do(lambda vending, now_ms: vending.shifts.close(self.who.till, self.who.operator, now_ms, money))

    async def _deposit(self, fields: Mapping[str, str]) -> None:
        money = self._money(fields.get("amount", ""))
        if money is None:
            return
        till, operator, reference = self.who.till, self.who.operator, fields.get("reference", "")
        done = await self.do(
            lambda vending, now_ms: vending.shifts.deposit(self._deposit_id, till, operator, money, now_ms, reference)
        )
        if done is not None:
            self._deposit_id = uuid4().hex
            ui.notify("The deposit is on record.", color="dark", position="bottom-right")

    async def _batch(self, _: str) -> None:
        batch = await self.do(
            lambda vending, now_ms: vending.shifts.close_batch(self.who.till, self.who.operator, now_ms)
        )
        if batch is not None:
            taken = vending_words.money(batch.taken_minor, self.desk.settings.minor_digits, self.desk.settings.currency)
            ui.notify(
                f"Batch {batch.batch}: {wording.number_of(len(batch.shifts), 'shift')}, {taken}",
                color="dark",
                position="bottom-right",
            )

    def _money(self, text: str) -> int | None:
        """An amount that was typed, in minor units; None, and the refusal shown, for what is none."""
        try:
            return minor_units(typed_amount(text), self.desk.settings.minor_digits)
        except FerrarisError as error:
            self.refuse(error)
        return None


def shifts_of(vending: Vending, till: str) -> tuple[ShiftTotals | None, list[ShiftTotals]]:
    """The till's open shift, and the newest of all tills."""
    row = vending.shifts.open_shift(till) if till else None
    present = None if row is None else vending.shifts.totals(row.number)
    return present, [vending.shifts.totals(one.number) for one in vending.shifts.list(limit=SHIFTS_SHOWN)]


def no_shift(till: str) -> Markup:
    text = f"Nobody has opened a shift at {till}." if till else "Sign on, and the shift of your till is shown here."
    return tag("section", empty("No open shift", text), class_="card")


def totals_card(totals: ShiftTotals, settings: VendingSettings) -> Markup:
    """What a shift has done, by kind of payment, and what the drawer should hold."""

    def money(minor: int) -> str:
        return vending_words.money(minor, settings.minor_digits, settings.currency)

    rows: list[tuple[str, Child]] = [
        (PAYMENTS[one.payment], money(one.taken_minor - one.returned_minor))
        for one in totals.payments
        if one.taken_minor or one.returned_minor
    ]
    rows += [
        ("Float", money(totals.float_minor)),
        ("Brought to the bank", money(-totals.deposited_minor)),
    ]
    lines = [tag("tr", tag("td", name), tag("td", value, class_="number")) for name, value in rows]
    total = tag(
        "tr",
        tag("th", "Should be in the drawer", scope="row"),
        tag("td", money(totals.expected_cash_minor), class_="number"),
        class_="total",
    )
    figures = tag(
        "div",
        _tile("Sales", totals.sales),
        *(_tile(name, value) for name, value in credits_sold(totals, settings)),
        _tile("Free units", totals.free_issues),
        _tile("Taken back", totals.reversed_sales),
        class_="tiles",
        style="margin-bottom:14px;box-shadow:none",
    )
    content = tag(
        "div", figures, tag("table", tag("tbody", lines), tag("tfoot", total), class_="breakdown"), class_="card-body"
    )
    return list_card(
        f"Shift {totals.number} of {totals.operator} at {totals.till}",
        content,
        joined("since ", moment(totals.opened_ms)),
    )


def credits_sold(totals: ShiftTotals, settings: VendingSettings) -> list[tuple[str, str]]:
    """What was sold of each service, by name: units, and apart from them the credit of meters that count money."""
    sold: list[tuple[str, str]] = []
    for one in totals.credits:
        name = one.service.capitalize()
        if one.units_tenths:
            sold.append((name, vending_words.units(one.units_tenths, one.unit)))
        if one.credit_money:
            minor = credit_minor(one.credit_money, settings.minor_digits)
            sold.append((f"{name} in money", vending_words.money(minor, settings.minor_digits, settings.currency)))
    return sold


def _tile(name: str, value: Child) -> Markup:
    return tag("div", tag("span", name, class_="eyebrow"), tag("b", value), class_="tile")


def shift_forms(currency: str, *, is_open: bool) -> Markup:
    """To open a shift, or to close it and to bring money to the bank."""
    if not is_open:
        start = tag("button", "Open the shift", class_="button primary", type="submit")
        form = tag(
            "form",
            field(f"In the drawer, in {currency}", "float", value="0", inputmode="decimal"),
            start,
            class_="form row",
            data_form="open",
        )
        return list_card("Begin", tag("div", form, class_="card-body"))
    end = tag(
        "button",
        "Close the shift …",
        class_="button primary",
        type="submit",
        data_confirm="Close the shift?",
        data_warning="What was counted stands then, and a closed shift is not opened again.",
    )
    closing = tag(
        "form",
        field(f"Counted in the drawer, in {currency}", "counted", inputmode="decimal", required=True),
        end,
        class_="form row",
        data_form="close",
    )
    bring = tag("button", "To the bank", class_="button", type="submit")
    amount = field(f"Deposit, in {currency}", "amount", inputmode="decimal", required=True)
    deposit = tag(
        "form", amount, field("Reference", "reference", required=True), bring, class_="form row", data_form="deposit"
    )
    return joined(
        list_card("End", tag("div", closing, class_="card-body")),
        tag("div", style="height:16px"),
        list_card("Deposit", tag("div", deposit, class_="card-body")),
    )


def _batch_button(known: bool) -> Child:
    return (
        tag(
            "button",
            "Close the batch of my till …",
            class_="button small",
            data_act="batch",
            type="button",
            data_confirm="Close the batch?",
            data_warning="All closed shifts of the till that belong to no batch go into it, for good.",
        )
        if known
        else None
    )


def shift_table(shifts: list[ShiftTotals], settings: VendingSettings) -> Markup:
    """Shifts with their difference: counted less expected."""
    if not shifts:
        return empty("No shifts yet", "A till's first shift begins with “Open the shift”.")
    header = (
        "Shift",
        "Opened",
        "Closed",
        *(Markup(f'<th class="number">{name}</th>') for name in ("Sales", "Sold", "Expected", "Counted")),
        "Difference",
    )
    return table(header, (_shift_row(totals, settings) for totals in shifts))


def _shift_row(totals: ShiftTotals, settings: VendingSettings) -> Markup:
    def money(minor: int | None) -> str:
        return "–" if minor is None else vending_words.money(minor, settings.minor_digits)

    difference = totals.difference_minor
    chipped = (
        chip(("Open", "busy"))
        if difference is None
        else chip((money(difference), "good" if difference == 0 else "bad"))
    )
    return tag(
        "tr",
        tag("td", tag("b", totals.number), tag("div", f"{totals.operator} at {totals.till}", class_="faint")),
        tag("td", moment(totals.opened_ms)),
        tag("td", moment(totals.closed_ms, absent="–")),
        tag("td", totals.sales, class_="number"),
        tag("td", [tag("div", value, title=name) for name, value in credits_sold(totals, settings)], class_="number"),
        tag("td", money(totals.expected_cash_minor), class_="number"),
        tag("td", money(totals.counted_minor), class_="number"),
        tag("td", chipped),
    )
