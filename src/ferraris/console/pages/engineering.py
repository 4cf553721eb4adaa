"""Engineering tokens: one person asks, another one approves, and only then there is a token."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import uuid4

from nicegui import ui

from ferraris.console.markup import Markup, moment, tag
from ferraris.console.pages.frame import Region, Workplace
from ferraris.console.pages.parts import NO_HEADING, empty, list_card, table
from ferraris.console.pages.sale_parts import delivery_chip, sale_path
from ferraris.console.pages.till_frame import TillPage, choice, field
from ferraris.console.pages.typed_numbers import typed_whole
from ferraris.console.vending_desk import VendingDesk
from ferraris.kernel.errors import FerrarisError
from ferraris.store import EngineeringRow, SaleFilter
from ferraris.vending import EngineeringKind, EngineeringRequest, Sale, SaleKind, parse_pan

ISSUED_SHOWN = 20
KINDS: Mapping[str, str] = {
    EngineeringKind.CLEAR_TAMPER: "Clear tamper",
    EngineeringKind.CLEAR_CREDIT: "Clear credit (value: the register, 65535 for all)",
    EngineeringKind.POWER_LIMIT: "Maximum power (value: W)",
    EngineeringKind.PHASE_UNBALANCE: "Phase unbalance (value: W)",
    EngineeringKind.METER_TEST: "Meter test (value: the control bits)",
    EngineeringKind.TARIFF_RATE: "Tariff rate",
    EngineeringKind.WATER_FACTOR: "Water meter factor",
    EngineeringKind.EXTENDED_SET: "Extended set",
}

ISSUED_HEADER = ("Receipt", "Token", "Meter", "Issued", "Approved by", "Delivery")
VALUES: Mapping[str, str] = {
    EngineeringKind.CLEAR_CREDIT: "register {}",
    EngineeringKind.POWER_LIMIT: "{} W",
    EngineeringKind.PHASE_UNBALANCE: "{} W",
    EngineeringKind.METER_TEST: "control bits {}",
}
"""How a value of a kind is written."""


async def engineering_page(place: Workplace) -> None:
    assert place.vending is not None, "only a system that sells issues engineering tokens"
    await _EngineeringPage(place, place.vending).build()


class _EngineeringPage(TillPage):
    """One open page."""

    def __init__(self, place: Workplace, desk: VendingDesk) -> None:
        super().__init__(place, desk)
        self._message_id = uuid4().hex
        self.forms |= {"ask": self._ask}
        self.acts |= {"approve": self._approve, "refuse": self._refuse}

    async def build(self) -> None:
        with self.framed("Engineering tokens", "/till/engineering") as frame:
            self._waiting, self._form, self._issued = Region(), Region(), Region()
        await frame.keep(self.refresh)

    async def refresh(self) -> None:
        wanted = SaleFilter(kinds=(SaleKind.ENGINEERING.value,), limit=ISSUED_SHOWN)
        waiting = await self.desk.run(lambda vending, _: vending.engineering.waiting())
        issued = await self.desk.run(lambda vending, _: vending.sales(wanted))
        self._waiting.show(list_card("Waiting for a second person", waiting_table(waiting, self.who.operator)))
        self._form.show(ask_form() if self.who.known else None)
        self._issued.show(list_card("Issued", issued_table(issued)))

    async def _ask(self, fields: Mapping[str, str]) -> None:
        try:
            request = EngineeringRequest(
                message_id=self._message_id,
                till=self.who.till,
                operator=self.who.operator,
                meter=parse_pan(fields.get("meter", "")).decoder_reference_number,
                kind=EngineeringKind(fields.get("kind", "")),
                value=typed_whole(fields.get("value", "").strip() or "0"),
                reason=fields.get("reason", ""),
            )
        except ValueError:
            ui.notify("The value is a whole number.", type="warning")
            return
        except FerrarisError as error:
            self.refuse(error)
            return
        if await self.do(lambda vending, now_ms: vending.engineering.request(request, now_ms)) is not None:
            self._message_id = uuid4().hex
            ui.run_javascript("document.querySelector('form[data-form=ask]')?.reset()")

    async def _approve(self, subject: str) -> None:
        if not self.who.known:
            ui.notify("Sign on first: an approval has a name.", type="warning")
            return
        await self.do(lambda vending, now_ms: vending.engineering.approve(subject, self.who.operator, now_ms))

    async def _refuse(self, subject: str) -> None:
        if self.who.known:
            await self.do(lambda vending, now_ms: vending.engineering.refuse(subject, self.who.operator, now_ms))


def ask_form() -> Markup:
    """What a technician asks for."""
    fields = [
        field("Meter number", "meter", required=True),
        choice("Token", "kind", KINDS),
        field("Value", "value", inputmode="numeric"),
        field("Reason", "reason", required=True),
        tag("button", "Ask for it", class_="button primary", type="submit"),
    ]
    form = tag("form", fields, class_="form row", data_form="ask")
    return list_card("Ask for a token", tag("div", form, class_="card-body"))


def waiting_table(rows: list[EngineeringRow], operator: str) -> Markup:
    """Requests, with buttons for whoever did not ask himself."""
    if not rows:
        return empty("Nothing waits", "Requests for engineering tokens wait here for somebody else's approval.")
    return table(("Token", "Meter", "Reason", "Asked for", NO_HEADING), (_row(row, operator) for row in rows))


def value_text(kind: str, value: object) -> str:
    """What the token carries, with its unit."""
    return VALUES.get(kind, "{}").format(value)


def note_parts(note: str) -> tuple[str, str]:
    """What an issued token does and why, of the note that its sale keeps: `power_limit 3000: small installation`."""
    order, _, reason = note.partition(": ")
    kind, _, value = order.partition(" ")
    if kind not in KINDS:
        return "Engineering token", note
    name = KINDS[kind].partition(" (")[0]
    return (f"{name}, {value_text(kind, value)}" if kind in VALUES else name), reason


def issued_table(sales: list[Sale]) -> Markup:
    """What was approved, the newest first."""
    if not sales:
        return empty("None yet", "Approved tokens appear here.")
    return table(ISSUED_HEADER, map(_issued_row, sales))


def _issued_row(sale: Sale) -> Markup:
    name, reason = note_parts(sale.detail)
    return tag(
        "tr",
        tag("td", tag("a", sale.receipt_number, href=sale_path(sale.number), class_="serial mono")),
        tag("td", name, tag("div", reason, class_="faint")),
        tag("td", sale.meter, class_="mono"),
        tag("td", moment(sale.created_ms), tag("div", f"asked by {sale.operator}", class_="faint")),
        tag("td", sale.approver),
        tag("td", delivery_chip(sale)),
        data_href=sale_path(sale.number),
    )


def _row(row: EngineeringRow, operator: str) -> Markup:
    own = row.requested_by == operator
    buttons = tag("span", "needs somebody else", class_="faint") if own else tag("div", _button("Approve", "approve", row, "primary"), _button("Refuse", "refuse", row), class_="ends", style="justify-content:flex-end")  # fmt: skip
    name = KINDS.get(row.kind, row.kind).partition(" (")[0]
    return tag(
        "tr",
        tag("td", name, tag("div", value_text(row.kind, row.value), class_="faint") if row.value else None),
        tag("td", row.meter, class_="mono"),
        tag("td", row.reason),
        tag("td", moment(row.requested_ms), tag("div", f"by {row.requested_by}", class_="faint")),
        tag("td", buttons, class_="number"),
    )


def _button(name: str, act: str, row: EngineeringRow, tone: str = "") -> Markup:
    return tag(
        "button", name, class_=f"button small {tone}".strip(), data_act=act, data_subject=row.message_id, type="button"
    )
