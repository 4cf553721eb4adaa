"""The table of units: every code once, the enum and the table agree."""

from __future__ import annotations

import pytest

from ferraris.kernel.units import Unit, unit_rows

KNOWN = """
code  tag             symbol  quantity
7     SECOND          s       time
9     DEGREE_CELSIUS  °C      temperature
27    WATT            W       active power
28    VOLT_AMPERE     VA      apparent power
29    VAR             var     reactive power
30    WATT_HOUR       Wh      active energy
32    VAR_HOUR        varh    reactive energy
33    AMPERE          A       current
35    VOLT            V       voltage
44    HERTZ           Hz      frequency
70    DECIBEL_MILLIWATT  dBm  signal strength
"""


@pytest.mark.parametrize("line", KNOWN.strip().splitlines()[1:])
def test_units_met_in_every_meter(line: str) -> None:
    code, tag, symbol, quantity = line.split(maxsplit=3)
    unit = Unit(int(code))
    assert (unit.name, unit.symbol, unit.quantity) == (tag, symbol, quantity)


def test_the_enum_and_the_table_agree() -> None:
    assert {int(unit): unit.name for unit in Unit} == {row.code: row.tag for row in unit_rows().values()}


def test_the_codes_of_the_standard() -> None:
    reserved = {58, 59, 68, 69}
    assert set(unit_rows()) == (set(range(73)) - reserved) | {253, 254, 255}


def test_one_symbol_and_quantity_mean_one_unit() -> None:
    pairs = [(row.symbol, row.quantity) for row in unit_rows().values()]
    assert len(pairs) == len(set(pairs))


@pytest.mark.parametrize("code", [58, 59, 128, 200, 252])
def test_a_code_that_no_edition_assigns_stays_what_it_is(code: int) -> None:
    unit = Unit(code)
    assert (int(unit), unit.name, unit.symbol, unit.quantity) == (code, f"CODE_{code}", f"unit {code}", "unknown")
    assert unit == Unit(code)
    assert hash(unit) == hash(Unit(code))


@pytest.mark.parametrize("code", [-1, 256, "Wh", None])
def test_a_unit_is_one_octet(code: object) -> None:
    with pytest.raises(ValueError, match="is not a valid Unit"):
        Unit(code)
