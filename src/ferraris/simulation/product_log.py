"""What the product writes to its own log, in a run: lines of the event log, and for a defect an objection."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import structlog

from ferraris.simulation.auditor import Auditor
from ferraris.simulation.events import EventLog

DEFECT = "defect"


@contextmanager
def product_log_to(log: EventLog, auditor: Auditor, directory: str) -> Iterator[None]:
    """Take the product's log for as long as the context lasts. `directory` is left out of it: it differs from run to run."""
    before = structlog.get_config()

    def take(logger: Any, method: str, event: MutableMapping[str, Any]) -> Any:
        del logger
        fields = {name: str(value).replace(directory, "…") for name, value in event.items() if name != "exc_info"}
        name = fields.pop("event")
        log.record(method, f"log:{name}", **fields)
        if name == DEFECT:
            auditor.fail("a defect", f"{fields}: {event.get('exc_info')!r}")
        raise structlog.DropEvent

    structlog.configure(processors=[take])
    try:
        yield
    finally:
        structlog.configure(**before)
