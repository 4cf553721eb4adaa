"""A meter's prepayment, as it stands on the meter's page: who buys, its keys with their history, its tokens."""

from __future__ import annotations

from ferraris.console.markup import Markup, joined, moment, tag
from ferraris.console.pages.parts import chip, empty, query_path, table
from ferraris.console.pages.sale_parts import sale_table
from ferraris.console.pages.till_parts import debts_text
from ferraris.console.vending_desk import VendingDesk
from ferraris.console.vending_views import MeterView, meter_view
from ferraris.store import ConfigurationRow, MeterRow, SaleFilter
from ferraris.sts import BaseDate, EncryptionAlgorithm, KeyType
from ferraris.vending import ConfigurationState, Sale, UnknownMeterError, Vending

TOKENS_SHOWN = 50
CONFIGURATION_STATES = {
    ConfigurationState.WANTED: ("Wanted", "idle"),
    ConfigurationState.ISSUED: ("Tokens issued", "busy"),
    ConfigurationState.LOADED: ("In the meter", "good"),
    ConfigurationState.FORMER: ("Former", "idle"),
}
HEADER = ("State", "Supply group", "Key", "Tariff index", "Base date", "Since", "Known by")


async def prepayment_tab(desk: VendingDesk | None, row: MeterRow) -> Markup:
    """What stands under the tab *Prepayment*."""
    number = row.decoder_reference_number
    if desk is None or not number:
        return empty("No prepayment", "This meter takes no tokens, as far as the registry knows.")
    try:
        meter, sales = await desk.run(lambda vending, _: _found(vending, number))
    except UnknownMeterError:
        return empty("Not registered for vending", f"Decoder reference number {number} has no account yet.")
    settings = desk.settings
    return prepayment_content(meter, sales, settings.currency, settings.minor_digits)


def _found(vending: Vending, number: str) -> tuple[MeterView, list[Sale]]:
    return meter_view(vending, number), vending.sales(SaleFilter(meter=number, limit=TOKENS_SHOWN))


def prepayment_content(meter: MeterView, sales: list[Sale], currency: str, minor_digits: int) -> Markup:
    """Who buys for the meter, its keys, and what was sold to it."""
    sell = tag("a", "Sell", href=query_path("/till", meter=meter.meter), class_="button small primary")
    facts = [meter.customer.name, f"Account {meter.account.number}", f"Tariff {meter.account.tariff}"]
    head = tag(
        "div",
        tag("b", meter.meter, class_="mono"),
        tag("span", [tag("span", fact) for fact in facts], class_="facts"),
        chip(("Blocked", "bad"), meter.blocked) if meter.blocked else None,
        tag("span", sell, style="margin-left:auto"),
        class_="identity",
        style="padding:14px 18px",
    )
    debts = debts_text(meter.debts, currency, minor_digits)
    shown = tag("div", debts, style="padding:0 18px 12px") if debts else None
    newest_first = list(reversed(meter.history))
    keys = joined(tag("h3", "Keys", class_="sub"), table(HEADER, map(_configuration, newest_first)))
    tokens = joined(tag("h3", "Tokens", class_="sub"), sale_table(sales, "Sold tokens are listed here."))
    return joined(head, shown, keys, tokens)


def _configuration(row: ConfigurationRow) -> Markup:
    algorithm = EncryptionAlgorithm(row.encryption_algorithm).name
    since = row.loaded_ms or row.issued_ms or row.from_ms
    return tag(
        "tr",
        tag("td", chip(CONFIGURATION_STATES[ConfigurationState(row.state)])),
        tag("td", row.supply_group_code, class_="mono"),
        tag("td", f"{KeyType(row.key_type).name}, revision {row.key_revision_number}, {algorithm}"),
        tag("td", f"{row.tariff_index:02d}"),
        tag("td", BaseDate(row.base_date).year),
        tag("td", moment(since)),
        tag("td", row.proof, class_="muted"),
    )
