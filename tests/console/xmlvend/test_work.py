"""The use cases behind the till: engineering tokens by two persons, test tokens, shifts, deposits, fault reports."""

from __future__ import annotations

import pytest

from ferraris.sts import MeterTestToken, decode_token
from tests.console.shop import SUPERVISOR, Shop
from tests.console.xmlvend.letters import answered, fault_of, letter, meter_method, money

ENGINEERING = [
    # type            more                                        element of the token  value
    ("ClearTamperReq", "", "clearTamper", 0),
    ("ClearCreditReq", "", "clearCredit", 65_535),
    ("PwrLmtReq", '<m:pwrLmt value="8.5" siUnit="kW"/>', "pwrLmtToken", 8_500),
]


@pytest.mark.parametrize(("kind", "more", "element", "value"), ENGINEERING)
def test_an_engineering_token_waits_for_a_second_person(
    shop: Shop, kind: str, more: str, element: str, value: int
) -> None:
    octets = letter("m:meterSpecificEngReq", meter_method(shop.meter) + more, kind=f"m:{kind}")
    assert fault_of(shop, octets)[0] == "RequestAuthorisationEx"
    (waiting,) = shop.vending.engineering.waiting()
    assert (waiting.requested_by, waiting.value) == ("ann", value)
    shop.vending.engineering.approve(waiting.message_id, SUPERVISOR, shop.clock.now_ms())
    body = answered(shop, octets, "meterSpecificEngResp")
    assert body.type == kind.replace("Req", "Resp")
    assert body.need(element).need("token").need("stsCipher").text == shop.vending.sale(1).tokens[0].digits
    assert body == answered(shop, octets, "meterSpecificEngResp")


@pytest.mark.parametrize(
    ("kind", "more", "fault"),
    [
        ("", "", "UseCaseSupportEx"),
        ("EngKCTReq", "", "UseCaseSupportEx"),
        ("PwrLmtReq", "", "XMLVendSchemaEx"),
        ("PwrLmtReq", '<m:pwrLmt value="1" siUnit="hp"/>', "XMLVendSchemaEx"),
        ("PwrLmtReq", '<m:pwrLmt value="0.0001" siUnit="kW"/>', "XMLVendSchemaEx"),
        ("PwrLmtReq", '<m:pwrLmt value="-1" siUnit="kW"/>', "XMLVendSchemaEx"),
    ],
)
def test_engineering_requests_that_are_not_understood(shop: Shop, kind: str, more: str, fault: str) -> None:
    typed = f"m:{kind}" if kind else ""
    octets = letter("m:meterSpecificEngReq", meter_method(shop.meter) + more, kind=typed)
    assert fault_of(shop, octets)[0] == fault
    assert shop.vending.engineering.waiting() == []


def test_the_token_of_all_tests(shop: Shop) -> None:
    body = answered(
        shop,
        letter("m:nonMeterSpecificEngReq", '<m:meterType tt="02"/>', kind="m:TestAllReq"),
        "nonMeterSpecificEngResp",
    )
    digits = body.need("testAll").need("token").need("stsCipher").text
    assert decode_token(digits, None) == MeterTestToken((1 << 36) - 1)
    assert fault_of(shop, letter("m:nonMeterSpecificEngReq", kind="m:DispKRNReq"))[0] == "UseCaseSupportEx"


def test_a_shift_from_start_to_end(shop: Shop) -> None:
    assert fault_of(shop, letter("r:totalBatchReq"))[0] == "StartBatchEx"
    answered(shop, letter("r:startBatchReq", kind="r:StartShiftBatchReq"), "startBatchResp")
    answered(shop, letter("r:startBatchReq", kind="r:StartShiftBatchReq", number=2), "startBatchResp")
    sold = answered(
        shop, letter("r:creditVendReq", meter_method(shop.meter) + money("100"), number=3), "creditVendResp"
    )
    assert sold.need("clientStatus").need("batchStatus").attribute("shift") == "open"
    shop.clock.advance(60_000)
    totals = answered(shop, letter("r:totalBatchReq", number=4), "totalBatchResp")
    assert totals.need("totalBatch").need("batchTot").attribute("value") == "100.00"
    ended = answered(shop, letter("r:endBatchReq", number=5), "endBatchResp")
    assert ended.need("endBatch").need("batchTot").attribute("value") == "100.00"
    assert fault_of(shop, letter("r:endBatchReq", number=6))[0] == "StartBatchEx"
    assert shop.vending.shifts.totals(1).difference_minor == 0


def test_ending_a_shift_twice_ends_one_and_has_one_answer(shop: Shop) -> None:
    """The answer was lost, the till has begun its next shift, and then the first request comes again."""
    begin, end = letter("r:startBatchReq"), letter("r:endBatchReq", number=3)
    begun = answered(shop, begin, "startBatchResp")
    answered(shop, letter("r:creditVendReq", meter_method(shop.meter) + money("100"), number=2), "creditVendResp")
    shop.clock.advance(60_000)
    ended = answered(shop, end, "endBatchResp")
    for number in (4, 5):
        shop.clock.advance(3_600_000)
        assert answered(shop, end, "endBatchResp") == ended
        assert answered(shop, begin, "startBatchResp") == begun
        answered(shop, letter("r:startBatchReq", number=4), "startBatchResp")
        sale = letter("r:creditVendReq", meter_method(shop.meter) + money("70"), number=10 + number)
        answered(shop, sale, "creditVendResp")
    assert [(row.number, row.closed_ms is None) for row in shop.vending.shifts.list()] == [(2, True), (1, False)]
    assert ended.need("endBatch").need("batchTot").attribute("value") == "100.00"
    second = answered(shop, letter("r:endBatchReq", number=6), "endBatchResp")
    assert second.need("endBatch").need("batchTot").attribute("value") == "140.00"


def test_a_message_identifier_that_stands_for_something_else_ends_no_shift(shop: Shop) -> None:
    answered(shop, letter("r:startBatchReq"), "startBatchResp")
    answered(shop, letter("r:depositReq", '<r:depAmt value="60.00" symbol="R"/>', number=2), "depositResp")
    for number in (1, 2):
        assert fault_of(shop, letter("r:endBatchReq", number=number))[0] == "BusinessRuleEx"
    assert fault_of(shop, letter("r:startBatchReq", number=2))[0] == "BusinessRuleEx"
    assert shop.vending.shifts.open_shift("6004708001509/till-1") is not None


def test_a_shift_of_somebody_else_is_not_taken_over(shop: Shop) -> None:
    answered(shop, letter("r:startBatchReq"), "startBatchResp")
    assert fault_of(shop, letter("r:startBatchReq", operator="ben", number=2))[0] == "StartBatchEx"


def test_a_deposit_is_made_once(shop: Shop) -> None:
    answered(shop, letter("r:creditVendReq", meter_method(shop.meter) + money("100")), "creditVendResp")
    octets = letter("r:depositReq", '<r:depAmt value="60.00" symbol="R"/>', number=2)
    for _ in range(2):
        answered(shop, octets, "depositResp")
    assert shop.vending.balances()["bank"] == 6_000
    assert fault_of(shop, letter("r:depositReq", number=3))[0] == "XMLVendSchemaEx"


def test_a_fault_report_is_kept_once_under_a_number(shop: Shop) -> None:
    content = (
        '<b:custDetail accNo="A1" name="Customer 1"/>'
        '<m:custFaultReport xsi:type="m:NoPowerReport"><m:desc>no light since &lt;noon&gt;</m:desc></m:custFaultReport>'
    )
    octets = letter("m:custReportFaultReq", content)
    body = answered(shop, octets, "custReportFaultResp")
    number = body.need("custFaultLog").attribute("refNo")
    assert body == answered(shop, octets, "custReportFaultResp")
    (entry,) = shop.vending.audit(subject=number)
    assert entry.detail == "A1: NoPowerReport; no light since <noon>"


def fault_report(client: str, terminal: str, number: int = 1) -> bytes:
    content = '<b:custDetail accNo="A1"/><m:custFaultReport xsi:type="m:NoPowerReport"/>'
    return letter("m:custReportFaultReq", content, client=client, terminal=terminal, number=number)


def test_no_two_reports_share_a_number(shop: Shop) -> None:
    """Clients number their messages as they like: the same number from two of them is two reports."""
    letters = [fault_report(client, terminal, number) for client in "12" for terminal in "ab" for number in (1, 11)]
    numbers = {
        answered(shop, octets, "custReportFaultResp").need("custFaultLog").attribute("refNo") for octets in letters
    }
    assert len(numbers) == len(letters)
    assert all(len(shop.vending.audit(10, number)) == 1 for number in numbers)


def test_a_refused_engineering_token_does_not_wait(shop: Shop) -> None:
    octets = letter("m:meterSpecificEngReq", meter_method(shop.meter), kind="m:ClearTamperReq")
    assert "waits for the approval" in fault_of(shop, octets)[1]
    (waiting,) = shop.vending.engineering.waiting()
    shop.vending.engineering.refuse(waiting.message_id, SUPERVISOR, shop.clock.now_ms())
    kind, text = fault_of(shop, octets)
    assert (kind, "has refused it" in text, "waits" in text) == ("RequestAuthorisationEx", True, False)
    assert shop.sales() == []


LIMITS = [
    # value               unit  kind of fault
    ("0.001",             "kW", "RequestAuthorisationEx"),
    ("18201.624",         "kW", "RequestAuthorisationEx"),
    ("18201624",          "W",  "RequestAuthorisationEx"),
    ("18201625",          "W",  "BusinessRuleEx"),
    ("99999999999",       "kW", "BusinessRuleEx"),
    ("9" * 20,            "W",  "BusinessRuleEx"),
    ("9" * 21,            "W",  "XMLVendSchemaEx"),
    ("0.0005",            "kW", "XMLVendSchemaEx"),
    ("1e3",               "W",  "XMLVendSchemaEx"),
    ("",                  "W",  "XMLVendSchemaEx"),
    (".",                 "W",  "XMLVendSchemaEx"),
    ("--1",               "W",  "XMLVendSchemaEx"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "unit", "kind"), LIMITS)
def test_limits_of_power(shop: Shop, value: str, unit: str, kind: str) -> None:
    more = f'<m:pwrLmt value="{value}" siUnit="{unit}"/>'
    assert (
        fault_of(shop, letter("m:meterSpecificEngReq", meter_method(shop.meter) + more, kind="m:PwrLmtReq"))[0] == kind
    )
    assert len(shop.vending.engineering.waiting()) == (kind == "RequestAuthorisationEx")


DEPOSITS = [
    # amount    symbol  kind of fault
    ("0",       "R",    "BusinessRuleEx"),
    ("-60",     "R",    "BusinessRuleEx"),
    ("60.001",  "R",    "BusinessRuleEx"),
    ("60",      "USD",  "XMLVendSchemaEx"),
    ("sixty",   "R",    "XMLVendSchemaEx"),
    ("1" * 19,  "R",    "BusinessRuleEx"),
]  # fmt: skip


@pytest.mark.parametrize(("amount", "symbol", "kind"), DEPOSITS)
def test_deposits_that_cannot_be(shop: Shop, amount: str, symbol: str, kind: str) -> None:
    assert fault_of(shop, letter("r:depositReq", f'<r:depAmt value="{amount}" symbol="{symbol}"/>'))[0] == kind
    assert shop.vending.balances() == {}


def test_another_deposit_under_the_same_identifier_is_refused(shop: Shop) -> None:
    answered(shop, letter("r:depositReq", '<r:depAmt value="60"/>'), "depositResp")
    assert fault_of(shop, letter("r:depositReq", '<r:depAmt value="61"/>'))[0] == "BusinessRuleEx"
    assert shop.vending.balances()["bank"] == 6_000
