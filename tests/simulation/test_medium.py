"""Paths between hosts: partitions, hosts that are off, and chances as often as they are set."""

from __future__ import annotations

import pytest

from ferraris.simulation import CALM, Conditions, Medium
from tests.simulation.bottle import COLLECTOR, METER, OTHER, network


@pytest.fixture
def medium() -> Medium:
    return network().medium


@pytest.mark.parametrize(
    ("cuts", "reachable"),
    [
        # hosts inside each cut                 COLLECTOR-METER  COLLECTOR-OTHER  METER-OTHER
        ([],                                    (True,           True,            True)),
        ([[METER]],                             (False,          True,            False)),
        ([[METER, OTHER]],                      (False,          False,           True)),
        ([[METER], [OTHER]],                    (False,          False,           False)),
        ([[COLLECTOR, METER], [METER]],         (False,          False,           False)),
        ([[COLLECTOR, METER], [COLLECTOR, METER]], (True,        False,           False)),
    ],
)  # fmt: skip
def test_partitions(medium: Medium, cuts: list[list[str]], reachable: tuple[bool, bool, bool]) -> None:
    for number, hosts in enumerate(cuts):
        medium.cut(f"cut {number}", hosts)
    pairs = ((COLLECTOR, METER), (COLLECTOR, OTHER), (METER, OTHER))
    assert tuple(medium.reachable(*pair) for pair in pairs) == reachable
    assert tuple(medium.reachable(*reversed(pair)) for pair in pairs) == reachable
    for number in range(len(cuts)):
        medium.heal(f"cut {number}")
    assert all(medium.reachable(*pair) for pair in pairs)


def test_calm_heals_everything_but_a_host_that_is_off(medium: Medium) -> None:
    medium.conditions = Conditions(loss=1.0)
    medium.cut("one", [METER])
    medium.cut("two", [OTHER])
    medium.switch_off(OTHER)
    medium.calm()
    assert medium.conditions is CALM
    assert medium.carries(COLLECTOR, METER)
    assert not medium.carries(COLLECTOR, OTHER)
    medium.switch_on(OTHER)
    assert medium.carries(COLLECTOR, OTHER)


def test_healing_what_was_not_cut_is_nothing(medium: Medium) -> None:
    medium.heal("no such cut")
    assert medium.log.count == 0


@pytest.mark.parametrize("loss", [0.0, 0.25, 0.9, 1.0])
def test_loss_is_as_frequent_as_set(medium: Medium, loss: float) -> None:
    medium.conditions = Conditions(loss=loss)
    carried = sum(medium.carries(COLLECTOR, METER) for _ in range(2000))
    assert carried / 2000 == pytest.approx(1 - loss, abs=0.04)
    if loss in (0.0, 1.0):
        assert carried == 2000 * (1 - loss)


def test_latency_is_within_its_range(medium: Medium) -> None:
    medium.conditions = Conditions(latency_min_ms=20, latency_max_ms=220)
    drawn = [medium.latency_s() for _ in range(1000)]
    assert 0.02 <= min(drawn) < 0.03
    assert 0.21 < max(drawn) < 0.22


def test_the_log_names_the_hosts_of_a_cut_in_one_order(medium: Medium) -> None:
    medium.cut("storm", [OTHER, COLLECTOR, METER])
    medium.heal("storm")
    assert [line.split(" ", 1)[1] for line in medium.log.story().splitlines()] == [
        f"cut storm hosts={COLLECTOR},{METER},{OTHER}",
        "heal storm",
    ]
