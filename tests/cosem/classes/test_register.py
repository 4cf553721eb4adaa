"""Registers, classes 3, 4 and 5: counted and measured values with their scaler and unit, as real meters send them."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from ferraris.codec import Data, Tag
from ferraris.cosem import (
    Attribute,
    DemandRegister,
    ExtendedRegister,
    Register,
    ScalerUnit,
    Unit,
    load_profile,
    obis_entry,
    profile_names,
)
from ferraris.cosem.classes.register import REGISTER_VALUE, SCALER_UNIT
from ferraris.kernel.errors import DecodeError, LocalProtocolError
from tests.cosem.known_octets import assert_holds

MIDNIGHT = "09 0c 07e8 02 01 04 00 00 00 00 ffc4 00"
MIDNIGHT_READ = "2024-02-01 00:00:00 -60 min to UTC"

OBJECTS = [
    # attribute                               octets                        plain
    (Register.logical_name,                   "09 06 0100010800ff",         "1.0.1.8.0.255"),
    (Register.value,                          "06 0012d687",                1_234_567),
    (Register.value,                          "05 fffffc18",                -1000),
    (Register.value,                          "12 08fc",                    2300),
    (Register.value,                          "15 0000000100000000",        4_294_967_296),
    (Register.value,                          "17 42480000",                50.0),
    (Register.value,                          "00",                         None),
    (Register.scaler_unit,                    "02 02 0f00 161e",            {"scaler": 0, "unit": "watt_hour"}),
    (Register.scaler_unit,                    "02 02 0f03 161e",            {"scaler": 3, "unit": "watt_hour"}),
    (Register.scaler_unit,                    "02 02 0ffd 1621",            {"scaler": -3, "unit": "ampere"}),
    (Register.scaler_unit,                    "02 02 0fff 162c",            {"scaler": -1, "unit": "hertz"}),
    (Register.scaler_unit,                    "02 02 0f00 16ff",            {"scaler": 0, "unit": "count"}),
    (Register.scaler_unit,                    "02 02 0f00 1600",            {"scaler": 0, "unit": "none"}),
    (Register.scaler_unit,                    "02 02 0f80 163b",            {"scaler": -128, "unit": "code_59"}),
    (ExtendedRegister.value,                  "06 000004d2",                1234),
    (ExtendedRegister.scaler_unit,            "02 02 0ffe 160d",            {"scaler": -2, "unit": "cubic_metre"}),
    (ExtendedRegister.status,                 "00",                         None),
    (ExtendedRegister.status,                 "04 08 80",                   "10000000"),
    (ExtendedRegister.status,                 "09 01 40",                   "0x40"),
    (ExtendedRegister.capture_time,           MIDNIGHT,                     MIDNIGHT_READ),
    (DemandRegister.current_average_value,    "06 000009c4",                2500),
    (DemandRegister.last_average_value,       "12 0bb8",                    3000),
    (DemandRegister.scaler_unit,              "02 02 0f00 161b",            {"scaler": 0, "unit": "watt"}),
    (DemandRegister.status,                   "11 00",                      0),
    (DemandRegister.capture_time,             MIDNIGHT,                     MIDNIGHT_READ),
    (DemandRegister.start_time_current,       MIDNIGHT,                     MIDNIGHT_READ),
    (DemandRegister.period,                   "06 00000384",                900),
    (DemandRegister.number_of_periods,        "12 0001",                    1),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "plain"), OBJECTS)
def test_known_octets(attribute: Attribute[object], octets: str, plain: object) -> None:
    assert_holds(attribute.datatype, octets, plain)


METHODS = [
    # method                       octets     argument
    (Register.reset,               "0f 00",   0),
    (ExtendedRegister.reset,       "0f 00",   0),
    (DemandRegister.reset,         "0f 00",   0),
    (DemandRegister.next_period,   "0f 00",   0),
]  # fmt: skip


@pytest.mark.parametrize(("method", "octets", "argument"), METHODS)
def test_methods_take_an_integer_of_zero(method: object, octets: str, argument: int) -> None:
    assert_holds(method.argument, octets, argument)  # type: ignore[attr-defined]
    assert method.result is None  # type: ignore[attr-defined]


READ_AS = [
    # octets of scaler_unit     raw       a person reads
    ("02020f00161e",            1234567,  "1234567 Wh"),
    ("02020f03161e",            1234,     "1.234E+6 Wh"),
    ("02020fff1623",            2304,     "230.4 V"),
    ("02020ffe1621",            -512,     "-5.12 A"),
    ("02020ffd162c",            49987,    "49.987 Hz"),
    ("02020f0016ff",            3,        "3"),
]  # fmt: skip


@pytest.mark.parametrize(("octets", "raw", "read"), READ_AS)
def test_a_value_counts_powers_of_ten_of_its_unit(octets: str, raw: int, read: str) -> None:
    scaler_unit = SCALER_UNIT.decode(bytes.fromhex(octets))
    scaled = Decimal(raw).scaleb(scaler_unit.scaler)
    assert f"{scaled} {scaler_unit.unit.symbol}".strip() == read


REFUSED = [
    # octets                 words
    ("02 01 0f00",           "expected 2 members, got 1"),
    ("02 03 0f00 161e 00",   "expected 2 members, got 3"),
    ("02 02 1100 161e",      "expected integer, got unsigned"),
    ("02 02 0f00 111e",      "expected enum, got unsigned"),
    ("01 02 0f00 161e",      "expected structure, got array"),
    ("00",                   "expected structure, got null-data"),
]  # fmt: skip


@pytest.mark.parametrize(("octets", "words"), REFUSED)
def test_a_scaler_unit_of_another_shape_is_refused(octets: str, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        SCALER_UNIT.decode(bytes.fromhex(octets))


@pytest.mark.parametrize("tag", [Tag.ARRAY, Tag.STRUCTURE, Tag.BOOLEAN, Tag.DATE_TIME, Tag.DATE, Tag.TIME])
def test_a_register_holds_one_number_or_text(tag: Tag) -> None:
    content = {Tag.ARRAY: (), Tag.STRUCTURE: (), Tag.BOOLEAN: 1, Tag.DATE_TIME: b"\xff" * 12}
    value = Data(tag, content.get(tag, bytes(5 if tag == Tag.DATE else 4)))
    with pytest.raises(LocalProtocolError, match="one of its types"):
        REGISTER_VALUE.encode(value)


def test_scalers_are_one_signed_octet() -> None:
    for scaler in (-129, 128):
        with pytest.raises(LocalProtocolError, match=r"-128\.\.127"):
            SCALER_UNIT.encode(ScalerUnit(scaler, Unit.WATT))


@pytest.mark.parametrize("name", profile_names())
def test_registers_of_the_profiles_have_the_unit_of_their_quantity(name: str) -> None:
    profile = load_profile(name)
    on_mbus = re.compile(r"MBUS_.*_[1-4]")  # these have the unit of what is connected
    registers = [e for e in profile.objects if issubclass(e.interface, Register) and not on_mbus.fullmatch(e.tag)]
    assert registers
    if profile.check_list:
        assert {entry.scaler_unit for entry in registers} == {registers[0].scaler_unit}, "a check-list states no values"
        return
    for entry in registers:
        known = obis_entry(entry.logical_name)
        assert known is not None, entry.tag
        assert entry.scaler_unit is not None, entry.tag
        assert entry.scaler_unit.unit == known.unit, entry.tag
        assert -3 <= entry.scaler_unit.scaler <= 0, entry.tag
        assert entry.scaler_unit.unit.symbol or entry.scaler_unit.unit is Unit.COUNT, entry.tag
