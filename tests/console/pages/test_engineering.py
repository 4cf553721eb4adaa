"""The page of engineering tokens."""

from __future__ import annotations

from ferraris.console.pages.engineering import KINDS, ask_form, waiting_table
from ferraris.store import EngineeringRow
from ferraris.vending import EngineeringKind
from tests.console.test_markup import Reader

ROW = EngineeringRow(
    message_id="e1", digest="", meter="01000000016", till="T1", kind="power_limit", value=8_500, reason="<new> fuse",
    state="requested", requested_by="ann", requested_ms=0,
)  # fmt: skip


def test_somebody_else_may_decide() -> None:
    read = Reader(waiting_table([ROW], "ben"))
    assert "Maximum power850001000000016<new> fuse" in read.text
    acts = [(attributes["data-act"], attributes["data-subject"]) for name, attributes in read.tags if name == "button"]
    assert acts == [("approve", "e1"), ("refuse", "e1")]


def test_whoever_asked_may_not() -> None:
    read = Reader(waiting_table([ROW], "ann"))
    assert "needs somebody else" in read.text
    assert [name for name, _ in read.tags if name == "button"] == []


def test_nothing_waits() -> None:
    assert "Nothing waits" in Reader(waiting_table([], "ann")).text


def test_every_kind_can_be_asked_for() -> None:
    assert set(KINDS) == set(EngineeringKind)
    options = [attributes["value"] for name, attributes in Reader(ask_form()).tags if name == "option"]
    assert options == list(KINDS)
