"""The overview: how much of what was due is here, how the meters are, what wants attention."""

from __future__ import annotations

from collections.abc import Sequence

from nicegui import ui

from ferraris.console import wording, words
from ferraris.console.charts import hours_chart
from ferraris.console.figures import Collected, Figures
from ferraris.console.markup import Markup, joined, moment, tag
from ferraris.console.meters import MeterReader
from ferraris.console.pages.frame import Region, Workplace, framed
from ferraris.console.pages.parts import (
    communication_chip,
    empty,
    list_card,
    meter_link,
    meter_path,
    query_path,
    severity_chip,
    table,
)
from ferraris.headend import Alarm, Communication, MeterLine, MeterOrder, list_meters

ROWS = 6


async def overview_page(place: Workplace) -> None:
    with framed(place, "Overview", "/") as frame:
        with ui.element("section").classes("card hero"):
            rate = Region("hero-figure")
            with ui.element("div"):
                ui.html(tag("div", tag("h2", "Intervals by hour of capture"), class_="card-head"), sanitize=False)
                chart = ui.echart(hours_chart(())).classes("chart")
        tiles = Region()
        lower = Region("grid wide-left")
        wanting = Region()

    async def refresh() -> None:
        figures = await place.board.current()
        rate.show(rate_figure(figures))
        options = hours_chart(figures.hours, figures.due_until_s)
        if options != chart.options:
            chart.options.clear()
            chart.options.update(options)
            chart.update()
        tiles.show(tile_row(figures))
        lower.show(alarm_card(place.meters, place.board.alarms, figures.now_ms), state_card(figures))
        wanting.show(attention_card(place.meters, figures.now_ms))

    await frame.keep(refresh)


def rate_figure(figures: Figures) -> Markup:
    """The share of the last day's intervals that is here, large."""
    day = figures.last_24_h
    return joined(
        tag("span", "Collected, last 24 hours", class_="eyebrow"),
        tag("div", wording.percent(day.rate), tag("small", "%"), class_="big"),
        tag("div", f"{wording.count(day.stored)} of {wording.count(day.expected)} intervals", class_="muted"),
        tag("div", tag("i", style=f"width:{100 * day.rate:.1f}%"), class_="meterbar"),
        _pair("Missing of these", wording.count(day.expected - day.stored)),
        _pair("Collected today", _rate(figures.today)),
    )


def _rate(collected: Collected) -> str:
    return f"{wording.percent(collected.rate)} %" if collected.expected else "none due yet"


def _pair(name: str, value: str) -> Markup:
    return tag("div", tag("span", name, class_="muted"), tag("b", value), class_="pair")


def tile_row(figures: Figures) -> Markup:
    glance, counts = figures.overview, figures.overview.counts
    critical = glance.alarms_by_severity.get("critical", 0)
    collected = glance.by_communication.get(Communication.OK, 0)
    failed = f"{wording.count(counts.associations_failed)} of {wording.count(counts.associations)} failed"
    return tag(
        "div",
        _tile("Meters", wording.count(glance.meters), f"{wording.count(collected)} fully collected", href="/meters"),
        _tile("Associations now", wording.count(glance.running), f"{wording.count(glance.waiting)} waiting"),
        _tile("Associations so far", wording.count(counts.associations), failed),
        _tile("Intervals stored", wording.count(counts.rows_stored), f"{wording.count(counts.backfilled)} backfilled"),
        _tile("Pushes", wording.count(counts.pushes), f"{wording.count(counts.clocks_set)} clocks set"),
        _tile(
            "Open alarms",
            wording.count(glance.open_alarms),
            f"{critical} critical" if critical else "none critical",
            href="/alarms",
            tone="bad" if critical else "warn" if glance.open_alarms else "",
        ),
        class_="tiles",
    )


def _tile(name: str, value: str, note: str, *, href: str = "", tone: str = "") -> Markup:
    content = (tag("span", name, class_="eyebrow"), tag("b", value), tag("span", note, class_="note"))
    return tag("a" if href else "div", *content, href=href or None, class_=f"tile {tone}".strip())


def state_card(figures: Figures) -> Markup:
    """The meters by state of communication, each a way into the list."""
    counts = figures.overview.by_communication
    present = [(state, named, counts.get(state, 0)) for state, named in words.COMMUNICATIONS.items()]
    stack = [
        tag("i", class_=tone, style=f"flex:{count}", title=f"{name}: {count}")
        for _, (name, tone), count in present
        if count
    ]
    legend = [
        tag(
            "a",
            tag("i", class_=tone),
            tag("span", name, class_=None if count else "zero"),
            tag("b", wording.count(count), class_=None if count else "zero"),
            href=query_path("/meters", state=str(state)),
            title=words.COMMUNICATION_MEANINGS.get(state),
        )
        for state, (name, tone), count in present
    ]
    body = tag("div", tag("div", stack, class_="stack"), tag("div", legend, class_="legend"), class_="card-body")
    return list_card("Meters by state", body)


def alarm_card(meters: MeterReader, alarms: Sequence[Alarm], now_ms: int) -> Markup:
    """The newest of the open alarms."""
    more = tag("a", f"All {len(alarms)}", href="/alarms") if len(alarms) > ROWS else None
    if not alarms:
        return list_card("Open alarms", empty("No open alarms", "What wants an operator's eye shows up here."))
    rows = [
        tag(
            "tr",
            tag("td", severity_chip(alarm.severity)),
            tag("td", tag("div", wording.kind(alarm.kind)), tag("div", wording.sentence(alarm.text), class_="detail")),
            tag("td", meter_link(meters.serial(alarm.meter))),
            tag("td", moment(alarm.opened_ms, now_ms), class_="muted number"),
        )
        for alarm in alarms[:ROWS]
    ]
    return list_card("Open alarms", table(("Severity", "Alarm", "Meter", "Opened"), rows, numbers=(3,)), more)


def attention_card(meters: MeterReader, now_ms: int) -> Markup:
    """The meters that lack most."""
    page = list_meters(meters.state, order=MeterOrder.MISSING, descending=True, limit=ROWS)
    lines = [line for line in page.lines if line.communication not in {Communication.OK, Communication.NEW}]
    if not lines:
        return list_card(
            "Meters that want attention", empty("All meters are well", "None is late, silent or locked out.")
        )
    more = tag("a", "All meters by what is missing", href=query_path("/meters", sort="missing", down=1))
    header = ("Meter", "State", "What is wrong", "Missing", "Last seen")
    rows = table(header, (_attention_row(line, now_ms) for line in lines), numbers=(3, 4))
    return list_card("Meters that want attention", rows, more)


def _attention_row(line: MeterLine, now_ms: int) -> Markup:
    return tag(
        "tr",
        tag("td", meter_link(line.serial)),
        tag("td", communication_chip(line.communication)),
        tag(
            "td",
            tag("div", wording.sentence(line.detail) or "Intervals of the past are still missing", class_="detail"),
        ),
        tag("td", wording.count(line.missing), class_="number"),
        tag("td", moment(line.last_seen_ms, now_ms), class_="number muted"),
        data_href=meter_path(line.serial),
    )
