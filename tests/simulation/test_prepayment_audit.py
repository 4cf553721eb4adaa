"""The audit of a prepaid street finds every way in which tokens and money could part."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferraris.simulation.prepayment_audit import SoldTokens, TakenTokens, audit_prepayment

FIRST = SoldTokens("0000000001", "99000000012", ("11111111111111111111",), 50)
SECOND = SoldTokens("0000000002", "99000000012", ("22222222222222222222",), 25)
OTHER = SoldTokens("0000000003", "99000000020", ("33333333333333333333", "44444444444444444444"), 10)
SALES = [FIRST, SECOND, OTHER]
METERS = {
    "99000000012": TakenTokens(2, 3, 7_500),
    "99000000020": TakenTokens(2, 0, 1_000),
    "99000000038": TakenTokens(0, 1, 0),
}


def test_a_street_in_which_all_adds_up() -> None:
    audit = audit_prepayment(SALES, METERS)
    assert audit.findings == ()
    assert (audit.tokens_sold, audit.tokens_accepted, audit.tokens_refused) == (4, 4, 4)
    assert (audit.units_sold_tenths, audit.units_credited_wh) == (85, 8_500)


# Which meter's memory is otherwise, and what is said of it.
WRONG = [
    ("99000000012", {"accepted": 3}, "one was taken twice"),
    ("99000000012", {"accepted": 1}, "one is lost"),
    ("99000000020", {"credited_wh": 1_001}, "credited 1001 Wh, 1000 Wh were sold to it"),
    ("99000000038", {"accepted": 1}, "0 were sold to it: one was taken twice"),
    ("99000000038", {"credited_wh": -1}, "credited -1 Wh"),
]


@pytest.mark.parametrize(("meter", "change", "said"), WRONG)
def test_what_a_meter_took_is_what_was_sold_to_it(meter: str, change: dict[str, int], said: str) -> None:
    (finding,) = audit_prepayment(SALES, METERS | {meter: replace(METERS[meter], **change)}).findings
    assert finding.startswith(meter)
    assert said in finding


def test_a_sale_to_a_stranger_is_found() -> None:
    findings = audit_prepayment([*SALES, replace(FIRST, meter="1", tokens=("5" * 20,))], METERS).findings
    assert findings == ("sold to 1, which is no meter of the street",)


@pytest.mark.parametrize("double", [replace(SECOND, tokens=FIRST.tokens), replace(SECOND, tokens=SECOND.tokens * 2)])
def test_one_token_on_two_receipts_is_found(double: SoldTokens) -> None:
    assert any("have one token" in finding for finding in audit_prepayment([FIRST, double, OTHER], METERS).findings)


def test_findings_are_bounded() -> None:
    meters = {str(number): TakenTokens(1, 0, 0) for number in range(1_000)}
    assert len(audit_prepayment([], meters).findings) == 100


def test_what_was_paid_back_and_taken_is_explained_and_no_double() -> None:
    back = replace(SECOND, reversed=True)
    audit = audit_prepayment([FIRST, back, OTHER], METERS)
    assert (audit.findings, audit.paid_back) == ((), ("0000000002",))
    assert audit_prepayment(SALES, METERS).paid_back == ()
    assert any("one was taken twice" in finding for finding in audit_prepayment([FIRST, OTHER], METERS).findings)
