"""The console as one web application: REST, its OpenAPI description, and the pages, behind the guard."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import FastAPI

import ferraris
from ferraris.console.figures import FigureBoard
from ferraris.console.guard import Guard
from ferraris.console.meters import MeterReader
from ferraris.console.orders import Desk
from ferraris.console.port import System
from ferraris.console.problems import add_problem_handlers
from ferraris.console.rest import PREFIX, rest_routes

DESCRIPTION = """Read what the head-end knows and what the stores hold, and order what meters shall do.

Numbers are raw integers with scaler and unit beside them: value × 10^scaler unit. Times named `_s` and `_ms` are seconds and
milliseconds since 1970-01-01 UTC, on the system's clock. What goes wrong is told as a problem (RFC 9457)."""


def create_rest(system: System, *, names: Iterable[str] = ()) -> FastAPI:
    """REST alone. `names`: what the machine is called besides the names of the loopback interface."""
    app, _ = _with_rest(system, names)
    return app


def create_app(system: System, *, names: Iterable[str] = ()) -> FastAPI:
    """REST and pages. NiceGUI is one for the whole process, so the pages show the system given last."""
    from ferraris.console.pages import Workplace, add_pages

    app, workplace_parts = _with_rest(system, names)
    add_pages(app, Workplace(*workplace_parts))
    return app


def _with_rest(system: System, names: Iterable[str]) -> tuple[FastAPI, tuple[MeterReader, Desk, FigureBoard]]:
    app = FastAPI(
        title="Ferraris",
        version=ferraris.__version__,
        description=DESCRIPTION,
        openapi_url=f"{PREFIX}/openapi.json",
        # The pages that FastAPI brings for these two load scripts from elsewhere; /docs is a page of our own.
        docs_url=None,
        redoc_url=None,
    )
    parts = MeterReader(system), Desk(system), FigureBoard(system)
    app.include_router(rest_routes(*parts))
    add_problem_handlers(app)
    app.add_middleware(Guard, names=tuple(names))
    return app, parts
