"""The pages of key changes in bulk."""

from __future__ import annotations

import pytest

from ferraris.console.pages.campaigns import (
    STATES,
    campaign_path,
    campaign_table,
    campaigns_of,
    goal_of,
    goal_text,
    group_table,
    meter_table,
    progress_card,
    start_form,
)
from ferraris.sts import BaseDate
from ferraris.vending import CampaignGoal, ConfigurationState
from tests.console.shop import SUPERVISOR, Shop, open_shop
from tests.console.test_markup import Reader

GOAL = CampaignGoal(key_revision_number=2, tariff_index=8)


def started(shop: Shop) -> None:
    shop.sell()
    shop.clock.advance(60_000)
    shop.vending.campaigns.start("new keys", GOAL, SUPERVISOR, shop.clock.now_ms())


def test_a_campaign_under_way() -> None:
    with open_shop() as shop:
        started(shop)
        shop.vending.campaigns.issue("new keys", "T1", SUPERVISOR, shop.clock.now_ms(), 2)
        shop.vending.registry.report_loaded(shop.house.meters[1], "seen", SUPERVISOR, shop.clock.now_ms())
        (progress,), groups = campaigns_of(shop.vending)
    read = Reader(campaign_table([progress]))
    assert "new keyskey revision 2 · tariff index 08" in read.text
    assert read.text.endswith("1 of 3Under way")
    meters = Reader(meter_table(progress)).text
    order = [meters.index(meter.meter) for meter in progress.meters]
    assert order[1] == max(order), "the one that has entered its tokens comes last"
    assert "seen" in meters
    assert "1 older token first" in meters
    tiles = Reader(progress_card(progress, may_act=True))
    assert "Meters3Wait for tokens1Tokens issued1Entered1" in tiles.text
    assert [attributes["data-act"] for name, attributes in tiles.tags if name == "button"] == ["issue"]
    assert "Issue tokens for 1 meter …" in tiles.text
    asked = [attributes["data-confirm"] for name, attributes in tiles.tags if name == "button"]
    assert asked == ["Issue tokens for 1 meter?"]
    assert "button" not in dict(Reader(progress_card(progress, may_act=False)).tags)
    assert "2014600727208" in Reader(group_table(groups)).text


def test_a_complete_one_may_be_closed() -> None:
    with open_shop(meters=1) as shop:
        shop.vending.campaigns.start("k", GOAL, SUPERVISOR, shop.clock.now_ms())
        shop.vending.campaigns.issue("k", "T1", SUPERVISOR, shop.clock.now_ms())
        shop.vending.registry.report_loaded(shop.meter, "seen", SUPERVISOR, shop.clock.now_ms())
        (progress,), _ = campaigns_of(shop.vending)
    read = Reader(progress_card(progress, may_act=True))
    assert [attributes["data-act"] for name, attributes in read.tags if name == "button"] == ["close"]
    assert [attributes["data-confirm"] for name, attributes in read.tags if name == "button"] == ["Close the campaign?"]


@pytest.mark.parametrize(
    ("fields", "goal", "text"),
    [
        (
            {"key_revision_number": "2", "base_date": "35"},
            CampaignGoal(key_revision_number=2, base_date=BaseDate.Y2035),
            "key revision 2 · base date 2035",
        ),
        (
            {"supply_group_code": " 123456 ", "tariff_index": "0"},
            CampaignGoal("123456", None, 0),
            "supply group 123456 · tariff index 00",
        ),
        ({}, CampaignGoal(), "nothing"),
    ],
)
def test_goals_from_a_form(fields: dict[str, str], goal: CampaignGoal, text: str) -> None:
    assert goal_of(fields) == goal
    assert goal_text(goal) == text


@pytest.mark.parametrize(
    "fields", [{"key_revision_number": "two"}, {"base_date": "50"}, {"tariff_index": "1_0"}, {"tariff_index": "-1"}]
)
def test_no_goals(fields: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"whole number|50"):
        goal_of(fields)


def test_names_are_safe_in_addresses() -> None:
    assert campaign_path("to 2035/a?") == "/till/campaigns/to%202035%2Fa%3F"


def test_nothing_yet() -> None:
    assert "No campaigns yet" in Reader(campaign_table([])).text
    assert set(STATES) == set(ConfigurationState)
    assert dict(Reader(start_form()).tags)["form"]["data-form"] == "start"
