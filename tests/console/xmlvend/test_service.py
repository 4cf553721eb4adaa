"""The service as a whole: what is offered, what is not, and letters that nobody should have sent."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferraris.console.xmlvend.envelope import read_envelope
from ferraris.console.xmlvend.names import SOAP_1_2
from ferraris.console.xmlvend.service import USE_CASES, read_letter, reply_at, reply_to
from tests.console.shop import Shop, open_shop
from tests.console.xmlvend.letters import fault_of, letter, meter_method, money

NOT_OFFERED = (
    "cancelVendReq verifyReq meterCreditTransferReq vendorStatementReq payAccReq loginReq confirmNodeReq reprintDepReq"
)


@pytest.mark.parametrize("name", NOT_OFFERED.split())
def test_what_is_not_offered_is_said(shop: Shop, name: str) -> None:
    assert fault_of(shop, letter(f"r:{name}"))[0] == "UseCaseSupportEx"


@pytest.mark.parametrize("name", USE_CASES)
def test_an_empty_request_of_every_use_case_is_a_fault_or_an_answer_but_no_crash(shop: Shop, name: str) -> None:
    reply = reply_to(letter(f"r:{name}"), shop.vending, shop.clock.now_ms())
    assert reply.status in {200, 500}
    assert read_envelope(reply.octets).body.name in {"Fault", "startBatchResp"}
    assert shop.sales() == []


def test_soap_1_2_is_answered_in_kind(shop: Shop) -> None:
    octets = letter("r:creditVendReq", meter_method(shop.meter) + money("100"), soap=SOAP_1_2)
    reply = reply_to(octets, shop.vending, shop.clock.now_ms())
    assert read_envelope(reply.octets).soap == SOAP_1_2
    assert reply.content_type.startswith("application/soap+xml")
    refused = reply_to(letter("r:verifyReq", soap=SOAP_1_2), shop.vending, shop.clock.now_ms())
    assert (read_envelope(refused.octets).soap, refused.refused) == (SOAP_1_2, True)


HOSTILE = [
    b"",
    b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
    b"\x00" * 100,
    letter("r:creditVendReq").replace(b"uniqueNumber", b"uniqueNumber='1' x"),
    letter("r:creditVendReq", meter_method("1" * 5_000)),
    letter("r:creditVendReq", "<a>" * 8 + "</a>" * 8),
]


@pytest.mark.parametrize("octets", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_letters_are_faults_of_the_sender(shop: Shop, octets: bytes) -> None:
    reply = reply_to(octets, shop.vending, shop.clock.now_ms())
    assert (reply.status, reply.refused) == (500, True)
    assert b"root:" not in reply.octets
    assert len(reply.octets) < 4_096
    assert shop.sales() == []


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_a_flipped_octet_sells_the_same_or_nothing(shop: Shop, data: st.DataObject) -> None:
    """Whatever an octet of a good letter becomes: an answer in SOAP, and never a sale to another meter or of another amount."""
    good = bytearray(letter("r:creditVendReq", meter_method(shop.meter) + money("100")))
    place = data.draw(st.integers(0, len(good) - 1))
    good[place] = data.draw(st.integers(0, 255))
    reply = reply_to(bytes(good), shop.vending, shop.clock.now_ms())
    assert read_envelope(reply.octets).body.name in {"Fault", "creditVendResp"}
    assert {sale.meter for sale in shop.sales()} <= {shop.meter}


@pytest.mark.anyio
@pytest.mark.parametrize(
    "name", ["creditVendReq", "trialCreditVendReq", "confirmMeterReq", "startBatchReq", "verifyReq", "freeIssueReq"]
)
@pytest.mark.parametrize("amount", ["100", "0", "1e9"])
async def test_at_the_desk_every_letter_has_the_answer_that_it_has_alone(name: str, amount: str) -> None:
    with open_shop(tariff_name="domestic_blocks") as first, open_shop(tariff_name="domestic_blocks") as second:
        octets = letter(f"r:{name}", meter_method(first.meter) + money(amount))
        alone = reply_to(octets, first.vending, first.clock.now_ms())
        assert await reply_at(second.desk, octets) == alone
        assert await reply_at(second.desk, octets) == reply_to(octets, first.vending, first.clock.now_ms())
        assert len(second.sales()) == len(first.sales()) <= 1


def test_a_letter_that_buys_credit_says_what_it_orders(shop: Shop) -> None:
    bought = read_letter(letter("r:creditVendReq", meter_method(shop.meter) + money("100"), number=7), shop.vending)
    assert bought.order is not None
    assert (bought.order.meter, bought.order.amount, bought.order.till) == (shop.meter, 100, "6004708001509/till-1")
    assert (
        read_letter(letter("r:trialCreditVendReq", meter_method(shop.meter) + money("1")), shop.vending).order is None
    )
    assert read_letter(b"<", shop.vending).error is not None
    assert shop.sales() == []
