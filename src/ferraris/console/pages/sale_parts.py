"""What a sale looks like: its breakdown, its tokens in fours, the way of the tokens to the meter, and rows of sales."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from ferraris.console import vending_words, wording
from ferraris.console.markup import Markup, joined, moment, tag
from ferraris.console.pages.parts import chip, empty, table
from ferraris.console.vending_words import Refusal
from ferraris.vending import Delivery, LineKind, Quote, Sale, SaleState, SoldToken, TokenKind

STEPS = {Delivery.NONE: 0, Delivery.SENT: 1, Delivery.ACCEPTED: 2, Delivery.REFUSED: 2, Delivery.TYPED: 2}
"""How many steps of its way a token has gone, beyond being sold."""
TOKEN_KINDS = {TokenKind.CREDIT: "Credit token", TokenKind.KEY_CHANGE: "Key change", TokenKind.ENGINEERING: "Token"}
SALE_HEADER = ("Receipt", "Sold", "Meter", Markup('<th class="number">Paid</th>'), Markup('<th class="number">Units</th>'), "State", "Delivery")  # fmt: skip


def breakdown_table(sold: Sale | Quote) -> Markup:
    """What the money pays for, line by line; the sum is what is tendered."""
    breakdown, minor_digits = sold.breakdown, sold.minor_digits
    assert breakdown is not None, "what was not paid for has no breakdown"
    lines = [
        tag(
            "tr",
            tag("td", vending_words.line_name(line, sold.unit)),
            tag("td", vending_words.LINE_KINDS[line.kind], class_="muted optional"),
            tag("td", vending_words.money(line.amount_minor, minor_digits), class_="number"),
        )
        for line in breakdown.lines
    ]
    total = tag(
        "tr",
        tag("th", "To pay" if isinstance(sold, Quote) else "Paid", scope="row", colspan="2"),
        tag("td", vending_words.money(breakdown.tendered_minor, minor_digits, sold.currency), class_="number"),
        class_="total",
    )
    return tag("table", tag("tbody", lines), tag("tfoot", total), class_="breakdown")


def units_figure(quote: Quote) -> Markup:
    """How much the purchase brings: what the customer asks first."""
    whole = vending_words.credited(quote)
    number, _, unit = whole.rpartition(" ")
    free = quote.breakdown.total(LineKind.UNITS) == 0
    return tag("div", tag("div", "Free units" if free else "Buys", class_="eyebrow"), tag("div", number, tag("small", unit), class_="big"))  # fmt: skip


def token_list(sale: Sale) -> Markup:
    """The tokens in the order in which they are entered, each to be copied with one click."""
    several = len(sale.tokens) > 1
    note = None
    if several:
        note = tag("p", f"Enter all {len(sale.tokens)} tokens in this order.", class_="callout")
    return joined(
        note, tag("ol", [_token(token, place, several) for place, token in enumerate(sale.tokens, 1)], class_="tokens")
    )


def _token(token: SoldToken, place: int, several: bool) -> Markup:
    name = f"{place}. {TOKEN_KINDS[token.kind]}" if several else TOKEN_KINDS[token.kind]
    copy = tag("button", "Copy", class_="button small", data_copy=token.digits, type="button")
    fours = [tag("span", four) for four in token.grouped.split(" ")]
    digits = tag("div", fours, class_="digits", data_digits=token.digits, aria_label=token.grouped)
    return tag("li", tag("div", tag("span", name, class_="eyebrow"), copy, class_="token-head"), digits)


def delivery_steps(sale: Sale) -> Markup:
    """The way of the tokens: sold, sent, taken. What the meter answered stands with its standard's name."""
    gone = STEPS[sale.delivery]
    end, tone = vending_words.DELIVERIES[sale.delivery] if gone == 2 else ("Accepted or typed", "idle")
    names = ("Sold", "Sent to the meter", end)
    steps = [
        tag(
            "li",
            name,
            class_=f"step {'done' if place <= gone else 'open'}{' bad' if place == 2 and tone == 'bad' else ''}",
        )
        for place, name in enumerate(names)
    ]
    if sale.delivery is Delivery.TYPED:
        steps.pop(1)
    said = None
    if sale.delivery_detail:
        result = sale.delivery_detail
        meaning = vending_words.token_result(result)
        same = meaning == result
        said = tag(
            "p",
            wording.sentence(meaning),
            None if same else tag("span", f" ({result})", class_="mono faint"),
            class_="muted",
        )
    return joined(tag("ol", steps, class_="steps"), said)


def sale_path(number: int) -> str:
    return f"/till/sales/{number}"


def receipt_path(number: int, form: str) -> str:
    return f"/api/v1/vending/sales/{number}/receipt?format={quote(form)}"


def sale_rows(sales: Iterable[Sale]) -> Iterable[Markup]:
    """Rows of a table of sales; a click opens one."""
    for sale in sales:
        yield tag(
            "tr",
            tag(
                "td",
                tag("a", sale.receipt_number, href=sale_path(sale.number), class_="serial mono"),
                tag("div", vending_words.sale_title(sale), class_="faint"),
            ),
            tag("td", moment(sale.created_ms), tag("div", f"{sale.operator} at {sale.till}", class_="faint")),
            tag("td", sale.meter, class_="mono"),
            tag("td", _paid(sale), class_="number"),
            tag("td", vending_words.credited(sale) or "–", class_="number"),
            tag("td", chip(vending_words.SALE_STATES[sale.state])),
            tag("td", delivery_chip(sale)),
            data_href=sale_path(sale.number),
        )


def sale_table(sales: list[Sale], nothing: str, title: str = "No sales yet") -> Markup:
    if not sales:
        return empty(title, nothing)
    return table(SALE_HEADER, sale_rows(sales))


def last_sales(sales: list[Sale]) -> Markup:
    """The same in a narrow column."""
    if not sales:
        return empty("No sales yet", "They appear here as you sell.")
    rows = (
        tag(
            "tr",
            tag(
                "td",
                tag("a", sale.receipt_number, href=sale_path(sale.number), class_="serial mono"),
                tag("div", moment(sale.created_ms), class_="faint"),
            ),
            tag(
                "td",
                _paid(sale),
                tag("div", vending_words.credited(sale), class_="faint"),
                class_="number",
            ),
            tag("td", delivery_chip(sale)),
            data_href=sale_path(sale.number),
        )
        for sale in sales
    )
    return table(("Receipt", Markup('<th class="number">Paid</th>'), "Delivery"), rows)


def _paid(sale: Sale) -> str:
    if not sale.tendered_minor:
        return "–"
    return vending_words.money(sale.tendered_minor, sale.minor_digits, sale.currency)


def delivery_chip(sale: Sale) -> Markup:
    """What is known of the tokens' way; the state, for an order without tokens."""
    if sale.state is not SaleState.POSTED:
        return chip(vending_words.SALE_STATES[sale.state])
    return chip(vending_words.DELIVERIES[sale.delivery])


def refusal_box(refusal: Refusal) -> Markup:
    """Why something was not done, with the standard's name for it."""
    name = tag("span", refusal.result, class_="mono result") if refusal.result else None
    again = " Send it again: nothing is charged twice." if refusal.retry else ""
    return tag(
        "div", tag("b", refusal.title), name, tag("div", f"{refusal.text}{again}"), class_="callout bad", role="alert"
    )
