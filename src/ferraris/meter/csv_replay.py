"""Replay of measured values from a CSV file, as the load of a meter.

The first line names the columns. `time` begins the interval over which the line's energy was measured: ISO 8601 (with
`Z` or an offset; without one it is UTC) or seconds since 1970-01-01 UTC. Lines are in rising time at one period, which
the first two lines give; a line may be missing, and then nothing flowed. A line that says again what the one before it
says counts once, as real files have them. Two forms are known:

| column | unit |
|---|---|
| `time` | |
| `active_import_wh`, `active_export_wh` | Wh, at least the first |
| `reactive_import_varh`, `reactive_export_varh` | varh, optional |
| `voltage_l1_v`, `voltage_l2_v`, `voltage_l3_v` | V, optional, else 230 V |

or a time stamp and one column in kWh, whatever their names (hourly consumption as utilities hand it out). Columns with
other names are passed over in the first form and refused in the second. Energies are kept to 1/1000 Wh. Behind its last
line, and before its first, the file repeats.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

import numpy as np

from ferraris.kernel.errors import ConfigError
from ferraris.kernel.limits import CSV_REPLAY_LINES_MAX
from ferraris.meter.load import NOMINAL_DV, Integers, Quantity

ENERGY_COLUMNS: Final = {
    "active_import_wh": Quantity.ACTIVE_IMPORT,
    "active_export_wh": Quantity.ACTIVE_EXPORT,
    "reactive_import_varh": Quantity.REACTIVE_IMPORT,
    "reactive_export_varh": Quantity.REACTIVE_EXPORT,
}
VOLTAGE_COLUMNS: Final = {"voltage_l1_v": 0, "voltage_l2_v": 1, "voltage_l3_v": 2}
MWH_PER_WH: Final = 1_000
MWH_PER_KWH: Final = 1_000_000
ENERGY_MWH_MAX: Final = 10**12
"""1 GWh in one period: more is a mistake in the file."""
PERIODS_MS: Final = (60_000, 86_400_000)
"""Shortest and longest period of a file."""
COLUMN_NAME: Final = re.compile(r"[a-z][a-z0-9_ ()/.+-]{0,30}")


@dataclass(frozen=True)
class CsvReplay:
    """The lines of one file, by load period. Every meter replays the same."""

    period_ms: int
    first_period: int
    energies_mwh: Integers
    voltages_dv: Integers

    @classmethod
    def read(cls, path: Path) -> CsvReplay:
        """ConfigError with the number of the line for anything that is not as the form says."""
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                return _read(path, csv.reader(file))
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise ConfigError(f"cannot read {path}: {error}") from error

    def energies(self, meters: Integers, periods: Integers) -> Integers:
        return self.energies_mwh[(periods - self.first_period) % len(self.energies_mwh)]

    def voltages(self, meters: Integers, periods: Integers) -> Integers:
        return self.voltages_dv[(periods - self.first_period) % len(self.voltages_dv)]


class _Form:
    """What the header says about the columns."""

    def __init__(self, path: Path, header: list[str]) -> None:
        self.path = path
        names = [name.strip().lower() for name in header]
        self.columns = len(names)
        self.energies: dict[int, tuple[Quantity, int]] = {}
        self.voltages: dict[int, int] = {}
        self.time = 0
        if "time" in names and "active_import_wh" in names:
            self.time = names.index("time")
            self.energies = {i: (ENERGY_COLUMNS[n], MWH_PER_WH) for i, n in enumerate(names) if n in ENERGY_COLUMNS}
            self.voltages = {i: VOLTAGE_COLUMNS[n] for i, n in enumerate(names) if n in VOLTAGE_COLUMNS}
        elif len(names) == 2:
            self.energies = {1: (Quantity.ACTIVE_IMPORT, MWH_PER_KWH)}
        else:
            expected = "'time' and 'active_import_wh', or a time stamp and one column in kWh"
            raise ConfigError(
                f"{path}, line 1: columns", expected=expected, got=", ".join(map(_shown, names))[:200] or "nothing"
            )

    def fault(self, line: int, what: str, *, expected: object = None, got: object = None) -> ConfigError:
        return ConfigError(f"{self.path}, line {line}: {what}", expected=expected, got=got)

    def time_ms(self, line: int, text: str) -> int:
        text = text.strip()
        if text.isascii() and text.isdigit() and len(text) <= 10:
            return int(text) * 1000
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise self.fault(line, "time", expected="ISO 8601 or seconds since 1970", got=repr(text[:40])) from None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        milliseconds = round(moment.timestamp() * 1000)
        if milliseconds < 0:
            raise self.fault(line, "time", expected="1970 or later", got=repr(text[:40]))
        return milliseconds

    def number(self, line: int, text: str, scale: int, limit: int) -> int:
        try:
            value = Decimal(text.strip()) * scale
        except InvalidOperation:
            raise self.fault(line, "value", expected="a number", got=repr(text[:40])) from None
        if not (value.is_finite() and 0 <= value <= limit):
            raise self.fault(line, "value", expected=f"0 to {Decimal(limit) / scale:f}", got=repr(text[:40]))
        return round(value)


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    time_ms: int
    energies: dict[int, int]
    voltages: dict[int, int]

    def says_the_same_as(self, other: _Line) -> bool:
        return (self.time_ms, self.energies, self.voltages) == (other.time_ms, other.energies, other.voltages)


def _lines(form: _Form, reader: Iterator[list[str]]) -> Iterator[_Line]:
    for number, cells in enumerate(reader, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if number > CSV_REPLAY_LINES_MAX:
            raise form.fault(number, "too many lines", expected=f"at most {CSV_REPLAY_LINES_MAX}")
        if len(cells) != form.columns:
            raise form.fault(number, "columns", expected=form.columns, got=len(cells))
        yield _Line(
            number,
            form.time_ms(number, cells[form.time]),
            {q: form.number(number, cells[i], scale, ENERGY_MWH_MAX) for i, (q, scale) in form.energies.items()},
            {phase: form.number(number, cells[i], 10, 0xFFFF) for i, phase in form.voltages.items()},
        )


def _read(path: Path, reader: Iterator[list[str]]) -> CsvReplay:
    form = _Form(path, next(reader, []))
    lines = list(_lines(form, reader))
    if len(lines) < 2:
        raise form.fault(len(lines) + 1, "too few lines", expected="at least two with values")
    first, period_ms = lines[0].time_ms, lines[1].time_ms - lines[0].time_ms
    if not PERIODS_MS[0] <= period_ms <= PERIODS_MS[1] or first % period_ms:
        raise form.fault(
            lines[1].number, "period in s", expected="60 to 86400, times at its multiples", got=period_ms / 1000
        )
    kept: dict[int, _Line] = {}
    newest = lines[0]
    for line in lines:
        place, rest = divmod(line.time_ms - first, period_ms)
        if line.says_the_same_as(newest):
            kept.setdefault(place, line)
            continue
        if rest or line.time_ms <= newest.time_ms:
            raise form.fault(line.number, "time", expected=f"rising by multiples of {period_ms // 1000} s")
        if place >= CSV_REPLAY_LINES_MAX:
            raise form.fault(
                line.number, "time too far from the first line's", expected=f"{CSV_REPLAY_LINES_MAX} periods"
            )
        kept[place] = newest = line
    energies = np.zeros((max(kept) + 1, len(Quantity)), np.int64)
    voltages = np.full((max(kept) + 1, 3), NOMINAL_DV, np.int64)
    for place, line in kept.items():
        for quantity, value in line.energies.items():
            energies[place, quantity] = value
        for phase, value in line.voltages.items():
            voltages[place, phase] = value
    return CsvReplay(period_ms, first // period_ms, energies, voltages)


def _shown(name: str) -> str:
    """A column's name, if it is one: the file may be another one than was meant, with keys in it."""
    return name if COLUMN_NAME.fullmatch(name) else "…"
