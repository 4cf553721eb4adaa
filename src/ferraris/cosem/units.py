"""Units of measurement by their DLMS code (IEC 62056-6-2, unit)."""

from __future__ import annotations

from typing import Self

from ferraris.cosem.types import OpenEnum


class Unit(OpenEnum):
    """What a number counts: its code, and its symbol as people write it. A code without a name here keeps its number."""

    symbol: str

    def __new__(cls, code: int, symbol: str) -> Self:
        unit = int.__new__(cls, code)
        unit._value_ = code
        unit.symbol = symbol
        return unit

    @classmethod
    def _missing_(cls, value: object) -> OpenEnum | None:
        unit = super()._missing_(value)
        if isinstance(unit, Unit):
            unit.symbol = f"unit {value}"
        return unit

    NONE = 0, ""
    YEAR = 1, "a"
    MONTH = 2, "mo"
    WEEK = 3, "wk"
    DAY = 4, "d"
    HOUR = 5, "h"
    MINUTE = 6, "min"
    SECOND = 7, "s"
    DEGREE = 8, "°"
    DEGREE_CELSIUS = 9, "°C"
    CURRENCY = 10, "currency"
    METRE = 11, "m"
    METRE_PER_SECOND = 12, "m/s"
    CUBIC_METRE = 13, "m³"
    CORRECTED_CUBIC_METRE = 14, "Nm³"
    CUBIC_METRE_PER_HOUR = 15, "m³/h"
    CORRECTED_CUBIC_METRE_PER_HOUR = 16, "Nm³/h"
    CUBIC_METRE_PER_DAY = 17, "m³/d"
    CORRECTED_CUBIC_METRE_PER_DAY = 18, "Nm³/d"
    LITRE = 19, "l"
    KILOGRAM = 20, "kg"
    NEWTON = 21, "N"
    NEWTON_METRE = 22, "Nm"
    PASCAL = 23, "Pa"
    BAR = 24, "bar"
    JOULE = 25, "J"
    JOULE_PER_HOUR = 26, "J/h"
    WATT = 27, "W"
    VOLT_AMPERE = 28, "VA"
    VAR = 29, "var"
    WATT_HOUR = 30, "Wh"
    VOLT_AMPERE_HOUR = 31, "VAh"
    VAR_HOUR = 32, "varh"
    AMPERE = 33, "A"
    COULOMB = 34, "C"
    VOLT = 35, "V"
    VOLT_PER_METRE = 36, "V/m"
    FARAD = 37, "F"
    OHM = 38, "Ω"
    OHM_METRE = 39, "Ωm"
    WEBER = 40, "Wb"
    TESLA = 41, "T"
    AMPERE_PER_METRE = 42, "A/m"
    HENRY = 43, "H"
    HERTZ = 44, "Hz"
    ACTIVE_METER_CONSTANT = 45, "1/Wh"
    REACTIVE_METER_CONSTANT = 46, "1/varh"
    APPARENT_METER_CONSTANT = 47, "1/VAh"
    VOLT_SQUARED_HOUR = 48, "V²h"
    AMPERE_SQUARED_HOUR = 49, "A²h"
    KILOGRAM_PER_SECOND = 50, "kg/s"
    SIEMENS = 51, "S"
    KELVIN = 52, "K"
    VOLT_SQUARED_HOUR_CONSTANT = 53, "1/V²h"
    AMPERE_SQUARED_HOUR_CONSTANT = 54, "1/A²h"
    CUBIC_METRE_CONSTANT = 55, "1/m³"
    PERCENT = 56, "%"
    AMPERE_HOUR = 57, "Ah"
    WATT_HOUR_PER_CUBIC_METRE = 60, "Wh/m³"
    JOULE_PER_CUBIC_METRE = 61, "J/m³"
    MOLE_PERCENT = 62, "mol %"
    GRAM_PER_CUBIC_METRE = 63, "g/m³"
    PASCAL_SECOND = 64, "Pa·s"
    JOULE_PER_KILOGRAM = 65, "J/kg"
    DECIBEL_MILLIWATT = 70, "dBm"
    DECIBEL_MICROVOLT = 71, "dBµV"
    DECIBEL = 72, "dB"
    OTHER = 254, "other"
    COUNT = 255, ""
