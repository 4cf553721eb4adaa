"""What goes wrong about vending, as a problem (RFC 9457) that a cashier understands and a program can branch on.

Beside `detail`, the sentence, stand `error`, the kind of error, and `result`, the standard's name for the same cause at the
meter where there is one. A problem with `retry` true is passing: the same request, with the same message id, may be sent again.
"""

from __future__ import annotations

import re
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from ferraris import vending
from ferraris.console.problems import problem_response
from ferraris.console.vending_words import refusal
from ferraris.kernel.errors import FerrarisError
from ferraris.keys.security_module import SecurityModuleError, SecurityModuleUnavailable
from ferraris.sts import StsError

STATUSES: tuple[tuple[type[FerrarisError], HTTPStatus], ...] = (
    (vending.UnknownMeterError, HTTPStatus.NOT_FOUND),
    (vending.UnknownTariffError, HTTPStatus.NOT_FOUND),
    (vending.MeterBlockedError, HTTPStatus.CONFLICT),
    (vending.MessageConflictError, HTTPStatus.CONFLICT),
    (vending.DebtNumberError, HTTPStatus.CONFLICT),
    (vending.SaleVoidError, HTTPStatus.CONFLICT),
    (vending.ReversalError, HTTPStatus.CONFLICT),
    (vending.ShiftError, HTTPStatus.CONFLICT),
    (vending.KeyChangeError, HTTPStatus.CONFLICT),
    (vending.KeyExpiryError, HTTPStatus.CONFLICT),
    (vending.FreeIssueError, HTTPStatus.CONFLICT),
    (vending.IssueRefusedError, HTTPStatus.CONFLICT),
    (vending.ApprovalError, HTTPStatus.FORBIDDEN),
    (vending.SalePendingError, HTTPStatus.SERVICE_UNAVAILABLE),
    (vending.LedgerError, HTTPStatus.INTERNAL_SERVER_ERROR),
    (SecurityModuleUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
)
"""By the kind of error, the first that fits; all others are 422, a request that makes no sense as it stands."""
HANDLED = (vending.VendingError, StsError, SecurityModuleError)


def status_of(error: FerrarisError) -> HTTPStatus:
    if error.summary.startswith("no such ") or str(error.got).startswith("no such "):
        return HTTPStatus.NOT_FOUND
    return next((status for kind, status in STATUSES if isinstance(error, kind)), HTTPStatus.UNPROCESSABLE_ENTITY)


def kind_of(error: FerrarisError) -> str:
    """UnknownMeterError is unknown_meter_error."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(error).__name__).lower()


def vending_problem(error: FerrarisError) -> JSONResponse:
    """The problem that an error is."""
    told = refusal(error)
    status = status_of(error)
    more: dict[str, object] = {"error": kind_of(error)}
    if told.result:
        more["result"] = str(told.result)
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        more["retry"] = True
    titled = told.text.lower().startswith(told.title.lower())
    return problem_response(status, told.text if titled else f"{told.title}: {told.text}", **more)


def add_vending_problem_handlers(app: FastAPI) -> None:
    """Turn every error of vending that leaves a REST function into a problem."""

    async def on_error(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, FerrarisError)
        return vending_problem(error)

    for kind in HANDLED:
        app.add_exception_handler(kind, on_error)
