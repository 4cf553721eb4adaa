"""The stochastic load: the same for whoever asks, plausible in size and shape."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.meter.load import MWH_PER_W, PERIODS_PER_DAY, Kind, Quantity, StochasticLoad

MONDAY = 1_772_409_600_000 // 900_000
JULY = 1_783_900_800_000 // 900_000
LOAD = StochasticLoad(seed=7)

PINNED_ENERGIES = [[658750, 0, 228000, 0], [87250, 0, 19500, 0], [0, 230750, 8250, 11250]]
PINNED_VOLTAGES = [[2306, 2308, 2310], [2291, 2287, 2260], [2289, 2292, 2281]]


def days(first: int, meters: int, count: int = 1) -> tuple[np.ndarray, np.ndarray]:
    numbers = np.arange(1, meters + 1)
    return numbers, np.broadcast_to(first + np.arange(count * PERIODS_PER_DAY), (meters, count * PERIODS_PER_DAY))


@given(meter=st.integers(1, 50_000), period=st.integers(MONDAY - 10_000, MONDAY + 100_000))
def test_one_meter_and_period_asked_alone_is_as_in_a_crowd(meter: int, period: int) -> None:
    alone = np.array([meter]), np.array([[period]])
    crowd = np.array([3, meter, 9]), period + np.array([[-1, 0, 1]]) + np.zeros((3, 1), np.int64)
    assert (LOAD.energies(*alone)[0, 0] == LOAD.energies(*crowd)[1, 1]).all()
    assert (LOAD.voltages(*alone)[0, 0] == LOAD.voltages(*crowd)[1, 1]).all()


def test_the_answer_is_the_same_on_every_machine() -> None:
    """Pinned: a change here changes every replay of every recorded run."""
    numbers, periods = np.array([1, 2, 40_000]), MONDAY + np.array([[40], [41], [42]])
    assert LOAD.energies(numbers, periods)[:, 0].tolist() == PINNED_ENERGIES
    assert LOAD.voltages(numbers, periods)[:, 0].tolist() == PINNED_VOLTAGES


def test_another_seed_is_another_territory() -> None:
    asked = days(MONDAY, 20)
    assert not (LOAD.energies(*asked) == StochasticLoad(seed=8).energies(*asked)).all(axis=(1, 2)).any()


def test_meters_and_periods_differ() -> None:
    energies = LOAD.energies(*days(MONDAY, 50))[..., Quantity.ACTIVE_IMPORT]
    assert len({tuple(row) for row in energies.tolist()}) == 50
    assert len(set(energies[0].tolist())) > 60


def test_no_energy_is_negative_and_none_flows_both_ways() -> None:
    energies = LOAD.energies(*days(JULY, 200))
    assert energies.dtype == np.int64
    assert energies.min() >= 0
    both = (energies[..., Quantity.ACTIVE_IMPORT] > 0) & (energies[..., Quantity.ACTIVE_EXPORT] > 0)
    assert not both.any()


def test_consumers_are_of_the_kinds_asked_for() -> None:
    kinds = LOAD.kinds(np.arange(1, 5001))
    shares = np.bincount(kinds) / 5000
    assert shares == pytest.approx([0.86, 0.12, 0.02], abs=0.02)
    assert set(StochasticLoad(1, 0, 0).kinds(np.arange(500)).tolist()) == {Kind.HOUSEHOLD}
    assert set(StochasticLoad(1, 0, 1000).kinds(np.arange(500)).tolist()) == {Kind.FACTORY}


@pytest.mark.parametrize(
    ("shops", "factories", "low_kwh", "high_kwh"), [(0, 0, 6, 12), (1000, 0, 40, 80), (0, 1000, 600, 1100)]
)
def test_a_day_is_as_large_as_the_kind_suggests(shops: int, factories: int, low_kwh: int, high_kwh: int) -> None:
    load = StochasticLoad(3, shops, factories, plants_permille=0)
    energies = load.energies(*days(MONDAY, 300))
    daily_kwh = energies[..., Quantity.ACTIVE_IMPORT].sum(axis=1) / 1e6
    assert low_kwh < daily_kwh.mean() < high_kwh
    assert energies[..., Quantity.ACTIVE_EXPORT].sum() == 0
    ratio = energies[..., Quantity.REACTIVE_IMPORT].sum() / energies[..., Quantity.ACTIVE_IMPORT].sum()
    assert 0.15 < ratio < 0.40


def test_households_use_more_in_the_evening_and_shops_nothing_on_sunday_evening() -> None:
    homes = StochasticLoad(3, 0, 0, 0).energies(*days(MONDAY, 300))[..., 0].mean(axis=0)
    assert homes[72:80].mean() > 2 * homes[8:16].mean()
    shops = StochasticLoad(3, 1000, 0, 0).energies(*days(MONDAY - PERIODS_PER_DAY, 100, 2))[..., 0].mean(axis=0)
    assert shops[PERIODS_PER_DAY + 64] > 2 * shops[64]


def test_plants_feed_in_by_day_in_summer_and_never_at_night() -> None:
    load = StochasticLoad(3, 0, 0, plants_permille=1000)
    export = load.energies(*days(JULY, 100, 10))[..., Quantity.ACTIVE_EXPORT].reshape(1000, PERIODS_PER_DAY)
    assert export[:, :8].sum() == 0
    assert export[:, 40:56].mean() > 500 * MWH_PER_W
    winter = load.energies(*days(MONDAY - 60 * PERIODS_PER_DAY, 100, 10))[..., Quantity.ACTIVE_EXPORT]
    assert winter.sum() < export.sum() / 2


def test_appliances_run_for_their_periods() -> None:
    """A dishwasher's peak lasts: the same household draws 700 W more for more than an hour, somewhere in a week."""
    load = StochasticLoad(3, 0, 0, 0)
    power_w = load.energies(*days(MONDAY, 30, 7))[..., 0] / MWH_PER_W
    assert (power_w.max(axis=1) > 1_900).all()
    assert (np.median(power_w, axis=1) < 900).all()


def test_voltage_stays_within_the_band() -> None:
    voltages = LOAD.voltages(*days(MONDAY, 500))
    assert voltages.shape == (500, PERIODS_PER_DAY, 3)
    assert 2_070 < voltages.min() < 2_300 < voltages.max() < 2_530
    assert (voltages[..., 0] != voltages[..., 1]).mean() > 0.9


def test_the_phases_carry_unlike_shares_that_change() -> None:
    weights = LOAD.phase_weights(*days(MONDAY, 50))
    assert weights.shape == (50, PERIODS_PER_DAY, 3)
    assert (weights.min(), weights.max()) == (400, 999)
    shares = weights / weights.sum(axis=2, keepdims=True)
    assert abs(shares.mean(axis=(0, 1)) - 1 / 3).max() < 0.01
    assert LOAD.phase_weights(np.array([3]), np.array([[MONDAY]]))[0, 0].tolist() == weights[2, 0].tolist()


def test_the_tables_are_complete() -> None:
    assert LOAD._shapes.shape == (len(Kind), 2, PERIODS_PER_DAY)
    assert LOAD._shapes.min() > 0
    assert LOAD._sun.shape == (12, PERIODS_PER_DAY)
    assert (LOAD._sun.min(), LOAD._sun.max()) == (0, 820)
    noon = LOAD._sun[:, 48]
    assert noon.argmax() in (4, 5, 6)
    assert noon.argmin() in (0, 11)


def test_quarters_lie_on_the_lines_between_hours() -> None:
    shape = LOAD._shapes[Kind.HOUSEHOLD, 0]
    assert shape[::4][:4].tolist() == [170, 140, 130, 125]
    assert shape[:5].tolist() == [170, 162, 155, 147, 140]
    assert shape[-4:].tolist() == [230, 215, 200, 185]  # towards midnight's 170


@given(st.integers(0, 2**31), st.integers(0, 2**31), st.integers(0, 50_000), st.integers(1, 2_000))
def test_what_is_drawn_is_below_its_limit(seed: int, moment: int, meter: int, limit: int) -> None:
    drawn = StochasticLoad(seed)._below(7, limit, np.array([meter]), moment)
    assert 0 <= int(drawn[0]) < limit


def test_what_is_drawn_is_even() -> None:
    drawn = LOAD._below(7, 10, np.arange(50_000))
    assert np.bincount(drawn) / 50_000 == pytest.approx([0.1] * 10, abs=0.01)
    other = LOAD._below(8, 10, np.arange(50_000))
    assert np.corrcoef(drawn, other)[0, 1] == pytest.approx(0, abs=0.02)


def test_days_differ_and_so_do_clouds() -> None:
    week = StochasticLoad(3, 0, 0, 0).energies(*days(MONDAY, 1, 7))[0, :, 0].reshape(7, PERIODS_PER_DAY).sum(axis=1)
    assert len(set(week.tolist())) == 7
    sunny = StochasticLoad(3, 0, 0, 1000).energies(*days(JULY, 40, 14))[..., 1].reshape(40, 14, PERIODS_PER_DAY)
    by_day = sunny.sum(axis=(0, 2))
    assert by_day.max() > 1.5 * by_day.min()
