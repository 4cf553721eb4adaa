"""One sale: its tokens large enough to be read out, its way to the meter, its receipt, and what may be done with it."""

from __future__ import annotations

from collections.abc import Mapping

from nicegui import ui

from ferraris.console import vending_words
from ferraris.console.markup import Child, Markup, joined, moment, tag
from ferraris.console.pages.engineering import note_parts
from ferraris.console.pages.frame import Region, Workplace
from ferraris.console.pages.parts import chip, empty, list_card, query_path
from ferraris.console.pages.sale_parts import breakdown_table, delivery_steps, receipt_path, sale_path, token_list
from ferraris.console.pages.till_frame import TillPage, field
from ferraris.console.vending_desk import VendingDesk
from ferraris.console.vending_views import receipt_of
from ferraris.vending import Delivery, Sale, SaleKind, SaleState, Vending, VendingError, receipt_text

REVERSIBLE = frozenset({SaleKind.CREDIT, SaleKind.FREE_ISSUE})


async def sale_page(place: Workplace, number: str) -> None:
    assert place.vending is not None, "only a system that sells has sales"
    known = int(number) if number.isascii() and number.isdigit() and len(number) < 19 else 0
    await _SalePage(place, place.vending, known).build()


class SaleActs(TillPage):
    """What may be done with a sale, on whichever page it is shown."""

    def __init__(self, place: Workplace, desk: VendingDesk) -> None:
        super().__init__(place, desk)
        self.acts |= {"typed": self._typed, "reprint": self._reprint}

    async def _typed(self, subject: str) -> None:
        detail = f"said by {self.who.operator or 'the till'}"
        await self.do(lambda vending, now_ms: vending.mark_delivered(int(subject), Delivery.TYPED, now_ms, detail))

    async def _reprint(self, subject: str) -> None:
        if self.who.known:
            await self.do(lambda vending, now_ms: vending.reprint(int(subject), self.who.operator, now_ms))
        else:
            ui.notify("Sign on first.", type="warning")


class _SalePage(SaleActs):
    """One open page of a sale."""

    def __init__(self, place: Workplace, desk: VendingDesk, number: int) -> None:
        super().__init__(place, desk)
        self._number = number
        self.forms |= {"reverse": self._reverse}

    async def build(self) -> None:
        framed = self.framed(f"Receipt {self._number:010d}", "/till/sales", crumb="Sales")
        with framed as frame, ui.element("div").classes("till"):
            with ui.element("div"):
                self._card = Region()
            with ui.element("div"):
                self._facts, self._reversal = Region(), Region()
        await frame.keep(self.refresh)

    async def refresh(self) -> None:
        try:
            sale, receipt = await self.desk.run(lambda vending, _: with_receipt(vending, self._number))
        except VendingError:
            text = f"No sale has the number {self._number}. The list of sales has them all."
            self._card.show(tag("section", empty("There is no such receipt", text), class_="card"))
            return
        self._card.show(sale_card(sale, receipt))
        self._facts.show(facts_card(sale))
        self._reversal.show(reversal_card(sale) if may_reverse(sale) else None)

    async def _reverse(self, fields: Mapping[str, str]) -> None:
        if not self.who.known:
            ui.notify("Sign on first.", type="warning")
            return
        reason = fields.get("reason", "")
        await self.do(lambda vending, now_ms: vending.reverse(self._number, self.who.operator, now_ms, reason))


def with_receipt(vending: Vending, number: int) -> tuple[Sale, str]:
    """A sale and its receipt in lines; without tokens, none."""
    sale = vending.sale(number)
    if not sale.tokens or sale.state not in {SaleState.POSTED, SaleState.REVERSED}:
        return sale, ""
    return sale, receipt_text(receipt_of(vending, sale))


def may_reverse(sale: Sale) -> bool:
    return sale.state is SaleState.POSTED and sale.kind in REVERSIBLE


def sale_card(sale: Sale, receipt: str, *, at_till: bool = False) -> Markup:
    """What the customer gets."""
    title = vending_words.sale_title(sale)
    credited = vending_words.credited(sale)
    brought = f"{title}: {credited}" if credited else title
    head = tag(
        "div",
        tag("h2", brought),
        chip(vending_words.SALE_STATES[sale.state]),
        tag("a", sale.receipt_number, href=sale_path(sale.number), class_="mono more"),
        class_="card-head sold-head",
    )
    if not sale.tokens:
        return tag("section", head, tag("div", _without_tokens(sale), class_="card-body"), class_="card")
    money = vending_words.money(sale.tendered_minor, sale.minor_digits, sale.currency)
    paid = f"{money} by {vending_words.payment(sale.payment).lower()}"
    facts = [tag("span", fact) for fact in (f"Meter {sale.meter}", paid if sale.tendered_minor else "") if fact]
    body = [
        tag("div", facts, class_="facts", style="margin-bottom:14px"),
        token_list(sale),
        tag("div", delivery_steps(sale), style="margin:20px 0 4px"),
        _after_reversal(sale),
        tag("div", _buttons(sale, at_till=at_till), class_="ends", style="margin-top:16px"),
        tag("pre", receipt, class_="receipt-paper"),
    ]
    return tag("section", head, tag("div", body, class_="card-body"), class_="card", data_sale=sale.number)


def _without_tokens(sale: Sale) -> Markup:
    if sale.state is SaleState.PENDING:
        text = "The security module has not answered yet. Nothing is charged before it does; the order is finished by itself, or void."
        return tag("div", text, class_="callout")
    return tag("p", "No token came of this order, and nothing was charged.", class_="muted")


def _after_reversal(sale: Sale) -> Markup | None:
    """Money that went back while the credit went, or may have gone, to the meter."""
    if sale.state is not SaleState.REVERSED or sale.delivery in {Delivery.NONE, Delivery.REFUSED}:
        return None
    took = "took" if sale.delivery is Delivery.ACCEPTED else "may have taken"
    text = f"The money was given back, and the meter {took} the token: {vending_words.credited(sale)}. Open a debt of the account for it: "
    return tag("div", text, tag("code", "ferraris vend debt", class_="mono"), ".", class_="callout bad")


def _buttons(sale: Sale, *, at_till: bool) -> list[Child]:
    typed = sale.delivery in {Delivery.NONE, Delivery.SENT, Delivery.REFUSED}
    buttons: list[Child] = [
        tag("button", "Print", class_="button", data_print=True, type="button"),
        tag("a", "PDF", class_="button", href=receipt_path(sale.number, "pdf"), target="_blank"),
        tag(
            "button",
            "Reprint",
            class_="button",
            data_act="reprint",
            data_subject=sale.number,
            type="button",
        ),
    ]
    if typed:
        buttons.append(
            tag(
                "button",
                "Customer types it",
                class_="button",
                data_act="typed",
                data_subject=sale.number,
                type="button",
            )
        )
    if at_till:
        buttons.append(
            tag("a", "Next customer", class_="button primary", href="/till", data_live=True, style="flex:1 1 100%")
        )
    return buttons


def facts_card(sale: Sale) -> Markup:
    """All that is on record of a sale."""
    facts: list[tuple[str, Child]] = [
        ("Meter", tag("a", sale.meter, href=query_path("/till", meter=sale.meter), class_="mono")),
        ("Account", sale.account),
        ("Sold", moment(sale.created_ms)),
        ("Till", sale.till),
        ("Operator", sale.operator),
        ("Approved by", sale.approver),
        ("Paid by", vending_words.payment(sale.payment) if sale.payment else ""),
        ("Tariff", sale.tariff),
        ("Delivered", moment(sale.delivered_ms, absent="not yet")),
        ("Copies", sale.reprints or ""),
        ("Shift", sale.shift or ""),
        ("Message id", tag("span", sale.message_id, class_="mono")),
        ("Note", ": ".join(note_parts(sale.detail)) if sale.kind is SaleKind.ENGINEERING else sale.detail),
    ]
    listed = [joined(tag("dt", name), tag("dd", value)) for name, value in facts if value != ""]
    breakdown = None
    if sale.breakdown is not None:
        breakdown = tag("div", breakdown_table(sale), style="margin-bottom:18px")
    card = list_card("On record", tag("div", breakdown, tag("dl", listed), class_="card-body"))
    return tag("div", card, class_="side-card")


def reversal_card(sale: Sale) -> Markup:
    """To take a sale back, with a reason."""
    text = (
        "Nothing recalls a token: the meter takes it whenever somebody types it. Only a supervisor takes the sale back."
    )
    if sale.worthless:
        text = "The meter refuses this token for good. The money goes back to the customer."
    elif sale.delivery in {Delivery.ACCEPTED, Delivery.TYPED}:
        text = "The meter has this token, or may have it already. Only a supervisor takes the sale back."
    form = tag(
        "form",
        field("Reason", "reason", required=True),
        tag(
            "button",
            "Take the sale back …",
            class_="button danger",
            type="submit",
            data_confirm=f"Take back receipt {sale.receipt_number}?",
            data_warning="The sale is reversed in the books, and that cannot be undone.",
        ),
        class_="form row", data_form="reverse",
    )  # fmt: skip
    return list_card(
        "Reversal", tag("div", tag("p", text, class_="muted", style="margin-bottom:12px"), form, class_="card-body")
    )
