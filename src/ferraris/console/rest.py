"""REST under /api/v1: everything that the pages show, for programs. FastAPI describes it as OpenAPI."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from ferraris.console.figures import FigureBoard, Figures
from ferraris.console.meters import MeterReader
from ferraris.console.orders import CollectionProgress, Desk
from ferraris.console.problems import not_found
from ferraris.console.rest_meters import Limit, Name, meter_routes
from ferraris.console.strict_body import StrictBody
from ferraris.console.summary import Summary, summarize
from ferraris.store import AlarmRow, AuditRow, CommandRow, CommandState

METERS_PER_COLLECTION_MAX = 100_000
CommandNumber = Annotated[int, Path(ge=0, lt=1 << 63)]


@dataclass(frozen=True, slots=True)
class AlarmLine:
    """An alarm with its meter's serial; empty for one of the system as a whole."""

    serial: str
    alarm: AlarmRow


@dataclass(frozen=True, slots=True)
class CommandLine:
    """A command with its meter's serial."""

    serial: str
    command: CommandRow


@dataclass(frozen=True, slots=True)
class AlarmName(StrictBody):
    """Which alarm: its kind and its meter, no meter for one of the system."""

    kind: Name
    serial: Name | None = None


@dataclass(frozen=True, slots=True)
class Collection(StrictBody):
    """Which meters to collect from: of a group, these, or all."""

    group: str | None = None
    serials: Annotated[list[Name], Field(max_length=METERS_PER_COLLECTION_MAX)] | None = None


def rest_routes(meters: MeterReader, desk: Desk, board: FigureBoard) -> APIRouter:
    """All of REST."""
    router = APIRouter()
    _add_system(router, meters, board)
    router.include_router(meter_routes(meters, desk))
    _add_alarms(router, meters, desk)
    _add_commands(router, meters)
    _add_collections(router, meters, desk)
    return router


def _add_system(router: APIRouter, meters: MeterReader, board: FigureBoard) -> None:
    @router.get("/overview", tags=["system"])
    async def overview() -> Figures:
        """The system at a glance, at most a second old."""
        return await board.current()

    @router.get("/summary", tags=["system"])
    async def summary(until_s: int | None = None) -> Summary:
        """What was due since the meters were registered, what is stored, what came late, what failed.

        `until_s`, seconds since 1970-01-01 UTC, leaves out what was captured after it.
        """
        return await summarize(meters.system, until_s)

    @router.get("/audit", tags=["system"])
    async def audit(limit: Limit = 100) -> list[AuditRow]:
        """Who ordered what, the newest first."""
        return await asyncio.to_thread(meters.records.audit, limit)


def _add_alarms(router: APIRouter, meters: MeterReader, desk: Desk) -> None:
    @router.get("/alarms", tags=["alarms"])
    async def alarms(
        closed: Annotated[bool, Query(description="Those that are over as well.")] = False, limit: Limit = 100
    ) -> list[AlarmLine]:
        """The open alarms, or all; the newest first."""
        rows = await asyncio.to_thread(meters.records.alarms, not closed, None, limit)
        return [AlarmLine(meters.serial(row.meter), row) for row in rows]

    @router.post("/alarms/acknowledge", status_code=202, tags=["alarms"])
    async def acknowledge(name: AlarmName) -> AlarmName:
        """Close an alarm that somebody has dealt with."""
        meter = None if name.serial is None else meters.row(name.serial).id
        desk.acknowledge(meter, name.kind, name.serial or "", "rest")
        return name


def _add_commands(router: APIRouter, meters: MeterReader) -> None:
    @router.get("/commands", tags=["commands"])
    async def commands(state: CommandState | None = None, limit: Limit = 100) -> list[CommandLine]:
        """Commands to all meters, the newest first."""
        states = None if state is None else [state]
        rows = await asyncio.to_thread(meters.records.commands, None, states, limit)
        return [CommandLine(meters.serial(row.meter), row) for row in rows]

    @router.get("/commands/{command}", tags=["commands"])
    async def command(command: CommandNumber) -> CommandLine:
        """A command and what became of it."""
        row = await asyncio.to_thread(meters.records.command, command)
        if row is None:
            raise not_found("command", command)
        return CommandLine(meters.serial(row.meter), row)


def _add_collections(router: APIRouter, meters: MeterReader, desk: Desk) -> None:
    @router.post("/collections", status_code=202, tags=["collection"])
    async def collect(collection: Collection) -> CollectionProgress:
        """Collect now, whatever the plans say. Ask for its progress until it is finished."""
        rows = None if collection.serials is None else tuple(map(meters.row, collection.serials))
        return desk.collect(collection.group, rows, "rest")

    @router.get("/collections/last", tags=["collection"])
    async def last_collection() -> CollectionProgress:
        """How the last collection out of turn stands."""
        return desk.progress()

    @router.get("/collections/{collection}", tags=["collection"])
    async def collection(collection: int) -> CollectionProgress:
        """How a collection out of turn stands."""
        return desk.progress(collection)
