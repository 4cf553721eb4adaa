"""The ledger: entries that balance, a chain that shows whatever was altered, balances that are nothing but sums."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.keys.security_module import SecurityModuleUnavailable, VendingKeyNotFound
from ferraris.store import open_vending_store
from ferraris.vending import LedgerError, Posting, VendingError
from ferraris.vending.ledger import GENESIS, EntryKind, NewEntry, append, verify_chain
from tests.vending.house import MINUTE_MS, NOON_MS, SUPERVISOR, make_house

# What is done past the program, with the triggers taken off      and what the chain says then
ALTERED = """
UPDATE posting SET amount_minor = amount_minor + 1 WHERE account = 'till:T1:cash'                 altered
UPDATE posting SET account = 'till:T9:cash' WHERE entry = 1 AND position = 1                      altered
UPDATE posting SET amount_minor = amount_minor * 2 WHERE entry = 1                                altered
DELETE FROM posting WHERE entry = 3                                                               altered
INSERT INTO posting VALUES (3, 9, 'mine', 0)                                                      altered
INSERT INTO posting VALUES (99, 1, 'mine', 5)                                                     at the end are missing
UPDATE entry SET at_ms = at_ms + 1 WHERE number = 3                                               altered
UPDATE entry SET subject = 'another' WHERE number = 4                                             altered
UPDATE entry SET digest = 'another' WHERE number = 1                                              altered
UPDATE entry SET hash = 'another' WHERE number = 2                                                altered
DELETE FROM entry WHERE number = 1                                                                entries are missing
DELETE FROM entry WHERE number = 3                                                                entries are missing
DELETE FROM entry WHERE number = (SELECT max(number) FROM entry)                                  end are missing
UPDATE sale SET tendered_minor = 1 WHERE number = 1                                               order of entry 1 was altered
UPDATE sale SET meter = 'another' WHERE number = 1                                                order of entry 1 was altered
UPDATE sale SET breakdown = '' WHERE number = 1                                                   order of entry 1 was altered
DELETE FROM sale WHERE number = 3                                                                 order of entry 3 was altered
UPDATE sale SET state = 'void' WHERE number = 1                                                   its state was altered
UPDATE sale SET state = 'pending' WHERE number = 1                                                its state was altered
UPDATE sale SET state = 'posted' WHERE state = 'void'                                             its state was altered
UPDATE sale SET state = 'posted' WHERE state = 'pending'                                          its state was altered
UPDATE sale SET state = 'reversed' WHERE number = 1                                               reversal of m1: the state of the order
UPDATE sale SET state = 'posted' WHERE state = 'reversed'                                         its counter-entry is missing
UPDATE token SET digits = '12345678901234567890' WHERE sale = 1                                   tokens of order 1 were altered
UPDATE token SET value = 9999 WHERE sale = 3                                                      order of entry 3 was altered
UPDATE token SET token_identifier = 1 WHERE sale = 3                                              order of entry 3 was altered
DELETE FROM token WHERE sale = 3                                                                  order of entry 3 was altered
"""


def sold_something(path: Path) -> None:
    """Five sales: two posted, one void, one pending, one taken back."""
    house = make_house(path)
    for step in range(2):
        house.vending.sell(house.request("10"), NOON_MS + step * MINUTE_MS)
    for failure in (VendingKeyNotFound("no"), SecurityModuleUnavailable("away")):
        house.module.failure = failure
        with pytest.raises(VendingError):
            house.vending.sell(house.request("10"), NOON_MS)
    house.module.failure = None
    back = house.vending.sell(house.request("10"), NOON_MS + 9 * MINUTE_MS)
    house.vending.reverse(back.number, SUPERVISOR, NOON_MS)
    house.store.close()


def without_triggers(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_an_honest_ledger_holds(tmp_path: Path) -> None:
    path = tmp_path / "v.sqlite"
    sold_something(path)
    store = open_vending_store(path)
    with store.reading() as reader:
        state = verify_chain(reader)
    store.close()
    assert (state.entries, state.pending) == (10, 1)
    assert len(state.hash) == 64


@pytest.mark.parametrize("row", ALTERED.strip().splitlines())
def test_whatever_was_altered_or_removed_is_found(tmp_path: Path, row: str) -> None:
    statement, why = (part.strip() for part in row.split("   ") if part.strip())
    path = tmp_path / "v.sqlite"
    sold_something(path)
    without_triggers(path, statement)
    store = open_vending_store(path)
    with store.reading() as reader, pytest.raises(LedgerError, match=why):
        verify_chain(reader)
    store.close()


def test_a_cut_off_end_is_seen_by_the_hash_noted_elsewhere(tmp_path: Path) -> None:
    """Who removes the newest entries, orders and all, leaves a chain that holds; the shift slip knows better."""
    path = tmp_path / "v.sqlite"
    house = make_house(path)
    house.vending.sell(house.request("10"), NOON_MS)
    house.vending.shifts.open("T1", "olga", NOON_MS)
    house.vending.sell(house.request("10"), NOON_MS)
    slip = house.vending.shifts.close("T1", "olga", NOON_MS + 1, 0)
    house.store.close()
    without_triggers(path, "DELETE FROM token WHERE sale = 3")
    connection = sqlite3.connect(path)
    for table, column in (("sale", "number"), ("posting", "entry"), ("entry", "number")):
        connection.execute(f"DELETE FROM {table} WHERE {column} >= 3")
    connection.commit()
    connection.close()
    store = open_vending_store(path)
    with store.reading() as reader:
        state = verify_chain(reader)
    store.close()
    assert (slip.ledger_entries, state.entries) == (4, 2)
    assert state.hash != slip.ledger_hash


def test_an_empty_ledger_is_one_too() -> None:
    house = make_house()
    state = house.vending.verify_ledger()
    assert (state.entries, state.hash, state.pending) == (0, GENESIS, 0)


def test_more_entries_than_fit_a_page_are_verified() -> None:
    house = make_house(meters=50)
    for batch in range(24):
        requests = [house.request("1", meter=meter) for meter in house.meters]
        house.vending.sell_together(requests, NOON_MS + batch * MINUTE_MS)
    assert house.vending.verify_ledger().entries == 2_400


AMOUNTS = st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=6)


@given(AMOUNTS)
def test_an_entry_adds_up_to_zero_or_is_not_written(amounts: list[int]) -> None:
    house = make_house()
    postings = [Posting(f"a{place}", amount) for place, amount in enumerate(amounts)]
    with house.store.writing("balanced") as writer:
        if sum(amounts):
            with pytest.raises(LedgerError, match="adds up to zero"):
                append(writer, 1, "ZAR", [NewEntry(EntryKind.DIRECT, "s", postings)])
        balance = Posting("rest", -sum(amounts))
        append(writer, 1, "ZAR", [NewEntry(EntryKind.DIRECT, "s", [*postings, balance])])
    assert sum(house.vending.balances().values()) == 0
    assert house.vending.balances()["rest"] == -sum(amounts)


def test_only_what_is_posted_is_in_a_balance() -> None:
    house = make_house()
    with house.store.writing("phases") as writer:
        one = [Posting("a", 5), Posting("b", -5)]
        other = [Posting("a", 1), Posting("c", -1)]
        entries = [
            NewEntry(EntryKind.PENDING, "posted", one),
            NewEntry(EntryKind.POST, "posted", pending=1),
            NewEntry(EntryKind.PENDING, "void", one),
            NewEntry(EntryKind.VOID, "void", pending=3),
            NewEntry(EntryKind.PENDING, "pending", one),
            NewEntry(EntryKind.DIRECT, "direct", other),
        ]
        assert [entry.number for entry in append(writer, 1, "ZAR", entries)] == [1, 2, 3, 4, 5, 6]
    with house.store.reading() as reader:
        assert reader.balances() == {"a": 6, "b": -5, "c": -1}
        assert reader.balances(with_pending=True) == {"a": 11, "b": -10, "c": -1}
        assert reader.balances("a") == {"a": 6}


def test_opening_a_debt_is_an_entry() -> None:
    house = make_house()
    house.vending.registry.open_debt("D1", "A1", "a fine", 500, SUPERVISOR, NOON_MS, minimum_minor=10)
    assert house.vending.balances() == {"debt:D1": 500, "debts opened": -500}
    assert house.vending.verify_ledger().entries == 1
