"""Shifts, deposits and batches: what the drawer should hold, and what it does."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.vending import (
    AmountError,
    CreditTotal,
    FreeIssueRequest,
    MessageConflictError,
    NewMeter,
    PaymentKind,
    ShiftError,
    TariffBook,
    VendingError,
)
from tests.vending import house as houses
from tests.vending.house import MINUTE_MS, NOON_MS, OPERATOR, SUPERVISOR, House, make_house


@pytest.fixture
def house() -> House:
    return make_house(meters=3, tariff_name="domestic_blocks")


def test_totals_by_kind_of_payment_and_what_the_drawer_should_hold(house: House) -> None:
    shifts, vending = house.vending.shifts, house.vending
    vending.sell(house.request("500"), NOON_MS - 1)
    shift = shifts.open("T1", OPERATOR, NOON_MS, float_minor=20_000)
    # amount  payment    till
    for amount, payment, till in (
        ("100", PaymentKind.CASH, "T1"),
        ("250", PaymentKind.CASH, "T1"),
        ("80", PaymentKind.CARD, "T1"),
        ("999", PaymentKind.CASH, "T2"),
    ):
        vending.sell(house.request(amount, payment=payment, till=till), NOON_MS + 1)
    wrong = vending.sell(house.request("70"), NOON_MS + 2)
    vending.reverse(wrong.number, SUPERVISOR, NOON_MS + 3)
    free = FreeIssueRequest(message_id="f", till="T1", operator=OPERATOR, meter=house.meter)
    vending.free_issue(free, NOON_MS + 4)
    shifts.deposit("d1", "T1", OPERATOR, 30_000, NOON_MS + 5, "slip 17")

    totals = shifts.close("T1", OPERATOR, NOON_MS + MINUTE_MS, counted_minor=24_990)
    by_kind = {one.payment: (one.taken_minor, one.returned_minor) for one in totals.payments}
    assert by_kind == {"cash": (42_000, 7_000), "card": (8_000, 0), "transfer": (0, 0), "mobile": (0, 0)}
    assert (totals.number, totals.sales, totals.reversed_sales, totals.free_issues) == (shift.number, 4, 1, 1)
    assert (totals.deposited_minor, totals.expected_cash_minor, totals.difference_minor) == (30_000, 25_000, -10)
    units_tenths = sum(
        sale.units_tenths
        for sale in vending.sales(_of_shift(shift.number))
        if sale.kind == "credit" and sale.state == "posted"
    )
    assert totals.credits == (CreditTotal("electricity", "kWh", units_tenths, 0),)
    assert totals.ledger_hash == vending.verify_ledger().hash


def _of_shift(number: int):  # noqa: ANN202
    from ferraris.store import SaleFilter

    return SaleFilter(shift=number)


def test_a_closed_shift_does_not_change_any_more(house: House) -> None:
    house.vending.shifts.open("T1", OPERATOR, NOON_MS)
    sale = house.vending.sell(house.request("100"), NOON_MS)
    closed = house.vending.shifts.close("T1", OPERATOR, NOON_MS + 1, 10_000)
    house.vending.reverse(sale.number, SUPERVISOR, NOON_MS + 2)
    after = house.vending.shifts.totals(closed.number)
    assert (after.payments, after.expected_cash_minor) == (closed.payments, 10_000)


@pytest.mark.parametrize(
    "steps", [(0, 0, 0, 0), (0, -30, -20, -10), (0, 10, -50, -45), (50, 40, 30, 20), (0, -55, 55, -55)], ids=str
)
def test_a_clock_set_back_takes_no_money_out_of_a_shift(house: House, steps: tuple[int, int, int, int]) -> None:
    """Sold before, sold in the shift, brought to the bank in it, and sold after it: whatever the clock says meanwhile."""
    shifts = house.vending.shifts
    before, opened, sold, closed = (NOON_MS + minutes * MINUTE_MS for minutes in steps)
    house.vending.sell(house.request("40"), before)
    shifts.open("T1", OPERATOR, opened)
    house.vending.sell(house.request("100"), sold)
    back = house.vending.sell(house.request("70"), sold)
    house.vending.reverse(back.number, SUPERVISOR, sold)
    shifts.deposit("d", "T1", OPERATOR, 2_500, sold)
    totals = shifts.close("T1", OPERATOR, closed, 7_500)
    assert (totals.payments[0].taken_minor, totals.payments[0].returned_minor) == (17_000, 7_000)
    assert (totals.deposited_minor, totals.expected_cash_minor, totals.difference_minor) == (2_500, 7_500, 0)
    house.vending.sell(house.request("90"), sold)
    shifts.deposit("later", "T1", OPERATOR, 100, sold)
    after = shifts.totals(totals.number)
    assert (after.payments, after.expected_cash_minor) == (totals.payments, 7_500)


def test_a_till_has_one_shift_at_a_time(house: House) -> None:
    shifts = house.vending.shifts
    first = shifts.open("T1", OPERATOR, NOON_MS)
    with pytest.raises(ShiftError, match="has a shift open"):
        shifts.open("T1", "oscar", NOON_MS)
    assert shifts.open("T2", "oscar", NOON_MS).number == first.number + 1
    assert shifts.open_shift("T1") == first
    shifts.close("T1", OPERATOR, NOON_MS, 0)
    assert shifts.open_shift("T1") is None
    with pytest.raises(ShiftError, match="no open shift"):
        shifts.close("T1", OPERATOR, NOON_MS, 0)
    assert [row.till for row in shifts.list()] == ["T2", "T1"]
    assert [row.till for row in shifts.list("T1")] == ["T1"]


def test_a_deposit_is_made_once(house: House) -> None:
    shifts = house.vending.shifts
    first = shifts.deposit("d1", "T1", OPERATOR, 500, NOON_MS)
    assert shifts.deposit("d1", "T1", OPERATOR, 500, NOON_MS + 9) == first
    assert house.vending.balances() == {"bank": 500, "till:T1:cash": -500}
    with pytest.raises(MessageConflictError):
        shifts.deposit("d1", "T1", OPERATOR, 501, NOON_MS)


def test_batches_gather_closed_shifts_once(house: House) -> None:
    shifts = house.vending.shifts
    for step in range(2):
        shifts.open("T1", OPERATOR, NOON_MS + 10 * step)
        house.vending.sell(house.request("100"), NOON_MS + 10 * step + 1)
        shifts.deposit(f"d{step}", "T1", OPERATOR, 2_000, NOON_MS + 10 * step + 2)
        shifts.close("T1", OPERATOR, NOON_MS + 10 * step + 5, 10_000)
    batch = shifts.close_batch("T1", SUPERVISOR, NOON_MS + 100)
    assert [shift.number for shift in batch.shifts] == [1, 2]
    assert (batch.taken_minor, batch.deposited_minor) == (20_000, 4_000)
    with pytest.raises(ShiftError, match="no closed shift"):
        shifts.close_batch("T1", SUPERVISOR, NOON_MS + 101)
    assert shifts.batch_totals(batch.batch) == batch
    with pytest.raises(ShiftError, match="no such batch"):
        shifts.batch_totals(99)


def test_what_is_no_amount_and_no_shift(house: House) -> None:
    shifts = house.vending.shifts
    with pytest.raises(AmountError):
        shifts.open("T1", OPERATOR, NOON_MS, float_minor=-1)
    with pytest.raises(AmountError):
        shifts.close("T1", OPERATOR, NOON_MS, counted_minor=-1)
    for amount in (0, -5):
        with pytest.raises(AmountError):
            shifts.deposit("d", "T1", OPERATOR, amount, NOON_MS)
    with pytest.raises(ShiftError, match="no such shift"):
        shifts.totals(7)
    with pytest.raises(VendingError, match="till"):
        shifts.open("", OPERATOR, NOON_MS)


def test_tills_whose_names_begin_alike_keep_their_money_apart(house: House) -> None:
    house.vending.shifts.open("T1", OPERATOR, NOON_MS)
    house.vending.sell(house.request("100", till="T10"), NOON_MS)
    assert sum(one.taken_minor for one in house.vending.shifts.totals(1).payments) == 0


# Closing and opening under a message id


def test_a_repeated_message_opens_and_closes_one_shift(house: House) -> None:
    shifts = house.vending.shifts
    first = shifts.open("T1", OPERATOR, NOON_MS, 500, "begin")
    assert shifts.open("T1", OPERATOR, NOON_MS + 1, 500, "begin") == first
    closed = shifts.close("T1", OPERATOR, NOON_MS + 2, None, "end")
    assert (closed.counted_minor, closed.difference_minor) == (500, 0)
    second = shifts.open("T1", OPERATOR, NOON_MS + 3)
    assert shifts.close("T1", OPERATOR, NOON_MS + 4, 77, "end") == closed
    assert shifts.open("T1", OPERATOR, NOON_MS + 5, 500, "begin").number == first.number
    assert shifts.open_shift("T1") == second


@pytest.mark.parametrize("message_id", ["sold", "brought", "begin"])
def test_a_message_id_of_something_else_closes_nothing(house: House, message_id: str) -> None:
    shifts = house.vending.shifts
    shifts.open("T1", OPERATOR, NOON_MS, message_id="begin")
    house.vending.sell(house.request("40", message_id="sold"), NOON_MS)
    shifts.deposit("brought", "T1", OPERATOR, 100, NOON_MS)
    with pytest.raises(MessageConflictError, match=message_id):
        shifts.close("T1", OPERATOR, NOON_MS, 0, message_id)
    shifts.close("T1", OPERATOR, NOON_MS, 0, "end")
    with pytest.raises(MessageConflictError, match="end"):
        shifts.open("T1", OPERATOR, NOON_MS, message_id="end")
    with pytest.raises(MessageConflictError, match="end"):
        shifts.close("T2", OPERATOR, NOON_MS, 0, "end")


# What was sold, by service

SERVICES = ("electricity", "water", "gas", "time")


def _house_of_all_services() -> House:
    """A meter of each service, and one of electricity that counts money."""
    bodies = [f'name = "{one}"\nservice = "{one}"\nblock = [{{ price = "1.70" }}]' for one in SERVICES]
    bodies.append('name = "money"\ncredit = "currency"')
    tariffs = [houses.tariff(body.partition("\n")[2]) for body in bodies]
    book = TariffBook([replace(one, name=name) for one, name in zip(tariffs, (*SERVICES, "money"), strict=True)])
    house = make_house(meters=0, settings=houses.settings(tariffs=book))
    new = [
        NewMeter(houses.configuration(serial), f"A{serial}", tariff, f"C{serial}", f"Customer {serial}")
        for serial, tariff in enumerate((*SERVICES, "money"), 1)
    ]
    house.vending.registry.register(new, SUPERVISOR, NOON_MS)
    house.meters[:] = [one.configuration.meter_pan.decoder_reference_number for one in new]
    return house


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from((*SERVICES, "money")), st.integers(1_000, 90_000), st.booleans()), max_size=8)
)
def test_totals_are_by_service_and_money_stands_apart(sold: list[tuple[str, int, bool]]) -> None:
    house = _house_of_all_services()
    shift = house.vending.shifts.open("T1", OPERATOR, NOON_MS)
    units, money = Counter[str](), Counter[str]()
    for what, minor, back in sold:
        meter = house.meters[(*SERVICES, "money").index(what)]
        sale = house.vending.sell(house.request(str(Decimal(minor) / 100), meter=meter), NOON_MS)
        assert sale.breakdown is not None
        if back:
            house.vending.reverse(sale.number, SUPERVISOR, NOON_MS)
            continue
        service = "electricity" if what == "money" else what
        units[service] += sale.units_tenths
        money[service] += sale.breakdown.credit_money
    totals = house.vending.shifts.totals(shift.number)
    names = {"electricity": "kWh", "water": "m³", "gas": "m³", "time": "min"}
    wanted = [CreditTotal(one, unit, units[one], money[one]) for one, unit in names.items() if one in units]
    assert list(totals.credits) == wanted
    assert totals.reversed_sales == sum(back for _, _, back in sold)
