"""Parts of pages."""

from __future__ import annotations

import pytest

from ferraris.console.markup import tag
from ferraris.console.pages.parts import (
    chip,
    command_detail,
    communication_chip,
    empty,
    list_card,
    meter_link,
    meter_path,
    query_path,
    severity_chip,
    table,
)
from ferraris.store import AlarmSeverity, CommandRow, CommandState
from tests.console.test_markup import Reader


def test_chips() -> None:
    assert chip(("Late", "warn")) == '<span class="chip warn">Late</span>'
    assert 'class="chip bad"' in communication_chip("wrong_key")
    assert "Critical" in severity_chip(AlarmSeverity.CRITICAL)
    assert "Information" in severity_chip("info")


@pytest.mark.parametrize(
    ("serial", "path"),
    [
        ("FER0000000001", "/meters/FER0000000001"),
        ("A/B", "/meters/A%2FB"),
        ('"><b>', "/meters/%22%3E%3Cb%3E"),
        ("é", "/meters/%C3%A9"),
    ],
)
def test_a_serial_in_an_address(serial: str, path: str) -> None:
    assert meter_path(serial) == path
    read = Reader(meter_link(serial))
    assert (read.tags[0][1]["href"], read.text) == (path, serial)


def test_the_system_has_no_page() -> None:
    assert Reader(meter_link("")).text == "System"


def test_addresses_stay_short() -> None:
    assert query_path("/meters", q="", state=None, down=False) == "/meters"
    assert query_path("/meters", q="a b&c", page=2) == "/meters?q=a+b%26c&page=2"


def test_a_table_aligns_its_numbers() -> None:
    read = Reader(table(("A", "B", tag("th", "C", class_="optional")), [tag("tr", tag("td", "x"))], numbers=(1,)))
    heads = [attributes.get("class") for name, attributes in read.tags if name == "th"]
    assert heads == [None, "number", "optional"]


def test_cards() -> None:
    assert Reader(list_card("Title", empty("None", "Why"), "more")).text == "TitlemoreNoneWhy"


DETAILS = [
    ("disconnect", "output off", "output off"),
    ("read_now", '{"A": {"value": 1}}', "1 register read"),
    ("read_now", '{"A": {"value": 1}, "B": {"refused": "no"}}', "2 registers read"),
    ("read_now", "{broken", "{broken"),
    ("read_now", "[1]", "[1]"),
    ("read_now", '{"A": NaN}', '{"A": NaN}'),
    ("read_now", '{"A":' * 100_000, '{"A":' * 100_000),
    ("read_now", '{"A": ' + "9" * 5_000 + "}", '{"A": ' + "9" * 5_000 + "}"),
    ("read_attribute", '{"value": "text", "octets": "09"}', "text"),
    ("read_attribute", '{"value": [1, null], "octets": "09"}', "[1, null]"),
    ("read_attribute", "read-write-denied (3)", "read-write-denied (3)"),
]


@pytest.mark.parametrize(("kind", "detail", "text"), DETAILS, ids=range(len(DETAILS)))
def test_outcomes_in_a_few_words(kind: str, detail: str, text: str) -> None:
    row = CommandRow(
        id=1,
        meter=1,
        kind=kind,
        argument="",
        requested_ms=0,
        requested_by="t",
        state=CommandState.CONFIRMED,
        sent_ms=0,
        finished_ms=0,
        detail=detail,
    )
    assert command_detail(row) == text
