"""Errors in the head-end's terms."""

from __future__ import annotations

import pytest

from ferraris.client.association import refusal_of
from ferraris.dlms import Rejected, exception_answer
from ferraris.dlms.apdu import ExceptionResponse, ServiceErrorCode, StateError
from ferraris.headend import FailureKind
from ferraris.kernel.errors import (
    AuthenticationError,
    ConfigError,
    DecodeError,
    InvocationCounterError,
    LinkClosedError,
    LinkTimeoutError,
    LinkUnreachableError,
    RefusedError,
    RemoteProtocolError,
    SecurityError,
    StoreError,
)
from ferraris.runtime.failures import failure_of
from ferraris.runtime.key_ring import CounterUsedUpError

BUSY = ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.OPERATION_NOT_POSSIBLE)
WRONG = ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.DECIPHERING_ERROR)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (LinkUnreachableError("x"), FailureKind.UNREACHABLE),
        (ConnectionRefusedError("x"), FailureKind.UNREACHABLE),
        (LinkTimeoutError("x"), FailureKind.TIMEOUT),
        (TimeoutError(), FailureKind.TIMEOUT),
        (LinkClosedError("x"), FailureKind.CLOSED),
        (AuthenticationError("x"), FailureKind.AUTHENTICATION),
        (exception_answer(WRONG), FailureKind.AUTHENTICATION),
        (exception_answer(BUSY), FailureKind.BUSY),
        (refusal_of(Rejected("REJECTED_TRANSIENT", "APPLICATION_CONTEXT_NAME_NOT_SUPPORTED", 2)), FailureKind.BUSY),
        (SecurityError("x"), FailureKind.AUTHENTICATION),
        (InvocationCounterError("x", expected=7), FailureKind.COUNTER),
        (CounterUsedUpError("x"), FailureKind.LOCAL),
        (DecodeError("x"), FailureKind.PROTOCOL),
        (RemoteProtocolError("x"), FailureKind.PROTOCOL),
        (RefusedError("x", result="no-reason-given", code=1), FailureKind.BUSY),
        (RefusedError("x", result="service-unknown, operation-not-possible", code=1), FailureKind.BUSY),
        (RefusedError("x", result="service-unknown, deciphering-error", code=5), FailureKind.AUTHENTICATION),
        (RefusedError("x", result="application-context-name-not-supported", code=2), FailureKind.REFUSED),
        (RefusedError("x", result="service-unknown, other-reason", code=4), FailureKind.BUSY),
        (RefusedError("x", result="other-reason", code=250), FailureKind.REFUSED),
        (StoreError("x"), FailureKind.LOCAL),
        (ConfigError("x"), FailureKind.LOCAL),
        (ZeroDivisionError("x"), FailureKind.PROTOCOL),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_kinds(error: Exception, kind: FailureKind) -> None:
    failure = failure_of(error)
    assert failure.kind is kind
    assert failure.detail


def test_a_defect_of_ours_says_so() -> None:
    assert "defect in Ferraris: ZeroDivisionError" in failure_of(ZeroDivisionError("x")).detail
