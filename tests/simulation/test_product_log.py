"""The product's own log goes into the event log, without what differs from run to run; a defect is an objection."""

from __future__ import annotations

import pytest
import structlog

from ferraris.kernel.clock import ManualClock
from ferraris.simulation import EventLog
from ferraris.simulation.auditor import Auditor
from ferraris.simulation.product_log import product_log_to


def office() -> tuple[EventLog, Auditor]:
    log = EventLog(ManualClock())
    return log, Auditor(1, log, lambda: 0)


def test_lines_become_events_and_nothing_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    log, auditor = office()
    with product_log_to(log, auditor, "/tmp/run-1"):
        structlog.get_logger("x").warning("store_failed", path="/tmp/run-1/intervals.duckdb", meter=5)
    assert log.story() == "1970-01-01T00:00:00.000Z warning log:store_failed path=…/intervals.duckdb meter=5".replace(
        "…/intervals.duckdb", '"\\u2026/intervals.duckdb"'
    )
    assert auditor.finding is None
    assert capsys.readouterr() == ("", "")


def test_a_defect_is_an_objection() -> None:
    log, auditor = office()
    with product_log_to(log, auditor, "/tmp/run-1"):
        try:
            raise ZeroDivisionError("by nothing")
        except ZeroDivisionError:
            structlog.get_logger("x").exception("defect", meter="FER1")
    assert auditor.finding is not None
    assert auditor.finding.claim == "a defect"


def test_afterwards_everything_is_as_it_was() -> None:
    before = structlog.get_config()
    with product_log_to(*office(), "/tmp/run-1"):
        assert structlog.get_config() != before
    assert structlog.get_config() == before
