"""The page of engineering tokens."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferraris.console.pages.engineering import KINDS, VALUES, ask_form, value_text, waiting_table
from ferraris.store import EngineeringRow
from ferraris.vending import EngineeringKind
from tests.console.test_markup import Reader

ROW = EngineeringRow(
    message_id="e1", digest="", meter="01000000016", till="T1", kind="power_limit", value=8_500, reason="<new> fuse",
    state="requested", requested_by="ann", requested_ms=0,
)  # fmt: skip


def test_somebody_else_may_decide() -> None:
    read = Reader(waiting_table([ROW], "ben"))
    assert "Maximum power8500 W01000000016<new> fuse" in read.text
    acts = [(attributes["data-act"], attributes["data-subject"]) for name, attributes in read.tags if name == "button"]
    assert acts == [("approve", "e1"), ("refuse", "e1")]


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("power_limit", 8_500, "8500 W"),
        ("phase_unbalance", 100, "100 W"),
        ("clear_credit", 65_535, "register 65535"),
        ("meter_test", 3, "control bits 3"),
        ("tariff_rate", 7, "7"),
    ],
)
def test_a_value_has_its_unit(kind: str, value: int, text: str) -> None:
    assert value_text(replace(ROW, kind=kind, value=value)) == text
    assert text in Reader(waiting_table([replace(ROW, kind=kind, value=value)], "ben")).text


def test_whoever_asked_may_not() -> None:
    read = Reader(waiting_table([ROW], "ann"))
    assert "needs somebody else" in read.text
    assert [name for name, _ in read.tags if name == "button"] == []


def test_nothing_waits() -> None:
    assert "Nothing waits" in Reader(waiting_table([], "ann")).text


def test_every_kind_can_be_asked_for() -> None:
    assert set(VALUES) < set(KINDS) == set(EngineeringKind)
    options = [attributes["value"] for name, attributes in Reader(ask_form()).tags if name == "option"]
    assert options == list(KINDS)
