"""The list of meters: searched, filtered, sorted and paged by the server, with all of it in the page's address."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import parse_qs

from nicegui import events, ui

from ferraris.console import wording, words
from ferraris.console.markup import Markup, joined, moment, tag
from ferraris.console.meters import MeterReader
from ferraris.console.pages.frame import Region, Workplace, framed
from ferraris.console.pages.parts import communication_chip, empty, meter_link, meter_path, query_path, table
from ferraris.headend import Communication, MeterLine, MeterOrder, MeterPage, list_meters, overview

ROWS = 50
SORTED_COLUMNS = (
    ("Meter", MeterOrder.SERIAL, ""),
    ("State", MeterOrder.COMMUNICATION, ""),
    ("Group", MeterOrder.GROUP, "optional"),
    ("Address", None, "optional"),
    ("Missing", MeterOrder.MISSING, "number"),
    ("Clock", None, "number optional"),
    ("Last seen", MeterOrder.LAST_SEEN, "number"),
    ("Remark", None, "optional"),
)


@dataclass(frozen=True, slots=True)
class ListView:
    """What the list shows; its address says the same."""

    search: str = ""
    state: Communication | None = None
    order: MeterOrder = MeterOrder.SERIAL
    descending: bool = False
    page: int = 1

    @classmethod
    def of_query(cls, query: str) -> ListView:
        """From an address; what it does not understand it leaves at its default."""
        given = {key: values[-1] for key, values in parse_qs(query.lstrip("?")).items()}
        state, order, page = given.get("state", ""), given.get("sort", ""), given.get("page", "")
        return cls(
            search=given.get("q", "")[:64],
            state=Communication(state) if state in list(Communication) else None,
            order=MeterOrder(order) if order in list(MeterOrder) else MeterOrder.SERIAL,
            descending=given.get("down") == "1",
            page=max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 8 else 1,
        )

    @property
    def path(self) -> str:
        return query_path(
            "/meters",
            q=self.search,
            state=None if self.state is None else self.state.value,
            sort=None if self.order is MeterOrder.SERIAL else self.order.value,
            down="1" if self.descending else None,
            page=None if self.page == 1 else self.page,
        )


async def meters_page(place: Workplace, query: str) -> None:
    view = ListView.of_query(query)
    with framed(place, "Meters", "/meters", search=view.search) as frame:
        filters = Region("toolbar")
        with ui.element("section").classes("card"):
            listing = Region()

    async def refresh() -> None:
        filters.show(filter_row(place.meters, view))
        listing.show(meter_table(place.meters, view, place.meters.system.clock.now_ms()))

    async def on_place(event: events.GenericEventArguments) -> None:
        nonlocal view
        view = ListView.of_query(str(event.args or ""))
        await refresh()

    ui.on("place", on_place)
    await frame.keep(refresh)


def filter_row(meters: MeterReader, view: ListView) -> Markup:
    counts = overview(meters.state).by_communication
    every = _filter("All", sum(counts.values()), replace(view, state=None, page=1), view.state is None)
    states = (
        _filter(name, counts.get(state, 0), replace(view, state=Communication(state), page=1), view.state == state)
        for state, (name, _) in words.COMMUNICATIONS.items()
    )
    return joined(every, states)


def _filter(name: str, count: int, target: ListView, current: bool) -> Markup:
    shown = (name, tag("span", wording.count(count)))
    return tag("a", *shown, href=target.path, class_="filter", data_live=True, aria_current="true" if current else None)


def meter_table(meters: MeterReader, view: ListView, now_ms: int) -> Markup:
    found = list_meters(
        meters.state,
        search=view.search,
        communication=view.state,
        order=view.order,
        descending=view.descending,
        offset=(view.page - 1) * ROWS,
        limit=ROWS,
    )
    if not found.total:
        return _nothing(meters, view)
    header = [_heading(name, order, classes, view) for name, order, classes in SORTED_COLUMNS]
    return joined(table(header, (meter_row(line, now_ms) for line in found.lines)), _pager(found, view))


def _nothing(meters: MeterReader, view: ListView) -> Markup:
    if not meters.state.meters:
        return empty("No meters yet", "Register meters with the head-end, and they appear here.")
    if view.search:
        return empty("No meter found", f"None has “{view.search}” in its serial, address, group or state.")
    return empty("None in this state", "That is good news for most states.")


def _heading(name: str, order: MeterOrder | None, classes: str, view: ListView) -> Markup:
    if order is None:
        return tag("th", name, class_=classes or None)
    current = view.order is order
    # The first click on a number shows the largest first: that is what one looks for.
    down = not view.descending if current else order in {MeterOrder.MISSING, MeterOrder.LAST_SEEN}
    arrow = (" ↓" if view.descending else " ↑") if current else ""
    link = tag("a", f"{name}{arrow}", href=replace(view, order=order, descending=down, page=1).path, data_live=True)
    sort = ("descending" if view.descending else "ascending") if current else None
    return tag("th", link, class_=classes or None, aria_sort=sort)


def meter_row(line: MeterLine, now_ms: int) -> Markup:
    alarms = tag("span", wording.number_of(line.alarms, "alarm"), class_="chip bad") if line.alarms else None
    return tag(
        "tr",
        tag("td", meter_link(line.serial)),
        tag("td", communication_chip(line.communication)),
        tag("td", line.group, class_="optional"),
        tag("td", line.address, class_="mono muted optional"),
        tag("td", wording.count(line.missing), class_="number" if line.missing else "number faint"),
        tag(
            "td",
            wording.offset(line.clock_offset_ms) if line.clock_offset_ms is not None else "–",
            class_="number muted optional",
        ),
        tag("td", moment(line.last_seen_ms, now_ms), class_="number muted"),
        tag(
            "td",
            alarms,
            " " if alarms else None,
            tag("span", wording.sentence(line.detail), class_="detail", title=line.detail),
            class_="optional",
        ),
        data_href=meter_path(line.serial),
    )


def _pager(found: MeterPage, view: ListView) -> Markup:
    pages = max(1, -(-found.total // ROWS))
    first = (view.page - 1) * ROWS + 1
    shown = f"{wording.count(first)}–{wording.count(first + len(found.lines) - 1)} of {wording.count(found.total)}"
    if not found.lines:
        shown = f"There is no page {view.page}; {wording.count(found.total)} meters fill {pages}"
    download = tag("a", "CSV", href=query_path("/api/v1/meters", search=view.search, state=view.state and view.state.value,
                                              sort=view.order.value, descending=view.descending and "true",
                                              limit=1000, format="csv"))  # fmt: skip
    back = _turn("Previous", replace(view, page=min(view.page - 1, pages)), view.page > 1)
    on = _turn("Next", replace(view, page=view.page + 1), view.page < pages)
    return tag("div", shown, download, tag("span", class_="spacer"), back, on, class_="pager")


def _turn(name: str, target: ListView, possible: bool) -> Markup:
    if not possible:
        return tag("span", name, class_="button small", style="opacity:.45")
    return tag("a", name, href=target.path, class_="button small", data_live=True)
