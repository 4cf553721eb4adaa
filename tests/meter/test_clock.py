"""The meter's clock: drift there and back exactly, local time by the table, flags in every entry."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.kernel.errors import TableError
from ferraris.meter.clock import Zone, clock_fields, clock_time_ms, set_clock, true_time_ms
from ferraris.meter.memory import LOAD_ENTRY, STATE

NOW = 1_772_409_600_000
CET = Zone.load("central_european")


def states(drift_ppm: int, offset_ms: int = 0, reference_ms: int = NOW) -> np.ndarray:
    rows = np.zeros(1, STATE)
    rows["drift_ppm"], rows["clock_offset_ms"], rows["clock_reference_ms"] = drift_ppm, offset_ms, reference_ms
    return rows


def utc_s(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("drift_ppm", "offset_ms", "passed_ms", "shown_ms"),
    [
        (0, 0, 1_000_000, 1_000_000),
        (20, 0, 1_000_000, 1_000_020),
        (20, -500, 1_000_000, 999_520),
        (-20, 0, 86_400_000, 86_398_272),
        (-20, 0, 1, 0),
        (1, 7, 0, 7),
    ],
)
def test_the_clock_drifts_from_when_it_was_set(drift_ppm: int, offset_ms: int, passed_ms: int, shown_ms: int) -> None:
    assert clock_time_ms(states(drift_ppm, offset_ms), NOW + passed_ms)[0] == NOW + shown_ms


@given(st.integers(-500, 500), st.integers(-(10**6), 10**6), st.integers(0, 10**12))
def test_true_time_is_the_first_moment_at_which_the_clock_shows_it(drift: int, offset: int, ahead_ms: int) -> None:
    rows = states(drift, offset)
    wanted = np.array([NOW + offset + ahead_ms])
    there = true_time_ms(rows, wanted)
    assert clock_time_ms(rows, there)[0] >= wanted[0]
    assert clock_time_ms(rows, there - 1)[0] < wanted[0]


def test_times_may_be_given_as_a_row_per_meter() -> None:
    rows = np.concatenate([states(0), states(1000)])
    times = np.array([[NOW, NOW + 10**6], [NOW, NOW + 10**6]])
    shown = clock_time_ms(rows, times)
    assert (shown - NOW).tolist() == [[0, 10**6], [0, 10**6 + 1000]]
    assert true_time_ms(rows, shown).tolist() == times.tolist()


def test_a_set_clock_shows_the_new_time_and_is_valid() -> None:
    rows = states(20, 900)
    rows["clock_invalid"] = 1
    set_clock(rows, NOW + 10**9, np.array([NOW + 5]))
    assert clock_time_ms(rows, NOW + 10**9)[0] == NOW + 5
    assert rows["clock_invalid"][0] == 0


def test_local_time_is_that_of_the_time_zone_data_base() -> None:
    amsterdam = ZoneInfo("Europe/Amsterdam")
    first = utc_s("2015-01-01T00:30")
    times = np.arange(first, first + 30 * 365 * 86_400, 3_600 * 7)
    expected = [datetime.fromtimestamp(int(t), amsterdam).utcoffset() for t in times]
    assert (CET.offset_min(times) * 60).tolist() == [offset.total_seconds() for offset in expected if offset]


def test_local_time_changes_at_the_second() -> None:
    change = utc_s("2026-03-29T01:00")
    assert CET.offset_min(np.array([change - 1, change])).tolist() == [60, 120]
    assert CET.daylight_saving(np.array([change - 1, change])).tolist() == [False, True]


@pytest.mark.parametrize(
    ("after", "midnight"),
    [
        ("2026-03-01T22:59:59", "2026-03-01T23:00"),
        ("2026-03-01T23:00:00", "2026-03-02T23:00"),
        ("2026-03-28T23:00:00", "2026-03-29T22:00"),  # a day of 23 hours
        ("2026-10-24T22:00:00", "2026-10-25T23:00"),  # a day of 25 hours
    ],
)
def test_midnight_is_local(after: str, midnight: str) -> None:
    assert CET.next_midnight_s(np.array([utc_s(after)])).tolist() == [utc_s(midnight)]


def test_a_fixed_zone_never_changes() -> None:
    zone = Zone.fixed(-300)
    assert zone.offset_min(np.array([0, 2**31])).tolist() == [-300, -300]
    assert zone.next_midnight_s(np.array([0])).tolist() == [5 * 3600]


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(TableError, match=r"central_european.*got atlantis"):
        Zone.load("atlantis")


@pytest.mark.parametrize(
    ("utc", "invalid", "deviation_min", "clock_status", "status"),
    [
        ("2026-01-15T12:00", 0, -60, 0x00, 0x00),
        ("2026-07-15T12:00", 0, -120, 0x80, 0x08),
        ("2026-07-15T12:00", 1, -120, 0x81, 0x0A),
        ("2026-01-15T12:00", 1, -60, 0x01, 0x02),
    ],
)
def test_entries_carry_deviation_and_status(
    utc: str, invalid: int, deviation_min: int, clock_status: int, status: int
) -> None:
    entries = np.zeros((1, 1), LOAD_ENTRY)
    clock_fields(entries, np.array([[utc_s(utc)]]), CET, np.array([[invalid]], np.uint8))
    entry = entries[0, 0]
    assert (entry["time_s"], entry["deviation_min"]) == (utc_s(utc), deviation_min)
    assert (entry["clock_status"], entry["status"]) == (clock_status, status)


@given(st.integers(utc_s("2012-01-01"), utc_s("2055-01-01")), st.sampled_from(["central_european", "eastern_european"]))
def test_midnights_are_those_of_the_time_zone_data_base(after_s: int, name: str) -> None:
    zone = Zone.load(name)
    place = ZoneInfo({"central_european": "Europe/Amsterdam", "eastern_european": "Europe/Helsinki"}[name])
    midnight = int(zone.next_midnight_s(np.array([after_s]))[0])
    local = datetime.fromtimestamp(midnight, place)
    assert (local.hour, local.minute, local.second) == (0, 0, 0)
    assert after_s < midnight <= after_s + 25 * 3600
    assert datetime.fromtimestamp(after_s, place).date() < local.date()


@pytest.mark.parametrize(
    ("local", "offset_min"),
    [
        ("2026-01-15T12:00", 60),
        ("2026-07-15T12:00", 120),
        ("2026-03-29T01:59:59", 60),
        ("2026-03-29T03:00", 120),
        ("2026-10-25T01:59:59", 120),
        ("2026-10-25T02:30", 120),  # there are two of these: the first is meant
        ("2026-10-25T03:00", 60),
    ],
)
def test_the_offset_of_a_time_on_the_wall(local: str, offset_min: int) -> None:
    assert CET.local_offset_min(utc_s(local)) == offset_min


def test_every_zone_of_the_table_can_be_loaded() -> None:
    for name in ("central_european", "eastern_european", "western_european"):
        zone = Zone.load(name)
        assert (zone.name, len(zone.changes_s)) == (name, 102)
        assert len(zone.offsets_min) == len(zone.saving) == 103
        assert sorted({*zone.offsets_min.tolist()}) == [zone.offsets_min[0], zone.offsets_min[0] + 60]
