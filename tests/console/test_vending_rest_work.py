"""REST about engineering tokens, shifts, deposits and campaigns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.console import create_vending_rest
from ferraris.vending import PaymentKind
from tests.console.shop import OPERATOR, SUPERVISOR, Shop, open_shop

WHO = {"till": "T1", "operator": OPERATOR}


@pytest.fixture
def shop() -> Iterator[Shop]:
    with open_shop() as shop:
        yield shop


def ask(shop: Shop, **changes: object) -> dict[str, object]:
    return {**WHO, "meter": shop.meter, "kind": "clear_tamper", "reason": "cover", "message_id": "e1", **changes}


def test_an_engineering_token_takes_two_persons(shop: Shop) -> None:
    assert shop.post("engineering", **ask(shop))["state"] == "requested"
    assert shop.post("engineering", **ask(shop))["state"] == "requested"
    assert [row["message_id"] for row in shop.get("engineering")] == ["e1"]
    alone = shop.refused(403, "engineering/approve", message_id="e1", operator=OPERATOR)
    assert alone["error"] == "approval_error"
    issued = shop.post("engineering/approve", message_id="e1", operator=SUPERVISOR)
    assert (issued["sale"]["kind"], issued["sale"]["approver"]) == ("engineering", SUPERVISOR)
    assert shop.post("engineering/approve", message_id="e1", operator=SUPERVISOR) == issued
    assert shop.get("engineering") == []


def test_a_refused_request_gives_no_token(shop: Shop) -> None:
    shop.post("engineering", **ask(shop))
    shop.post("engineering/refuse", message_id="e1", operator=SUPERVISOR)
    shop.refused(403, "engineering/approve", message_id="e1", operator=SUPERVISOR)
    assert shop.get("sales") == []


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "explode"},
        {"kind": "power_limit", "value": 10**9},
        {"value": -1},
        {"value": 1 << 44},
        {"meter": "1" * 11},
    ],
)
def test_requests_that_cannot_be(shop: Shop, changes: dict[str, object]) -> None:
    answer = shop.client.post("/api/v1/vending/engineering", json=ask(shop, **changes))
    assert answer.status_code in {404, 422}
    assert shop.get("engineering") == []


def test_a_shift_from_open_to_batch(shop: Shop) -> None:
    shift = shop.post("shifts", **WHO, float_amount="200")
    assert shop.refused(409, "shifts", **WHO)["error"] == "shift_error"
    shop.post("sales", **shop.order())
    shop.clock.advance(60_000)
    deposit = {**WHO, "amount": "30", "reference": "slip 7", "message_id": "d1"}
    assert shop.post("deposits", **deposit) == shop.post("deposits", **deposit)
    totals = shop.get(f"shifts/{shift['number']}")
    assert (totals["sales"], totals["expected_cash_minor"], totals["deposited_minor"]) == (1, 27_000, 3_000)
    shop.clock.advance(60_000)
    closed = shop.post("shifts/close", **WHO, counted="269.50")
    assert closed["counted_minor"] - closed["expected_cash_minor"] == -50
    batch = shop.post("batches", **WHO)
    assert [one["number"] for one in batch["shifts"]] == [shift["number"]]
    assert shop.get(f"batches/{batch['batch']}") == batch
    assert [row["batch"] for row in shop.get("shifts", till="T1")] == [batch["batch"]]
    shop.refused(409, "batches", **WHO)


@pytest.mark.parametrize("path", ["shifts/99", "batches/99", "campaigns/none"])
def test_what_is_not_there(shop: Shop, path: str) -> None:
    assert shop.client.get(f"/api/v1/vending/{path}").status_code == 404


def test_a_campaign_from_start_to_proof(shop: Shop) -> None:
    assert shop.get("key-states") == [
        {"base_date": 2014, "key_revision_number": 1, "tariff_index": 7, "supply_group_code": "600727", "meters": 3}
    ]
    started = shop.post("campaigns", name="rollover", operator=SUPERVISOR, key_revision_number=2, tariff_index=8)
    assert (started["meters"], started["left_out"]) == (3, [])
    shop.refused(422, "campaigns", name="rollover", operator=SUPERVISOR, key_revision_number=2)
    assert shop.get("campaigns/rollover")["counts"] == {"wanted": 3, "issued": 0, "entered": 0}
    issued = shop.post("campaigns/rollover/issue", **WHO, limit=2)
    assert [len(one["tokens_in_fours"]) for one in issued] == [4, 4]
    assert len(shop.post("campaigns/rollover/issue", **WHO)) == 1
    assert len(shop.get("campaigns/rollover/not-entered")) == 3
    shop.refused(422, "campaigns/rollover/close", operator=SUPERVISOR)
    for meter in shop.house.meters:
        shop.post(f"meters/{meter}/loaded", operator=SUPERVISOR, proof="seen")
    done = shop.post("campaigns/rollover/close", operator=SUPERVISOR)
    assert (done["complete"], done["counts"]["entered"]) == (True, 3)
    assert shop.get("campaigns")[0]["closed_ms"] is not None


def test_a_campaign_says_which_meters_it_leaves_out(shop: Shop) -> None:
    meters = [shop.meter, "01000000990"]
    started = shop.post("campaigns", name="some", operator=SUPERVISOR, key_revision_number=2, meters=meters)
    assert started["meters"] == 1
    assert started["left_out"][0][0] == "01000000990"


# Every route and every refusal

ASK = {**WHO, "meter": "01000000016", "kind": "clear_tamper", "reason": "cover"}
BOSS = {"operator": SUPERVISOR}
ROUTES = [
    # method path                            body                                                status error                     result
    ("POST", "engineering",                  {**ASK},                                            422, "",                        ""),
    ("POST", "engineering",                  {**ASK, "message_id": "sold"},                      409, "message_conflict_error",  ""),
    ("POST", "engineering",                  {**ASK, "message_id": "asked", "value": 1},         409, "message_conflict_error",  ""),
    ("POST", "engineering",                  {**ASK, "message_id": "asked"},                     202, "",                        ""),
    ("POST", "engineering",                  {**ASK, "message_id": "e", "meter": "01000000990"}, 404, "unknown_meter_error",     ""),
    ("POST", "engineering",                  {**ASK, "message_id": "e", "value": 65_536},        422, "amount_error",            "range_error"),
    ("POST", "engineering",                  {**ASK, "message_id": "e", "kind": "credit"},       422, "",                        ""),
    ("POST", "engineering/approve",          {"message_id": "none", **BOSS},                     403, "approval_error",          ""),
    ("POST", "engineering/approve",          {"message_id": "asked", "operator": OPERATOR},      403, "approval_error",          ""),
    ("POST", "engineering/approve",          {"message_id": "asked"},                            422, "",                        ""),
    ("POST", "engineering/approve",          {"message_id": "refused", **BOSS},                  403, "approval_error",          ""),
    ("POST", "engineering/refuse",           {"message_id": "none", **BOSS},                     403, "approval_error",          ""),
    ("POST", "engineering/refuse",           {"message_id": "refused", **BOSS},                  403, "approval_error",          ""),
    ("POST", "shifts",                       {**WHO},                                            409, "shift_error",             ""),
    ("POST", "shifts",                       {"till": "T2", "operator": "a", "float_amount": "-1"}, 422, "amount_error",         "range_error"),
    ("POST", "shifts",                       {"till": "T2", "operator": "a", "float_amount": "0.001"}, 422, "amount_error",      "range_error"),
    ("GET",  "shifts?limit=1001",            None,                                               422, "",                        ""),
    ("GET",  "shifts/0",                     None,                                               422, "",                        ""),
    ("GET",  "shifts/99",                    None,                                               404, "shift_error",             ""),
    ("POST", "shifts/close",                 {**WHO},                                            422, "",                        ""),
    ("POST", "shifts/close",                 {**WHO, "counted": "-1"},                           422, "",                        ""),
    ("POST", "shifts/close",                 {**WHO, "counted": "0.001"},                        422, "amount_error",            "range_error"),
    ("POST", "shifts/close",                 {**WHO, "till": "T2", "counted": "0"},              409, "shift_error",             ""),
    ("POST", "deposits",                     {**WHO, "amount": "1", "reference": "r"},           422, "",                        ""),
    ("POST", "deposits",                     {**WHO, "amount": "0", "reference": "r", "message_id": "d"}, 422, "amount_error",   "range_error"),
    ("POST", "deposits",                     {**WHO, "amount": "-1", "reference": "r", "message_id": "d"}, 422, "amount_error",  "range_error"),
    ("POST", "deposits",                     {**WHO, "amount": "1", "message_id": "d"},          422, "",                        ""),
    ("POST", "batches",                      {**WHO},                                            409, "shift_error",             ""),
    ("GET",  "batches/99",                   None,                                               404, "shift_error",             ""),
    ("POST", "campaigns",                    {**BOSS, "name": "old", "key_revision_number": 3},  422, "vending_error",           ""),
    ("POST", "campaigns",                    {**BOSS, "name": "new", "key_revision_number": 0},  422, "",                        ""),
    ("POST", "campaigns",                    {**BOSS, "name": "new", "base_date": 50},           422, "",                        ""),
    ("POST", "campaigns",                    {**BOSS, "name": "new", "supply_group_code": "1"},  422, "",                        ""),
    ("POST", "campaigns",                    {**BOSS, "name": "", "key_revision_number": 3},     422, "",                        ""),
    ("POST", "campaigns",                    {**BOSS, "name": "new", "meters": ["01000000017"], "key_revision_number": 3},
                                                                                                 404, "unknown_meter_error",     ""),
    ("GET",  "campaigns/none",               None,                                               404, "vending_error",           ""),
    ("GET",  "campaigns/none/not-entered",   None,                                               404, "vending_error",           ""),
    ("POST", "campaigns/none/issue",         {**WHO},                                            404, "vending_error",           ""),
    ("POST", "campaigns/old/issue",          {**WHO, "limit": 0},                                422, "",                        ""),
    ("POST", "campaigns/none/close",         {**BOSS},                                           404, "vending_error",           ""),
    ("POST", "campaigns/old/close",          {**BOSS},                                           422, "vending_error",           ""),
]  # fmt: skip


@pytest.fixture(scope="module")
def busy() -> Iterator[Shop]:
    """A shop with a shift, two requests and a campaign, in which every refusal is tried once."""
    with open_shop() as shop:
        rest = create_vending_rest(shop.vending, shop.clock, throttled=False)
        shop.client = TestClient(rest, base_url="http://localhost")
        shop.post("shifts", **WHO)
        shop.post("sales", **shop.order("sold"))
        for name in ("asked", "refused"):
            shop.post("engineering", **ASK, message_id=name)
        shop.post("engineering/refuse", message_id="refused", operator=SUPERVISOR)
        shop.post("campaigns", name="old", operator=SUPERVISOR, key_revision_number=2)
        yield shop


@pytest.mark.parametrize(("method", "path", "body", "status", "error", "result"), ROUTES)
def test_what_each_route_answers(
    busy: Shop, method: str, path: str, body: Any, status: int, error: str, result: str
) -> None:
    """A refusal says why and leaves no trace in the audit: nothing was done."""
    before = busy.vending.audit()
    answer = busy.client.request(method, f"/api/v1/vending/{path}", json=body)
    assert (answer.status_code, busy.vending.audit()) == (status, before), answer.text
    if status >= 400:
        problem = answer.json()
        assert (problem["status"], problem.get("error", ""), problem.get("result", "")) == (status, error, result)


@pytest.mark.parametrize("name", ["2026/North", "a b", "50 % done", "why?", "#1", "Zürich"])
def test_a_campaign_may_have_any_printable_name(shop: Shop, name: str) -> None:
    shop.post("campaigns", name=name, operator=SUPERVISOR, key_revision_number=2, meters=[shop.meter])
    path = f"campaigns/{quote(name, safe='')}"
    assert shop.get(path)["counts"]["wanted"] == 1
    assert [one["meter"] for one in shop.get(f"{path}/not-entered")] == [shop.meter]
    assert len(shop.post(f"{path}/issue", **WHO)) == 1
    shop.post(f"meters/{shop.meter}/loaded", operator=SUPERVISOR, proof="seen")
    assert shop.post(f"{path}/close", operator=SUPERVISOR)["complete"] is True


def test_a_shift_is_closed_once(shop: Shop) -> None:
    shop.post("shifts", **WHO)
    shop.post("shifts/close", **WHO, counted="0")
    assert shop.refused(409, "shifts/close", **WHO, counted="0")["error"] == "shift_error"


@settings(max_examples=8, deadline=None)
@given(st.lists(st.sampled_from(["cash", "card", "open", "close", "reverse"]), max_size=14))
def test_shifts_together_are_the_sales_made_in_them(acts: list[str]) -> None:
    """Whatever tills do in which order: the totals of all shifts are the sales that belong to one, each counted once."""
    with open_shop() as shop:
        now_ms = shop.clock.now_ms
        for number, act in enumerate(acts):
            shop.clock.advance(1_000)
            is_open = shop.vending.shifts.open_shift("T1") is not None
            posted = [sale for sale in shop.sales() if sale.state == "posted"]
            if act in {"cash", "card"}:
                shop.vending.sell(shop.house.request(f"{10 + number}.50", payment=PaymentKind(act)), now_ms())
            elif act == "open" and not is_open:
                shop.vending.shifts.open("T1", OPERATOR, now_ms())
            elif act == "close" and is_open:
                shop.vending.shifts.close("T1", OPERATOR, now_ms(), 0)
            elif act == "reverse" and posted:
                shop.vending.reverse(posted[0].number, SUPERVISOR, now_ms())
        totals = [shop.vending.shifts.totals(shift.number) for shift in shop.vending.shifts.list()]
        inside = [sale for sale in shop.sales() if sale.shift is not None]
        taken = sum(one.taken_minor for total in totals for one in total.payments)
        assert taken == sum(sale.tendered_minor for sale in inside)
        assert sum(total.sales for total in totals) == len(inside)
        assert sum(shop.vending.balances().values()) == 0
