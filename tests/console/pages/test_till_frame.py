"""What the pages of the till share."""

from __future__ import annotations

import pytest

from ferraris.console.pages.till_frame import Who, choice, field, who_strip
from tests.console.test_markup import Reader


@pytest.mark.parametrize(
    ("fields", "who"),
    [
        ({"till": " till-1 ", "operator": "ann"}, Who("till-1", "ann")),
        ({"till": "t"}, Who("t", "")),
        ({}, Who()),
        ({"till": "t", "operator": "a\nb"}, Who()),
        ({"till": "t" * 500, "operator": "ann"}, Who("t" * 128, "ann")),
        ({"till": 7, "operator": ["x"]}, Who("7", "['x']")),
    ],
)
def test_who_works_where(fields: dict[str, object], who: Who) -> None:
    assert Who.of(fields) == who
    assert who.known is bool(who.till and who.operator)


def test_the_strip_asks_or_tells() -> None:
    asked = Reader(who_strip(Who("till-7", "")))
    assert dict(asked.tags)["form"]["data-form"] == "sign-on"
    assert [attributes["value"] for name, attributes in asked.tags if name == "input"] == ["", "till-7"]
    told = Reader(who_strip(Who("till-7", "<ann>")))
    assert told.text == "Operator <ann>Till till-7Sign off"
    assert dict(told.tags)["button"]["data-act"] == "sign-off"


def test_fields_and_choices() -> None:
    entry = Reader(field("Amount", "amount", value='"5"', large=True, inputmode="decimal"))
    assert entry.tags[0] == ("label", {"class": "field large"})
    assert (entry.tags[2][1]["value"], entry.tags[2][1]["inputmode"]) == ('"5"', "decimal")
    options = [
        attributes
        for name, attributes in Reader(choice("Pay", "p", {"a": "A", "b": "B"}, "b")).tags
        if name == "option"
    ]
    assert options == [{"value": "a"}, {"value": "b", "selected": None}]
