"""Readings for REST and charts: by channel, with every gap left open."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.console.problems import Problem
from ferraris.console.readings import (
    Point,
    Series,
    channel_of,
    missing_spans,
    per_interval,
    read_gaps,
    read_registers,
    read_series,
)
from ferraris.cosem import channels
from tests.console.town import PERIOD_S, START_S, Town

HOUR_S = 3_600
P = 900


def series(values: dict[int, int], *, cumulative: bool = True, scaler: int = 0) -> Series:
    """Readings by slot number."""
    points = tuple(Point(slot * P, value, 0) for slot, value in sorted(values.items()))
    return Series(1, "ACTIVE_ENERGY_IMPORT", "1.0.1.8.0.255", "Wh", scaler, cumulative, points)


@pytest.mark.parametrize("name", ["1", "ACTIVE_ENERGY_IMPORT", "active_energy_import", "1.0.1.8.0.255"])
def test_a_channel_has_three_names(name: str) -> None:
    assert channel_of(name).number == 1


def test_a_channel_nobody_knows() -> None:
    with pytest.raises(Problem, match="the channels are ACTIVE_ENERGY_IMPORT, "):
        channel_of("LIGHT")


INTERVALS = [
    # readings by slot            energy of the slots 1 … 5
    ({0: 0, 1: 10, 2: 30, 3: 60, 4: 60, 5: 61}, [10, 20, 30, 0, 1]),
    ({0: 0, 1: 10, 3: 60, 4: 60, 5: 61}, [10, None, None, 0, 1]),  # neither the gap nor what follows it is known
    ({1: 10, 2: 30}, [None, 20, None, None, None]),
    ({0: 100, 1: 10, 2: 30}, [None, 20, None, None, None]),  # another meter, or a register that was reset
    ({}, [None] * 5),
]


@pytest.mark.parametrize(("values", "expected"), INTERVALS)
def test_a_counters_advance_is_known_between_two_readings(values: dict[int, int], expected: list[int | None]) -> None:
    entries = per_interval(series(values), P, 0, 5 * P)
    assert [value for _, value, _ in entries] == expected
    assert [time_s for time_s, _, _ in entries] == [P, 2 * P, 3 * P, 4 * P, 5 * P]


def test_a_level_needs_only_its_own_reading() -> None:
    entries = per_interval(series({1: 2304, 3: 2310}, cumulative=False, scaler=-1), P, 0, 4 * P)
    assert [value for _, value, _ in entries] == [pytest.approx(230.4), None, pytest.approx(231.0), None]


@given(st.sets(st.integers(0, 60)), st.integers(0, 60), st.integers(0, 60))
def test_no_value_is_made_up(slots: set[int], start: int, length: int) -> None:
    values = {slot: slot * 3 for slot in slots}
    for time_s, value, _ in per_interval(series(values), P, start * P, (start + length) * P):
        slot = time_s // P
        assert (value is None) == (slot not in slots or slot - 1 not in slots)
        assert value in {None, 3}


SPANS = [
    # slots with a reading     spans without one, of (0, 6 P]
    ([1, 2, 3, 4, 5, 6], []),
    ([1, 2, 5, 6], [(2, 5)]),
    ([3, 4, 5, 6], [(0, 3)]),
    ([1, 2, 3], [(3, 6)]),
    ([], [(0, 6)]),
    ([2, 4], [(0, 2), (2, 4), (4, 6)]),
]


@pytest.mark.parametrize(("slots", "spans"), SPANS)
def test_spans_without_readings(slots: list[int], spans: list[tuple[int, int]]) -> None:
    found = missing_spans([slot * P for slot in slots], P, 0, 6 * P)
    assert found == [(first * P, last * P) for first, last in spans]


@given(st.sets(st.integers(1, 40)))
def test_spans_and_readings_together_are_everything(slots: set[int]) -> None:
    spans = missing_spans(sorted(slot * P for slot in slots), P, 0, 40 * P)
    inside = {
        slot
        for slot in range(1, 41)
        for first, last in spans
        if first < slot * P and (slot * P < last or last == 40 * P)
    }
    assert inside - {40} == set(range(1, 41)) - slots - {40}


@pytest.mark.anyio
async def test_series_from_the_store(street: Town) -> None:
    row = street.head_end.state.meters[1].row
    wanted = [channel_of("ACTIVE_ENERGY_IMPORT"), channel_of("VOLTAGE_L2")]
    energy, voltage = await read_series(street, row, wanted, START_S, START_S + HOUR_S)
    assert [point.time_s for point in energy.readings] == [START_S + number * PERIOD_S for number in range(1, 5)]
    assert (energy.unit, energy.scaler, energy.cumulative) == ("Wh", 0, True)
    assert (voltage.unit, voltage.scaler, voltage.cumulative) == ("V", -1, False)
    assert [point.value for point in energy.readings] == [
        street.meters[1].register_wh(p.time_s) for p in energy.readings
    ]


@pytest.mark.anyio
@pytest.mark.parametrize(("start_s", "end_s", "sentence"), [(5, 5, "empty"), (0, START_S, "more than 200000 readings")])
async def test_spans_that_are_refused(street: Town, start_s: int, end_s: int, sentence: str) -> None:
    row = street.head_end.state.meters[1].row
    with pytest.raises(Problem, match=sentence):
        await read_series(street, row, channels.channels(), start_s, end_s)


@pytest.mark.anyio
async def test_registers_are_the_newest_readings(street: Town) -> None:
    registers = await read_registers(street, street.head_end.state.meters[1].row)
    assert [register.tag for register in registers[:2]] == ["ACTIVE_ENERGY_IMPORT", "ACTIVE_ENERGY_EXPORT"]
    assert all(register.time_s >= START_S + 24 * HOUR_S for register in registers)
    assert registers[4].description == "Voltage of phase L1"


@pytest.mark.anyio
async def test_gaps_are_the_stores_own(street: Town) -> None:
    """Meter 5 had no supply between eight and ten."""
    row = street.head_end.state.meters[5].row
    gaps = await read_gaps(street, row, 0, START_S + 20 * HOUR_S)
    assert [(gap.first_s - START_S, gap.last_s - START_S, gap.missing) for gap in gaps] == [
        (8 * HOUR_S + PERIOD_S, 10 * HOUR_S, 8)
    ]
    whole = street.head_end.state.meters[4].row
    assert await read_gaps(street, whole, 0, START_S + 24 * HOUR_S) == []
