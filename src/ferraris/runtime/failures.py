"""From the error that ended an association to the kind of failure that the head-end decides by."""

from __future__ import annotations

from ferraris.headend import Failure, FailureKind
from ferraris.kernel.errors import (
    ConfigError,
    InvocationCounterError,
    LinkClosedError,
    LinkError,
    LinkTimeoutError,
    LinkUnreachableError,
    ProtocolError,
    RefusedError,
    SecurityError,
    StoreError,
    TableError,
)
from ferraris.runtime.key_ring import CounterUsedUpError

KINDS: tuple[tuple[type[Exception], FailureKind], ...] = (
    (CounterUsedUpError, FailureKind.LOCAL),
    (InvocationCounterError, FailureKind.COUNTER),
    (SecurityError, FailureKind.AUTHENTICATION),
    (LinkUnreachableError, FailureKind.UNREACHABLE),
    (LinkTimeoutError, FailureKind.TIMEOUT),
    (TimeoutError, FailureKind.TIMEOUT),
    (LinkClosedError, FailureKind.CLOSED),
    (LinkError, FailureKind.CLOSED),
    (ProtocolError, FailureKind.PROTOCOL),
    (StoreError, FailureKind.LOCAL),
    (ConfigError, FailureKind.LOCAL),
    (TableError, FailureKind.LOCAL),
    (OSError, FailureKind.UNREACHABLE),
)
"""The first that fits counts."""

WRONG_KEY = "deciphering-error"
BUSY_RESULTS = {"no-reason-given", "no-reason"}
BUSY_NAMES = (", operation-not-possible", ", other-reason", "rejected-transient")
"""Those of an exception-response stand behind its state: other-reason alone refuses one attribute, and says nothing of the meter."""


def failure_of(error: Exception) -> Failure:
    """Why an association ended, in the head-end's terms."""
    if isinstance(error, RefusedError):
        return Failure(_refusal_kind(error), str(error))
    for kind_of_error, kind in KINDS:
        if isinstance(error, kind_of_error):
            return Failure(kind, str(error) or kind.value)
    return Failure(FailureKind.PROTOCOL, f"defect in Ferraris: {type(error).__name__}: {error}")


def _refusal_kind(error: RefusedError) -> FailureKind:
    if WRONG_KEY in error.result:
        return FailureKind.AUTHENTICATION
    busy = error.result in BUSY_RESULTS or any(name in error.result for name in BUSY_NAMES)
    return FailureKind.BUSY if busy else FailureKind.REFUSED
