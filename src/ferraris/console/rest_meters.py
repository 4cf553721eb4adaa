"""REST over meters: the list, one meter, its readings, gaps, events, objects and commands."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Response
from pydantic import StringConstraints

from ferraris.console.csv_text import csv_response
from ferraris.console.meters import EventLine, MeterReader
from ferraris.console.objects import AttributeView, ObjectView
from ferraris.console.orders import Desk
from ferraris.console.problems import not_found
from ferraris.console.readings import MissingSpan, Register, Series, channel_of, read_gaps, read_registers, read_series
from ferraris.console.strict_body import StrictBody
from ferraris.cosem import channels
from ferraris.headend import CommandKind, Communication, MeterOrder, MeterPage, MeterView, list_meters
from ferraris.kernel.limits import IDEMPOTENCY_KEY_CHARACTERS_MAX, TOKENS_OF_A_COMMAND_MAX
from ferraris.store import CommandRow

DAY_S = 86_400
PAGE_ROWS = 100
PAGE_ROWS_MAX = 1_000
"""Of a body: a misspelt field must not leave an order for one meter an order for all."""
Name = Annotated[str, StringConstraints(max_length=64, pattern=r"^[ -~]*$")]
"""What the standard or we name something by: short, and of characters that every store and page can show."""
Argument = Annotated[str, StringConstraints(max_length=32 * TOKENS_OF_A_COMMAND_MAX, pattern=r"^[ -~]*$")]
"""What a command is about: an attribute, or as many tokens as a command enters, with room for blanks between groups of digits."""
Serial = Annotated[str, Path(description="The meter's serial number.", max_length=64)]
Limit = Annotated[int, Query(ge=1, le=10_000, description="At most so many rows.")]
From = Annotated[datetime | None, Query(description="Readings captured after this; ISO 8601, or seconds since 1970.")]
To = Annotated[datetime | None, Query(description="… and not after this. The present by default.")]


class Format(StrEnum):
    """How a table is answered."""

    JSON = "json"
    CSV = "csv"


AnswerFormat = Annotated[Format, Query(alias="format", description="json, or csv for a spreadsheet.")]


@dataclass(frozen=True, slots=True)
class Order(StrictBody):
    """A command for a meter. `argument`: for *read_attribute* class_id/logical_name/attribute, for *enter_token* 20 digits.

    Several tokens stand in the order of entry, with commas between them. The other commands take none.
    """

    kind: CommandKind
    argument: Argument = ""


@dataclass(frozen=True, slots=True)
class MeterReadings:
    """Raw integers with scaler and unit beside them: value × 10^scaler unit."""

    serial: str
    start_s: int
    end_s: int
    series: tuple[Series, ...]


def meter_routes(meters: MeterReader, desk: Desk) -> APIRouter:
    """The routes below /meters."""
    router = APIRouter(prefix="/meters", tags=["meters"])
    _add_list(router, meters)
    _add_views(router, meters)
    _add_readings(router, meters)
    _add_commands(router, meters, desk)
    return router


def _add_list(router: APIRouter, meters: MeterReader) -> None:
    @router.get("", response_model=MeterPage)
    async def meter_list(
        search: Annotated[str, Query(max_length=64, description="In serial, address, group or state.")] = "",
        state: Communication | None = None,
        group: str | None = None,
        sort: MeterOrder = MeterOrder.SERIAL,
        descending: bool = False,
        offset: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=PAGE_ROWS_MAX)] = PAGE_ROWS,
        answer: AnswerFormat = Format.JSON,
    ) -> MeterPage | Response:
        """The meters found, sorted, a page at a time."""
        page = list_meters(
            meters.state,
            search=search,
            communication=state,
            group=group,
            order=sort,
            descending=descending,
            offset=offset,
            limit=limit,
        )
        if answer is Format.JSON:
            return page
        header = (
            "serial",
            "group",
            "profile",
            "address",
            "communication",
            "last_seen_utc",
            "missing",
            "alarms",
            "detail",
        )
        return csv_response("meters", header, (_meter_cells(page, number) for number in range(len(page.lines))))


def _meter_cells(page: MeterPage, number: int) -> tuple[object, ...]:
    line = page.lines[number]
    seen = "" if line.last_seen_ms is None else _iso(line.last_seen_ms / 1_000)
    return (
        line.serial, line.group, line.profile, line.address, line.communication, seen, line.missing, line.alarms, line.detail,
    )  # fmt: skip


def _add_views(router: APIRouter, meters: MeterReader) -> None:
    @router.get("/{serial}")
    async def meter(serial: Serial) -> MeterView:
        """What the head-end knows of a meter: state, missing ranges, open alarms, commanded and confirmed state."""
        return meters.view(meters.row(serial))

    @router.get("/{serial}/registers")
    async def registers(serial: Serial) -> tuple[Register, ...]:
        """The newest reading of each channel."""
        return await read_registers(meters.system, meters.row(serial))

    @router.get("/{serial}/events")
    async def events(serial: Serial, limit: Limit = 100) -> list[EventLine]:
        """The meter's event log as far as it was read, the newest first."""
        return await meters.events(meters.row(serial), limit)

    @router.get("/{serial}/objects")
    async def objects(serial: Serial) -> tuple[ObjectView, ...]:
        """Every object of the meter with attributes, types, rights and last known values."""
        return await meters.objects(meters.row(serial))

    @router.get("/{serial}/objects/{class_id}/{logical_name}/{attribute}")
    async def attribute(serial: Serial, class_id: int, logical_name: str, attribute: int) -> AttributeView:
        """One attribute with its last known value. To read it from the meter, POST a read_attribute command."""
        for entry in await meters.objects(meters.row(serial)):
            if (entry.class_id, entry.logical_name) == (class_id, logical_name):
                for view in entry.attributes:
                    if view.number == attribute:
                        return view
        raise not_found("attribute", f"{class_id}/{logical_name}/{attribute} in {serial}")


def _add_readings(router: APIRouter, meters: MeterReader) -> None:
    @router.get("/{serial}/readings", response_model=MeterReadings)
    async def readings(
        serial: Serial,
        channel: Annotated[list[str] | None, Query(description="Tag, number or logical name; all by default.")] = None,
        start: From = None,
        end: To = None,
        answer: AnswerFormat = Format.JSON,
    ) -> MeterReadings | Response:
        """Readings in (start, end], the last day by default; the latest version of each."""
        row = meters.row(serial)
        start_s, end_s = meters.span(start, end, DAY_S)
        wanted = channels.channels() if channel is None else tuple(map(channel_of, channel))
        found = await read_series(meters.system, row, wanted, start_s, end_s)
        if channel is None:
            found = tuple(series for series in found if series.readings)
        if answer is Format.JSON:
            return MeterReadings(row.serial, start_s, end_s, found)
        header = ("time_utc", "channel", "logical_name", "value", "scaler", "unit", "status")
        return csv_response(f"{row.serial}-readings", header, _reading_cells(found))

    @router.get("/{serial}/gaps")
    async def gaps(serial: Serial, start: From = None, end: To = None) -> list[MissingSpan]:
        """Runs of intervals that the store lacks, in (start, end], the last 30 days by default."""
        row = meters.row(serial)
        return await read_gaps(meters.system, row, *meters.span(start, end, 30 * DAY_S))


def _reading_cells(found: Iterable[Series]) -> Iterable[tuple[object, ...]]:
    return (
        (_iso(point.time_s), series.tag, series.logical_name, point.value, series.scaler, series.unit, point.status)
        for series in found
        for point in series.readings
    )


def _add_commands(router: APIRouter, meters: MeterReader, desk: Desk) -> None:
    @router.post("/{serial}/commands", status_code=202)
    async def order(
        serial: Serial,
        order: Order,
        idempotency_key: Annotated[str, Header(max_length=IDEMPOTENCY_KEY_CHARACTERS_MAX)] = "",
    ) -> CommandRow:
        """Order a command. It is carried out at most once; ask for its state until it is confirmed or failed.

        Repeating the request with the same Idempotency-Key gives the same command and orders nothing anew.
        """
        return desk.command(meters.row(serial), order.kind, order.argument, "rest", idempotency_key)

    @router.get("/{serial}/commands")
    async def commands(serial: Serial, limit: Limit = 100) -> list[CommandRow]:
        """The meter's commands, the newest first."""
        row = meters.row(serial)
        return await asyncio.to_thread(meters.records.commands, row.id, None, limit)


def _iso(time_s: float) -> str:
    return datetime.fromtimestamp(time_s, UTC).isoformat().replace("+00:00", "Z")
