"""Problems: what a caller of REST is told when something cannot be done, as JSON after RFC 9457 with one clear sentence."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from ferraris.console.validation_words import finding
from ferraris.kernel.errors import FerrarisError, StoreError

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):  # noqa: N818 - RFC 9457 calls it a problem
    """A request that is refused: `status` as HTTP has it, `detail` one sentence that says what to do differently."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        self.status = status
        self.detail = detail
        super().__init__(detail)


def not_found(what: str, name: object) -> Problem:
    """Nobody knows the thing that was asked for."""
    return Problem(HTTPStatus.NOT_FOUND, f"There is no {what} {name}.")


def refused(detail: str) -> Problem:
    """The request makes no sense as it stands."""
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail)


def problem_response(status: HTTPStatus, detail: str, **more: Any) -> JSONResponse:
    body = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail, **more}
    return JSONResponse(body, status.value, media_type=MEDIA_TYPE)


def add_problem_handlers(app: FastAPI) -> None:
    """Turn every error that leaves a REST function into a problem."""

    @app.exception_handler(Problem)
    async def on_problem(request: Request, problem: Problem) -> JSONResponse:
        return problem_response(problem.status, problem.detail)

    @app.exception_handler(RequestValidationError)
    async def on_invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        found = [finding(entry) for entry in error.errors()]
        return problem_response(HTTPStatus.UNPROCESSABLE_ENTITY, f"{'; '.join(found)}.")

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> JSONResponse:
        status = HTTPStatus(error.status_code)
        detail = f"There is nothing at {request.url.path}." if status is HTTPStatus.NOT_FOUND else str(error.detail)
        return problem_response(status, detail)

    @app.exception_handler(StoreError)
    async def on_store(request: Request, error: StoreError) -> JSONResponse:
        return problem_response(HTTPStatus.SERVICE_UNAVAILABLE, f"The store cannot answer: {error}.")

    @app.exception_handler(FerrarisError)
    async def on_error(request: Request, error: FerrarisError) -> JSONResponse:
        return problem_response(HTTPStatus.UNPROCESSABLE_ENTITY, f"{error}.")
