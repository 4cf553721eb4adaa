"""The account: tokens, days and consumption in any order, and no millionth lost."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cosem.classes.account import AccountStatus
from ferraris.meter.events import EventCode
from ferraris.meter.payment.account import (
    NO_MARK,
    Account,
    ChargeKind,
    Emergency,
    amount_of,
    cleared,
    rebased,
    settled,
    with_days,
    with_token,
)
from ferraris.meter.payment.balance import Balance
from ferraris.meter.payment.terms import Terms

TERMS = Terms(False, True, AccountStatus.ACTIVE, -3, (1_000, 1_000), 0, True, 0, 0, 300, 500, 100, False)
"""Warning at 300, emergency credit of 500 from 100 on."""
ACTIVE = Account(Balance(0, 0, 1), AccountStatus.ACTIVE, 0)


def with_left(left: int, **changes: object) -> Account:
    return replace(ACTIVE, balance=Balance(left, 0, 1), **changes)  # type: ignore[arg-type]


SETTLING = """
# left  emergency     warned  cut    becomes       supply  next mark  events
  900   not_selected  no      no     not_selected  yes     600
  301   not_selected  no      no     not_selected  yes     1
  300   not_selected  no      no     not_selected  yes     300        credit_low
  300   not_selected  yes     no     not_selected  yes     300
  1     not_selected  yes     no     not_selected  yes     1
  0     not_selected  yes     no     not_selected  no      1          credit_exhausted
  0     not_selected  yes     yes    not_selected  no      1
  100   selected      yes     no     selected      yes     100
  101   selected      yes     no     not_selected  yes     101
  0     selected      yes     no     in_use        yes     500        emergency_credit_in_use
  -100  in_use        yes     no     in_use        yes     400
  -500  in_use        yes     no     in_use        no      1          credit_exhausted
  50    in_use        yes     yes    in_use        yes     50
"""


@pytest.mark.parametrize("line", [line for line in SETTLING.strip().splitlines() if not line.startswith("#")])
def test_settling(line: str) -> None:
    left, emergency, warned, cut, becomes, supply, mark, *events = line.split()
    before = with_left(int(left), emergency=Emergency[emergency.upper()], warned=warned == "yes", cut_off=cut == "yes")
    after, found = settled(before, TERMS, 0)
    assert after.emergency is Emergency[becomes.upper()]
    assert after.may_supply(TERMS, 0) is (supply == "yes")
    assert after.mark_mwh(TERMS, 0) == int(mark)
    assert found == [EventCode[event.upper()] for event in events]
    assert settled(after, TERMS, 0) == (after, [])


def test_automatic_emergency_credit_selects_itself() -> None:
    after, events = settled(with_left(0, warned=True), replace(TERMS, emergency_automatic=True), 0)
    assert (after.emergency, events) == (Emergency.IN_USE, [EventCode.EMERGENCY_CREDIT_IN_USE])


@pytest.mark.parametrize(
    ("account", "terms", "supply", "mark"),
    [
        (with_left(0, status=AccountStatus.NEW), TERMS, True, NO_MARK),
        (with_left(900, status=AccountStatus.CLOSED), TERMS, False, 1),
        (with_left(900, tampered=True), TERMS, False, 1),
        (with_left(-900), replace(TERMS, prepaid=False), True, NO_MARK),
        (replace(with_left(900), balance=Balance(900, 0, 0)), TERMS, True, NO_MARK),
    ],
)
def test_who_is_supplied(account: Account, terms: Terms, supply: bool, mark: int) -> None:
    after, events = settled(account, terms, 0)
    assert (after.may_supply(terms, 0), after.mark_mwh(terms, 0)) == (supply, mark)
    assert after.cut_off is not supply
    assert EventCode.CREDIT_EXHAUSTED not in events


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("token"), st.integers(1, 5_000)),
        st.tuples(st.just("energy"), st.integers(0, 2_000)),
        st.tuples(st.just("days"), st.integers(1, 3)),
        st.tuples(st.just("price"), st.integers(0, 5)),
    ),
    max_size=30,
)


@given(STEPS, st.integers(0, 300), st.integers(0, 200), st.integers(0, 10_000), st.integers(0, 3_000))
def test_no_millionth_is_lost(steps: list[tuple[str, int]], a_day: int, debt_a_day: int, share: int, debt: int) -> None:
    """What tokens brought is what is left and what the charges have taken; what is owed is what fell due and was not taken."""
    terms = replace(TERMS, a_day=a_day, debt_a_day=debt_a_day, debt_share=share)
    account, reading, due = replace(ACTIVE, debt=debt), 0, 0
    for what, how_much in steps:
        match what:
            case "token":
                account = with_token(account, how_much, terms, reading, 5)
            case "energy":
                reading += how_much
            case "days":
                account = with_days(account, how_much, terms, reading, 5)
                due += how_much * a_day
            case "price":
                account = rebased(account, reading, how_much, 5)
    consumption, daily, repaid = (collection.paid for collection in account.collections)
    assert account.credited == account.left(reading) + consumption + account.balance.consumed(reading) + daily + repaid
    assert account.arrears == due - daily >= 0
    assert account.debt == debt - repaid >= 0


@given(st.integers(-1_000, 1_000), st.integers(0, 500), st.integers(0, 3))
def test_days_never_bring_anybody_below_what_was_left(left: int, a_day: int, days: int) -> None:
    after = with_days(replace(with_left(left), debt=300), days, replace(TERMS, a_day=a_day, debt_a_day=70), 0, 5)
    assert after.left(0) == left if left <= 0 else after.left(0) >= 0


def test_a_token_pays_debts_share_then_emergency_credit_then_arrears() -> None:
    terms = replace(TERMS, debt_share=1_000)
    account = with_left(-200, debt=5_000, arrears=300, emergency=Emergency.IN_USE)
    after = with_token(account, 600, terms, 0, 9)
    assert (after.debt, after.arrears, after.left(0)) == (4_940, 0, 40)
    assert after.collections[ChargeKind.DEBT].amount == 60
    assert after.collections[ChargeKind.DAILY].amount == 300
    assert after.credited == 600


PROVISION = """
# tokens (time/amount)         share of 20 %, at most 100 in 1000 s        debt of 1000
  0/200 10/200 20/200          40 40 20
  0/200 10/200 1000/200        40 40 40
  0/900 999/900 1000/900       100 0 100
  0/900 1500/400 2400/400      100 80 20
  500/900 400/900              100 100
  0/4000 1000/4000 2000/4000   100 100 100
"""


@pytest.mark.parametrize("line", [line for line in PROVISION.strip().splitlines() if not line.startswith("#")])
def test_payments_are_charged_with_no_more_than_the_provision_of_a_period(line: str) -> None:
    terms = replace(TERMS, debt_share=2_000, provision_max=100, provision_period_s=1_000)
    account, found = with_left(0, debt=1_000), []
    fields = line.split()
    for token in (field for field in fields if "/" in field):
        time_s, amount = map(int, token.split("/"))
        after = with_token(account, amount, terms, 0, 5_000 + time_s)
        found.append(account.debt - after.debt)
        account = after
    assert found == [int(field) for field in fields if "/" not in field]


@given(
    tokens=st.lists(st.tuples(st.integers(0, 700), st.integers(0, 3_000)), max_size=30),
    share=st.integers(0, 10_000),
    most=st.integers(1, 500),
    period_s=st.integers(1, 2_000),
)
def test_whatever_is_paid_a_period_takes_no_more_than_its_provision(
    tokens: list[tuple[int, int]], share: int, most: int, period_s: int
) -> None:
    terms = replace(TERMS, debt_share=share, provision_max=most, provision_period_s=period_s)
    account, clock_s = with_left(0, debt=10_000), 10_000
    taken: list[tuple[int, int]] = []
    for wait_s, amount in tokens:
        clock_s += wait_s
        after = with_token(account, amount, terms, 0, clock_s)
        taken.append((clock_s, account.debt - after.debt))
        assert after.left(0) == account.left(0) + amount - taken[-1][1]
        account = after
    start_s, total = 0, 0
    for time_s, amount in taken:
        if amount and time_s >= start_s + period_s:
            start_s, total = time_s, 0
        total += amount
        assert total <= most


FRIENDLY = """
# left  emergency     cut    spared  friendly   supply  mark  spared  events
  50    not_selected  no     no      yes        yes     50    no
  0     not_selected  no     no      yes        yes     0     yes     friendly_credit_in_use
  -70   not_selected  no     yes     yes        yes     0     yes
  -70   not_selected  no     yes     no         no      1     no      credit_exhausted
  -70   not_selected  yes    no      yes        no      1     no
  -70   in_use        no     no      yes        yes     430   no
  -500  in_use        no     no      yes        yes     0     yes     friendly_credit_in_use
  50    not_selected  yes    no      yes        yes     50    no
"""


@pytest.mark.parametrize("line", [line for line in FRIENDLY.strip().splitlines() if not line.startswith("#")])
def test_settling_in_friendly_hours(line: str) -> None:
    left, emergency, cut, spared, friendly, supply, mark, after_spared, *events = line.split()
    state = Emergency[emergency.upper()]
    before = with_left(int(left), emergency=state, warned=True, cut_off=cut == "yes", spared=spared == "yes")
    terms = TERMS.at(friendly == "yes")
    after, found = settled(before, terms, 0)
    assert after.may_supply(terms, 0) is (supply == "yes")
    assert after.mark_mwh(terms, 0) == int(mark)
    assert after.spared is (after_spared == "yes")
    assert found == [EventCode[event.upper()] for event in events]


def test_money_that_is_taken_away_has_no_share() -> None:
    after = with_token(replace(with_left(500), debt=100), -200, replace(TERMS, debt_share=5_000), 0, 9)
    assert (after.left(0), after.debt) == (300, 100)


def test_clearing_leaves_what_is_lent() -> None:
    assert cleared(with_left(77), 7).left(7) == 0
    assert cleared(with_left(-77), 0).left(0) == -77


def test_amounts_are_counted_in_millionths() -> None:
    assert amount_of(3) == 3_000_000
