"""Event codes: what the numbers in a meter's event logs mean (`tables/events.csv`)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cache

from ferraris.kernel.errors import TableError
from ferraris.kernel.tables import load_csv


class Severity(Enum):
    """How much an operator should care."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class EventCode:
    """The meaning of one code."""

    code: int
    tag: str
    severity: Severity
    description: str


def event_codes() -> tuple[EventCode, ...]:
    """All codes, by number."""
    return load_csv("ferraris.cosem", "tables/events.csv", EventCode, unique=("code", "tag"))


@cache
def _by_code() -> dict[int, EventCode]:
    return {event.code: event for event in event_codes()}


@cache
def _by_tag() -> dict[str, EventCode]:
    return {event.tag: event for event in event_codes()}


def by_code(code: int) -> EventCode | None:
    """The meaning of a code; None for one that is not in the table."""
    return _by_code().get(code)


def by_tag(tag: str) -> EventCode:
    """The code of a tag. Raises TableError for a tag that is not in the table."""
    event = _by_tag().get(tag)
    if event is None:
        raise TableError("no such event", expected="a tag of tables/events.csv", got=tag)
    return event
