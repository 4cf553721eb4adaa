"""The commands to all meters, and how the last collection out of turn goes."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qs

from nicegui import events, ui

from ferraris.console import wording, words
from ferraris.console.markup import Markup, joined, moment, tag
from ferraris.console.meters import MeterReader
from ferraris.console.orders import CollectionProgress
from ferraris.console.pages.frame import Region, Workplace, framed
from ferraris.console.pages.parts import COMMAND_HEADER, command_rows, cut_note, empty, list_card, query_path, table
from ferraris.console.problems import Problem
from ferraris.kernel.errors import FerrarisError
from ferraris.store import CommandRow, CommandState

ROWS_MAX = 200


async def commands_page(place: Workplace, query: str) -> None:
    state = state_of_query(query)
    with framed(place, "Commands", "/commands") as frame:
        collection = Region()
        filters = Region("toolbar")
        with ui.element("section").classes("card"):
            listing = Region()

    async def refresh() -> None:
        collection.show(collection_card(_progress(place), place.meters.system.clock.now_ms()))
        states = None if state is None else [state]
        rows = await asyncio.to_thread(place.meters.records.commands, None, states, ROWS_MAX)
        filters.show(state_filters(state))
        listing.show(command_list(place.meters, rows))

    async def on_place(event: events.GenericEventArguments) -> None:
        nonlocal state
        state = state_of_query(str(event.args or ""))
        await refresh()

    async def on_act(event: events.GenericEventArguments) -> None:
        try:
            place.desk.collect(None, None, "console")
        except (Problem, FerrarisError) as error:
            ui.notify(str(error), type="negative")
        await refresh()

    ui.on("place", on_place)
    ui.on("act", on_act)
    await frame.keep(refresh)


def state_of_query(query: str) -> CommandState | None:
    given = parse_qs(query.lstrip("?")).get("state", [""])[-1]
    return CommandState(given) if given in list(CommandState) else None


def _progress(place: Workplace) -> CollectionProgress | None:
    try:
        return place.desk.progress()
    except Problem:
        return None


def collection_card(progress: CollectionProgress | None, now_ms: int) -> Markup:
    """The last collection out of turn, with a button for the next."""
    button = tag(
        "button", "Collect from all meters now …", class_="button small primary", data_act="collect", type="button",
        data_confirm="Collect from all meters now?",
        data_warning="Every meter that is free is read at once, besides what its plan says.",
    )  # fmt: skip
    if progress is None:
        text = "Meters are read as their plans say. You can have all of them read now."
        return list_card("Collection", tag("div", text, class_="card-body muted"), button)
    share = progress.done / progress.meters if progress.meters else 1.0
    said = f"{wording.count(progress.done)} of {wording.count(progress.meters)} meters done, {wording.count(progress.failed)} failed"
    verb = "Finished" if progress.finished else "Under way"
    body = tag(
        "div",
        tag("div", tag("b", verb), f": {said}; ordered ", moment(progress.requested_ms, now_ms)),
        tag("div", tag("i", style=f"width:{100 * share:.1f}%"), class_="meterbar", style="margin-bottom:4px"),
        class_="card-body",
    )
    return list_card("Collection", body, button)


def state_filters(current: CommandState | None) -> Markup:
    every = tag("a", "All", href="/commands", class_="filter", data_live=True, aria_current=None if current else "true")
    states = (
        tag(
            "a",
            words.COMMAND_STATES[state][0],
            href=query_path("/commands", state=state.value),
            class_="filter",
            data_live=True,
            aria_current="true" if state is current else None,
        )
        for state in CommandState
    )
    return joined(every, states)


def command_list(meters: MeterReader, rows: list[CommandRow]) -> Markup:
    if not rows:
        return empty("No commands", "Open a meter to read it now, or to disconnect or reconnect its supply.")
    rows_shown = command_rows(((meters.serial(row.meter), row) for row in rows), with_meter=True)
    return joined(table(("Meter", *COMMAND_HEADER), rows_shown), cut_note(len(rows), ROWS_MAX, "commands"))
