"""The table of logical names, and the stub that is made from it."""

from __future__ import annotations

from importlib import resources

import pytest

from ferraris.cosem import Obis, interface_classes, obis_entry
from ferraris.cosem.obis_table import entries_by_tag, obis_entries, stub_text
from ferraris.kernel.units import Unit

KNOWN = [
    # tag                           code                 class  unit
    ("CLOCK",                       "0.0.1.0.0.255",     8,     None),
    ("LOGICAL_DEVICE_NAME",         "0.0.42.0.0.255",    1,     None),
    ("SERIAL_NUMBER",               "0.0.96.1.0.255",    1,     None),
    ("INVOCATION_COUNTER",          "0.0.43.1.0.255",    1,     None),
    ("DISCONNECT_CONTROL",          "0.0.96.3.10.255",   70,    None),
    ("STANDARD_EVENT_LOG",          "0.0.99.98.0.255",   7,     None),
    ("ACTIVE_ENERGY_IMPORT",        "1.0.1.8.0.255",     3,     Unit.WATT_HOUR),
    ("ACTIVE_ENERGY_EXPORT_RATE_2", "1.0.2.8.2.255",     3,     Unit.WATT_HOUR),
    ("REACTIVE_ENERGY_IMPORT",      "1.0.3.8.0.255",     3,     Unit.VAR_HOUR),
    ("REACTIVE_ENERGY_Q4",          "1.0.8.8.0.255",     3,     Unit.VAR_HOUR),
    ("VOLTAGE_L1",                  "1.0.32.7.0.255",    3,     Unit.VOLT),
    ("VOLTAGE_L3",                  "1.0.72.7.0.255",    3,     Unit.VOLT),
    ("ACTIVE_POWER_IMPORT_L2",      "1.0.41.7.0.255",    3,     Unit.WATT),
    ("LOAD_PROFILE",                "1.0.99.1.0.255",    7,     None),
]  # fmt: skip


@pytest.mark.parametrize(("tag", "code", "class_id", "unit"), KNOWN)
def test_known_rows(tag: str, code: str, class_id: int, unit: Unit | None) -> None:
    entry = obis_entry(Obis.parse(code))
    assert entry is entries_by_tag()[tag]
    assert (entry.tag, entry.class_id, entry.unit) == (tag, class_id, unit)


def test_an_unknown_name_has_no_row() -> None:
    assert obis_entry(Obis(b"\xee" * 6)) is None
    assert "NO_SUCH_TAG" not in entries_by_tag()


def test_rows_stand_in_the_order_of_their_codes_and_say_something() -> None:
    codes = [entry.logical_name for entry in obis_entries()]
    assert codes == sorted(codes)
    assert all(entry.description and entry.tag == entry.tag.upper() for entry in obis_entries())


def test_registers_have_a_unit_and_other_objects_none() -> None:
    for entry in obis_entries():
        assert (entry.unit is not None) == (entry.class_id in (3, 4)), entry.tag


def test_the_table_names_known_classes_or_some_yet_to_come() -> None:
    declared = {interface.class_id for interface in interface_classes()}
    to_come = {6, 10, 11, 18, 19, 20, 21, 23, 27, 28, 29, 41, 42, 43, 44, 45, 47, 48, 65, 71, 72, 77}
    assert {entry.class_id for entry in obis_entries()} - declared <= to_come


def test_the_stub_is_current() -> None:
    """Make it anew: python -m ferraris.cosem.obis_table > src/ferraris/cosem/obis.pyi"""
    stub = resources.files("ferraris.cosem").joinpath("obis.pyi").read_text("utf-8")
    assert stub == stub_text()


GROUPS = """
    tags that end in    group  value
    _L1                 c      21 22 23 24 31 32 33
    _L2                 c      41 42 43 44 51 52 53
    _L3                 c      61 62 63 64 71 72 73
    _RATE_1             e      1
    _RATE_2             e      2
    _RATE_3             e      3
    _RATE_4             e      4
"""


@pytest.mark.parametrize("line", GROUPS.strip().splitlines()[1:])
def test_a_tags_ending_says_what_a_group_says(line: str) -> None:
    ending, group, *allowed = line.split()
    found = [entry for entry in obis_entries() if entry.tag.endswith(ending)]
    assert found
    assert {str(getattr(entry.logical_name, group)) for entry in found} <= set(allowed)


def test_phases_come_in_threes_twenty_apart() -> None:
    by_tag = entries_by_tag()
    for tag, entry in by_tag.items():
        if tag.endswith("_L1"):
            others = [by_tag[tag.removesuffix("1") + phase].logical_name for phase in "23"]
            assert [other.c - entry.logical_name.c for other in others] == [20, 40], tag
            assert {(other.d, other.e) for other in others} == {(entry.logical_name.d, entry.logical_name.e)}, tag


TOTAL_HARMONIC_DISTORTION = 124
"""Value group E of what is measured in per cent of the quantity."""

UNITS_OF_QUANTITIES = [
    # c of electricity  d   unit
    ((1, 2),            8,  Unit.WATT_HOUR),
    ((3, 4, 5, 6, 7, 8), 8, Unit.VAR_HOUR),
    ((9, 10),           8,  Unit.VOLT_AMPERE_HOUR),
    ((1, 2, 21, 22, 41, 42, 61, 62), 7, Unit.WATT),
    ((3, 4, 23, 24, 43, 44, 63, 64), 7, Unit.VAR),
    ((9, 10),           7,  Unit.VOLT_AMPERE),
    ((31, 51, 71, 90, 91), 7, Unit.AMPERE),
    ((32, 52, 72),      7,  Unit.VOLT),
    ((14,),             7,  Unit.HERTZ),
    ((1, 2),            6,  Unit.WATT),
    ((32, 52, 72),      33, Unit.SECOND),
]  # fmt: skip


@pytest.mark.parametrize(("quantities", "processing", "unit"), UNITS_OF_QUANTITIES)
def test_the_groups_of_electricity_have_the_units_of_the_standard(
    quantities: tuple[int, ...], processing: int, unit: Unit
) -> None:
    found = [
        entry
        for entry in obis_entries()
        if entry.logical_name.a == 1
        and entry.logical_name.c in quantities
        and entry.logical_name.d == processing
        and entry.logical_name.e != TOTAL_HARMONIC_DISTORTION
    ]
    assert found
    assert {entry.unit for entry in found} == {unit}


def test_every_unit_has_a_meaning() -> None:
    for entry in obis_entries():
        if entry.unit not in (None, Unit.NONE, Unit.COUNT):
            assert entry.unit is not None
            assert entry.unit.symbol, entry.tag


def test_tags_and_names_stand_once() -> None:
    table = obis_entries()
    assert len({entry.tag for entry in table}) == len({entry.logical_name for entry in table}) == len(table)
    for entry in table:
        assert obis_entry(entry.logical_name) is entry
        assert entry.tag.isidentifier()
