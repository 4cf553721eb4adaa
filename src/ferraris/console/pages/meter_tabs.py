"""The tabs of a meter's page: registers, events, objects, commands, alarms."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import replace

from ferraris.console import wording
from ferraris.console.markup import Child, Markup, joined, moment, tag
from ferraris.console.meters import MeterReader
from ferraris.console.objects import AttributeView, KnownValue, ObjectView, argument_of
from ferraris.console.pages.meter_view import TABS, PageView
from ferraris.console.pages.parts import COMMAND_HEADER, command_rows, empty, severity_chip, table
from ferraris.cosem import Register
from ferraris.headend import MeterView
from ferraris.store import AlarmRow, MeterRow

MS_PER_S = 1_000
EVENTS_SHOWN = 200
COMMANDS_SHOWN = 100
VALUE_CHARACTERS_MAX = 2_000


def tab_row(view: PageView, meter: MeterView, *, sells: bool = False) -> Markup:
    counts = {"alarms": len(meter.open_alarms), "commands": len(meter.open_commands)}
    links = [
        tag(
            "a",
            f"{title} ({counts[name]})" if counts.get(name) else title,
            href=replace(view, tab=name).path,
            data_live=True,
            aria_current="true" if view.tab == name else None,
        )
        for name, title in TABS.items()
        if sells or name != "prepayment"
    ]
    return tag("nav", links, class_="tabs")


async def tab_content(meters: MeterReader, row: MeterRow, tab: str, now_ms: int) -> Markup:
    """What stands under the open tab."""
    match tab:
        case "events":
            return await _events(meters, row)
        case "objects":
            return object_browser(await meters.objects(row))
        case "commands":
            found = await asyncio.to_thread(meters.records.commands, row.id, None, COMMANDS_SHOWN)
            if not found:
                return empty("No commands yet", "Read now, set clock, disconnect and reconnect are listed here.")
            return table(COMMAND_HEADER, command_rows(((row.serial, entry) for entry in found), with_meter=False))
        case "alarms":
            return alarm_table(await asyncio.to_thread(meters.records.alarms, False, row.id, EVENTS_SHOWN), now_ms)
        case _:
            return register_table(await meters.objects(row))


async def _events(meters: MeterReader, row: MeterRow) -> Markup:
    found = await meters.events(row, EVENTS_SHOWN)
    if not found:
        return empty("No events", "The meter's event log has not been read yet, or is empty.")
    rows = (
        tag(
            "tr",
            tag("td", moment(entry.time_s * MS_PER_S)),
            tag("td", entry.description),
            tag("td", severity_chip(entry.severity)),
            tag("td", entry.code, class_="number mono"),
            tag("td", entry.log, class_="mono muted optional"),
        )
        for entry in found
    )
    header = (
        "Time",
        "Event",
        "Severity",
        Markup('<th class="number">Code</th>'),
        Markup('<th class="optional">Log</th>'),
    )
    return table(header, rows)


def register_table(objects: Iterable[ObjectView]) -> Markup:
    """The registers with their last known values, collected or read."""
    rows = [
        tag(
            "tr",
            tag("td", entry.meaning or wording.kind(entry.tag)),
            tag("td", entry.logical_name, class_="mono muted optional"),
            tag("td", tag("b", value_text(attribute)), class_="number"),
            tag("td", moment(attribute.known.time_ms)),
            tag("td", attribute.known.source, class_="muted optional"),
        )
        for entry in objects
        for attribute in entry.attributes
        if entry.class_id == Register.class_id
        and attribute.number == Register.value.number
        and attribute.known is not None
        and attribute.known.time_ms is not None
    ]
    if not rows:
        return empty("No registers yet", "They come with the first collection, or with “Read now”.")
    header = (
        "Register",
        Markup('<th class="optional">Logical name</th>'),
        Markup('<th class="number">Value</th>'),
        "As of",
        Markup('<th class="optional">Source</th>'),
    )
    return table(header, rows)


def alarm_table(alarms: list[AlarmRow], now_ms: int) -> Markup:
    if not alarms:
        return empty("No alarms", "Nothing about this meter has ever asked for an operator.")
    rows = (
        tag(
            "tr",
            tag("td", severity_chip(alarm.severity)),
            tag("td", tag("div", wording.kind(alarm.kind)), tag("div", wording.sentence(alarm.text), class_="detail")),
            tag("td", moment(alarm.opened_ms)),
            tag("td", _closing(alarm)),
        )
        for alarm in alarms
    )
    return table(("Severity", "Alarm", "Opened", "Closed"), rows)


def _closing(alarm: AlarmRow) -> Child:
    if alarm.closed_ms is not None:
        return moment(alarm.closed_ms)
    return tag(
        "button", "Acknowledge", class_="button small", data_act="acknowledge", data_subject=alarm.kind, type="button"
    )


def object_browser(objects: tuple[ObjectView, ...]) -> Markup:
    """Every object as a line that opens, with a field to narrow the list."""
    field = tag(
        "input",
        class_="narrow-field",
        type="search",
        placeholder="Narrow: tag, class, logical name",
        aria_label="Narrow the list of objects",
        data_narrow=".object",
    )
    head = tag(
        "div",
        field,
        tag("span", f"{len(objects)} objects", class_="muted"),
        class_="toolbar",
        style="padding:12px 18px",
    )
    return joined(head, tag("div", map(_object, objects)))


def _object(entry: ObjectView) -> Markup:
    summary = tag(
        "summary",
        tag("span", entry.logical_name, class_="mono"),
        tag("b", wording.kind(entry.tag)),
        tag("span", f"{entry.interface_class}, class {entry.class_id} version {entry.version}", class_="muted"),
    )
    header = (
        Markup('<th class="number">No.</th>'),
        "Attribute",
        Markup('<th class="optional">Type</th>'),
        "Access",
        "Last known value",
        "",
    )
    attributes = table(header, (_attribute(entry, attribute) for attribute in entry.attributes))
    methods = [
        f"{method.number} {method.name} ({method.argument_type}){'' if method.executable else ', not for us'}"
        for method in entry.methods
    ]
    listed = tag("p", f"Methods: {'; '.join(methods)}", class_="muted", style="padding:8px 10px 0") if methods else None
    meaning = tag("p", entry.meaning, class_="muted", style="padding:0 10px 6px") if entry.meaning else None
    found_by = f"{entry.tag} {wording.kind(entry.tag)} {entry.interface_class} {entry.class_id} {entry.logical_name} {entry.meaning}"
    return tag(
        "details", summary, tag("div", meaning, attributes, listed, class_="inner"),
        class_="object", id=f"object-{entry.class_id}-{entry.logical_name}", data_words=found_by,
    )  # fmt: skip


def _attribute(entry: ObjectView, attribute: AttributeView) -> Markup:
    readable = "read" in attribute.access
    subject = argument_of(entry, attribute.number)
    read = tag("button", "Read", class_="button small", data_act="read", data_subject=subject, type="button")
    return tag(
        "tr",
        tag("td", attribute.number, class_="number faint"),
        tag("td", attribute.name),
        tag("td", attribute.data_type, class_="muted optional"),
        tag("td", attribute.access, class_="muted"),
        tag("td", _known(attribute)),
        tag("td", read if readable else None, class_="number"),
    )


def _known(attribute: AttributeView) -> Child:
    known = attribute.known
    if known is None:
        return tag("span", "not read yet", class_="faint")
    origin = _origin(known)
    return joined(
        tag("div", value_text(attribute), class_="value"), tag("div", origin, class_="faint") if origin else None
    )


def _origin(known: KnownValue) -> Child:
    if known.time_ms is None:
        return None if known.source == "profile" else known.source
    return joined(known.source, " ", moment(known.time_ms))


def value_text(attribute: AttributeView) -> str:
    """The last known value for people: scaled with its unit if it is a number, else as the plain value is written."""
    value = None if attribute.known is None else attribute.known.value
    if isinstance(value, int) and not isinstance(value, bool) and attribute.unit:
        return f"{wording.scaled(value, attribute.scaler)} {attribute.unit}"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= VALUE_CHARACTERS_MAX else f"{text[:VALUE_CHARACTERS_MAX]} …"
