"""Parts of pages."""

from __future__ import annotations

import pytest

from ferraris.console.markup import tag
from ferraris.console.pages.parts import (
    NO_HEADING,
    chip,
    command_argument,
    command_detail,
    communication_chip,
    cut_note,
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


def command(kind: str, *, argument: str = "", detail: str = "") -> CommandRow:
    """A command that is settled."""
    return CommandRow(
        id=1,
        meter=1,
        kind=kind,
        argument=argument,
        requested_ms=0,
        requested_by="t",
        state=CommandState.CONFIRMED,
        sent_ms=0,
        finished_ms=0,
        detail=detail,
    )


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


def test_each_cell_knows_its_column_for_screens_without_room() -> None:
    row = tag("tr", tag("td", "a <td"), tag("td", "b", class_="number"), tag("td", "c"), tag("td", "d"))
    header = ("A & B", tag("th", tag("a", "Missing ↓", href="?"), class_="number"), NO_HEADING)
    read = Reader(table(header, [row, row]))
    labels = [attributes.get("data-label") for name, attributes in read.tags if name == "td"]
    assert labels == ["A & B", "Missing", None, None] * 2
    assert read.text == "A & BMissing ↓" + "a <tdbcd" * 2
    assert [attributes.get("class") for name, attributes in read.tags if name == "td"] == [
        None,
        "number",
        None,
        None,
    ] * 2
    assert dict(Reader(NO_HEADING).tags)["th"]["aria-label"]


@pytest.mark.parametrize(
    ("argument", "text"),
    [
        ("09732627908530131267", "0973 2627 9085 3013 1267"),
        ("1" * 20 + "," + "2" * 20, "1111 1111 1111 1111 1111, 2222 2222 2222 2222 2222"),
        ("12345", "1234 5"),
    ],
)
def test_tokens_stand_in_fours(argument: str, text: str) -> None:
    assert command_argument(command("enter_token", argument=argument)) == text
    assert command_argument(command("read_attribute", argument=argument)) == argument


@pytest.mark.parametrize(
    ("shown", "note"), [(0, ""), (199, ""), (200, "The newest 200 sales are shown."), (201, "The newest 200")]
)
def test_a_list_that_is_cut_says_so(shown: int, note: str) -> None:
    cut = cut_note(shown, 200, "sales")
    assert cut is None if not note else note in Reader(cut or "").text


def test_cards() -> None:
    assert Reader(list_card("Title", empty("None", "Why"), "more")).text == "TitlemoreNoneWhy"


DETAILS = [
    ("disconnect", "output off", "Output off"),
    ("enter_token", '{"result": "accept", "typed": false, "tokens": []}', "The meter took the token."),
    ("enter_token", '{"result": "used_error", "typed": true}', "The customer had typed the token before it was sent."),
    ("enter_token", '{"result": "old_error"}', "The token is older than all that the meter remembers."),
    ("enter_token", '{"result": "", "typed": false}', "The meter did not say what became of the token."),
    ("enter_token", '{"result": "martian"}', "martian"),
    ("enter_token", "no link", "No link"),
    ("read_now", '{"A": {"value": 1}}', "1 register read"),
    ("read_now", '{"A": {"value": 1}, "B": {"refused": "no"}}', "2 registers read"),
    ("read_now", "{broken", "{broken"),
    ("read_now", "[1]", "[1]"),
    ("read_now", '{"A": NaN}', '{"A": NaN}'),
    ("read_now", '{"A":' * 100_000, '{"A":' * 100_000),
    ("read_now", '{"A": ' + "9" * 5_000 + "}", '{"A": ' + "9" * 5_000 + "}"),
    ("read_attribute", '{"value": "text", "octets": "09"}', "text"),
    ("read_attribute", '{"value": [1, null], "octets": "09"}', "[1, null]"),
    ("read_attribute", "read-write-denied (3)", "Read-write-denied (3)"),
]


@pytest.mark.parametrize(("kind", "detail", "text"), DETAILS, ids=range(len(DETAILS)))
def test_outcomes_in_a_few_words(kind: str, detail: str, text: str) -> None:
    assert command_detail(command(kind, detail=detail)) == text
