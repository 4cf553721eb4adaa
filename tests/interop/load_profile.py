"""The load profile that the foreign meters serve: what each row holds, said a second time."""

from __future__ import annotations

from ferraris.cosem import CaptureObject, Obis

LOAD_PROFILE = Obis.parse("1.0.99.1.0.255")
CLOCK = Obis.parse("0.0.1.0.0.255")
STATUS = Obis.parse("0.0.96.10.2.255")
DISCONNECTOR = Obis.parse("0.0.96.3.10.255")
ACTIVE_ENERGY_IMPORT = Obis.parse("1.0.1.8.0.255")
VOLTAGE_L1 = Obis.parse("1.0.32.7.0.255")
NO_SUCH_REGISTER = Obis.parse("1.0.1.8.99.255")

ROWS = 96
FIRST_S = 1_767_225_600  # 2026-01-01 00:00:00 UTC
PERIOD_S = 900
COLUMNS = tuple(
    CaptureObject(class_id, Obis.parse(logical_name), 2)
    for class_id, logical_name in (
        (8, "0.0.1.0.0.255"),
        (1, "0.0.96.10.2.255"),
        (3, "1.0.1.8.0.255"),
        (3, "1.0.2.8.0.255"),
        (3, "1.0.3.8.0.255"),
        (3, "1.0.4.8.0.255"),
        (3, "1.0.32.7.0.255"),
        (3, "1.0.52.7.0.255"),
    )
)


def end_s(row: int) -> int:
    """When row `row` (from 0) was captured."""
    return FIRST_S + (row + 1) * PERIOD_S


def numbers(row: int) -> tuple[int, ...]:
    """The seven numbers after the clock."""
    energies = (1_000_000 + 25 * row, 2_000 + 3 * row, 300_000 + 5 * row, 40_000 + 7 * row)
    return (row * 7 % 256, *energies, 2_300 + row % 50, 2_310 + row % 40)
