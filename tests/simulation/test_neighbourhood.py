"""Prepaid worlds: no token lost or taken twice, whatever dies; and an auditor who would see it if one were."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from ferraris.meter.payment.decoder import Decoder
from ferraris.runtime import TokenDelivery
from ferraris.simulation import FaultRates, WorldSettings, replay_command
from ferraris.simulation.household import Household
from ferraris.simulation.script import draw_script
from ferraris.sts import TokenResult
from tests.simulation.small import STORMY, finding_of, run_or_tell

BOUGHT = Household.bought
NOTHING = FaultRates(
    partitions=0, bad_weathers=0, meter_outages=0, meter_crashes=0, replays=0, collector_crashes=0, full_disks=0
)


def prepaid(seed: int, days: float = 0.5) -> WorldSettings:
    return WorldSettings(seed, 4, days, prepaid=3, meters_per_street=2)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_known_seed_loses_no_token_and_doubles_none(seed: int) -> None:
    report = run_or_tell(replace(prepaid(seed), rates=STORMY))
    assert report.tokens_sold >= 3
    assert report.collector_deaths


def test_a_calm_world_delivers_everything() -> None:
    report = run_or_tell(replace(prepaid(5), rates=NOTHING, rival=False, unkeyed=False, datagrams=False))
    assert report.tokens_sold >= 3
    assert {name for name in report.commands if name.startswith("enter_token")} == {"enter_token confirmed"}


def test_the_same_seed_gives_the_same_log() -> None:
    first, second = (run_or_tell(prepaid(6, 0.25)) for _ in range(2))
    assert first == second
    assert first.tokens_sold


def test_a_world_without_prepaid_meters_sells_nothing() -> None:
    assert run_or_tell(WorldSettings(1, 2, 0.1)).tokens_sold == 0


def test_over_a_prepaid_meters_switch_its_credit_has_the_say() -> None:
    orders = draw_script(replace(prepaid(1, 20), commands_per_day=10)).orders
    assert {order.kind for order in orders if order.meter <= 3} == {"read_now"}
    assert {order.kind for order in orders if order.meter > 3} > {"read_now"}


def test_the_command_that_replays_a_prepaid_run_says_so() -> None:
    assert replay_command(prepaid(9)) == "make simulate SEED=9 METERS=4 DAYS=0.5 PREPAID=3"


def bought_and_typed(household: Household, tokens: tuple[str, ...], units_kwh: Decimal, now_ms: int) -> None:
    """A household that types what is delivered as well, whatever it sees."""
    BOUGHT(household, tokens, units_kwh, now_ms)
    household.types_soon(tokens[-1], now_ms)


def test_a_world_whose_tokens_come_twice_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Household, "bought", bought_and_typed)
    report = run_or_tell(replace(prepaid(1), rates=NOTHING, rival=False, unkeyed=False, datagrams=False))
    assert report.tokens_sold >= 3


def test_a_meter_that_takes_a_token_twice_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Decoder, "result_by_memory", lambda decoder, identifier: TokenResult.ACCEPT)
    monkeypatch.setattr(Household, "bought", bought_and_typed)
    settings = replace(prepaid(1), rates=NOTHING, rival=False, unkeyed=False, datagrams=False)
    assert "taken twice" in str(finding_of(settings))


def test_a_delivery_that_never_tells_what_became_of_a_token_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TokenDelivery, "_close", lambda *_: None)
    settings = replace(prepaid(1), rates=NOTHING, rival=False, unkeyed=False, datagrams=False, calm_h=1)
    assert "knows nothing" in str(finding_of(settings))
