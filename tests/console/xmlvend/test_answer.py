"""Answers of XMLVend: the elements in the schemas' order, amounts that add up, key changes before credit."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from ferraris.console.xmlvend import answer
from ferraris.console.xmlvend.names import BASE, METER, REVENUE
from ferraris.console.xmlvend.node import Node
from ferraris.console.xmlvend.request import Device, MessageId, Request
from ferraris.vending import SoldToken, TokenKind
from tests.console.sales import CONFIGURATION, FREE, KEY_CHANGE_SALE, MONEY_SALE, QUOTE, SALE, SOLD_MS, WATER_SALE

REQUEST = Request(
    Node(REVENUE, "creditVendReq"),
    Device("EANDeviceID", "600"),
    Device("GenericDeviceID", "t"),
    MessageId("2" * 14, "7"),
    "ann",
)


def names(nodes: tuple[Node, ...]) -> list[str]:
    return [node.name for node in nodes]


def test_the_head_is_in_the_schemas_order() -> None:
    head = answer.Head(REQUEST, SOLD_MS, "Credit vend", customer_message="Thank you").nodes()
    assert names(head) == ("clientID serverID terminalID reqMsgID respDateTime dispHeader operatorMsg custMsg".split())
    assert {node.namespace for node in head} == {BASE}
    assert head[4].text == "2026-09-21T14:13:20.000Z"
    assert (head[6].text, head[7].text) == ("Credit vend", "Thank you")


def test_a_receipt_splits_what_was_tendered() -> None:
    receipt = answer.receipt(SALE)
    transactions = receipt.need("transactions")
    assert dict(receipt.attributes) == {"receiptNo": "0000000041"}
    parts = list(transactions.named("tx"))
    assert [part.type for part in parts] == ["revenue:CreditVendTx", "revenue:ServiceChrgTx", "revenue:DebtRecoveryTx"]
    amounts = [part.need("amt").amount() for part in parts]
    assert amounts == [Decimal("136.40"), Decimal("20.00"), Decimal("15.00")]
    assert sum(amounts) == transactions.need("tenderAmt").amount() == Decimal("171.40")
    assert names(parts[0].children) == ["amt", "tax", "creditTokenIssue", "tariff"]
    assert parts[1].need("accDesc").text == "Network"
    assert names(transactions.children[-2:]) == ["tenderAmt", "change"]


def test_the_credit_token_with_its_meter() -> None:
    issue = answer.credit_issue(SALE)
    assert (issue.namespace, issue.type) == (REVENUE, "base:SaleCredTokenIssue")
    assert names(issue.children) == ["desc", "meterDetail", "token", "units", "resource"]
    meter = issue.need("meterDetail")
    assert dict(meter.attributes) == {"msno": SALE.meter, "sgc": "123456", "krn": "2", "ti": "01"}
    assert dict(meter.need("meterType").attributes) == {"at": "07", "tt": "02"}
    assert issue.need("token").need("stsCipher").text == "12345678901234567890"
    assert issue.need("units").amount() == Decimal(60)


def test_free_units_have_a_type_of_their_own() -> None:
    issue = answer.credit_issue(FREE)
    assert (issue.type, issue.need("desc").text) == ("base:FreeCredTokenIssue", "Free units")
    (transaction,) = answer.receipt(FREE).need("transactions").named("tx")
    assert transaction.need("amt").amount() == 0


def test_a_key_change_says_from_what_to_what() -> None:
    before = replace(CONFIGURATION, key_revision_number=1, tariff_index=7)
    issue = answer.key_change_issue("meter:updateMeterKey", before, KEY_CHANGE_SALE)
    assert issue is not None
    assert issue.namespace == METER
    assert [(part.name, part.need("stsCipher").text) for part in issue.need("token").children] == [
        ("set1stMeterKey", "1" * 20),
        ("set2ndMeterKey", "2" * 20),
    ]
    assert dict(issue.need("kctData").attributes) == {
        "fromSGC": "123456", "fromKRN": "1", "fromTI": "07", "toSGC": "123456", "toKRN": "2", "toTI": "01",
    }  # fmt: skip
    assert answer.key_change_issue("meter:updateMeterKey", before, SALE) is None
    (transaction, *_) = answer.receipt(KEY_CHANGE_SALE, issue).need("transactions").named("tx")
    assert names(transaction.children) == ["amt", "tax", "creditTokenIssue", "updateMeterKey", "tariff"]


def test_a_set_of_four_goes_beyond_the_schema() -> None:
    tokens = tuple(SoldToken(digit * 20, TokenKind.KEY_CHANGE) for digit in "1234")
    issue = answer.key_change_issue("meter:updateMeterKey", CONFIGURATION, replace(SALE, tokens=tokens))
    assert issue is not None
    assert names(issue.need("token").children)[2:] == ["set3rdMeterKey", "set4thMeterKey"]


def test_a_trial_has_no_digits_and_no_number() -> None:
    receipt = answer.trial_receipt(QUOTE, CONFIGURATION)
    assert receipt.attribute("receiptNo") == "0"
    (first, *_) = receipt.need("transactions").named("tx")
    assert first.need("creditTokenIssue").need("token").need("stsCipher").text == "0" * 20
    assert first.need("tariff").need("desc").text == "50 kWh @ ZAR 1.90; 10 kWh @ ZAR 2.10"


def test_status_and_customer() -> None:
    closed = answer.status("ZAR", shift_open=False)
    assert dict(closed.need("batchStatus").attributes) == {"banking": "open", "sales": "open", "shift": "closed"}
    assert dict(answer.customer_detail("Thandi", "A-7").attributes) == {"name": "Thandi", "accNo": "A-7"}


def test_units_are_those_of_the_service_and_money_is_money() -> None:
    water, money = (answer.credit_issue(sale).need("units") for sale in (WATER_SALE, MONEY_SALE))
    assert dict(water.attributes) == {"value": "60", "siUnit": "m³"}
    assert dict(money.attributes) == {"value": "149.04", "siUnit": "ZAR"}
    assert answer.credit_issue(WATER_SALE).need("resource").type == "base:Water"
