"""Whoever changes one value of one row behind the program's back is found: every column of every table that is money or token.

Orders change after they are written only in what is known of their delivery, in their copies, and in when they were ended: those
columns are named here, so that a new column is either in the chain of hashes or knowingly beside it.
"""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from ferraris.keys.security_module import SecurityModuleUnavailable, VendingKeyNotFound
from ferraris.store import open_vending_store
from ferraris.store.vending_tables import METADATA
from ferraris.vending import FreeIssueRequest, LedgerError, VendingError
from ferraris.vending.ledger import verify_chain
from tests.vending.house import MINUTE_MS, NOON_MS, OPERATOR, SUPERVISOR, make_house

CHAINED = ("entry", "posting", "sale", "token")
BESIDE = {
    ("sale", "finished_ms"),
    ("sale", "delivery"),
    ("sale", "delivered_ms"),
    ("sale", "delivery_detail"),
    ("sale", "reprints"),
}
"""What is learned of an order after it was posted."""
ORDER = ("posting", "position")
"""Says nothing but which posting comes first; postings that change places are found."""
COLUMNS = [
    (table, column.name)
    for table in CHAINED
    for column in METADATA.tables[table].c
    if (table, column.name) not in {*BESIDE, ORDER}
]


def busy_day(path: Path) -> None:
    """Sales that were posted, voided, left pending, taken back; free units, a key change, a debt, a deposit."""
    house = make_house(path, meters=2, tariff_name="domestic_blocks")
    vending = house.vending
    vending.registry.open_debt("D1", "A1", "fine", 5_000, SUPERVISOR, NOON_MS, minimum_minor=100)
    vending.shifts.open("T1", OPERATOR, NOON_MS)
    for step in range(3):
        vending.sell(house.request("100"), NOON_MS + step * MINUTE_MS)
    vending.free_issue(FreeIssueRequest(message_id="f", till="T1", operator=OPERATOR, meter=house.meter), NOON_MS)
    present = vending.registry.meter(house.meters[1]).present.sts
    vending.registry.want(replace(present, key_revision_number=2), SUPERVISOR, NOON_MS)
    taken_back = vending.sell(house.request("60", meter=house.meters[1]), NOON_MS)
    vending.reverse(taken_back.number, SUPERVISOR, NOON_MS)
    vending.shifts.deposit("bank 1", "T1", OPERATOR, 10_000, NOON_MS)
    for failure in (VendingKeyNotFound("no"), SecurityModuleUnavailable("away")):
        house.module.failure = failure
        with pytest.raises(VendingError):
            vending.sell(house.request("100"), NOON_MS)
    house.store.close()


@cache
def honest() -> Path:
    """One such day in a file, its triggers taken off; copies of it are altered."""
    import tempfile

    path = Path(tempfile.mkdtemp()) / "vending.sqlite"
    busy_day(path)
    with sqlite3.connect(path) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
    connection.close()
    return path


def rows_of(table: str) -> int:
    with sqlite3.connect(honest()) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def verified(path: Path) -> None:
    store = open_vending_store(path)
    try:
        with store.reading() as reader:
            verify_chain(reader)
    finally:
        store.close()


def the_row(table: str, place: int) -> str:
    """The condition that only the row at this place of the table meets."""
    key = ", ".join(column.name for column in METADATA.tables[table].primary_key)
    return f"({key}) = (SELECT {key} FROM {table} ORDER BY {key} LIMIT 1 OFFSET {place})"


def altered(path: Path, table: str, column: str, place: int) -> bool:
    """Give the column of one row another value; whether the database let it happen."""
    shutil.copy(honest(), path)
    whole = isinstance(METADATA.tables[table].c[column].type, sa.Integer)
    changed = f"coalesce({column}, 0) + 1" if whole else f"coalesce({column}, '') || '1'"
    connection = sqlite3.connect(path)
    try:
        connection.execute(f"UPDATE {table} SET {column} = {changed} WHERE {the_row(table, place)}")
        connection.commit()
    except sqlite3.IntegrityError:
        return False
    finally:
        connection.close()
    return True


def test_the_day_that_is_altered_was_an_honest_one(tmp_path: Path) -> None:
    copy = tmp_path / "v.sqlite"
    shutil.copy(honest(), copy)
    verified(copy)
    assert [rows_of(table) for table in CHAINED] == [16, 33, 7, 11]


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=[f"{table}.{column}" for table, column in COLUMNS])
def test_no_column_of_any_row_can_be_changed_unseen(tmp_path: Path, table: str, column: str) -> None:
    for place in range(rows_of(table)):
        path = tmp_path / f"{place}.sqlite"
        if altered(path, table, column, place):
            with pytest.raises(LedgerError):
                verified(path)


@pytest.mark.parametrize(("table", "column"), sorted(BESIDE), ids=[column for _, column in sorted(BESIDE)])
def test_what_is_beside_the_chain_says_nothing_of_money_or_tokens(tmp_path: Path, table: str, column: str) -> None:
    path = tmp_path / "v.sqlite"
    assert altered(path, table, column, 0)
    verified(path)


@pytest.mark.parametrize("table", CHAINED)
def test_no_row_can_be_taken_out_unseen(tmp_path: Path, table: str) -> None:
    for place in range(rows_of(table)):
        path = tmp_path / f"{place}.sqlite"
        shutil.copy(honest(), path)
        connection = sqlite3.connect(path)
        connection.execute(f"DELETE FROM {table} WHERE {the_row(table, place)}")
        connection.commit()
        connection.close()
        with pytest.raises(LedgerError):
            verified(path)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE posting SET position = 9 WHERE entry = 2 AND position = 1",
        "UPDATE token SET digits = '12345678901234567890' WHERE sale IN (SELECT number FROM sale WHERE state = 'void')",
        "UPDATE token SET digits = '12345678901234567890' WHERE sale IN (SELECT number FROM sale WHERE state = 'pending')",
        "INSERT INTO posting SELECT entry, position + 50, account, amount_minor FROM posting",
        "INSERT INTO token SELECT sale, position + 50, meter, kind, configuration, base_date, NULL, random, value, digits FROM token",
    ],
)
def test_nothing_is_put_in_or_changes_places_unseen(tmp_path: Path, change: str) -> None:
    path = tmp_path / "v.sqlite"
    shutil.copy(honest(), path)
    with sqlite3.connect(path) as connection:
        assert connection.execute(change).rowcount > 0
    connection.close()
    with pytest.raises(LedgerError):
        verified(path)


PLACES = st.integers(0, 15)


@profile(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PLACES, PLACES, st.sampled_from(["subject", "digest", "kind", "at_ms", "currency"]))
def test_no_two_entries_can_exchange_what_they_say_unseen(tmp_path: Path, one: int, other: int, column: str) -> None:
    path = tmp_path / "exchanged.sqlite"
    shutil.copy(honest(), path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA ignore_check_constraints = ON")
    values = [
        connection.execute(f"SELECT number, {column} FROM entry LIMIT 1 OFFSET {place}").fetchone()
        for place in (one, other)
    ]
    for (number, _), (_, value) in zip(values, reversed(values), strict=True):
        connection.execute(f"UPDATE entry SET {column} = ? WHERE number = ?", (value, number))
    connection.commit()
    connection.close()
    if values[0][1] == values[1][1]:
        verified(path)
        return
    with pytest.raises(LedgerError):
        verified(path)
