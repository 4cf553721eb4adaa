"""Measured values from a CSV file: both forms, and every kind of bad file named with its line."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferraris.kernel.errors import ConfigError
from ferraris.kernel.limits import CSV_REPLAY_LINES_MAX
from ferraris.meter.csv_replay import CsvReplay

FULL = """time,active_import_wh,active_export_wh,reactive_import_varh,reactive_export_varh,voltage_l1_v,voltage_l3_v,note
2026-03-02T00:00:00Z,100,0,10.5,0,229.9,231,x
2026-03-02T01:15:00+01:00,100.1234,7,20,3,230.04,231,y
2026-03-02T00:45:00,300,0,30,0,228,231,z
"""

Writer = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Writer:
    def to_file(text: str | bytes) -> Path:
        path = tmp_path / "measured.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return to_file


def energies(replay: CsvReplay, first: int, count: int) -> list[list[int]]:
    periods = replay.first_period + first + np.arange(count)
    return replay.energies(np.array([1]), periods[None])[0].tolist()


def test_all_columns(write: Writer) -> None:
    replay = CsvReplay.read(write(FULL))
    assert (replay.period_ms, replay.first_period) == (900_000, 1_772_409_600 // 900)
    assert energies(replay, 0, 4) == [
        [100_000, 0, 10_500, 0],
        [100_123, 7_000, 20_000, 3_000],
        [0, 0, 0, 0],  # the line that is missing
        [300_000, 0, 30_000, 0],
    ]
    periods = replay.first_period + np.arange(4)
    volts = replay.voltages(np.array([1]), periods[None])[0].tolist()
    assert volts == [[2299, 2300, 2310], [2300, 2300, 2310], [2300, 2300, 2300], [2280, 2300, 2310]]


def test_hourly_consumption_in_kwh(write: Writer) -> None:
    text = "\ufeffStart,Consumption (kWh)\n2026-03-02 00:00,0.345\n\n2026-03-02 01:00,1.2\n"
    replay = CsvReplay.read(write(text))
    assert replay.period_ms == 3_600_000
    assert energies(replay, 0, 2) == [[345_000, 0, 0, 0], [1_200_000, 0, 0, 0]]


HALF_HOURS = """start,value
2012-10-19 23:00:00,0.19
2012-10-19 23:30:00,0.23900000000000002
2012-10-20 00:00:00,0.2
2012-10-20 00:00:00,0.2
2012-10-20 00:30:00,0.0
2012-10-21 01:00:00,1.5
"""


def test_half_hours_of_a_household_with_a_line_twice_and_a_day_missing(write: Writer) -> None:
    replay = CsvReplay.read(write(HALF_HOURS))
    assert replay.period_ms == 1_800_000
    import_mwh = [row[0] for row in energies(replay, 0, 53)]
    assert import_mwh == [190_000, 239_000, 200_000, 0, *[0] * 48, 1_500_000]


QUARTERS = """time,active_import_wh,active_export_wh,voltage_l1_v
2026-06-01T10:00:00+02:00,12,310,236.4
2026-06-01T10:15:00+02:00,0,342,237.1
2026-06-01T10:45:00+02:00,151,0,231
"""


def test_quarters_of_an_hour_of_a_house_with_a_solar_plant(write: Writer) -> None:
    replay = CsvReplay.read(write(QUARTERS))
    assert (replay.period_ms, replay.first_period * 900) == (900_000, 1_780_300_800)
    assert [row[:2] for row in energies(replay, 0, 4)] == [[12_000, 310_000], [0, 342_000], [0, 0], [151_000, 0]]
    periods = replay.first_period + np.arange(4)
    assert replay.voltages(np.array([1]), periods[None])[0, :, 0].tolist() == [2364, 2371, 2300, 2310]


def test_seconds_since_1970(write: Writer) -> None:
    replay = CsvReplay.read(write("time,active_import_wh\n1772409600,1\n1772409660,2\n"))
    assert (replay.period_ms, replay.first_period * 60) == (60_000, 1_772_409_600)


def test_the_file_repeats_on_both_sides(write: Writer) -> None:
    replay = CsvReplay.read(write("t,kwh\n1772409600,1\n1772413200,2\n1772416800,3\n"))
    assert [row[0] // 10**6 for row in energies(replay, -4, 9)] == [3, 1, 2, 3, 1, 2, 3, 1, 2]


def test_every_meter_replays_the_same(write: Writer) -> None:
    replay = CsvReplay.read(write(FULL))
    periods = np.broadcast_to(replay.first_period + np.arange(2), (5, 2))
    assert replay.energies(np.arange(5), periods).shape == (5, 2, 4)
    assert replay.voltages(np.arange(5), periods).shape == (5, 2, 3)


HEAD = "time,active_import_wh\n"
TWO = HEAD + "2026-03-02T00:00Z,1\n2026-03-02T00:15Z,2\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "",
            "line 1: columns, expected 'time' and 'active_import_wh', or a time stamp and one column in kWh, got nothing",
        ),
        ("time,import,export\n", "line 1: columns, expected 'time' and 'active_import_wh'"),
        ("when,active_import_wh,x\n", "line 1: columns"),
        (HEAD, "line 1: too few lines"),
        (HEAD + "2026-03-02T00:00Z,1\n", "line 2: too few lines"),
        (TWO + "2026-03-02T00:30Z\n", "line 4: columns, expected 2, got 1"),
        (TWO + "2026-03-02T00:30Z,1,2\n", "line 4: columns, expected 2, got 3"),
        (TWO + "yesterday,3\n", "line 4: time, expected ISO 8601 .* got 'yesterday'"),
        (TWO + "1950-01-01T00:00Z,3\n", "line 4: time, expected 1970 or later"),
        (TWO + "2026-03-02T00:30Z,much\n", "line 4: value, expected a number, got 'much'"),
        (TWO + "2026-03-02T00:30Z,\n", "line 4: value, expected a number, got ''"),
        (TWO + "2026-03-02T00:30Z,-1\n", "line 4: value, expected 0 to 1000000000, got '-1'"),
        (TWO + "2026-03-02T00:30Z,NaN\n", "line 4: value"),
        (TWO + "2026-03-02T00:30Z,1e400\n", "line 4: value"),
        (TWO + "2026-03-02T00:15Z,3\n", "line 4: time, expected rising by multiples of 900 s"),
        (TWO + "2026-03-01T00:00Z,3\n", "line 4: time, expected rising"),
        (TWO + "2026-03-02T00:31Z,3\n", "line 4: time, expected rising"),
        (TWO + "2099-03-02T00:30Z,3\n", "line 4: time too far"),
        (HEAD + "2026-03-02T00:00Z,1\n2026-03-02T00:00Z,2\n", "line 3: period in s.*got 0.0"),
        (HEAD + "2026-03-02T00:07Z,1\n2026-03-02T00:22Z,2\n", "line 3: period in s"),
        (HEAD + "2026-03-02T00:00Z,1\n2026-03-02T00:00:01Z,2\n", "line 3: period in s, expected 60 to 86400"),
        (b"\xff\xfe\x00", "cannot read"),
        (HEAD + '"' + "x" * 200_000, "cannot read"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(write: Writer, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        CsvReplay.read(write(text))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read .*nothing\.csv"):
        CsvReplay.read(tmp_path / "nothing.csv")


def test_too_many_lines_are_refused_early(write: Writer) -> None:
    text = HEAD + "1772409600,1\n" * 3 + "\n" * CSV_REPLAY_LINES_MAX + "1772409600,1\n"
    with pytest.raises(ConfigError, match="too many lines"):
        CsvReplay.read(write(text))


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(st.binary(max_size=200), st.text("0123456789,.\n-:TZe ", max_size=120).map(lambda t: (HEAD + t).encode()))
)
def test_any_octets_only_raise_a_config_error(write: Writer, octets: bytes) -> None:
    path = write(octets)
    with contextlib.suppress(ConfigError):
        assert len(CsvReplay.read(path).energies_mwh) >= 2
