"""What the till is made of: the field that finds a meter, who buys, how much, and what it comes to."""

from __future__ import annotations

from collections.abc import Mapping

from ferraris.console import vending_words
from ferraris.console.markup import Child, Markup, tag
from ferraris.console.pages.parts import chip, empty, list_card, meter_path, query_path
from ferraris.console.pages.sale_parts import breakdown_table, units_figure
from ferraris.console.pages.till_frame import choice, field
from ferraris.console.vending_views import MeterView
from ferraris.sts import StsConfiguration
from ferraris.vending import DebtDue, FoundMeter, Quote

QUICK_AMOUNTS = (20, 50, 100, 200, 500)
QUICK_UNITS = (10, 25, 50, 100, 200)
PAYMENTS: Mapping[str, str] = vending_words.PAYMENTS

ASKED_FREE = ("Issue the free units?", "A token with this month's free units is made. There is one a month.")
ASKED_KEY = ("Issue key-change tokens?", "They bring no credit. The customer enters all of them, in their order.")


def finder() -> Markup:
    """The field in which a cashier types whatever the customer says."""
    entry = field(
        "Meter number, account or customer", "sought", large=True, autofocus=True, placeholder="0700… or Dlamini"
    )
    form = tag("form", entry, class_="form", data_form="find", data_live=True)
    head = tag("div", tag("h2", "Who buys?"), class_="card-head")
    return tag("section", head, tag("div", form, class_="card-body"), class_="card")


def found_list(found: list[FoundMeter], sought: str) -> Markup:
    """The meters that fit, each to be chosen with a click."""
    if not found:
        return tag("section", empty("No meter found", f"Nothing registered has “{sought}” in it."), class_="card")
    links = [
        tag(
            "a",
            tag("b", one.customer_name or one.customer),
            tag("span", one.account, class_="muted"),
            tag("span", one.meter, class_="mono"),
            chip(("Blocked", "bad")) if one.blocked else tag("span", one.tariff, class_="faint"),
            href=query_path("/till", meter=one.meter),
            data_live=True,
        )
        for one in found
    ]
    return tag("section", tag("div", tag("div", links, class_="meters-found"), class_="card-body"), class_="card")


def meter_card(meter: MeterView, currency: str, minor_digits: int, free_tenths: int, serial: str | None) -> Markup:
    """Who buys for which meter, and what stands in the way."""
    change = tag("a", "Another meter", href="/till", class_="more", data_live=True)
    head = tag("div", tag("h2", meter.customer.name), change, class_="card-head")
    facts = [f"Account {meter.account.number}", f"Tariff {meter.account.tariff}", meter.customer.contact]
    number = tag("a", meter.meter, href=meter_path(serial)) if serial else meter.meter
    shown = [
        tag("div", number, class_="mono", style="font-size:17px;margin-bottom:4px"),
        tag("div", [tag("span", fact) for fact in facts if fact], class_="facts"),
        tag("div", configuration_text(meter.present), class_="facts faint", style="margin-top:2px"),
        debts_text(meter.debts, currency, minor_digits),
    ]
    if meter.notice:
        shown.append(tag("div", meter.notice, class_="callout"))
    if meter.blocked:
        shown.append(tag("div", tag("b", "Blocked: "), meter.blocked, class_="callout bad"))
    if meter.wanted:
        text = f"This meter waits for a key change to {configuration_text(meter.wanted)}. Its tokens come with the next purchase."
        shown.append(tag("div", text, class_="callout"))
    buttons = [
        _button("Free units …", "free", *ASKED_FREE) if free_tenths and not meter.blocked else None,
        _button("Key change only …", "key", *ASKED_KEY) if meter.wanted and not meter.blocked else None,
    ]
    if any(buttons):
        shown.append(tag("div", buttons, class_="ends", style="margin-top:12px"))
    return tag("section", head, tag("div", shown, class_="card-body"), class_="card")


def configuration_text(sts: StsConfiguration) -> str:
    """A configuration in one line: SGC 600727 · KRN 1 · TI 07 · EA11 · base date 2014."""
    return (
        f"SGC {sts.supply_group_code} · KRN {sts.key_revision_number} · TI {sts.tariff_index:02d} · "
        f"{sts.encryption_algorithm.name} · base date {sts.base_date.year}"
    )


def debts_text(debts: tuple[DebtDue, ...], currency: str, minor_digits: int) -> Markup | None:
    if not debts:
        return None
    listed = [
        f"owes {vending_words.money(debt.remaining_minor, minor_digits, currency)} for {debt.name} ({debt.percent:f} % of each purchase)"
        for debt in debts
    ]
    text = "; ".join(listed)
    return tag("div", f"{text[:1].upper()}{text[1:]}", class_="callout")


def purchase_form(meter: str, currency: str, unit_bought: str, *, by_units: bool) -> Markup:
    """How much is bought, by money or by units, and how it is paid. Without a unit, the meter counts money."""
    by_units = by_units and bool(unit_bought)
    ways = [
        _way("Money", query_path("/till", meter=meter), not by_units),
        _way("Units", query_path("/till", meter=meter, by="units"), by_units),
    ]
    unit = unit_bought if by_units else currency
    quick = [
        tag("button", f"{amount} {unit}", class_="button small", data_fill="amount", data_value=amount, type="button")
        for amount in (QUICK_UNITS if by_units else QUICK_AMOUNTS)
    ]
    entry = field(
        f"Units to buy, in {unit_bought}" if by_units else f"Amount paid, in {currency}",
        "amount",
        large=True,
        inputmode="decimal",
        autofocus=True,
    )
    form = tag(
        "form",
        entry,
        tag("div", quick, class_="quick"),
        choice("Paid by", "payment", PAYMENTS),
        class_="form", data_form="purchase", data_live=True, id="purchase",
    )  # fmt: skip
    switch = tag("span", tag("span", ways, class_="segments"), class_="more") if unit_bought else None
    head = tag("div", tag("h2", "How much?"), switch, class_="card-head")
    return tag("section", head, tag("div", form, class_="card-body"), class_="card")


def _way(name: str, path: str, current: bool) -> Markup:
    return tag("a", name, href=path, data_live=True, aria_current="true" if current else None)


def quote_card(quote: Quote) -> Markup:
    """What the purchase comes to, before anybody pays; and the button."""
    breakdown = quote.breakdown
    to_pay = vending_words.money(breakdown.tendered_minor, quote.minor_digits, quote.currency)
    sell = tag(
        "button", f"Sell for {to_pay}", class_="button primary large", type="submit", form="purchase", data_sell=True
    )
    note: Child = None
    if quote.key_change:
        note = tag("div", "Key-change tokens come with it; they are entered first.", class_="callout")
    parts = tag(
        "div",
        units_figure(quote),
        breakdown_table(quote),
        class_="purchase",
    )
    end = tag("div", sell, style="display:flex;justify-content:flex-end;margin-top:16px")
    return list_card("What it comes to", tag("div", parts, note, end, class_="card-body"), f"Tariff {quote.tariff}")


def welcome() -> Markup:
    """What stands where the token will be."""
    text = "Find the customer's meter, say how much, and the token appears here."
    return tag("section", empty("Ready to sell", text), class_="card")


def _button(name: str, act: str, question: str, text: str) -> Markup:
    return tag(
        "button", name, class_="button small", data_act=act, type="button", data_confirm=question, data_warning=text
    )
