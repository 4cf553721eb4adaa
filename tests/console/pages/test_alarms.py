"""The page of alarms."""

from __future__ import annotations

import pytest

from ferraris.console.meters import MeterReader
from ferraris.console.pages.alarms import ROWS_MAX, _called, alarm_filters, alarm_list, shows_closed
from ferraris.store import AlarmRow, AlarmSeverity
from tests.console.test_markup import Reader
from tests.console.town import Town


def alarm(number: int, meter: int | None = 3, closed_ms: int | None = None, text: str = "why") -> AlarmRow:
    return AlarmRow(
        id=number,
        meter=meter,
        kind="meter_unreachable",
        severity=AlarmSeverity.WARNING,
        opened_ms=1_000,
        closed_ms=closed_ms,
        text=text,
    )


@pytest.mark.parametrize(
    ("query", "closed"),
    [("", False), ("closed=1", True), ("?closed=1", True), ("closed=0", False), ("x=closed=1", False)],
)
def test_the_address_says_whether_closed_ones_are_shown(query: str, closed: bool) -> None:
    assert shows_closed(query) is closed


def test_an_alarm_names_its_meter_and_can_be_acknowledged(street: Town) -> None:
    read = Reader(alarm_list(MeterReader(street), [alarm(1)], 2_000))
    (button,) = [attributes for name, attributes in read.tags if name == "button"]
    assert button["data-subject"] == "FER0000000003 meter_unreachable"
    assert "Meter unreachable" in read.text


def test_an_alarm_of_the_system(street: Town) -> None:
    read = Reader(alarm_list(MeterReader(street), [alarm(1, meter=None)], 2_000))
    assert "System" in read.text
    assert [attributes["data-subject"] for name, attributes in read.tags if name == "button"] == [" meter_unreachable"]


def test_a_closed_alarm_says_when(street: Town) -> None:
    read = Reader(alarm_list(MeterReader(street), [alarm(1, closed_ms=1_500)], 2_000))
    assert "closed 1970-01-01 00:00:01 UTC" in read.text
    assert "button" not in [name for name, _ in read.tags]


def test_no_alarms_and_too_many(street: Town) -> None:
    meters = MeterReader(street)
    assert "No alarms" in Reader(alarm_list(meters, [], 0)).text
    many = Reader(alarm_list(meters, [alarm(number) for number in range(ROWS_MAX)], 0)).text
    assert f"The newest {ROWS_MAX} are shown, most of them: {ROWS_MAX} × meter unreachable" in many


def test_filters(street: Town) -> None:
    read = Reader(alarm_filters(MeterReader(street), False))
    assert read.text == "Open3Open and closedOpen: 2 critical, 1 warning"


@pytest.mark.parametrize(
    ("severity", "count", "name"),
    [
        (AlarmSeverity.CRITICAL, 2, "critical"),
        (AlarmSeverity.WARNING, 1, "warning"),
        (AlarmSeverity.WARNING, 2, "warnings"),
        (AlarmSeverity.INFORMATION, 2, "information"),
    ],
)
def test_two_warnings_are_a_plural(severity: AlarmSeverity, count: int, name: str) -> None:
    assert _called(severity, count) == name
