"""Physical units as COSEM numbers them (IEC 62056-6-2, 4.3.2). The symbol and the quantity stand in `tables/units.csv`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from ferraris.kernel.open_enum import OpenEnum
from ferraris.kernel.tables import load_csv


class Unit(OpenEnum):
    """The enum value of the unit in a scaler_unit. A number that no edition assigns stays what it is: `CODE_59`."""

    NONE = 0
    YEAR = 1
    MONTH = 2
    WEEK = 3
    DAY = 4
    HOUR = 5
    MINUTE = 6
    SECOND = 7
    DEGREE = 8
    DEGREE_CELSIUS = 9
    CURRENCY = 10
    METRE = 11
    METRE_PER_SECOND = 12
    CUBIC_METRE = 13
    CUBIC_METRE_CORRECTED = 14
    CUBIC_METRE_PER_HOUR = 15
    CUBIC_METRE_CORRECTED_PER_HOUR = 16
    CUBIC_METRE_PER_DAY = 17
    CUBIC_METRE_CORRECTED_PER_DAY = 18
    LITRE = 19
    KILOGRAM = 20
    NEWTON = 21
    NEWTON_METRE = 22
    PASCAL = 23
    BAR = 24
    JOULE = 25
    JOULE_PER_HOUR = 26
    WATT = 27
    VOLT_AMPERE = 28
    VAR = 29
    WATT_HOUR = 30
    VOLT_AMPERE_HOUR = 31
    VAR_HOUR = 32
    AMPERE = 33
    COULOMB = 34
    VOLT = 35
    VOLT_PER_METRE = 36
    FARAD = 37
    OHM = 38
    OHM_METRE = 39
    WEBER = 40
    TESLA = 41
    AMPERE_PER_METRE = 42
    HENRY = 43
    HERTZ = 44
    PER_WATT_HOUR = 45
    PER_VAR_HOUR = 46
    PER_VOLT_AMPERE_HOUR = 47
    VOLT_SQUARED_HOUR = 48
    AMPERE_SQUARED_HOUR = 49
    KILOGRAM_PER_SECOND = 50
    SIEMENS = 51
    KELVIN = 52
    PER_VOLT_SQUARED_HOUR = 53
    PER_AMPERE_SQUARED_HOUR = 54
    PER_CUBIC_METRE = 55
    PERCENT = 56
    AMPERE_HOUR = 57
    WATT_HOUR_PER_CUBIC_METRE = 60
    JOULE_PER_CUBIC_METRE = 61
    MOLE_PERCENT = 62
    GRAM_PER_CUBIC_METRE = 63
    PASCAL_SECOND = 64
    JOULE_PER_KILOGRAM = 65
    GRAM_PER_SQUARE_CENTIMETRE = 66
    ATMOSPHERE = 67
    DECIBEL_MILLIWATT = 70
    DECIBEL_MICROVOLT = 71
    DECIBEL = 72
    RESERVED = 253
    OTHER = 254
    COUNT = 255

    @property
    def symbol(self) -> str:
        """What a person reads behind the number: `Wh`; empty for a count; `unit 59` for a number without a meaning."""
        row = unit_rows().get(self)
        return f"unit {int(self)}" if row is None else row.symbol

    @property
    def quantity(self) -> str:
        """The physical quantity that is measured in this unit."""
        row = unit_rows().get(self)
        return "unknown" if row is None else row.quantity


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One line of the table of units."""

    code: int
    tag: str
    symbol: str
    quantity: str


@cache
def unit_rows() -> dict[int, UnitRow]:
    """The table of units, by code."""
    return {row.code: row for row in load_csv("ferraris.kernel", "tables/units.csv", UnitRow, unique=("code", "tag"))}
