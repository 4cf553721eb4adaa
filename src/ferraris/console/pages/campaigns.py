"""Key changes in bulk: which keys the meters have, what campaigns want of them, and who has not entered his tokens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from nicegui import ui

from ferraris.console import wording
from ferraris.console.markup import Child, Markup, joined, moment, tag
from ferraris.console.pages.frame import Region, Workplace
from ferraris.console.pages.parts import chip, empty, list_card, query_path, table
from ferraris.console.pages.till_frame import TillPage, choice, field
from ferraris.console.pages.typed_numbers import typed_whole
from ferraris.console.vending_desk import VendingDesk
from ferraris.sts import BaseDate
from ferraris.vending import CampaignGoal, CampaignMeter, CampaignProgress, ConfigurationState, Vending, VendingError

METERS_SHOWN = 500
STATES: Mapping[str, tuple[str, str]] = {
    ConfigurationState.WANTED: ("Waits for tokens", "idle"),
    ConfigurationState.ISSUED: ("Tokens issued", "busy"),
    ConfigurationState.LOADED: ("Entered", "good"),
    ConfigurationState.FORMER: ("Gone beyond", "good"),
}
BASE_DATES = {"": "as it is", **{base_date.code: str(base_date.year) for base_date in BaseDate}}


async def campaigns_page(place: Workplace) -> None:
    assert place.vending is not None, "only a system that sells changes keys"
    await _CampaignsPage(place, place.vending).build()


async def campaign_page(place: Workplace, name: str) -> None:
    assert place.vending is not None, "only a system that sells changes keys"
    await _CampaignPage(place, place.vending, name).build()


class _CampaignsPage(TillPage):
    """All campaigns."""

    def __init__(self, place: Workplace, desk: VendingDesk) -> None:
        super().__init__(place, desk)
        self.forms |= {"start": self._start}

    async def build(self) -> None:
        with self.framed("Key changes", "/till/campaigns") as frame:
            self._list, self._groups, self._form = Region(), Region(), Region()
        await frame.keep(self.refresh)

    async def refresh(self) -> None:
        progress, groups = await self.desk.run(lambda vending, _: campaigns_of(vending))
        self._list.show(list_card("Campaigns", campaign_table(progress)))
        self._groups.show(list_card("Keys in the field", group_table(groups)))
        self._form.show(start_form() if self.who.known else None)

    async def _start(self, fields: Mapping[str, str]) -> None:
        try:
            goal = goal_of(fields)
        except ValueError:
            ui.notify("Key revision and tariff index are whole numbers.", type="warning")
            return
        name = fields.get("name", "").strip()
        meters = fields.get("meters", "").replace(",", " ").split() or None
        started = await self.do(
            lambda vending, now_ms: vending.campaigns.start(name, goal, self.who.operator, now_ms, meters)
        )
        if started is not None:
            left = f", {len(started.left_out)} left out" if started.left_out else ""
            waiting = f"{wording.number_of(started.meters, 'meter')} to change{left}"
            ui.notify(f"Campaign {name} has begun: {waiting}.", color="dark", position="bottom-right")
            ui.run_javascript("document.querySelector('form[data-form=start]')?.reset()")


class _CampaignPage(TillPage):
    """One campaign, meter by meter."""

    def __init__(self, place: Workplace, desk: VendingDesk, name: str) -> None:
        super().__init__(place, desk)
        self._name = name
        self.acts |= {"issue": self._issue, "close": self._close}

    async def build(self) -> None:
        with self.framed(self._name, "/till/campaigns", crumb="Key changes") as frame:
            self._card, self._meters = Region(), Region()
        await frame.keep(self.refresh)

    async def refresh(self) -> None:
        try:
            progress = await self.desk.run(lambda vending, _: vending.campaigns.progress(self._name))
        except VendingError:
            text = f"Nobody has started one named {self._name}."
            self._card.show(tag("section", empty("There is no such campaign", text), class_="card"))
            return
        self._card.show(progress_card(progress, self.who.known))
        self._meters.show(list_card("Meters", meter_table(progress)))

    async def _issue(self, _: str) -> None:
        sales = await self.do(
            lambda vending, now_ms: vending.campaigns.issue(self._name, self.who.till, self.who.operator, now_ms)
        )
        if sales is not None:
            made = f"Tokens made for {wording.number_of(len(sales), 'meter')}."
            ui.notify(made, color="dark", position="bottom-right")

    async def _close(self, _: str) -> None:
        await self.do(lambda vending, now_ms: vending.campaigns.close(self._name, self.who.operator, now_ms))


def campaigns_of(vending: Vending) -> tuple[list[CampaignProgress], Counter[tuple[int, int, int, str]]]:
    rows = vending.campaigns.list()
    return [vending.campaigns.progress(row.name) for row in reversed(rows)], vending.campaigns.states()


def goal_of(fields: Mapping[str, str]) -> CampaignGoal:
    """What a form wants to change; an empty field leaves it as it is. Raises ValueError."""

    def number(name: str) -> int | None:
        text = fields.get(name, "").strip()
        return typed_whole(text) if text else None

    base_date = fields.get("base_date", "")
    return CampaignGoal(
        supply_group_code=fields.get("supply_group_code", "").strip() or None,
        key_revision_number=number("key_revision_number"),
        tariff_index=number("tariff_index"),
        base_date=BaseDate(typed_whole(base_date)) if base_date else None,
    )


def goal_text(goal: CampaignGoal) -> str:
    """What a campaign wants, in one line."""
    wanted = [
        f"supply group {goal.supply_group_code}" if goal.supply_group_code else "",
        f"key revision {goal.key_revision_number}" if goal.key_revision_number else "",
        f"tariff index {goal.tariff_index:02d}" if goal.tariff_index is not None else "",
        f"base date {goal.base_date.year}" if goal.base_date else "",
        f"key expiry {goal.key_expiry_number}" if goal.key_expiry_number is not None else "",
    ]
    return " · ".join(filter(None, wanted)) or "nothing"


def campaign_path(name: str) -> str:
    return f"/till/campaigns/{quote(name, safe='')}"


def campaign_table(campaigns: list[CampaignProgress]) -> Markup:
    if not campaigns:
        return empty("No campaigns yet", "A campaign brings many meters to a new key, base date or tariff index.")
    rows = (
        tag(
            "tr",
            tag(
                "td",
                tag("a", one.name, href=campaign_path(one.name), class_="serial"),
                tag("div", goal_text(one.goal), class_="faint"),
            ),
            tag("td", moment(one.created_ms)),
            tag("td", _bar(one), style="min-width:180px"),
            tag("td", _state(one)),
            data_href=campaign_path(one.name),
        )
        for one in campaigns
    )
    return table(("Campaign", "Started", "Entered", "State"), rows)


def _bar(progress: CampaignProgress) -> Markup:
    entered, meters = progress.counts()["entered"], len(progress.meters)
    share = 100 * entered / meters if meters else 100
    bar = tag("div", tag("i", style=f"width:{share:.1f}%"), class_="meterbar", style="margin:4px 0 0")
    return joined(f"{entered} of {meters}", bar)


def _state(progress: CampaignProgress) -> Markup:
    if progress.closed_ms is not None:
        return chip(("Closed", "good"))
    return chip(("Complete", "good")) if progress.complete else chip(("Under way", "busy"))


def group_table(groups: Counter[tuple[int, int, int, str]]) -> Markup:
    """How many meters have which key: what a rollover must move."""
    if not groups:
        return empty("No meters yet", "Registered meters are counted here by base date, key revision and supply group.")
    header = ("Base date", "Supply group", "Key revision", "Tariff index", Markup('<th class="number">Meters</th>'))
    rows = (
        tag(
            "tr",
            tag("td", tag("b", year)),
            tag("td", code, class_="mono"),
            tag("td", revision),
            tag("td", f"{index:02d}"),
            tag("td", count, class_="number"),
        )
        for (year, revision, index, code), count in sorted(groups.items())
    )
    return table(header, rows)


def start_form() -> Markup:
    """To start a campaign."""
    fields = [
        field("Name", "name", required=True),
        choice("Base date", "base_date", BASE_DATES),
        field("Key revision", "key_revision_number", inputmode="numeric", placeholder="as it is"),
        field("Supply group code", "supply_group_code", placeholder="as it is"),
        field("Tariff index", "tariff_index", inputmode="numeric", placeholder="as it is"),
        field("Meters", "meters", placeholder="all, or numbers"),
        tag(
            "button",
            "Start …",
            class_="button primary",
            type="submit",
            data_confirm="Start the campaign?",
            data_warning="From now on the next purchase of each of its meters brings key-change tokens.",
        ),
    ]
    return list_card(
        "Start a campaign", tag("div", tag("form", fields, class_="form row", data_form="start"), class_="card-body")
    )


def progress_card(progress: CampaignProgress, may_act: bool) -> Markup:
    """How far a campaign is, and what may be done."""
    counts = progress.counts()
    tiles = [
        _tile("Meters", len(progress.meters)),
        _tile("Wait for tokens", counts["wanted"]),
        _tile("Tokens issued", counts["issued"]),
        _tile("Entered", counts["entered"]),
    ]
    buttons: list[Child] = []
    if may_act and progress.closed_ms is None:
        if counts["wanted"]:
            buttons.append(
                tag(
                    "button",
                    f"Issue tokens for {wording.number_of(counts['wanted'], 'meter')} …",
                    class_="button primary",
                    data_act="issue",
                    type="button",
                    data_confirm=f"Issue tokens for {wording.number_of(counts['wanted'], 'meter')}?",
                    data_warning="Every waiting meter gets its key-change tokens now. They are no sales: somebody must enter them.",
                )
            )
        if progress.complete:
            buttons.append(_closing())
    text = tag(
        "p",
        "The next purchase of a waiting meter brings its key change, with or without the button.",
        class_="muted",
        style="margin:12px 0",
    )
    body = tag(
        "div",
        tag("div", tiles, class_="tiles", style="box-shadow:none"),
        text,
        tag("div", buttons, class_="ends"),
        class_="card-body",
    )
    return list_card(f"To {goal_text(progress.goal)}", body, _state(progress))


def _closing() -> Markup:
    question, text = "Close the campaign?", "It stays on record, and changes no meter any more."
    return tag(
        "button", "Close the campaign …", class_="button", data_act="close", type="button", data_confirm=question, data_warning=text
    )  # fmt: skip


def _tile(name: str, value: Child) -> Markup:
    return tag("div", tag("span", name, class_="eyebrow"), tag("b", value), class_="tile")


def meter_table(progress: CampaignProgress) -> Markup:
    """The meters, those that are still to be seen to first."""
    ordered = sorted(progress.meters, key=lambda meter: (meter.entered, meter.meter))
    header = ("Meter", "State", "Tokens issued", "Entered", "Known by", "Before that")
    cut = len(ordered) - METERS_SHOWN
    more = tag("div", f"and {cut} more", class_="pager") if cut > 0 else None
    return joined(table(header, _meter_rows(ordered[:METERS_SHOWN])), more)


def _meter_rows(meters: Iterable[CampaignMeter]) -> Iterable[Markup]:
    for meter in meters:
        stranded: Child = None
        if meter.stranded_tokens and not meter.entered:
            said = f"{meter.stranded_tokens} older token{'s' if meter.stranded_tokens > 1 else ''} first"
            stranded = chip((said, "warn"), "Credit tokens under the old key that no meter is known to have taken.")
        yield tag(
            "tr",
            tag(
                "td",
                tag("a", meter.meter, href=query_path("/till", meter=meter.meter), class_="serial mono"),
                tag("div", meter.account, class_="faint"),
            ),
            tag("td", chip(STATES[meter.state])),
            tag("td", moment(meter.issued_ms, absent="–")),
            tag("td", moment(meter.loaded_ms, absent="–")),
            tag("td", meter.proof, class_="muted"),
            tag("td", stranded),
        )
