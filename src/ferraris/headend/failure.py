"""Why an association with a meter failed, as far as it decides what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FailureKind(StrEnum):
    """Why an association ended early."""

    UNREACHABLE = "unreachable"
    """No link to the address."""
    TIMEOUT = "timeout"
    CLOSED = "closed"
    """The meter, or the path to it, closed the link."""
    BUSY = "busy"
    """The meter serves someone else, or says that it cannot serve now."""
    COUNTER = "counter"
    """The meter refused our invocation counter."""
    AUTHENTICATION = "authentication"
    """A protection did not hold, at either end: a wrong key, most often."""
    PROTOCOL = "protocol"
    """What came breaks the protocol."""
    REFUSED = "refused"
    """The meter does not want this association."""
    LOCAL = "local"
    """Our side: keys that cannot be unwrapped, a counter that cannot be reserved."""

    @property
    def transient(self) -> bool:
        """Of the kinds that pass by themselves."""
        return self in {FailureKind.UNREACHABLE, FailureKind.TIMEOUT, FailureKind.CLOSED, FailureKind.BUSY}


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an association ended early, and what an operator may read about it."""

    kind: FailureKind
    detail: str
