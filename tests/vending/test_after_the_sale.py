"""What comes after a sale, and what is no sale: free units, key changes, delivery, reversal, reprint, queries, audit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ferraris.keys.security_module import (
    VendingKeyNotFound,
)
from ferraris.sts import BaseDate
from ferraris.vending import (
    Delivery,
    FreeIssueError,
    FreeIssueRequest,
    IssueRefusedError,
    KeyChangeError,
    KeyChangeRequest,
    ReversalError,
    SaleKind,
    SaleState,
    ShiftError,
    TokenKind,
    VendingError,
)
from tests.vending.house import (
    DAY_MS,
    MINUTE_MS,
    NOON_MS,
    OPERATOR,
    SUPERVISOR,
    House,
    configuration,
    make_house,
    settings,
)


@pytest.fixture
def house() -> House:
    return make_house(meters=2)


def free(house: House, message_id: str = "f1", meter: str = "") -> FreeIssueRequest:
    return FreeIssueRequest(message_id=message_id, till="T1", operator=OPERATOR, meter=meter or house.meter)


def change(house: House, message_id: str = "k1") -> KeyChangeRequest:
    return KeyChangeRequest(message_id=message_id, till="T1", operator=OPERATOR, meter=house.meter)


def want(house: House, **changes: Any) -> None:
    present = house.vending.registry.meter(house.meter).present.sts
    house.vending.registry.want(replace(present, **changes), SUPERVISOR, NOON_MS)


# Free units


def test_free_units_are_issued_once_a_month() -> None:
    house = make_house(tariff_name="domestic_blocks")
    sale = house.vending.free_issue(free(house), NOON_MS)
    assert (sale.kind, sale.units_tenths, sale.tendered_minor) == (SaleKind.FREE_ISSUE, 500, 0)
    assert house.vending.free_issue(free(house), NOON_MS) == sale
    with pytest.raises(FreeIssueError, match="2026-07"):
        house.vending.free_issue(free(house, "f2"), NOON_MS + DAY_MS)
    assert house.vending.free_issue(free(house, "f3"), NOON_MS + 31 * DAY_MS).units_tenths == 500
    assert house.vending.balances() == {}


def test_free_units_use_up_no_block() -> None:
    house = make_house(tariff_name="domestic_blocks")
    before = house.vending.quote(house.request("1000"), NOON_MS).breakdown
    house.vending.free_issue(free(house), NOON_MS)
    assert house.vending.quote(house.request("1000"), NOON_MS).breakdown == before


def test_a_tariff_without_free_units_gives_none(house: House) -> None:
    with pytest.raises(FreeIssueError, match="no free units"):
        house.vending.free_issue(free(house), NOON_MS)


# Key changes


def test_the_next_purchase_brings_the_key_change(house: House) -> None:
    want(house, key_revision_number=2, tariff_index=9)
    assert house.vending.quote(house.request("10"), NOON_MS).key_change
    sale = house.vending.sell(house.request("10"), NOON_MS)
    assert [token.kind for token in sale.tokens] == [TokenKind.KEY_CHANGE] * 4 + [TokenKind.CREDIT]
    new = configuration(1, key_revision_number=2, tariff_index=9)
    assert sale.configuration == new
    assert house.module.verify(new, sale.tokens[-1].digits)
    assert [one.state for one in house.vending.registry.meter(house.meter).history] == ["loaded", "issued"]
    again = house.vending.sell(house.request("10"), NOON_MS)
    assert [token.kind for token in again.tokens] == [TokenKind.CREDIT]
    assert again.configuration == new


@pytest.mark.parametrize(
    "changes",
    [
        {"tariff_index": 8},
        {"key_revision_number": 3},
        {"supply_group_code": "100001"},
        {"key_expiry_number": 200},
        {"base_date": BaseDate.Y2014, "key_revision_number": 2},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_whatever_differs_brings_a_key_change(changes: dict[str, Any]) -> None:
    house = make_house(base_date=BaseDate.Y1993)
    now_ms = BaseDate.Y2014.start_ms
    want(house, **changes)
    sale = house.vending.sell(house.request("10"), now_ms)
    assert len(sale.tokens) == 5
    assert sale.configuration == configuration(1, **{"base_date": BaseDate.Y1993, **changes})


def test_identifiers_begin_again_with_a_new_base_date() -> None:
    house = make_house(base_date=BaseDate.Y1993)
    now_ms = BaseDate.Y2014.start_ms + 5 * MINUTE_MS
    old = house.vending.sell(house.request("10"), now_ms).tokens[0].token_identifier
    want(house, base_date=BaseDate.Y2014, key_revision_number=2)
    new = house.vending.sell(house.request("10"), now_ms).tokens[-1].token_identifier
    assert (old, new) == ((now_ms - BaseDate.Y1993.start_ms) // MINUTE_MS, 5)


def test_a_sale_that_is_voided_leaves_the_key_change_wanted(house: House) -> None:
    want(house, key_revision_number=2)
    house.module.failure = VendingKeyNotFound("not loaded yet")
    with pytest.raises(IssueRefusedError):
        house.vending.sell(house.request("10"), NOON_MS)
    assert house.vending.registry.meter(house.meter).wanted is not None
    house.module.failure = None
    assert len(house.vending.sell(house.request("10"), NOON_MS).tokens) == 5


def test_a_key_change_alone_and_once_more(house: House) -> None:
    with pytest.raises(KeyChangeError, match="no key change"):
        house.vending.change_key(change(house), NOON_MS)
    want(house, key_revision_number=2)
    sale = house.vending.change_key(change(house), NOON_MS)
    assert (sale.kind, len(sale.tokens), sale.tendered_minor) == (SaleKind.KEY_CHANGE, 4, 0)
    again = house.vending.change_key(change(house, "k2"), NOON_MS)
    assert [token.digits for token in again.tokens] == [token.digits for token in sale.tokens]


def test_an_accepted_token_proves_the_new_key(house: House) -> None:
    old = house.vending.sell(house.request("10"), NOON_MS)
    want(house, key_revision_number=2)
    new = house.vending.sell(house.request("10"), NOON_MS)
    assert [sale.number for sale in house.vending.stranded(house.vending.registry.meter(house.meter))] == [old.number]
    house.vending.mark_delivered(new.number, Delivery.ACCEPTED, NOON_MS + 1)
    meter = house.vending.registry.meter(house.meter)
    assert [one.state for one in meter.history] == ["former", "loaded"]
    assert meter.present.row.proof == f"token of receipt {new.number} accepted"
    house.vending.mark_delivered(old.number, Delivery.ACCEPTED, NOON_MS + 2)
    assert house.vending.stranded(meter) == []
    assert [one.state for one in house.vending.registry.meter(house.meter).history] == ["former", "loaded"]


# Delivery


def test_what_is_not_delivered_is_listed_until_the_meter_has_spoken(house: House) -> None:
    first, second = (house.vending.sell(house.request("10"), NOON_MS) for _ in range(2))
    assert [sale.number for sale in house.vending.undelivered()] == [second.number, first.number]
    sent = house.vending.mark_delivered(first.number, Delivery.SENT, NOON_MS, "over TCP")
    assert (sent.delivery, sent.delivered_ms, sent.delivery_detail) == (Delivery.SENT, NOON_MS, "over TCP")
    assert len(house.vending.undelivered()) == 2
    house.vending.mark_delivered(first.number, Delivery.ACCEPTED, NOON_MS)
    house.vending.mark_delivered(second.number, Delivery.REFUSED, NOON_MS, "used_error")
    assert house.vending.undelivered() == []


def test_accepted_is_for_ever(house: House) -> None:
    sale = house.vending.sell(house.request("10"), NOON_MS)
    house.vending.mark_delivered(sale.number, Delivery.ACCEPTED, NOON_MS)
    assert house.vending.mark_delivered(sale.number, Delivery.REFUSED, NOON_MS + 1).delivery is Delivery.ACCEPTED


def test_a_token_that_was_taken_after_its_sale_was_reversed_stands_in_the_audit(house: House) -> None:
    sale = house.vending.sell(house.request("10", message_id="late"), NOON_MS)
    house.vending.mark_delivered(sale.number, Delivery.SENT, NOON_MS)
    house.vending.reverse(sale.number, SUPERVISOR, NOON_MS, "wrong meter")
    taken = house.vending.mark_delivered(sale.number, Delivery.ACCEPTED, NOON_MS + 1, "accept")
    assert (taken.state, taken.delivery) == (SaleState.REVERSED, Delivery.ACCEPTED)
    newest = house.vending.audit(1, subject="late")[0]
    assert (newest.actor, newest.action, newest.detail) == ("meter", "accepted after reversal", "accept")
    house.vending.mark_delivered(sale.number, Delivery.ACCEPTED, NOON_MS + 2)  # told twice, it is written once
    assert [row.action for row in house.vending.audit(subject="late")].count("accepted after reversal") == 1


def test_what_was_never_issued_cannot_be_delivered(house: House) -> None:
    with pytest.raises(VendingError, match="nothing to deliver"):
        house.vending.mark_delivered(7, Delivery.ACCEPTED, NOON_MS)


# Reversal and reprint


def test_a_reversal_gives_the_money_back_and_keeps_the_identifier(house: House) -> None:
    sale = house.vending.sell(house.request("10"), NOON_MS)
    back = house.vending.reverse(sale.number, SUPERVISOR, NOON_MS, "wrong meter")
    assert back.state is SaleState.REVERSED
    assert house.vending.reverse(sale.number, OPERATOR, NOON_MS) == back
    assert set(house.vending.balances().values()) == {0}
    assert house.vending.sell(house.request("10"), NOON_MS).tokens[0].token_identifier == 6_572_881
    assert house.vending.verify_ledger().entries == 5


# What is known of the token, what the meter said of it, and who may take the sale back. A token on paper works until the meter
# has said that it never will.
REVERSALS = """
delivery  said                     operator  supervisor
none      -                        no        yes
sent      -                        no        yes
typed     said_by_olga             no        yes
accepted  accept                   no        yes
refused   -                        no        yes
refused   crc_error                no        yes
refused   key_expired_error        no        yes
refused   overflow_error           no        yes
refused   lockout                  no        yes
none      old_error                no        yes
accepted  old_error                no        yes
refused   old_error                yes       yes
refused   ddtk_error               yes       yes
refused   function_error           yes       yes
refused   range_error              yes       yes
"""


@pytest.mark.parametrize("row", REVERSALS.strip().splitlines()[1:])
def test_who_may_take_a_sale_back(row: str) -> None:
    delivery, said, *allowed = row.split()
    for actor, may in zip((OPERATOR, SUPERVISOR), allowed, strict=True):
        house = make_house()
        sale = house.vending.sell(house.request("10"), NOON_MS)
        if (delivery, said) != ("none", "-"):
            house.vending.mark_delivered(sale.number, Delivery(delivery), NOON_MS, said.strip("-"))
        if may == "yes":
            assert house.vending.reverse(sale.number, actor, NOON_MS).state is SaleState.REVERSED
        else:
            with pytest.raises(ReversalError, match="supervisor"):
                house.vending.reverse(sale.number, actor, NOON_MS)
            assert house.vending.sale(sale.number).state is SaleState.POSTED


def test_every_copy_of_the_digits_counts_as_shown(house: House) -> None:
    """Found again by its message id, or printed once more: a sale shows its token to whoever asks."""
    sale = house.vending.sell(house.request("10", message_id="m"), NOON_MS)
    again = house.vending.sale_by_message("m")
    assert again is not None
    assert again.tokens == house.vending.reprint(sale.number, OPERATOR, NOON_MS).tokens == sale.tokens
    with pytest.raises(ReversalError, match="supervisor"):
        house.vending.reverse(sale.number, OPERATOR, NOON_MS)


def test_what_cannot_be_reversed(house: House) -> None:
    with pytest.raises(ReversalError, match="no such sale"):
        house.vending.reverse(99, SUPERVISOR, NOON_MS)
    want(house, key_revision_number=2)
    sale = house.vending.change_key(change(house), NOON_MS)
    with pytest.raises(ReversalError, match="key_change"):
        house.vending.reverse(sale.number, SUPERVISOR, NOON_MS)


def test_a_reprint_is_the_same_token_counted(house: House) -> None:
    sale = house.vending.sell(house.request("10"), NOON_MS)
    copies = [house.vending.reprint(sale.number, OPERATOR, NOON_MS) for _ in range(2)]
    assert [copy.reprints for copy in copies] == [1, 2]
    assert {copy.tokens for copy in copies} == {sale.tokens}
    house.vending.reverse(sale.number, SUPERVISOR, NOON_MS)
    with pytest.raises(VendingError, match="no receipt"):
        house.vending.reprint(sale.number, OPERATOR, NOON_MS)


# Queries and audit


def test_orders_are_found_again(house: House) -> None:
    sale = house.vending.sell(house.request("10", message_id="mine"), NOON_MS)
    assert house.vending.sale_by_message("mine") == sale == house.vending.sale(sale.number)
    assert house.vending.sale_by_message("yours") is None
    with pytest.raises(VendingError, match="no such order"):
        house.vending.sale(99)


def test_every_order_leaves_its_row_in_the_audit(house: House) -> None:
    sale = house.vending.sell(house.request("10", message_id="mine"), NOON_MS)
    house.vending.reprint(sale.number, OPERATOR, NOON_MS)
    house.vending.reverse(sale.number, SUPERVISOR, NOON_MS, "wrong meter")
    rows = [(row.actor, row.action, row.detail) for row in house.vending.audit(subject="mine")]
    assert rows == [
        (SUPERVISOR, "reverse", "wrong meter"),
        (OPERATOR, "reprint", "copy 1"),
        (OPERATOR, "credit", f"order {sale.number}, meter {house.meter}"),
    ]


def test_no_till_sells_without_a_shift_where_one_is_required() -> None:
    house = make_house(settings=settings(shift_required=True))
    with pytest.raises(ShiftError, match="no open shift"):
        house.vending.sell(house.request("10"), NOON_MS)
    shift = house.vending.shifts.open("T1", OPERATOR, NOON_MS)
    assert house.vending.sell(house.request("10"), NOON_MS).shift == shift.number


def test_a_token_is_in_no_repr(house: House) -> None:
    sale = house.vending.sell(house.request("10"), NOON_MS)
    assert sale.tokens[0].digits not in repr(sale)
