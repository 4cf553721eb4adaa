"""What vending answers, as text and as fields."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cli.vend_text import (
    after_reversal,
    campaign_text,
    credited,
    debts_text,
    fields_of,
    meter_text,
    money,
    quote_text,
    sale_text,
    table_text,
    totals_text,
    waiting_text,
)


def test_what_a_sale_tells() -> None:
    sale = {
        "tokens": [{"digits": "1" * 20}],
        "message_id": "m",
        "state": "posted",
        "tendered_minor": 1_050,
        "minor_digits": 2,
        "units_tenths": 297,
    }
    answer = {"receipt_number": "0000000001", "sale": sale}
    assert fields_of(answer)["token"] == "1" * 20
    assert (fields_of(answer)["amount"], fields_of(answer)["units"]) == ("10.50", "29.7")
    sale["tokens"] = [{"digits": "1" * 20}, {"digits": "2" * 20}]
    assert fields_of(answer)["tokens"] == ["1" * 20, "2" * 20]
    assert fields_of([1]) == {"answer": [1]}


@pytest.mark.parametrize(("rows", "text"), [([], ""), ([("a", "b"), ("long", "c")], "a     b\nlong  c")])
def test_tables(rows: list[tuple[str, ...]], text: str) -> None:
    assert table_text(rows) == text


def test_a_sale_of_money_tells_what_the_meter_is_credited_with() -> None:
    sale: dict[str, Any] = {
        "tokens": [],
        "message_id": "m",
        "state": "pending",
        "tendered_minor": 1_050,
        "minor_digits": 2,
        "units_tenths": 0,
        "breakdown": {"credit_money": 1_000_000},
    }
    fields = fields_of({"receipt_number": "0000000001", "sale": sale})
    assert fields["credit"] == "10.00"
    assert credited({**sale, "currency": "ZAR"}) == "ZAR 10.00"


def test_a_quote_line_by_line() -> None:
    line = {"name": "units", "description": "block 1", "units_tenths": 255, "price": "2.00", "amount_minor": 5_100}
    debt = {"name": "old debt", "description": "", "units_tenths": 0, "price": "", "amount_minor": 900}
    answer = {
        "customer": "Ann", "account": "A-7", "tariff": "flat", "currency": "ZAR", "minor_digits": 2, "key_change": True,
        "breakdown": {"lines": [line, debt], "tendered_minor": 6_000, "units_tenths": 255, "credit_money": 0},
    }  # fmt: skip
    assert [row.split() for row in quote_text(answer).splitlines()] == [
        "Ann, account A-7".split(),
        "tariff flat".split(),
        "units (block 1): 25.5 kWh at 2.00 51.00".split(),
        "old debt 9.00".split(),
        "to pay 60.00 ZAR".split(),
        "credit 25.5 kWh".split(),
        "key-change tokens come with it".split(),
    ]


def test_a_sale_in_one_line() -> None:
    sale = {
        "state": "posted", "meter": "01000000016", "tendered_minor": 5_000, "minor_digits": 2, "currency": "ZAR",
        "units_tenths": 250,
    }  # fmt: skip
    text = sale_text({"receipt_number": "0000000001", "sale": sale, "tokens_in_fours": ["1111 2222"]})
    assert text.split() == "0000000001 posted 01000000016 50.00 ZAR 25.0 kWh 1111 2222".split()
    assert sale_text({"receipt_number": "1", "sale": sale, "tokens_in_fours": []}).endswith("no token")


def test_a_meter_with_its_history_and_its_debts() -> None:
    configuration = {
        "state": "present", "supply_group_code": "600727", "key_revision_number": 1, "tariff_index": 7,
        "encryption_algorithm": 11, "base_date": 14, "key_expiry_number": 255,
    }  # fmt: skip
    answer = {
        "meter": "01000000016", "customer": {"name": "Ann", "number": "7"}, "account": {"number": "A-7", "tariff": "flat"},
        "blocked": "", "history": [configuration], "debts": [{"name": "fine", "remaining_minor": 900, "percent": "10"}],
    }  # fmt: skip
    text = meter_text(answer)
    for piece in ("Ann (7)", "A-7, tariff flat", "blocked   no", "SGC 600727 KRN 1 TI 07 EA11 base date 14 KEN 255"):
        assert piece in text
    assert "fine: 900 minor units, 10 %" in text


def test_requests_that_wait() -> None:
    row = {"message_id": "m", "kind": "meter_test", "value": 1, "meter": "1", "requested_by": "ann", "reason": "new"}
    assert waiting_text([row]) == "m  meter_test  1  1  ann  new"
    assert waiting_text([]) == "nothing waits"


SOLD_OF_A_SHIFT = [
    {"service": "electricity", "unit": "kWh", "units_tenths": 505, "credit_money": 8_695_999},
    {"service": "water", "unit": "m³", "units_tenths": 12_345, "credit_money": 0},
]


@pytest.mark.parametrize("counted", [None, 12_000])
def test_the_slip_of_a_shift(counted: int | None) -> None:
    totals = {
        "number": 3, "operator": "ann", "till": "T", "sales": 2, "credits": SOLD_OF_A_SHIFT, "float_minor": 2_000,
        "payments": [{"payment": "cash", "taken_minor": 11_000, "returned_minor": 1_000}], "deposited_minor": 500,
        "expected_cash_minor": 11_500, "counted_minor": counted,
    }  # fmt: skip
    rows = dict(row.split("  ", 1) for row in totals_text(totals, 2).splitlines())
    assert {name: value.strip() for name, value in rows.items()} == {
        "shift 3": "ann at T", "sales": "2", "electricity": "50.5 kWh", "electricity in money": "86.95", "water": "1234.5 m³", "float": "20.00", "cash": "100.00", "deposited": "5.00",
        "should be in the drawer": "115.00",
        **({} if counted is None else {"counted": "120.00", "difference": "5.00"}),
    }  # fmt: skip


def test_a_campaign_meter_by_meter() -> None:
    meters = [
        {"meter": "1", "state": "through", "proof": "credit accepted"},
        {"meter": "2", "state": "issued", "proof": ""},
    ]
    answer = {"counts": {"through": 1, "issued": 1}, "complete": False, "progress": {"meters": meters}}
    assert campaign_text(answer).splitlines() == [
        "through 1  issued 1", "1  through  credit accepted", "2  issued   not entered",
    ]  # fmt: skip
    assert campaign_text({**answer, "complete": True}).splitlines()[0].endswith("complete")


def test_money_has_as_many_digits_as_its_currency() -> None:
    assert [money(1_050, digits) for digits in (0, 2, 3)] == ["1050", "10.50", "1.050"]


REVERSED = {
    "number": 12, "currency": "ZAR", "minor_digits": 2, "tendered_minor": 5_000, "units_tenths": 297, "account": "A 1",
}  # fmt: skip


@pytest.mark.parametrize(
    ("delivery", "took"), [("sent", "may have taken"), ("typed", "may have taken"), ("accepted", "took")]
)
def test_what_is_owed_after_a_reversal(delivery: str, took: str) -> None:
    told = after_reversal({"sale": {**REVERSED, "delivery": delivery}})
    assert told == (
        f"The money goes back, and the meter {took} the token: 29.7 kWh. "
        "If it is owed: ferraris vend debt reversal-12 --account 'A 1' --amount 50.00 --percent 50"
    )
    free = after_reversal({"sale": {**REVERSED, "delivery": delivery, "tendered_minor": 0}})
    assert free == f"The money goes back, and the meter {took} the token: 29.7 kWh."


@pytest.mark.parametrize("delivery", ["none", "refused", None])
def test_nothing_is_owed_for_a_token_that_is_not_in_the_meter(delivery: str | None) -> None:
    assert after_reversal({"sale": {**REVERSED, "delivery": delivery}}) == ""


def test_debts_by_line() -> None:
    rows = [
        {"name": "connection", "remaining_minor": 5, "percent": "20"},
        {"name": "b", "remaining_minor": 0, "percent": 1},
    ]
    assert debts_text(rows) == "connection: 5 minor units, 20 %\nb: 0 minor units, 1 %"
    assert debts_text([]) == ""
