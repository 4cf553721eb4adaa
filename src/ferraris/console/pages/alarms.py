"""The alarms: those that are open, and on demand those that are over."""

from __future__ import annotations

import asyncio
from collections import Counter

from nicegui import events, ui

from ferraris.console import wording, words
from ferraris.console.markup import Child, Markup, joined, moment, tag
from ferraris.console.meters import MeterReader
from ferraris.console.pages.frame import Region, Workplace, framed
from ferraris.console.pages.parts import NO_HEADING, empty, meter_link, severity_chip, table
from ferraris.console.problems import Problem
from ferraris.headend import overview
from ferraris.kernel.errors import FerrarisError
from ferraris.store import AlarmRow, AlarmSeverity

ROWS_MAX = 500
WORST_FIRST = (AlarmSeverity.CRITICAL, AlarmSeverity.WARNING, AlarmSeverity.INFORMATION)


async def alarms_page(place: Workplace, query: str) -> None:
    closed = shows_closed(query)
    with framed(place, "Alarms", "/alarms") as frame:
        filters = Region("toolbar")
        with ui.element("section").classes("card"):
            listing = Region()

    async def refresh() -> None:
        rows = await asyncio.to_thread(place.meters.records.alarms, not closed, None, ROWS_MAX)
        filters.show(alarm_filters(place.meters, closed))
        listing.show(alarm_list(place.meters, rows, place.meters.system.clock.now_ms()))

    async def on_place(event: events.GenericEventArguments) -> None:
        nonlocal closed
        closed = shows_closed(str(event.args or ""))
        await refresh()

    async def on_act(event: events.GenericEventArguments) -> None:
        serial, _, kind = str(event.args.get("subject")).partition(" ")
        try:
            meter = place.meters.row(serial).id if serial else None
            place.desk.acknowledge(meter, kind, serial, "console")
        except (Problem, FerrarisError) as error:
            ui.notify(str(error), type="negative")
        await refresh()

    ui.on("place", on_place)
    ui.on("act", on_act)
    await frame.keep(refresh)


def shows_closed(query: str) -> bool:
    return "closed=1" in query.lstrip("?").split("&")


def alarm_filters(meters: MeterReader, closed: bool) -> Markup:
    counts = overview(meters.state).alarms_by_severity
    opened = tag("a", "Open", tag("span", sum(counts.values())), href="/alarms", class_="filter", data_live=True,
                 aria_current=None if closed else "true")  # fmt: skip
    every = tag(
        "a",
        "Open and closed",
        href="?closed=1",
        class_="filter",
        data_live=True,
        aria_current="true" if closed else None,
    )
    shown = [
        f"{counts[severity]} {_called(severity, counts[severity])}" for severity in WORST_FIRST if counts[severity]
    ]
    open_now = f"Open: {', '.join(shown)}" if shown else ""
    return joined(opened, every, tag("span", open_now, class_="muted"))


def _called(severity: AlarmSeverity, count: int) -> str:
    """Warnings have a plural, critical ones have none."""
    name = words.severity(severity)[0].lower()
    return f"{name}s" if severity is AlarmSeverity.WARNING and count > 1 else name


def alarm_list(meters: MeterReader, alarms: list[AlarmRow], now_ms: int) -> Markup:
    if not alarms:
        return empty("No alarms", "Everything that should talk to us does, and no meter has reported trouble.")
    rows = (_row(meters.serial(alarm.meter), alarm, now_ms) for alarm in alarms)
    cut = None
    if len(alarms) >= ROWS_MAX:
        kinds = Counter(alarm.kind for alarm in alarms).most_common(3)
        most = ", ".join(f"{count} × {wording.kind(kind).lower()}" for kind, count in kinds)
        cut = tag("div", f"The newest {ROWS_MAX} are shown, most of them: {most}", class_="pager")
    return joined(table(("Severity", "Alarm", "Meter", "Opened", NO_HEADING), rows), cut)


def _row(serial: str, alarm: AlarmRow, now_ms: int) -> Markup:
    end: Child = tag(
        "button",
        "Acknowledge",
        class_="button small",
        data_act="acknowledge",
        data_subject=f"{serial} {alarm.kind}",
        type="button",
    )
    if alarm.closed_ms is not None:
        end = joined(tag("span", "closed ", class_="muted"), moment(alarm.closed_ms))
    return tag(
        "tr",
        tag("td", severity_chip(alarm.severity)),
        tag("td", tag("div", wording.kind(alarm.kind)), tag("div", wording.sentence(alarm.text), class_="detail")),
        tag("td", meter_link(serial)),
        tag("td", moment(alarm.opened_ms, now_ms), class_="muted"),
        tag("td", end, class_="number"),
    )
