"""The page of one meter: how it stands, its load profile, its registers, events, objects and commands."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

from nicegui import events, ui

from ferraris.console import wording, words
from ferraris.console.charts import Options
from ferraris.console.markup import Child, Markup, joined, moment, tag
from ferraris.console.pages.frame import Region, Workplace, framed, missing_page
from ferraris.console.pages.meter_chart import chart_head, chart_options
from ferraris.console.pages.meter_tabs import tab_content, tab_row
from ferraris.console.pages.meter_view import PageView
from ferraris.console.pages.parts import chip, communication_chip, empty
from ferraris.console.pages.prepayment import prepayment_tab
from ferraris.console.problems import Problem
from ferraris.headend import CommandKind, MeterView, TermsView
from ferraris.kernel.errors import FerrarisError
from ferraris.store import MeterRow

DISCONNECTED = 0
ASKED = {
    CommandKind.DISCONNECT: (
        "Disconnect {serial}?",
        "The premises lose their supply at once. The meter is asked afterwards whether it did so.",
        "Disconnect",
    ),
    CommandKind.RECONNECT: (
        "Reconnect {serial}?",
        "The meter closes its switch, or lets the customer close it. Make sure that nobody works on the installation.",
        "Reconnect",
    ),
    CommandKind.SET_CLOCK: (
        "Set the clock of {serial}?",
        "A clock set over the end of an interval spoils that interval. Small offsets are corrected without you.",
        "Set clock",
    ),
}
"""What an operator is asked before a command that changes something: title, text, button."""
LINKS = {"tcp": "TCP", "udp": "UDP", "hdlc+tcp": "TCP", "serial": "a serial line", "rfc2217": "RFC 2217",
         "mbus": "a serial line", "mbus+tcp": "TCP"}  # fmt: skip
"""What frames travel over, as people call it."""


async def meter_page(place: Workplace, serial: str, query: str) -> None:
    try:
        row = place.meters.row(serial)
    except Problem:
        await _unknown(place, serial)
        return
    await _MeterPage(place, row, PageView.of_query(query)).build()


async def _unknown(place: Workplace, serial: str) -> None:
    text = f"Nobody registered {serial}. Search by a part of its serial."
    await missing_page(place, "Unknown meter", empty("There is no such meter", text), "/meters", crumb="Meters")


class _MeterPage:
    """One open page."""

    def __init__(self, place: Workplace, row: MeterRow, view: PageView) -> None:
        self._place = place
        self._row = row
        self._view = view
        self._charted: object = None
        self._dialog = OrderDialog(self._order)

    async def build(self) -> None:
        with framed(self._place, self._row.serial, "/meters", crumb="Meters") as frame:
            self._identity = Region()
            with ui.element("div").classes("grid wide-left"):
                with ui.element("section").classes("card chart-card"):
                    self._chart_head = Region("chart-head")
                    self._chart = ui.echart({}).classes("chart")
                self._standing = Region()
            with ui.element("section").classes("card"):
                self._tabs = Region()
                self._content = Region()
        ui.on("place", self._on_place)
        ui.on("act", self._on_act)
        await frame.keep(self._refresh)

    async def _refresh(self) -> None:
        meters, row, now_ms = self._place.meters, self._row, self._place.meters.system.clock.now_ms()
        view = meters.view(row)
        self._identity.show(identity(row, view), remark(view))
        self._standing.show(standing_card(view, now_ms))
        self._chart_head.show(chart_head(self._view))
        await self._refresh_chart(view, now_ms)
        self._tabs.show(tab_row(self._view, view, sells=self._place.vending is not None))
        if self._view.tab == "prepayment":
            self._content.show(await prepayment_tab(self._place.vending, row))
        else:
            self._content.show(await tab_content(meters, row, self._view.tab, now_ms))

    async def _refresh_chart(self, view: MeterView, now_ms: int) -> None:
        """Draw the chart anew when the present has moved on by an interval, or something may have come."""
        period_s = view.profiles[0].capture_period_s if view.profiles else 900
        charted = (
            self._view.show,
            self._view.days,
            now_ms // 1_000 // period_s,
            view.line.last_seen_ms,
            view.line.missing,
        )
        if charted == self._charted:
            return
        options = await chart_options(self._place.meters.system, self._row, self._view, period_s)
        _replace(self._chart.options, options)
        self._chart.update()
        self._charted = charted

    async def _on_place(self, event: events.GenericEventArguments) -> None:
        self._view = PageView.of_query(str(event.args or ""))
        await self._refresh()

    async def _on_act(self, event: events.GenericEventArguments) -> None:
        act, subject = str(event.args.get("act")), str(event.args.get("subject"))
        if act == "read":
            self._order(CommandKind.READ_ATTRIBUTE, subject)
        elif act == "acknowledge":
            self._acknowledge(subject)
        elif act in {kind.value for kind in ASKED}:
            self._dialog.ask(CommandKind(act), self._row.serial)
        elif act == CommandKind.READ_NOW:
            self._order(CommandKind.READ_NOW, "")
        await self._refresh()

    def _order(self, kind: CommandKind, argument: str, idempotency_key: str = "") -> None:
        try:
            command = self._place.desk.command(self._row, kind, argument, "console", idempotency_key)
        except (Problem, FerrarisError) as error:
            ui.notify(f"Not ordered: {error}", type="negative")
        else:
            ui.notify(
                f"{words.command_kind(kind)}: ordered as command {command.id}", color="dark", position="bottom-right"
            )

    def _acknowledge(self, kind: str) -> None:
        try:
            self._place.desk.acknowledge(self._row.id, kind, self._row.serial, "console")
        except (Problem, FerrarisError) as error:
            ui.notify(str(error), type="negative")


class OrderDialog:
    """Asks before a command goes out that changes something. A double click orders once: the key is the dialog's."""

    def __init__(self, order: Callable[[CommandKind, str, str], None]) -> None:
        self._order = order
        self._kind = CommandKind.DISCONNECT
        self._key = ""
        with ui.dialog() as self._dialog, ui.element("div").classes("dialog"):
            self._text = Region()
            with ui.element("div").classes("ends"):
                ui.html("Cancel", tag="button", sanitize=False).classes("button").on("click", self._dialog.close)
                self._go = ui.html("", tag="button", sanitize=False).classes("button").on("click", self._confirmed)

    def ask(self, kind: CommandKind, serial: str) -> None:
        title, text, go = ASKED[kind]
        self._kind, self._key = kind, uuid4().hex
        self._text.show(tag("h2", title.format(serial=serial)), tag("p", text))
        self._go.set_content(go)
        danger = kind is CommandKind.DISCONNECT
        self._go.classes(add="danger solid" if danger else "primary", remove="primary" if danger else "danger solid")
        self._dialog.open()

    def _confirmed(self) -> None:
        self._dialog.close()
        self._order(self._kind, "", self._key)


def identity(row: MeterRow, view: MeterView) -> Markup:
    """Who the meter is, and what may be ordered."""
    facts = [view.profile_title, f"Group {row.group}", f"{row.host}:{row.port}", *terms_facts(view.terms)]
    disconnected = view.commanded_control_state == DISCONNECTED
    unknown = view.commanded_control_state is None
    buttons: list[Child] = [
        _button("Read now", CommandKind.READ_NOW, "primary"),
        _button("Set clock …", CommandKind.SET_CLOCK),
    ]
    if disconnected or unknown:
        buttons.append(_button("Reconnect …", CommandKind.RECONNECT))
    if not disconnected:
        buttons.append(_button("Disconnect …", CommandKind.DISCONNECT, "danger"))
    return tag(
        "div",
        communication_chip(view.line.communication),
        tag("div", [tag("span", fact) for fact in facts], class_="facts"),
        tag("div", buttons, class_="ends"),
        class_="identity",
    )


def terms_facts(terms: TermsView | None) -> list[str]:
    """How the meter is talked with: framing, names, authentication, suite."""
    if terms is None:
        return []
    station = "" if terms.physical_address is None else f" {terms.physical_address}"
    behind = f" behind gateway {terms.gateway}" if terms.gateway else ""
    mechanism = terms.authentication.replace("_", "-").upper()
    return [
        f"{wording.sentence(terms.framing)}{station} over {LINKS.get(terms.link, terms.link)}{behind}",
        f"{wording.sentence(terms.referencing)}s",
        f"{mechanism}, {terms.context}",
        f"Suite {terms.suite}",
    ]


def _button(name: str, kind: CommandKind, tone: str = "") -> Markup:
    return tag("button", name, class_=f"button {tone}".strip(), data_act=kind.value, type="button")


def remark(view: MeterView) -> Markup | None:
    """What is wrong, in the head-end's own words."""
    if not view.line.detail:
        return None
    tone = "bad" if words.communication(view.line.communication)[1] == "bad" else ""
    return tag("div", wording.sentence(view.line.detail), class_=f"callout {tone}".strip())


def standing_card(view: MeterView, now_ms: int) -> Markup:
    """The switch as it was commanded and as the meter confirmed it; contact, clock and completeness."""
    facts: list[tuple[str, Child]] = [
        ("Last seen", moment(view.line.last_seen_ms, now_ms)),
        ("Last attempt", moment(view.last_attempt_ms, now_ms)),
        ("Next attempt", _next_attempt(view, now_ms)),
        ("Clock offset", wording.offset(view.line.clock_offset_ms)),
        ("Missing intervals", wording.count(view.line.missing)),
        ("Backfilled", wording.count(sum(profile.backfilled for profile in view.profiles))),
    ]
    lost = sum(profile.unrecoverable for profile in view.profiles)
    if lost:
        facts.append(("Lost in the meter", wording.count(lost)))
    listed = [joined(tag("dt", name), tag("dd", value)) for name, value in facts]
    body = tag("div", switch_states(view), tag("dl", listed, style="margin-top:16px"), class_="card-body")
    head = tag("div", tag("h2", "Supply and contact"), class_="card-head")
    return tag("section", head, body, class_="card side-card")


def switch_states(view: MeterView) -> Markup:
    commanded, confirmed = view.commanded_control_state, view.confirmed_control_state
    states = tag(
        "div",
        tag("div", tag("div", "Commanded", class_="eyebrow"), chip(words.control_state(commanded))),
        tag("div", tag("div", "Confirmed", class_="eyebrow"), chip(words.control_state(confirmed))),
        class_="states",
    )
    on_its_way = commanded is not None and commanded != confirmed
    note = "The meter has not confirmed what was commanded." if on_its_way else None
    return joined(states, tag("div", note, class_="callout busy") if note else None)


def _next_attempt(view: MeterView, now_ms: int) -> Child:
    if view.next_attempt_ms is None:
        return {"running": "under way", "storing": "being stored"}.get(view.line.activity, "in the queue")
    if view.next_attempt_ms <= now_ms:
        return "now"
    due = f"in {wording.duration(view.next_attempt_ms - now_ms)}"
    return tag("f-time", due, ms=view.next_attempt_ms, ago=due)


def _replace(options: Options, new: Options) -> None:
    options.clear()
    options.update(new)
