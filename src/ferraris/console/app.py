"""The console as one web application: REST, its OpenAPI description, and the pages, behind the guard."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fastapi import FastAPI

import ferraris
from ferraris.console.guard import Guard
from ferraris.console.port import System
from ferraris.console.problems import add_problem_handlers
from ferraris.console.throttle import ThrottleGuard
from ferraris.console.vending_desk import VendingDesk
from ferraris.console.vending_problems import add_vending_problem_handlers
from ferraris.console.vending_rest import VENDING_PREFIX, sale_routes
from ferraris.console.vending_rest_registry import registry_routes
from ferraris.console.vending_rest_work import work_routes
from ferraris.console.xmlvend import XMLVEND_PATH, xmlvend_routes
from ferraris.kernel.clock import Clock
from ferraris.vending import Vending

if TYPE_CHECKING:  # a till without a head-end loads none of these
    from ferraris.console.figures import FigureBoard
    from ferraris.console.meters import MeterReader
    from ferraris.console.orders import Desk

PREFIX = "/api/v1"

DESCRIPTION = """Read what the head-end knows and what the stores hold, and order what meters shall do.

Numbers are raw integers with scaler and unit beside them: value × 10^scaler unit. Times named `_s` and `_ms` are seconds and
milliseconds since 1970-01-01 UTC, on the system's clock. What goes wrong is told as a problem (RFC 9457)."""


def create_rest(system: System, *, names: Iterable[str] = ()) -> FastAPI:
    """REST alone. `names`: what the machine is called besides the names of the loopback interface."""
    app = _new_app()
    _add_system(app, system)
    if system.vending is not None:
        _add_vending(app, VendingDesk(system.vending, system.clock))
    return _guarded(app, names)


def create_app(system: System, *, names: Iterable[str] = ()) -> FastAPI:
    """REST and pages. NiceGUI is one for the whole process, so the pages show the system given last."""
    from ferraris.console.pages import Workplace, add_pages

    app = _new_app()
    parts = _add_system(app, system)
    desk = None if system.vending is None else VendingDesk(system.vending, system.clock)
    if desk is not None:
        _add_vending(app, desk)
    app = _guarded(app, names)
    add_pages(app, Workplace(*parts, desk))
    return app


def create_vending_rest(
    vending: Vending, clock: Clock, *, names: Iterable[str] = (), throttled: bool = True
) -> FastAPI:
    """REST of vending alone, for a till without a head-end. Unthrottled: asked by this very process only."""
    app = _new_app()
    _add_vending(app, VendingDesk(vending, clock), throttled=throttled)
    return _guarded(app, names)


def _new_app() -> FastAPI:
    app = FastAPI(
        title="Ferraris",
        version=ferraris.__version__,
        description=DESCRIPTION,
        openapi_url=f"{PREFIX}/openapi.json",
        # The pages that FastAPI brings for these two load scripts from elsewhere; /docs is a page of our own.
        docs_url=None,
        redoc_url=None,
    )
    add_problem_handlers(app)
    return app


def _add_system(app: FastAPI, system: System) -> tuple[MeterReader, Desk, FigureBoard]:
    from ferraris.console.figures import FigureBoard
    from ferraris.console.meters import MeterReader
    from ferraris.console.orders import Desk
    from ferraris.console.rest import rest_routes

    parts = MeterReader(system), Desk(system), FigureBoard(system)
    app.include_router(rest_routes(*parts), prefix=PREFIX)
    return parts


def _add_vending(app: FastAPI, desk: VendingDesk, *, throttled: bool = True) -> None:
    for router in (sale_routes(desk), registry_routes(desk), work_routes(desk)):
        app.include_router(router, prefix=VENDING_PREFIX)
    app.include_router(xmlvend_routes(desk))
    add_vending_problem_handlers(app)
    if throttled:
        app.add_middleware(ThrottleGuard, paths=(VENDING_PREFIX, XMLVEND_PATH))


def _guarded(app: FastAPI, names: Iterable[str]) -> FastAPI:
    app.add_middleware(Guard, names=tuple(names))
    return app
