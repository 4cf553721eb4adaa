"""Reading ahead: the answers are those of the single questions, and none outlives a write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from ferraris.store import CustomerRow, SaleFilter, VendingAuditRow, VendingReader, VendingWriter
from ferraris.store.vending_ahead import COUNTS, IS_CREDIT, MONTH_TOTALS, ReadAhead
from ferraris.store.vending_statements import DirectConnection
from ferraris.store.vending_tables import SALE
from ferraris.store.vending_writing import SqlVendingWriter
from ferraris.vending import FreeIssueRequest
from tests.vending.house import DAY_MS, NOON_MS, OPERATOR, SUPERVISOR, House, make_house

MONTH = 202607
ACCOUNTS = ["A1", "A2", "A3", "nobody"]
METERS = 3


@pytest.fixture
def house() -> House:
    """Three meters: one bought twice, owes two debts and had its free units, one had a sale reversed, one bought nothing."""
    made = make_house(meters=METERS, tariff_name="domestic_blocks")
    for number, priority in (("D1", 2), ("D2", 1)):
        made.vending.registry.open_debt(
            number, "A1", "fine", 5_000, SUPERVISOR, NOON_MS, percent=Decimal(10), priority=priority
        )
    for place, at_ms in ((0, NOON_MS - 40 * DAY_MS), (0, NOON_MS), (0, NOON_MS), (1, NOON_MS)):
        made.vending.sell(made.request("100", meter=made.meters[place]), at_ms)
    free = FreeIssueRequest(message_id="f", till="T1", operator=OPERATOR, meter=made.meter)
    made.vending.free_issue(free, NOON_MS)
    made.vending.reverse(made.vending.sales(SaleFilter(account="A2"))[0].number, SUPERVISOR, NOON_MS)
    present = made.vending.registry.meter(made.meters[2]).present.sts
    made.vending.registry.want(replace(present, key_revision_number=2), SUPERVISOR, NOON_MS)
    return made


def answers(reader: VendingReader, house: House) -> list[object]:
    """What single questions are answered with."""
    return [
        *(reader.month_totals(account, month) for account in ACCOUNTS for month in (MONTH, MONTH - 1)),
        *(reader.debts(account) for account in ACCOUNTS),
        *(reader.last_token_identifier(meter, base_date) for meter in house.meters for base_date in (14, 35)),
    ]


@pytest.mark.parametrize("many", [1, 2, 3])
def test_what_was_read_ahead_is_what_would_be_read_now(house: House, many: int) -> None:
    with house.store.reading() as reader:
        singly = answers(reader, house)
    with house.store.writing("some") as writer:
        writer.read_ahead(ACCOUNTS[:many], house.meters[:many], MONTH)
        assert answers(writer, house) == singly


def test_it_is_read_once(house: House) -> None:
    """The answers are there: no statement runs for them any more."""
    with house.store.writing("some") as writer:
        assert isinstance(writer, SqlVendingWriter)
        ahead = ReadAhead()
        ahead.read(writer._direct, ACCOUNTS, house.meters, MONTH)
        assert set(ahead.month_totals) == {(account, MONTH) for account in ACCOUNTS}
        assert [debt.number for debt in ahead.debts["A1"]] == ["D2", "D1"]
        assert ahead.debts["nobody"] == []
        assert set(ahead.last_token_identifiers) == {(meter, 14) for meter in house.meters}
        assert ahead.last_token_identifiers[house.meters[2], 14] is None
        assert ahead.month_totals["A1", MONTH].free_issues == 1
        ahead.forget()
        assert ahead == ReadAhead()


def test_nothing_to_read_ahead_is_nothing(house: House) -> None:
    ahead = ReadAhead()
    with house.store.writing("some") as writer:
        assert isinstance(writer, SqlVendingWriter)
        direct: DirectConnection = writer._direct
        ahead.read(direct, [], [], MONTH)
    assert ahead == ReadAhead()


WRITES: dict[str, Callable[[VendingWriter, int], object]] = {
    "a row is added": lambda writer, _: writer.add(
        [VendingAuditRow(at_ms=1, actor="a", action="b", subject="c", detail="")]
    ),
    "a row is replaced": lambda writer, _: writer.replace(CustomerRow(number="C1", name="Ann")),
    "a sale moves on": lambda writer, number: writer.finish_sales([number], "reversed", 1),
    "a sale is delivered": lambda writer, number: writer.deliver_sale(number, "sent", 1, ""),
}


@pytest.mark.parametrize("write", WRITES)
def test_a_write_ends_what_was_read_ahead(house: House, write: str) -> None:
    number = house.vending.sales(SaleFilter(account="A1"))[1].number
    with house.store.writing("some") as writer:
        writer.read_ahead(ACCOUNTS, house.meters, MONTH)
        WRITES[write](writer, number)
        after = answers(writer, house)
    with house.store.reading() as reader:
        assert answers(reader, house) == after


def test_states_stand_in_the_statements_that_every_sale_runs() -> None:
    """Bound, they would make SQLite plan anew at each run: whether the index of pending sales helps depends on the state."""
    for statement in (sa.select(*MONTH_TOTALS).where(COUNTS), sa.select(SALE.c.number).where(IS_CREDIT)):
        compiled = statement.compile(dialect=sqlite.dialect())
        assert compiled.params == {}
        assert "'posted'" in str(compiled) or "'credit'" in str(compiled)
