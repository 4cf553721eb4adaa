"""The page of engineering tokens."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferraris.console.pages.engineering import (
    KINDS,
    VALUES,
    ask_form,
    issued_table,
    note_parts,
    value_text,
    waiting_table,
)
from ferraris.console.pages.sale import facts_card
from ferraris.store import EngineeringRow
from ferraris.vending import EngineeringKind, EngineeringRequest, SaleKind
from tests.console.sales import SALE
from tests.console.shop import SUPERVISOR, open_shop
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
    assert value_text(kind, value) == text
    assert text in Reader(waiting_table([replace(ROW, kind=kind, value=value)], "ben")).text


def test_whoever_asked_may_not() -> None:
    read = Reader(waiting_table([ROW], "ann"))
    assert "needs somebody else" in read.text
    assert [name for name, _ in read.tags if name == "button"] == []


@pytest.mark.parametrize(
    ("note", "parts"),
    [
        ("power_limit 3000: small installation", ("Maximum power, 3000 W", "small installation")),
        ("clear_tamper 0: cover: opened", ("Clear tamper", "cover: opened")),
        ("clear_credit 65535: a <new> tenant", ("Clear credit, register 65535", "a <new> tenant")),
        ("something else", ("Engineering token", "something else")),
        ("", ("Engineering token", "")),
    ],
)
def test_what_was_issued_is_said_in_words(note: str, parts: tuple[str, str]) -> None:
    assert note_parts(note) == parts
    sale = replace(SALE, kind=SaleKind.ENGINEERING, detail=note, approver="ben")
    read = Reader(issued_table([sale]))
    assert parts[0] + parts[1] in read.text
    assert "power_limit" not in read.text
    assert "ben" in read.text
    assert dict(read.tags)["a"]["href"] == f"/till/sales/{SALE.number}"
    assert "Note" + ": ".join(parts) in Reader(facts_card(sale)).text


def test_the_vending_of_engineering_tokens_keeps_such_notes() -> None:
    with open_shop(meters=1) as shop:
        request = EngineeringRequest(
            message_id="e1",
            till="T1",
            operator="ann",
            meter=shop.meter,
            kind=EngineeringKind.POWER_LIMIT,
            value=3_000,
            reason="small installation",
        )
        shop.vending.engineering.request(request, shop.clock.now_ms())
        sale = shop.vending.engineering.approve("e1", SUPERVISOR, shop.clock.now_ms())
    assert note_parts(sale.detail) == ("Maximum power, 3000 W", "small installation")


def test_nothing_is_issued_yet() -> None:
    assert "None yet" in Reader(issued_table([])).text


def test_nothing_waits() -> None:
    assert "Nothing waits" in Reader(waiting_table([], "ann")).text


def test_every_kind_can_be_asked_for() -> None:
    assert set(VALUES) < set(KINDS) == set(EngineeringKind)
    options = [attributes["value"] for name, attributes in Reader(ask_form()).tags if name == "option"]
    assert options == list(KINDS)
