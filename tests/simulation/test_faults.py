"""The schedule of faults: drawn from the seed, within its bounds, as often as its rates say."""

from __future__ import annotations

from dataclasses import fields

import pytest

from ferraris.kernel.entropy import SeededEntropy
from ferraris.simulation import FaultKind, FaultRates, draw_faults
from ferraris.simulation.faults import COLLECTOR, moments

DAY_S = 86_400.0


def test_the_same_seed_draws_the_same_faults() -> None:
    def drawn(seed: int) -> object:
        return draw_faults(SeededEntropy(seed), FaultRates(), meters=50, until_s=3 * DAY_S)

    assert drawn(7) == drawn(7)
    assert drawn(7) != drawn(8)


@pytest.mark.parametrize("seed", range(10))
def test_faults_are_in_order_and_end_in_time(seed: int) -> None:
    faults = draw_faults(SeededEntropy(seed), FaultRates(), meters=20, until_s=2 * DAY_S)
    assert [fault.start_s for fault in faults] == sorted(fault.start_s for fault in faults)
    for fault in faults:
        assert 0 <= fault.start_s < 2 * DAY_S
        assert 0 <= fault.duration_s <= 2 * DAY_S - fault.start_s
        assert set(fault.meters) <= {COLLECTOR, *range(1, 21)}


def test_a_partition_cuts_off_between_one_meter_and_its_share() -> None:
    rates = FaultRates(partitions=200, partition_share_max=0.5)
    faults = draw_faults(SeededEntropy(1), rates, meters=10, until_s=DAY_S)
    sizes = {len(fault.meters) for fault in faults if fault.kind is FaultKind.PARTITION}
    assert sizes == {1, 2, 3, 4, 5}


def test_every_kind_is_drawn_as_often_as_its_rate_says() -> None:
    rates = FaultRates(
        partitions=3,
        bad_weathers=5,
        meter_outages=0.5,
        meter_crashes=0.25,
        collector_crashes=2,
        replays=0.1,
        full_disks=1,
    )
    faults = draw_faults(SeededEntropy(3), rates, meters=40, until_s=50 * DAY_S)
    counts = {kind: sum(fault.kind is kind for fault in faults) for kind in FaultKind}
    expected = {
        FaultKind.PARTITION: 150,
        FaultKind.BAD_WEATHER: 250,
        FaultKind.METER_OUTAGE: 1000,
        FaultKind.METER_CRASH: 500,
        FaultKind.COLLECTOR_CRASH: 100,
        FaultKind.REPLAY: 41 * 5,
        FaultKind.DISK_FULL: 50,
    }
    for kind, count in expected.items():
        assert counts[kind] == pytest.approx(count, rel=0.3), kind


def test_a_rate_of_zero_is_never() -> None:
    rates = FaultRates(**{field.name: 0 for field in fields(FaultRates) if not field.name.endswith("_max")})
    assert draw_faults(SeededEntropy(1), rates, meters=5, until_s=100 * DAY_S) == ()


def test_one_more_meter_does_not_change_what_befalls_the_others() -> None:
    def of_meters(count: int) -> list[object]:
        faults = draw_faults(SeededEntropy(5), FaultRates(partitions=0), meters=count, until_s=10 * DAY_S)
        return [fault for fault in faults if fault.meters and fault.meters[0] <= 5]

    assert of_meters(5) == of_meters(6)


def test_moments_are_increasing() -> None:
    drawn = list(moments(SeededEntropy(1), per_day=100, until_s=DAY_S))
    assert drawn == sorted(drawn)
    assert 60 < len(drawn) < 150
