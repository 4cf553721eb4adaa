"""A server's "no" as errors: the standard's names, the counter expected, and never a matter of authentication."""

from __future__ import annotations

import itertools
from enum import IntEnum

import pytest

from ferraris.dlms import ExceptionAnswerError, exception_answer
from ferraris.dlms.apdu import (
    ConfirmedService,
    ConfirmedServiceError,
    ErrorCategory,
    ExceptionResponse,
    InitiateError,
    ServiceErrorCode,
    StateError,
)
from ferraris.kernel.errors import InvocationCounterError, RefusedError, SecurityError


def spelled(member: IntEnum) -> str:
    """As the standard writes a result."""
    return member.name.lower().replace("_", "-")


@pytest.mark.parametrize(
    ("state", "service"),
    [
        pair
        for pair in itertools.product(StateError, ServiceErrorCode)
        if pair[1] is not ServiceErrorCode.INVOCATION_COUNTER_ERROR
    ],
)
def test_an_exception_response_is_a_refusal_by_its_names(state: StateError, service: ServiceErrorCode) -> None:
    error = exception_answer(ExceptionResponse(state, service))
    assert isinstance(error, ExceptionAnswerError)
    assert isinstance(error, RefusedError)
    assert not isinstance(error, SecurityError)
    assert (error.result, error.code) == (f"{spelled(state)}, {spelled(service)}", service)


@pytest.mark.parametrize("counter", [None, 0, 77, 0xFFFF_FFFF])
def test_the_counter_that_is_expected_is_told(counter: int | None) -> None:
    service = ServiceErrorCode.INVOCATION_COUNTER_ERROR
    error = exception_answer(ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, service, counter))
    assert isinstance(error, InvocationCounterError)
    assert error.expected == counter


@pytest.mark.parametrize("value", InitiateError)
def test_an_initiate_error_has_its_name(value: InitiateError) -> None:
    error = exception_answer(ConfirmedServiceError(ConfirmedService.INITIATE, ErrorCategory.INITIATE, value))
    assert isinstance(error, ExceptionAnswerError)
    assert (error.result, error.code) == (spelled(value), value)


def test_other_service_errors_have_the_names_of_service_and_category() -> None:
    error = exception_answer(ConfirmedServiceError(ConfirmedService.READ, ErrorCategory.ACCESS, 3))
    assert isinstance(error, ExceptionAnswerError)
    assert (error.result, error.code) == ("read, access", 3)
    unknown = exception_answer(ConfirmedServiceError(ConfirmedService.INITIATE, ErrorCategory.INITIATE, 99))
    assert isinstance(unknown, ExceptionAnswerError)
    assert unknown.result == "initiate, initiate"
