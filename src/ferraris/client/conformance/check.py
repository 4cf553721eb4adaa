"""What a check is: a small function with a clause and a title, and what it found out.

A check is registered by its decorator and takes the bench that it runs on. It returns a finding, or raises `NotApplicable` when the
server does not have what is to be checked. Whatever else it raises is told in the report, never lost.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from ferraris.client.conformance.bench import Bench


class Outcome(Enum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not applicable"
    NOT_RUN = "not run"


class NotApplicable(Exception):  # noqa: N818 - no error: a server need not have everything
    """The server has nothing that this check could look at."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was expected and what came."""

    passed: bool
    expected: str
    got: str


CheckFunction = Callable[[Bench], Awaitable[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """One row of the report before it is run. One that `writes` sets what it found and is run only on demand."""

    name: str
    section: str
    clause: str
    title: str
    writes: bool
    function: CheckFunction


SECTIONS: Final = (
    "Wrapper",
    "HDLC",
    "Association",
    "Services",
    "Long results and parts of them",
    "Security",
    "Objects",
    "Short names",
)
_CHECKS: Final[dict[str, Check]] = {}


def check(*, section: str, clause: str, title: str, writes: bool = False) -> Callable[[CheckFunction], CheckFunction]:
    """Register a check under its function's name."""

    def register(function: CheckFunction) -> CheckFunction:
        name = function.__name__.replace("_", "-")
        if name in _CHECKS:
            raise ValueError(f"two checks have the name {name}")
        _CHECKS[name] = Check(name, section, clause, title, writes, function)
        return function

    return register


def registered() -> tuple[Check, ...]:
    """All checks, section by section from the outside in, each section's in the order in which they were declared."""
    return tuple(sorted(_CHECKS.values(), key=lambda each: SECTIONS.index(each.section)))


def found(passed: bool, expected: str, got: object) -> Finding:
    """A finding, `got` in words."""
    return Finding(passed, expected, str(got))
