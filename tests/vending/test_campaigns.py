"""Campaigns: what every meter is to become, how far each is, and the proof that it got there."""

from __future__ import annotations

import pytest

from ferraris.sts import BaseDate
from ferraris.vending import (
    CampaignGoal,
    ConfigurationState,
    Delivery,
    TokenKind,
    VendingError,
)
from tests.vending.house import DAY_MS, MINUTE_MS, OPERATOR, SUPERVISOR, House, make_house

ROLLOVER_MS = BaseDate.Y2014.start_ms + 3_650 * DAY_MS
GOAL = CampaignGoal(base_date=BaseDate.Y2014, key_revision_number=2)


@pytest.fixture
def house() -> House:
    """Three meters whose base date is about to run out."""
    made = make_house(meters=3, base_date=BaseDate.Y1993)
    made.now_ms = ROLLOVER_MS
    return made


def start(house: House) -> None:
    started = house.vending.campaigns.start("rollover", GOAL, SUPERVISOR, house.now_ms)
    assert (started.meters, started.left_out) == (3, ())


def counts(house: House) -> dict[str, int]:
    return house.vending.campaigns.progress("rollover").counts()


def test_a_rollover_from_start_to_proof(house: House) -> None:
    vending, campaigns = house.vending, house.vending.campaigns
    assert dict(campaigns.states()) == {(1993, 1, 7, "600727"): 3}
    unused = vending.sell(house.request("10"), house.now_ms)
    start(house)
    assert counts(house) == {"wanted": 3, "issued": 0, "entered": 0}

    bought = vending.sell(house.request("10"), house.now_ms)
    assert [token.kind for token in bought.tokens] == [TokenKind.KEY_CHANGE] * 4 + [TokenKind.CREDIT]
    assert counts(house) == {"wanted": 2, "issued": 1, "entered": 0}
    assert dict(campaigns.states()) == {(1993, 1, 7, "600727"): 2, (2014, 2, 7, "600727"): 1}

    handed_out = campaigns.issue("rollover", "BACK OFFICE", SUPERVISOR, house.now_ms)
    assert [sale.meter for sale in handed_out] == house.meters[1:]
    assert counts(house) == {"wanted": 0, "issued": 3, "entered": 0}
    flagged = {meter.meter: meter.stranded_tokens for meter in campaigns.progress("rollover").not_entered()}
    assert flagged == {house.meters[0]: 1, house.meters[1]: 0, house.meters[2]: 0}
    assert [sale.number for sale in vending.stranded(vending.registry.meter(house.meter))] == [unused.number]

    vending.mark_delivered(bought.number, Delivery.ACCEPTED, house.now_ms + 1)
    vending.mark_delivered(handed_out[0].number, Delivery.ACCEPTED, house.now_ms + 2)
    assert counts(house) == {"wanted": 0, "issued": 1, "entered": 2}
    with pytest.raises(VendingError, match="1 meters not entered"):
        campaigns.close("rollover", SUPERVISOR, house.now_ms + 3)
    vending.registry.report_loaded(house.meters[2], "read at the display", "tom", house.now_ms + 4)
    closed = campaigns.close("rollover", SUPERVISOR, house.now_ms + 5)
    assert closed.complete
    assert closed.closed_ms == house.now_ms + 5
    assert [meter.proof for meter in closed.meters] == [
        f"token of receipt {bought.number} accepted",
        f"token of receipt {handed_out[0].number} accepted",
        "read at the display",
    ]


def test_bulk_issue_goes_on_where_it_was_cut_off(house: House) -> None:
    start(house)
    first = house.vending.campaigns.issue("rollover", "B", SUPERVISOR, house.now_ms, limit=2)
    second = house.vending.campaigns.issue("rollover", "B", SUPERVISOR, house.now_ms, limit=2)
    assert [sale.meter for sale in (*first, *second)] == house.meters
    assert house.vending.campaigns.issue("rollover", "B", SUPERVISOR, house.now_ms) == []


def test_a_later_purchase_under_the_new_key_proves_it_too(house: House) -> None:
    start(house)
    house.vending.campaigns.issue("rollover", "B", SUPERVISOR, house.now_ms)
    sale = house.vending.sell(house.request("10"), house.now_ms)
    assert [token.kind for token in sale.tokens] == [TokenKind.CREDIT]
    house.vending.mark_delivered(sale.number, Delivery.REFUSED, house.now_ms, "crc_error")
    assert counts(house)["entered"] == 0
    later = house.vending.sell(house.request("10"), house.now_ms + MINUTE_MS)
    house.vending.mark_delivered(later.number, Delivery.ACCEPTED, house.now_ms)
    assert counts(house)["entered"] == 1


def test_meters_that_are_there_or_cannot_come_are_left_out_with_the_reason(house: House) -> None:
    start(house)
    started = house.vending.campaigns.start(
        "again", CampaignGoal(tariff_index=7), SUPERVISOR, house.now_ms, [house.meter, "01999999995", house.meter]
    )
    assert started.meters == 0
    assert [(number, why.split(",")[0]) for number, why in started.left_out] == [
        (house.meter, "the meter has this configuration already"),
        ("01999999995", "no such meter"),
    ]


def test_a_goal_that_no_meter_can_have_leaves_all_out(house: House) -> None:
    started = house.vending.campaigns.start("wrong", CampaignGoal(key_revision_number=10), SUPERVISOR, house.now_ms)
    assert (started.meters, len(started.left_out)) == (0, 3)
    assert all("key revision number" in why for _, why in started.left_out)


def test_campaigns_are_listed_and_each_name_stands_once(house: House) -> None:
    start(house)
    with pytest.raises(VendingError, match="there is a campaign"):
        start(house)
    assert [row.name for row in house.vending.campaigns.list()] == ["rollover"]
    assert house.vending.campaigns.progress("rollover").goal == GOAL
    with pytest.raises(VendingError, match="no such campaign"):
        house.vending.campaigns.progress("nothing")


def test_a_meter_that_went_on_beyond_the_campaign_has_entered(house: House) -> None:
    start(house)
    sale = house.vending.sell(house.request("10"), house.now_ms)
    house.vending.mark_delivered(sale.number, Delivery.ACCEPTED, house.now_ms)
    house.vending.campaigns.start("next", CampaignGoal(tariff_index=8), SUPERVISOR, house.now_ms, [house.meter])
    again = house.vending.sell(house.request("10"), house.now_ms + MINUTE_MS)
    house.vending.mark_delivered(again.number, Delivery.ACCEPTED, house.now_ms + MINUTE_MS)
    (first, *_) = house.vending.campaigns.progress("rollover").meters
    assert (first.state, first.entered) == (ConfigurationState.FORMER, True)
    assert house.vending.campaigns.progress("next").complete


def test_two_campaigns_for_one_meter_are_one_key_change(house: House) -> None:
    start(house)
    house.vending.campaigns.start("tariff", CampaignGoal(tariff_index=8), SUPERVISOR, house.now_ms, [house.meter])
    sale = house.vending.sell(house.request("10"), house.now_ms)
    assert (sale.configuration.base_date, sale.configuration.tariff_index) == (BaseDate.Y2014, 8)
    house.vending.mark_delivered(sale.number, Delivery.ACCEPTED, house.now_ms)
    assert house.vending.campaigns.progress("tariff").complete
    assert counts(house)["entered"] == 1


def test_the_operator_stands_in_the_audit(house: House) -> None:
    start(house)
    assert [(row.actor, row.action) for row in house.vending.audit(subject="rollover")] == [
        (SUPERVISOR, "start campaign")
    ]
    assert OPERATOR not in {row.actor for row in house.vending.audit()}
