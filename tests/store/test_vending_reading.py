"""What vending reads: sums over months and moments, the newest configurations, and rows as they were written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferraris.keys.security_module import SecurityModuleUnavailable
from ferraris.store import MonthTotals, SaleFilter, ShiftRow, VendingMeterRow
from ferraris.store.vending_reading import values_of
from ferraris.vending import FreeIssueRequest, SalePendingError
from tests.vending.house import DAY_MS, MINUTE_MS, NOON_MS, OPERATOR, SUPERVISOR, House, make_house


@pytest.fixture
def house() -> House:
    made = make_house(meters=2, tariff_name="domestic_blocks")
    made.vending.sell(made.request("100"), NOON_MS)
    made.vending.sell(made.request("200"), NOON_MS + MINUTE_MS)
    made.vending.sell(made.request("100", meter=made.meters[1]), NOON_MS + MINUTE_MS)
    return made


def totals(house: House, account: str = "A1", month: int = 202607) -> MonthTotals:
    with house.store.reading() as reader:
        return reader.month_totals(account, month)


def test_a_month_counts_what_is_posted_and_what_is_pending(house: House) -> None:
    before = totals(house)
    assert before.fixed_minor == 2_588
    assert before.units_tenths == sum(sale.units_tenths for sale in house.vending.sales(SaleFilter(account="A1")))
    free = FreeIssueRequest(message_id="f", till="T1", operator=OPERATOR, meter=house.meter)
    house.vending.free_issue(free, NOON_MS)
    assert totals(house) == MonthTotals(before.units_tenths, 2_588, 1)
    house.module.failure = SecurityModuleUnavailable("away")
    with pytest.raises(SalePendingError):
        house.vending.sell(house.request("100"), NOON_MS)
    assert totals(house).units_tenths > before.units_tenths
    assert totals(house, month=202608) == totals(house, "nobody") == MonthTotals(0, 0, 0)


def test_states_of_sales(house: House) -> None:
    first, second, third = (sale.number for sale in house.vending.sales(SaleFilter()))
    house.vending.reverse(second, SUPERVISOR, NOON_MS)
    with house.store.reading() as reader:
        assert reader.sale_states([first]) == {first: "posted"}
        assert reader.sale_states([first, second, third, 99]) == {
            first: "posted",
            second: "reversed",
            third: "posted",
        }
        assert reader.sale_states([99]) == reader.sale_states([]) == {}


def test_a_reversed_sale_counts_no_more(house: House) -> None:
    sale = house.vending.sales(SaleFilter(account="A2"))[0]
    house.vending.reverse(sale.number, SUPERVISOR, NOON_MS)
    assert totals(house, "A2") == MonthTotals(0, 0, 0)


def test_movements_are_those_that_took_effect_in_the_span(house: House) -> None:
    house.vending.shifts.deposit("d", "T1", OPERATOR, 500, NOON_MS + DAY_MS)
    with house.store.reading() as reader:
        assert reader.movements("till:T1:", 0, 2) == {"till:T1:cash": (10_000, 0)}
        assert reader.movements("till:T1:", 0, 1) == {}
        assert reader.movements("till:T1:", 2, None) == {"till:T1:cash": (30_000, 500)}
        assert reader.movements("till:T2:", 0, None) == {}


def test_the_newest_configuration_in_a_state(house: House) -> None:
    present = house.vending.registry.meter(house.meter).present.sts
    house.vending.registry.want(replace(present, tariff_index=8), SUPERVISOR, NOON_MS)
    with house.store.reading() as reader:
        in_use = reader.newest_configurations(("issued", "loaded"))
        assert [(row.meter, row.position) for row in in_use] == [(house.meters[0], 1), (house.meters[1], 1)]
        assert [row.position for row in reader.newest_configurations(("wanted",))] == [2]
        assert reader.newest_configurations(()) == []


def test_the_last_identifier_is_of_a_meter_and_a_base_date(house: House) -> None:
    with house.store.reading() as reader:
        assert reader.last_token_identifier(house.meter, 14) == 6_572_881
        assert reader.last_token_identifier(house.meter, 35) is None
        assert reader.last_token_identifier("nobody", 14) is None


def test_what_is_not_there_is_none(house: House) -> None:
    with house.store.reading() as reader:
        found = [
            reader.customer("x"),
            reader.account("x"),
            reader.meter("x"),
            reader.sale(99),
            reader.sale_by_message("x"),
            reader.open_shift("x"),
            reader.shift(1),
            reader.deposit("x"),
            reader.engineering("x"),
            reader.campaign("x"),
        ]
        assert found == [None] * len(found)
        assert (reader.next_number(ShiftRow), reader.next_batch()) == (1, 1)
        empty = [reader.debts("x"), reader.configurations("x"), reader.tokens([]), reader.numbered_sales([99])]
        assert empty == [[], [], [], []]
        assert reader.registered(["x"]) == reader.registered([]) == {}


def test_what_is_registered_comes_with_account_and_history(house: House) -> None:
    present = house.vending.registry.meter(house.meter).present.sts
    house.vending.registry.want(replace(present, tariff_index=8), SUPERVISOR, NOON_MS)
    with house.store.writing("a meter without a configuration") as writer:
        writer.add([VendingMeterRow(decoder_reference_number="bare", account="A2", blocked="stolen")])
    with house.store.reading() as reader:
        asked = [*house.meters, "bare", "x"]
        found = reader.registered(asked)
        assert set(found) == {*house.meters, "bare"}
        for number, (meter, account, history) in found.items():
            assert meter == reader.meter(number)
            assert account == reader.account(meter.account)
            assert history == reader.configurations(number)
            assert reader.registered([number]) == {number: found[number]}
        assert [len(found[number].history) for number in asked[:3]] == [2, 1, 0]
        assert found[house.meter].history[0].three_token_key_change is False


def test_entries_come_by_number_and_in_pages(house: House) -> None:
    with house.store.reading() as reader:
        assert [entry.number for entry in reader.entries(0, 4)] == [1, 2, 3, 4]
        assert [entry.number for entry in reader.entries(4, 4)] == [5, 6]
        assert {posting.entry for posting in reader.postings(2, 4)} == {3}
        head = reader.ledger_head()
    assert head
    assert head.number == 6


def test_meters_are_listed_in_pages(house: House) -> None:
    with house.store.reading() as reader:
        assert [row.decoder_reference_number for row in reader.meters()] == house.meters
        assert [row.decoder_reference_number for row in reader.meters(after=house.meter, limit=5)] == house.meters[1:]


def test_a_row_is_its_columns() -> None:
    row = ShiftRow(number=1, till="T", operator="o", opened_ms=2, float_minor=3)
    assert ShiftRow(**values_of(row)) == row
