"""Credit as a function of the import register: exact, and the mark is the first reading at which a level is reached."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ferraris.meter.payment.balance import Balance, whole

AMOUNTS = st.integers(-(10**15), 10**15)


@given(amount=AMOUNTS, price=st.integers(1, 10**6), reference=st.integers(0, 10**12), level=AMOUNTS)
def test_the_mark_is_the_first_reading_with_no_more_than_the_level(
    amount: int, price: int, reference: int, level: int
) -> None:
    balance = Balance(amount, reference, price)
    mark = balance.mark_mwh(level)
    assert mark is not None
    assert balance.at(mark) <= level < balance.at(mark - 1)


@given(amount=AMOUNTS, price=st.integers(0, 10**6), energies=st.lists(st.integers(0, 10**9), max_size=5))
def test_what_is_left_and_what_was_consumed_are_the_whole(amount: int, price: int, energies: list[int]) -> None:
    balance = Balance(amount, 1_000, price)
    reading = 1_000 + sum(energies)
    assert balance.at(reading) + balance.consumed(reading) == amount
    assert balance.consumed(reading) == sum(price * energy for energy in energies)


def test_without_a_price_no_level_is_ever_reached() -> None:
    assert Balance(5, 0, 0).mark_mwh(0) is None


def test_credit_is_rounded_down() -> None:
    assert [whole(amount) for amount in (1_999_999, 1_000_000, 999_999, 0, -1, -1_000_001)] == [1, 1, 0, 0, -1, -2]
