"""The tabs of a meter's page: what they show, and that the meter's words stay words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ferraris.console.meters import MeterReader
from ferraris.console.objects import AttributeView, KnownValue
from ferraris.console.pages.meter_tabs import VALUE_CHARACTERS_MAX, alarm_table, tab_content, tab_row, value_text
from ferraris.console.pages.meter_view import TABS, PageView
from ferraris.cosem import load_profile
from ferraris.store import AlarmRow, AlarmSeverity
from tests.console.test_markup import Reader
from tests.console.town import Town

ATTRIBUTE = AttributeView(2, "value", "long-unsigned", "read", True, -1, "V", None)


async def content(street: Town, serial: int, tab: str) -> Reader:
    meters = MeterReader(street)
    row = meters.row(f"FER{serial:010}")
    return Reader(await tab_content(meters, row, tab, street.clock.now_ms()))


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("serial", "tab", "text"),
    [
        (1, "registers", "Active energy import, +A, total"),
        (2, "registers", "Active power import"),
        (7, "registers", "No registers yet"),
        (9, "events", "The terminal cover was taken off"),
        (1, "events", "No events"),
        (1, "objects", "DisconnectControl, class 70 version 0"),
        (5, "commands", "Output off, control state 0"),
        (2, "commands", "1 register read"),
        (1, "commands", "No commands yet"),
        (7, "alarms", "Protection does not hold"),
        (1, "alarms", "No alarms"),
    ],
)
async def test_tabs(street: Town, serial: int, tab: str, text: str) -> None:
    assert text in (await content(street, serial, tab)).text


@pytest.mark.anyio
async def test_the_object_browser_offers_to_read_what_may_be_read(street: Town) -> None:
    read = await content(street, 1, "objects")
    asked = [attributes["data-subject"] for name, attributes in read.tags if name == "button"]
    assert "3/1.0.1.8.0.255/2" in asked
    assert "15/0.0.40.0.0.255/7" not in asked  # the secret of the association
    seen = load_profile("smr5_three_phase").object_list("management")
    assert len([name for name, _ in read.tags if name == "details"]) == len(seen)


def test_tabs_count_what_is_open(street: Town) -> None:
    meters = MeterReader(street)
    view = meters.view(meters.row("FER0000000003"))
    read = Reader(tab_row(PageView(tab="events"), view, sells=True))
    assert read.text == "RegistersEventsObjectsCommands (1)Alarms (1)Prepayment"
    links = [attributes for name, attributes in read.tags if name == "a"]
    assert len(links) == len(TABS)
    assert [link["href"] for link in links if "aria-current" in link] == ["?tab=events"]
    assert "Prepayment" not in Reader(tab_row(PageView(), view)).text


VALUES: list[tuple[Any, str]] = [
    (2_304, "230.4 V"),
    (-5, "−0.5 V"),
    (True, "true"),
    ("text", "text"),
    ([1, "x"], '[1, "x"]'),
    ({"scaler": -1}, '{"scaler": -1}'),
    (None, "null"),
    ("x" * 5_000, "x" * VALUE_CHARACTERS_MAX + " …"),
]


@pytest.mark.parametrize(("value", "text"), VALUES)
def test_values(value: Any, text: str) -> None:
    assert value_text(replace(ATTRIBUTE, known=KnownValue(value, 0, "read"))) == text


def test_a_value_without_unit_is_a_plain_number() -> None:
    assert value_text(replace(ATTRIBUTE, unit="", known=KnownValue(5, 0, "read"))) == "5"


def test_a_closed_alarm_has_no_button() -> None:
    alarm = AlarmRow(
        id=1,
        meter=1,
        kind="clock_offset",
        severity=AlarmSeverity.WARNING,
        opened_ms=0,
        closed_ms=5,
        text="<script>x</script>",
    )
    names = [name for name, _ in Reader(alarm_table([alarm], 10)).tags]
    assert "button" not in names
    assert "script" not in names
    assert "button" in [name for name, _ in Reader(alarm_table([replace(alarm, closed_ms=None)], 10)).tags]
