"""The use cases at the till, as vending clients write and read them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferraris.keys.security_module import SecurityModuleUnavailable
from ferraris.vending import Delivery
from tests.console.shop import SUPERVISOR, Shop
from tests.console.xmlvend.letters import answered, customer_method, fault_of, letter, meter_method, money, units


def sale_letter(shop: Shop, amount: str = "100", **values: object) -> bytes:
    return letter("r:creditVendReq", meter_method(shop.meter) + money(amount), **values)  # type: ignore[arg-type]


def token_of(body: object) -> str:
    transactions = body.need("creditVendReceipt").need("transactions")  # type: ignore[attr-defined]
    (first, *_) = transactions.named("tx")
    return str(first.need("creditTokenIssue").need("token").need("stsCipher").text)


def test_a_customer_is_confirmed_by_meter_account_or_name(shop: Shop) -> None:
    methods = [
        meter_method(shop.meter),
        customer_method("CustAccountNo", 'accNo="A1"/>'),
        customer_method("CustName", "><b:name>Customer 1</b:name></b:custIdentifier>"),
    ]
    for method in methods:
        body = answered(shop, letter("r:confirmCustomerReq", method), "confirmCustomerResp")
        (result,) = body.named("confirmCustResult")
        assert result.need("custVendDetail").attribute("accNo") == "A1"
        assert result.need("custVendConfig").need("canVend").text == "true"
        assert result.need("meterDetail").attribute("msno") == shop.meter


def test_a_search_may_find_several(shop: Shop) -> None:
    method = customer_method("CustName", "><b:name>Customer</b:name></b:custIdentifier>")
    body = answered(shop, letter("r:confirmCustomerReq", method), "confirmCustomerResp")
    assert len(list(body.named("confirmCustResult"))) == 3


def test_nobody_fits(shop: Shop) -> None:
    method = customer_method("CustAccountNo", 'accNo="NOBODY"/>')
    assert fault_of(shop, letter("r:confirmCustomerReq", method))[0] == "XMLVendSchemaEx"


def test_a_meter_is_confirmed(shop: Shop) -> None:
    body = answered(shop, letter("m:confirmMeterReq", meter_method(shop.meter)), "confirmMeterResp")
    assert body.need("confirmMeterResult").need("meterDetail").attribute("krn") == "1"


def test_a_trial_costs_nothing_and_shows_zeros(shop: Shop) -> None:
    body = answered(
        shop, letter("r:trialCreditVendReq", meter_method(shop.meter) + money("100")), "trialCreditVendResp"
    )
    assert token_of(body) == "0" * 20
    assert shop.sales() == []


def test_a_sale_by_money_and_by_units(shop: Shop) -> None:
    body = answered(shop, sale_letter(shop), "creditVendResp")
    kept = shop.vending.sale(1)
    assert kept.credit_token is not None
    assert token_of(body) == kept.credit_token.digits
    assert kept.till == "6004708001509/till-1"
    assert kept.operator == "ann"
    assert body.need("custVendDetail").attribute("name") == "Customer 1"
    answered(shop, letter("r:creditVendReq", meter_method(shop.meter) + units("10"), number=2), "creditVendResp")
    assert shop.vending.sale(3).units_tenths == 100


def test_the_same_identifier_gives_the_same_answer(shop: Shop) -> None:
    first = answered(shop, sale_letter(shop), "creditVendResp")
    shop.clock.advance(3_600_000)
    again = answered(shop, sale_letter(shop), "creditVendResp")
    assert token_of(first) == token_of(again)
    assert first == again
    assert len(shop.sales()) == 1
    kind, text = fault_of(shop, sale_letter(shop, amount="200"))
    assert (kind, "another request" in text) == ("BusinessRuleEx", True)


def test_the_last_response_can_be_asked_for(shop: Shop) -> None:
    sold = answered(shop, sale_letter(shop), "creditVendResp")
    asked = '<b:adviceReqMsgID dateTime="20260701083000" uniqueNumber="1"/>'
    body = answered(shop, letter("b:adviceReq", asked, kind="b:LastRespAdviceReq", number=2), "adviceResp")
    assert body.type == "LastRespAdviceResp"
    last = body.need("lastResponse")
    assert last.type == "CreditVendResp"
    assert token_of(last) == token_of(sold)
    assert last.need("reqMsgID").attribute("uniqueNumber") == "1"


def test_there_is_no_last_response_of_somebody_else(shop: Shop) -> None:
    answered(shop, sale_letter(shop), "creditVendResp")
    asked = '<b:adviceReqMsgID dateTime="20260701083000" uniqueNumber="1"/>'
    octets = letter("b:adviceReq", asked, kind="b:LastRespAdviceReq", number=2, client="another")
    assert fault_of(shop, octets)[0] == "LastResponseEx"


def test_a_module_that_is_away_is_told_as_the_servers_fault_and_a_retry_sells(shop: Shop) -> None:
    shop.house.module.failure = SecurityModuleUnavailable("away")
    assert fault_of(shop, sale_letter(shop))[0] == "SystemEx"
    asked = '<b:adviceReqMsgID dateTime="20260701083000" uniqueNumber="1"/>'
    assert fault_of(shop, letter("b:adviceReq", asked, kind="b:LastRespAdviceReq", number=2))[0] == "LastResponseEx"
    shop.house.module.failure = None
    answered(shop, sale_letter(shop), "creditVendResp")
    assert len(shop.sales()) == 1


def test_advice_confirms_and_reverses(shop: Shop) -> None:
    answered(shop, sale_letter(shop), "creditVendResp")
    asked = '<b:adviceReqMsgID dateTime="20260701083000" uniqueNumber="1"/>'
    confirmed = answered(shop, letter("b:adviceReq", asked, kind="b:ConfirmationAdviceReq", number=2), "adviceResp")
    assert (confirmed.type, confirmed.get("lastResponse")) == ("ConfirmationAdviceResp", None)
    back = letter("b:adviceReq", asked, kind="b:ReversalAdviceReq", number=3)
    assert fault_of(shop, back)[0] == "ReversalEx"  # the client has read the token, and ann is no supervisor
    assert shop.vending.sale(1).state == "posted"
    back = letter("b:adviceReq", asked, kind="b:ReversalAdviceReq", number=3, operator=SUPERVISOR)
    first = answered(shop, back, "adviceResp")
    assert answered(shop, back, "adviceResp") == first
    assert shop.vending.sale(1).state == "reversed"
    assert set(shop.vending.balances().values()) == {0}


def test_a_used_token_is_not_reversed_by_advice(shop: Shop) -> None:
    answered(shop, sale_letter(shop), "creditVendResp")
    shop.vending.mark_delivered(1, Delivery.ACCEPTED, shop.clock.now_ms(), "accept")
    assert shop.vending.sale(1).worthless is False
    asked = '<b:adviceReqMsgID dateTime="20260701083000" uniqueNumber="1"/>'
    assert fault_of(shop, letter("b:adviceReq", asked, kind="b:ReversalAdviceReq", number=3))[0] == "ReversalEx"


@pytest.mark.parametrize(("request_name", "response"), [("freeIssueReq", "freeIssueResp"), ("fbeReq", "fbeResp")])
def test_free_units(shop: Shop, request_name: str, response: str) -> None:
    octets = letter(f"r:{request_name}", meter_method(shop.meter))
    body = answered(shop, octets, response)
    assert body == answered(shop, octets, response)
    (transaction,) = body.need("creditVendReceipt").need("transactions").named("tx")
    assert transaction.need("creditTokenIssue").type == "FreeCredTokenIssue"
    again = letter(f"r:{request_name}", meter_method(shop.meter), number=2)
    assert fault_of(shop, again)[0] == "BusinessRuleEx"


def test_a_reprint_is_the_meters_last_sale(shop: Shop) -> None:
    assert fault_of(shop, letter("r:reprintReq", meter_method(shop.meter)))[0] == "LastResponseEx"
    sold = answered(shop, sale_letter(shop), "creditVendResp")
    body = answered(shop, letter("r:reprintReq", meter_method(shop.meter), number=2), "reprintResp")
    assert token_of(body.need("reprint")) == token_of(sold)
    assert shop.vending.sale(1).reprints == 1


def test_a_key_change_with_the_sale_and_alone(shop: Shop) -> None:
    present = shop.vending.registry.meter(shop.meter).present.sts
    shop.vending.registry.want(replace(present, key_revision_number=2), SUPERVISOR, shop.clock.now_ms())
    body = answered(shop, sale_letter(shop), "creditVendResp")
    (first, *_) = body.need("creditVendReceipt").need("transactions").named("tx")
    change = first.need("kcTokenIssue")
    assert dict(change.need("kctData").attributes) | {} == {
        "fromSGC": "600727", "fromKRN": "1", "fromTI": "07", "toSGC": "600727", "toKRN": "2", "toTI": "07",
    }  # fmt: skip
    assert [part.name for part in change.need("token").children] == [
        "set1stMeterKey", "set2ndMeterKey", "set3rdMeterKey", "set4thMeterKey",
    ]  # fmt: skip
    alone = answered(shop, letter("m:updateMeterKeyReq", meter_method(shop.meter), number=2), "updateMeterKeyResp")
    assert alone.need("updateMeterKey").need("token") == change.need("token")


WRONG = [
    # amount   kind of fault       in the sentence
    ("0", "BusinessRuleEx", "above zero"),
    ("-5", "BusinessRuleEx", "above zero"),
    ("9", "BusinessRuleEx", "below the minimum"),
    ("1e9", "XMLVendSchemaEx", "no amount"),
]


@pytest.mark.parametrize(("amount", "kind", "sentence"), WRONG)
def test_wrong_amounts(shop: Shop, amount: str, kind: str, sentence: str) -> None:
    found, text = fault_of(shop, sale_letter(shop, amount=amount))
    assert (found, sentence in text) == (kind, True)
    assert shop.sales() == []


def test_wrong_meters(shop: Shop) -> None:
    unknown = letter("r:creditVendReq", meter_method("01000000990") + money("100"))
    mistyped = letter("r:creditVendReq", meter_method("01000000017") + money("100"))
    assert fault_of(shop, unknown)[0] == "UnknownMeterEx"
    assert "check digit" in fault_of(shop, mistyped)[1]
    shop.vending.registry.block(shop.meter, "stolen", SUPERVISOR, shop.clock.now_ms())
    assert fault_of(shop, sale_letter(shop))[0] == "BlockedMeterEx"
