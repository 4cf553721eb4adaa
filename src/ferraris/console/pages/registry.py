"""Puts the pages into the application: their addresses, their assets, their look."""

from __future__ import annotations

import hashlib
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exception_handlers import http_exception_handler
from fastapi.responses import JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from nicegui import Client, ui
from nicegui import app as nicegui_app
from starlette.exceptions import HTTPException

from ferraris.console.pages.alarms import alarms_page
from ferraris.console.pages.api import api_page
from ferraris.console.pages.campaigns import campaign_page, campaigns_page
from ferraris.console.pages.commands import commands_page
from ferraris.console.pages.engineering import engineering_page
from ferraris.console.pages.frame import Workplace, missing_page
from ferraris.console.pages.meter import meter_page
from ferraris.console.pages.meters import meters_page
from ferraris.console.pages.overview import overview_page
from ferraris.console.pages.parts import empty
from ferraris.console.pages.sale import sale_page
from ferraris.console.pages.sales import sales_page
from ferraris.console.pages.shifts import shifts_page
from ferraris.console.pages.till import till_page
from ferraris.console.problems import not_found

ASSETS = Path(__file__).parent.parent / "assets"
BUILD_TIMEOUT_S = 15.0


def add_pages(app: FastAPI, place: Workplace) -> None:
    """Add every page. NiceGUI keeps one set of pages a process: those added last are shown."""
    _add_api_fallback(app)
    app.mount("/assets", StaticFiles(directory=ASSETS), name="assets")
    _add_looks()
    _add_routes(app, place)
    _add_missing(place)
    if place.vending is not None:
        _add_till(place)
    ui.run_with(
        app,
        title="Ferraris",
        favicon=ASSETS / "disc.svg",
        dark=None,
        language="en-US",
        tailwind=False,
        binding_refresh_interval=None,
        show_welcome_message=False,
        reconnect_timeout=30.0,
    )


def _add_api_fallback(app: FastAPI) -> None:
    """What is below /api and nowhere else is a problem in JSON, never a page."""

    @app.api_route("/api/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False)
    async def nothing(path: str, request: Request) -> JSONResponse:
        raise not_found("resource", request.url.path)


def _add_looks() -> None:
    version = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(ASSETS.iterdir()))).hexdigest()[:10]
    looks = f'<link rel="stylesheet" href="/assets/console.css?{version}">\n<script src="/assets/console.js?{version}"></script>'
    if looks not in Client.shared_head_html:
        ui.add_head_html(looks, shared=True)
    nicegui_app.colors(primary="#0c6a6f", secondary="#5b6973", accent="#0c6a6f", positive="#23774f", negative="#b02f2b",
                       warning="#96600a", info="#2f6298", dark="#141e24", dark_page="#0d1418")  # fmt: skip


def _add_routes(app: FastAPI, place: Workplace) -> None:
    @ui.page("/", response_timeout=BUILD_TIMEOUT_S)
    async def overview() -> None:
        await overview_page(place)

    @ui.page("/meters", response_timeout=BUILD_TIMEOUT_S)
    async def meters(request: Request) -> None:
        await meters_page(place, request.url.query)

    @ui.page("/meters/{serial}", response_timeout=BUILD_TIMEOUT_S)
    async def meter(serial: str, request: Request) -> None:
        await meter_page(place, serial, request.url.query)

    @ui.page("/alarms", response_timeout=BUILD_TIMEOUT_S)
    async def alarms(request: Request) -> None:
        await alarms_page(place, request.url.query)

    @ui.page("/commands", response_timeout=BUILD_TIMEOUT_S)
    async def commands(request: Request) -> None:
        await commands_page(place, request.url.query)

    @ui.page("/docs", response_timeout=BUILD_TIMEOUT_S)
    async def api(request: Request) -> None:
        await api_page(place, app.openapi(), str(request.base_url))


def _add_missing(place: Workplace) -> None:
    """What stands at an address that has no page; what is no page at all (a library, say) is refused in JSON."""

    @nicegui_app.exception_handler(404)
    async def missing(request: Request, error: Exception) -> Response:
        endpoint = request.scope.get("endpoint")
        if endpoint not in (None, nicegui_app) and isinstance(error, HTTPException):
            return await http_exception_handler(request, error)
        with Client(ui.page(""), request=request) as client:
            text = f"Nothing is at {request.url.path[:200]}. The navigation leads to all there is."
            await missing_page(place, "No such page", empty("There is no such page", text))
        return client.build_response(request, 404)


def _add_till(place: Workplace) -> None:
    @ui.page("/till", response_timeout=BUILD_TIMEOUT_S)
    async def till(request: Request) -> None:
        await till_page(place, request.url.query)

    @ui.page("/till/sales", response_timeout=BUILD_TIMEOUT_S)
    async def sales(request: Request) -> None:
        await sales_page(place, request.url.query)

    @ui.page("/till/sales/{number}", response_timeout=BUILD_TIMEOUT_S)
    async def sale(number: str) -> None:
        await sale_page(place, number)

    @ui.page("/till/shifts", response_timeout=BUILD_TIMEOUT_S)
    async def shifts() -> None:
        await shifts_page(place)

    @ui.page("/till/engineering", response_timeout=BUILD_TIMEOUT_S)
    async def engineering() -> None:
        await engineering_page(place)

    @ui.page("/till/campaigns", response_timeout=BUILD_TIMEOUT_S)
    async def campaigns() -> None:
        await campaigns_page(place)

    @ui.page("/till/campaigns/{name}", response_timeout=BUILD_TIMEOUT_S)
    async def campaign(name: str) -> None:
        await campaign_page(place, name)
