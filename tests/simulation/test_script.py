"""A run is drawn before it begins: the same from the same seed, and one part of it does not move another."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferraris.headend import CommandKind
from ferraris.kernel.clock import S_PER_DAY
from ferraris.kernel.entropy import SeededEntropy
from ferraris.simulation import CALM, FaultRates, WorldSettings
from ferraris.simulation.script import draw_script, draw_weather, replay_command

SETTINGS = WorldSettings(7, meters=20, days=2)


def test_the_same_settings_draw_the_same_script() -> None:
    assert draw_script(SETTINGS) == draw_script(SETTINGS)
    assert draw_script(SETTINGS) != draw_script(replace(SETTINGS, seed=8))


def test_other_faults_leave_the_orders_where_they_are() -> None:
    stormy = draw_script(replace(SETTINGS, rates=FaultRates(bad_weathers=50)))
    assert stormy.orders == draw_script(SETTINGS).orders
    assert stormy.faults != draw_script(SETTINGS).faults


def test_orders_come_in_order_for_every_meter() -> None:
    orders = draw_script(replace(SETTINGS, unkeyed=False)).orders
    assert [order.number for order in orders] == list(range(1, len(orders) + 1))
    assert [order.at_s for order in orders] == sorted(order.at_s for order in orders)
    assert {order.meter for order in orders} == set(range(1, 21))
    assert {order.kind for order in orders} == {CommandKind.DISCONNECT, CommandKind.RECONNECT, CommandKind.READ_NOW}
    assert len(orders) == pytest.approx(20 * 2 * SETTINGS.commands_per_day, rel=0.3)


@pytest.mark.parametrize("wanted", [True, False])
def test_a_rival_and_a_wrong_key_come_when_they_are_asked_for(wanted: bool) -> None:
    for seed in range(5):
        script = draw_script(replace(SETTINGS, seed=seed, rival=wanted, unkeyed=wanted))
        assert bool(script.rival_meters) == bool(script.unkeyed) == wanted
        assert script.unkeyed <= set(range(1, 21))


def test_a_third_of_all_runs_has_a_rival_and_a_third_a_wrong_key() -> None:
    scripts = [draw_script(WorldSettings(seed, meters=3, days=0.1)) for seed in range(300)]
    assert 70 < sum(bool(script.rival_meters) for script in scripts) < 130
    assert 70 < sum(bool(script.unkeyed) for script in scripts) < 130
    assert len({script.epoch_ms for script in scripts}) == 4


def test_the_only_meter_has_its_key() -> None:
    assert not draw_script(WorldSettings(1, meters=1, unkeyed=True)).unkeyed


def test_the_calm_begins_when_the_days_are_over() -> None:
    script = draw_script(SETTINGS)
    assert script.until_s == 2 * S_PER_DAY
    assert all(fault.start_s + fault.duration_s <= script.until_s for fault in script.faults)


def test_weather_is_bad_within_bounds_and_in_every_way() -> None:
    entropy = SeededEntropy(1)
    weathers = [draw_weather(entropy) for _ in range(200)]
    assert all(weather.loss <= 0.35 and weather.reset <= 0.08 and weather.half_open <= 0.05 for weather in weathers)
    for name in ("loss", "duplication", "reset", "half_open"):
        bad = sum(getattr(weather, name) > 0 for weather in weathers)
        assert 80 < bad < 160, name
    assert any(weather.latency_max_ms > CALM.latency_max_ms + 2_000 for weather in weathers)


def test_a_run_is_replayed_by_what_is_typed() -> None:
    assert replay_command(WorldSettings(7, 50, 3)) == "make simulate SEED=7 METERS=50 DAYS=3"
    assert replay_command(WorldSettings(7, 5, 0.5)) == "make simulate SEED=7 METERS=5 DAYS=0.5"
