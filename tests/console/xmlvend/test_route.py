"""The address of XMLVend over HTTP: letters in, letters out, and no patience with guessers."""

from __future__ import annotations

import gzip

import pytest

from ferraris.console.xmlvend.route import XMLVEND_PATH
from ferraris.kernel.limits import REFUSALS_PER_MINUTE_MAX, SOAP_OCTETS_MAX
from tests.console.shop import Shop
from tests.console.xmlvend.letters import letter, meter_method, money


def test_a_sale_over_http(shop: Shop) -> None:
    octets = letter("r:creditVendReq", meter_method(shop.meter) + money("100"))
    answer = shop.client.post(XMLVEND_PATH, content=octets, headers={"content-type": "text/xml"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    assert shop.vending.sale(1).tokens[0].digits in answer.text


def test_compressed_letters_are_not_taken(shop: Shop) -> None:
    octets = gzip.compress(b" " * 10_000_000)
    answer = shop.client.post(XMLVEND_PATH, content=octets, headers={"content-encoding": "gzip"})
    assert answer.status_code == 415


@pytest.mark.parametrize("size", [SOAP_OCTETS_MAX + 1, 2 * 1024 * 1024])
def test_long_letters_are_refused(shop: Shop, size: int) -> None:
    assert shop.client.post(XMLVEND_PATH, content=b" " * size).status_code in {413, 500}


def test_whoever_guesses_meters_must_wait(shop: Shop) -> None:
    """A fault has status 500 in SOAP, and yet counts as a refusal."""
    statuses = [
        shop.client.post(XMLVEND_PATH, content=letter("m:confirmMeterReq", meter_method(f"{number:011}"))).status_code
        for number in range(REFUSALS_PER_MINUTE_MAX + 2)
    ]
    assert statuses[0] == 500
    assert statuses[-1] == 429


def test_a_page_from_elsewhere_may_not_sell(shop: Shop) -> None:
    octets = letter("r:creditVendReq", meter_method(shop.meter) + money("100"))
    answer = shop.client.post(XMLVEND_PATH, content=octets, headers={"origin": "http://evil.example"})
    assert answer.status_code == 403
    assert shop.sales() == []
