"""What vending writes: what a transaction remembers of its own writes, and rows replaced by their keys."""

from __future__ import annotations

import pytest

from ferraris.kernel.errors import StoreError
from ferraris.store import CustomerRow, EntryRow, ShiftRow, VendingStore, open_vending_store


@pytest.fixture
def store() -> VendingStore:
    return open_vending_store(":memory:")


def shift(number: int) -> ShiftRow:
    return ShiftRow(number=number, till="T", operator="o", opened_ms=1, float_minor=0)


def entry(number: int) -> EntryRow:
    return EntryRow(
        number=number,
        kind="direct",
        at_ms=1,
        subject="s",
        pending=None,
        currency="ZAR",
        digest="",
        previous_hash=f"h{number - 1}",
        hash=f"h{number}",
    )


def test_a_transaction_knows_the_head_that_it_has_written(store: VendingStore) -> None:
    with store.writing("one") as writer:
        assert writer.ledger_head() is None
        writer.add([entry(1), entry(2)])
        assert writer.ledger_head() == entry(2)
    with store.writing("two") as writer:
        assert writer.ledger_head() == entry(2)


def test_a_transaction_sees_the_shifts_that_it_opens_and_closes(store: VendingStore) -> None:
    with store.writing("one") as writer:
        assert writer.open_shift("T") is None
        writer.add([shift(1)])
        assert writer.open_shift("T") == shift(1)
        writer.close_shift(1, 5, 7, 0)
        assert writer.open_shift("T") is None
        writer.add([shift(2)])
        assert writer.open_shift("T") == shift(2)


def test_two_open_shifts_at_a_till_are_refused_by_the_database(store: VendingStore) -> None:
    with pytest.raises(StoreError, match=r"uq_shift_open|shift\.till"), store.writing("one") as writer:
        writer.add([shift(1), shift(2)])


def test_replace_adds_or_overwrites(store: VendingStore) -> None:
    with store.writing("one") as writer:
        for name in ("Ann", "Anna"):
            writer.replace(CustomerRow(number="C", name=name))
            assert writer.customer("C") == CustomerRow(number="C", name=name)


def test_batches_are_of_the_shifts_named(store: VendingStore) -> None:
    with store.writing("one") as writer:
        for number in (1, 2, 3):
            writer.add([shift(number)])
            writer.close_shift(number, 5, 7, 0)
        writer.batch_shifts([1, 3], 7)
        assert [row.number for row in writer.unbatched_shifts("T")] == [2]
        assert [row.number for row in writer.shifts(batch=7)] == [3, 1]
        assert writer.next_batch() == 8
