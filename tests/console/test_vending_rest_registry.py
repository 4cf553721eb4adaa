"""REST about who buys: meters, customers, debts, tariffs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from ferraris.console import create_vending_rest
from ferraris.console.vending_bodies import Configuration
from ferraris.console.vending_rest_registry import sts_configuration
from ferraris.sts import EncryptionAlgorithm, KeyType
from tests.console.shop import OPERATOR, PREFIX, SUPERVISOR, Shop, open_shop
from tests.vending.house import configuration, reference_number


@pytest.fixture
def shop() -> Iterator[Shop]:
    with open_shop() as shop:
        yield shop


def put(shop: Shop, path: str, **body: Any) -> Any:
    answer = shop.client.put(f"{PREFIX}/{path}", json=body)
    assert answer.is_success, answer.text
    return answer.json()


def entry(serial: int, **changes: Any) -> dict[str, Any]:
    return {
        "meter": reference_number(serial), "account": f"A{serial}", "customer": f"C{serial}", "tariff": "flat",
        "customer_name": "Lerato Molefe", "configuration": {"supply_group_code": "600727", "encryption_algorithm": 11}, **changes,
    }  # fmt: skip


def test_meters_are_found_by_any_part(shop: Shop) -> None:
    assert [one["meter"] for one in shop.get("meters", search="Customer 2")] == [shop.house.meters[1]]
    assert len(shop.get("meters", search="0100")) == 3
    assert len(shop.get("meters", search="0100", limit=1)) == 1


def test_meters_are_registered_all_or_none(shop: Shop) -> None:
    assert shop.post("meters", operator=OPERATOR, meters=[entry(50), entry(51)]) == {"registered": 2, "notice": ""}
    assert shop.post("meters", operator=OPERATOR, meters=[entry(50)]) == {"registered": 0, "notice": ""}
    body = shop.refused(404, "meters", operator=OPERATOR, meters=[entry(52), entry(53, tariff="none")])
    assert body["error"] == "unknown_tariff_error"
    assert shop.get("meters", search=reference_number(52)) == []


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"meter": "01000000017"}, 404),
        ({"configuration": {"supply_group_code": "12"}}, 422),
        ({"configuration": {"supply_group_code": "600727", "key_revision_number": 0}}, 422),
        ({"configuration": {"supply_group_code": "600727", "base_date": 50}}, 422),
        ({"configuration": {"supply_group_code": "600727", "encryption_algorithm": 11, "key_derivation": 2}}, 422),
        ({"account": ""}, 422),
    ],
)
def test_meters_that_cannot_be(shop: Shop, changes: dict[str, Any], status: int) -> None:
    shop.refused(status, "meters", operator=OPERATOR, meters=[entry(60, **changes)])


def test_a_meter_with_everything(shop: Shop) -> None:
    found = shop.get(f"meters/{shop.meter}")
    assert (found["customer"]["name"], found["account"]["tariff"]) == ("Customer 1", "flat")
    assert [row["state"] for row in found["history"]] == ["loaded"]
    assert found["wanted"] is None
    pan = shop.vending.registry.meter(shop.meter).present.sts.meter_pan.digits
    assert shop.get(f"meters/{pan}") == found


def test_a_blocked_meter_buys_nothing(shop: Shop) -> None:
    assert shop.post(f"meters/{shop.meter}/block", operator=SUPERVISOR, reason="stolen")["blocked"] == "stolen"
    body = shop.refused(409, "sales", **shop.order())
    assert (body["error"], "stolen" in body["detail"]) == ("meter_blocked_error", True)
    assert shop.post(f"meters/{shop.meter}/block", operator=SUPERVISOR)["blocked"] == ""
    shop.post("sales", **shop.order())


def test_a_configuration_is_wanted_issued_and_seen(shop: Shop) -> None:
    wanted = {"supply_group_code": "600727", "encryption_algorithm": 11, "tariff_index": 7, "key_revision_number": 3}
    path = f"meters/{shop.meter}/wanted-configuration"
    assert put(shop, path, operator=SUPERVISOR, configuration=wanted)["wanted"]["key_revision_number"] == 3
    shop.post("sales", **shop.order())
    assert shop.get(f"meters/{shop.meter}")["history"][-1]["state"] == "issued"
    seen = shop.post(f"meters/{shop.meter}/loaded", operator=SUPERVISOR, proof="read at the meter")
    assert (seen["history"][-1]["state"], seen["history"][-1]["proof"]) == ("loaded", "read at the meter")
    again = shop.client.put(f"{PREFIX}/{path}", json={"operator": SUPERVISOR, "configuration": wanted})
    assert (again.status_code, again.json()["error"]) == (409, "key_change_error")


def test_customers_and_tariffs_change(shop: Shop) -> None:
    put(shop, "customers/C1", operator=OPERATOR, name="Thandi Dlamini", contact="+27")
    put(shop, "accounts/A1/tariff", operator=OPERATOR, tariff="domestic_blocks")
    found = shop.get(f"meters/{shop.meter}")
    assert (found["customer"]["name"], found["account"]["tariff"]) == ("Thandi Dlamini", "domestic_blocks")
    answer = shop.client.put(f"{PREFIX}/accounts/A1/tariff", json={"operator": OPERATOR, "tariff": "none"})
    assert answer.status_code == 404


def test_a_debt_is_paid_off_by_purchases(shop: Shop) -> None:
    debt = {"operator": OPERATOR, "account": "A1", "name": "connection", "amount": "50", "percent": "20"}
    assert shop.post("debts/D1", **debt)[0]["remaining_minor"] == 5_000
    shop.post("sales", **shop.order())
    assert shop.get("accounts/A1/debts")[0]["remaining_minor"] == 3_000
    assert shop.refused(409, "debts/D1", **debt)["error"] == "debt_number_error"
    shop.refused(422, "debts/D2", **{**debt, "percent": "100"})
    assert shop.refused(422, "debts/D3", **{**debt, "percent": "0"})["error"] == "amount_error"


def test_tariffs_and_settings(shop: Shop) -> None:
    names = [tariff["name"] for tariff in shop.get("tariffs")]
    assert names == sorted(names)
    blocks = shop.get("tariffs/domestic_blocks")
    assert (blocks["effective"], blocks["lines"][0]["up_to"]) == ("2026-07-01", 350)
    assert shop.client.get(f"{PREFIX}/tariffs/none").status_code == 404
    assert shop.get("settings")["supervisors"] == [SUPERVISOR]


def test_who_did_what(shop: Shop) -> None:
    shop.post(f"meters/{shop.meter}/block", operator=SUPERVISOR, reason="stolen")
    (row,) = shop.get("audit", subject=shop.meter)
    assert (row["actor"], row["action"], row["detail"]) == (SUPERVISOR, "block", "stolen")


def test_a_configuration_as_vending_has_it() -> None:
    given = Configuration(supply_group_code="600727", encryption_algorithm=EncryptionAlgorithm.EA11, tariff_index=7)
    assert sts_configuration(configuration(1).meter_pan, given) == configuration(1)
    assert given.key_type is KeyType.DUTK


# Every route and every refusal

P = {"operator": SUPERVISOR}
DEBT = {**P, "account": "A1", "name": "connection", "amount": "50", "percent": "20"}
GROUP = {"supply_group_code": "600727", "encryption_algorithm": 11, "tariff_index": 7}
ROUTES = [
    # method path                                    body                                       status error                   result
    ("GET",  "meters",                               None,                                      200, "",                      ""),
    ("GET",  "meters?limit=0",                       None,                                      422, "",                      ""),
    ("GET",  "meters?limit=101",                     None,                                      422, "",                      ""),
    ("GET",  f"meters?search={'x' * 65}",            None,                                      422, "",                      ""),
    ("GET",  "meters/01000000990",                   None,                                      404, "unknown_meter_error",   ""),
    ("GET",  "meters/01000000017",                   None,                                      404, "unknown_meter_error",   ""),
    ("GET",  "meters/abc",                           None,                                      404, "unknown_meter_error",   ""),
    ("GET",  f"meters/{'1' * 25}",                   None,                                      422, "",                      ""),
    ("POST", "meters",                               {**P, "meters": []},                       422, "",                      ""),
    ("POST", "meters",                               {**P},                                     422, "",                      ""),
    ("POST", "meters/01000000990/block",             {**P, "reason": "stolen"},                 404, "unknown_meter_error",   ""),
    ("POST", "meters/01000000016/block",             {"reason": "stolen"},                      422, "",                      ""),
    ("POST", "meters/01000000016/block",             {**P, "reason": "a\nb"},                   422, "",                      ""),
    ("PUT",  "meters/01000000016/wanted-configuration", {**P},                                  422, "",                      ""),
    ("PUT",  "meters/01000000016/wanted-configuration", {**P, "configuration": GROUP},          409, "key_change_error",      "key_type_error"),
    ("PUT",  "meters/01000000990/wanted-configuration", {**P, "configuration": GROUP},          404, "unknown_meter_error",   ""),
    ("POST", "meters/01000000016/loaded",            {**P, "proof": ""},                        422, "",                      ""),
    ("POST", "meters/01000000990/loaded",            {**P, "proof": "seen"},                    404, "unknown_meter_error",   ""),
    ("PUT",  "customers/C1",                         {**P, "name": " "},                        422, "",                      ""),
    ("PUT",  "customers/C1",                         {**P, "name": "\x1b[2J"},                  422, "",                      ""),
    ("PUT",  "customers/C1",                         {**P, "name": "Thandi\nTOTAL 0.00"},       422, "",                      ""),
    ("PUT",  "customers/C1",                         {**P, "name": "T", "contact": "\x07"},     422, "",                      ""),
    ("PUT",  f"customers/{'c' * 129}",               {**P, "name": "T"},                        422, "",                      ""),
    ("PUT",  "accounts/none/tariff",                 {**P, "tariff": "flat"},                   404, "vending_error",         ""),
    ("PUT",  "accounts/A1/tariff",                   {**P, "tariff": "none"},                   404, "unknown_tariff_error",  ""),
    ("PUT",  "accounts/A1/tariff",                   {**P},                                     422, "",                      ""),
    ("GET",  "accounts/none/debts",                  None,                                      200, "",                      ""),
    ("POST", "debts/D1",                             {**DEBT, "account": "none"},               404, "vending_error",         ""),
    ("POST", "debts/D1",                             {**DEBT, "amount": "0"},                   422, "amount_error",          "range_error"),
    ("POST", "debts/D1",                             {**DEBT, "amount": "-1"},                  422, "amount_error",          "range_error"),
    ("POST", "debts/D1",                             {**DEBT, "amount": "0.001"},               422, "amount_error",          "range_error"),
    ("POST", "debts/D1",                             {**DEBT, "percent": "-1"},                 422, "",                      ""),
    ("POST", "debts/D1",                             {**DEBT, "percent": "100"},                422, "",                      ""),
    ("POST", "debts/D1",                             {**DEBT, "percent": "0"},                  422, "amount_error",          "range_error"),
    ("POST", "debts/D1",                             {**DEBT, "minimum": "-5"},                 422, "amount_error",          "range_error"),
    ("POST", "debts/D1",                             {**DEBT, "priority": 1_001},               422, "",                      ""),
    ("GET",  "tariffs/none",                         None,                                      404, "",                      ""),
    ("GET",  "audit?limit=0",                        None,                                      422, "",                      ""),
    ("GET",  "audit?limit=1001",                     None,                                      422, "",                      ""),
    ("GET",  f"audit?subject={'x' * 129}",           None,                                      422, "",                      ""),
]  # fmt: skip


@pytest.fixture(scope="module")
def untouched() -> Iterator[Shop]:
    """A shop in which every refusal is tried once."""
    with open_shop() as shop:
        rest = create_vending_rest(shop.vending, shop.clock, throttled=False)
        shop.client = TestClient(rest, base_url="http://localhost")
        yield shop


@pytest.mark.parametrize(("method", "path", "body", "status", "error", "result"), ROUTES)
def test_what_each_route_answers(
    untouched: Shop, method: str, path: str, body: Any, status: int, error: str, result: str
) -> None:
    """A refusal says why and leaves no trace in the audit: nothing was done."""
    before = untouched.vending.audit()
    answer = untouched.client.request(method, f"{PREFIX}/{path}", json=body)
    assert (answer.status_code, untouched.vending.audit()) == (status, before), answer.text
    if status >= 400:
        problem = answer.json()
        assert (problem["status"], problem.get("error", ""), problem.get("result", "")) == (status, error, result)
        assert problem["detail"]


@pytest.mark.parametrize("number", ["A/1", "2026/07/A 1", "A#1", "A?1", "A%1", "A&b=1", "Ä1"])
def test_accounts_customers_and_debts_may_have_any_printable_number(shop: Shop, number: str) -> None:
    shop.post("meters", operator=OPERATOR, meters=[entry(70, account=number, customer=number)])
    written = quote(number, safe="")
    assert put(shop, f"customers/{written}", operator=OPERATOR, name="Thandi")["number"] == number
    put(shop, f"accounts/{written}/tariff", operator=OPERATOR, tariff="domestic_blocks")
    debts = shop.post(f"debts/{written}", **{**DEBT, "account": number})
    assert shop.get(f"accounts/{written}/debts") == debts
    found = shop.get(f"meters/{reference_number(70)}")
    assert (found["customer"]["name"], found["account"]["tariff"]) == ("Thandi", "domestic_blocks")
    assert [debt["number"] for debt in found["debts"]] == [number]


def test_a_meter_is_found_as_it_stands_on_its_card(shop: Shop) -> None:
    pan = shop.vending.registry.meter(shop.meter).present.sts.meter_pan.digits
    for typed in (shop.meter, pan, f" {shop.meter[:4]} {shop.meter[4:]} "):
        assert [one["meter"] for one in shop.get("meters", search=typed)] == [shop.meter], typed


@pytest.mark.parametrize("search", ["%", "_", "\\", "0100%", "Customer_1", "' OR 1=1 --"])
def test_no_character_of_a_search_stands_for_others(shop: Shop, search: str) -> None:
    assert shop.get("meters", search=search) == []
