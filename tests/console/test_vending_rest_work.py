"""REST about engineering tokens, shifts, deposits and campaigns."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

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
    started = shop.post("campaigns", name="rollover", operator=SUPERVISOR, key_revision_number=2, base_date=35)
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
