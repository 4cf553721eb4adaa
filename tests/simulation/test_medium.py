"""Paths between hosts: partitions, hosts that are off, and chances as often as they are set."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


HOSTS = [COLLECTOR, METER, OTHER, "127.20.0.3"]
CHANGES = st.one_of(
    st.tuples(st.just("cut"), st.sampled_from("abc"), st.sets(st.sampled_from(HOSTS))),
    st.tuples(st.just("heal"), st.sampled_from("abc"), st.just(set())),
    st.tuples(st.sampled_from(["off", "on"]), st.sampled_from(HOSTS), st.just(set())),
    st.tuples(st.just("calm"), st.just(""), st.just(set())),
)


@given(st.lists(CHANGES, max_size=12))
def test_two_hosts_reach_one_another_unless_a_cut_parts_them_or_one_is_off(
    changes: list[tuple[str, str, set[str]]],
) -> None:
    medium = network().medium
    cuts: dict[str, set[str]] = {}
    off: set[str] = set()
    for what, name, hosts in changes:
        match what:
            case "cut":
                medium.cut(name, hosts)
                cuts[name] = hosts
            case "heal":
                medium.heal(name)
                cuts.pop(name, None)
            case "off":
                medium.switch_off(name)
                off.add(name)
            case "on":
                medium.switch_on(name)
                off.discard(name)
            case "calm":
                medium.calm()
                cuts.clear()
        for one in HOSTS:
            for other in HOSTS:
                parted = any(len(hosts & {one, other}) == 1 for hosts in cuts.values() if one != other)
                assert medium.reachable(one, other) is not (parted or bool(off & {one, other}))
