"""Readings of a push: names, scales and texts, from the telegram or from the table of layouts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from ferraris.codec import Data
from ferraris.dlms.inspect.readings import date_time_text, interpret, text_of
from ferraris.dlms.untagged import read_value
from tests.dlms.apdu.strategies import trees

POWER = "0906 0100010700ff"
VOLTAGE = "0906 0100200700ff"
CLOCK = "090c 07e60111010c2c28ffffc400"
WATT = "0202 0f00 161b"
DECIVOLT = "0202 0fff 1623"


def interpreted(octets: str, *, tagged: bool = False) -> Any:
    return interpret(read_value(bytes.fromhex(octets)).data, tagged_date_time=tagged)


def readings(octets: str) -> list[tuple[str | None, Any, Any, str | None]]:
    return [
        (found["obis"], found["value"], found["scaled"], found["unit"]) for found in interpreted(octets)["readings"]
    ]


@pytest.mark.parametrize(
    ("octets", "form", "expected"),
    [
        (f"01 01 02 03 {POWER} 0600000118 {WATT}", "entries", [("1.0.1.7.0.255", 280, 280, "W")]),
        (f"02 01 02 03 {POWER} 0600000118 {WATT}", "entries", [("1.0.1.7.0.255", 280, 280, "W")]),
        (f"02 03 {POWER} 0600000118 {WATT}", "pairs", [("1.0.1.7.0.255", 280, 280, "W")]),
        (f"02 03 {VOLTAGE} 1208ff {DECIVOLT}", "pairs", [("1.0.32.7.0.255", 2303, 230.3, "V")]),
        (f"02 02 {POWER} 0600000118", "pairs", [("1.0.1.7.0.255", 280, None, None)]),
        (f"02 04 {POWER} 0600000118 00 00", "pairs", [("1.0.1.7.0.255", 280, None, None)]),
        ("02 02 0600000118 1208ff", "positions", [(None, 280, None, None), (None, 2303, None, None)]),
        ("0600000118", "positions", [(None, 280, None, None)]),
        ("02 00", "positions", []),
        ("00", "positions", []),
        (f"02 04 {POWER} 0600000118 02 02 {VOLTAGE} 1208ff 1101", "entries",
         [("1.0.1.7.0.255", 280, None, None), ("1.0.32.7.0.255", 2303, None, None), (None, 1, None, None)]),
        (f"02 02 {POWER} {POWER}", "pairs", [("1.0.1.7.0.255", "0100010700ff", None, None)]),
        (f"02 01 {POWER}", "positions", [(None, "0100010700ff", None, None)]),
    ],
)  # fmt: skip
def test_forms(octets: str, form: str, expected: list[tuple[str | None, Any, Any, str | None]]) -> None:
    assert interpreted(octets)["form"] == form
    assert readings(octets) == expected


@pytest.mark.parametrize(
    ("value", "scaling", "scaled"),
    [
        ("12 092a", "0fff", 234.6),
        ("10 ffff", "0ffe", -0.01),
        ("06 0022ab8a", "0f01", 22_721_380),
        ("06 00000000", "0ffd", 0),
        ("14 7fffffffffffffff", "0ffd", 9223372036854775.807),
        ("12 0001", "0f03", 1000),
    ],
)
def test_scaled_values_are_exact_in_decimals(value: str, scaling: str, scaled: float) -> None:
    [reading] = interpreted(f"02 03 {POWER} {value} 0202 {scaling} 161b")["readings"]
    assert reading["scaled"] == scaled
    assert reading["scaler_from"] == "telegram"


def test_a_structure_that_is_no_scaler_unit_scales_nothing() -> None:
    for other in ("0202 1201ff 161b", "0202 0fff 121b00", "0203 0fff 161b 00", "0102 0fff 161b"):
        found = interpreted(f"02 03 {POWER} 0600000118 {other}")["readings"]
        assert found[0]["scaled"] is None


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        ("0a 07 4b464d5f303031", "KFM_001"),
        ("0c 03 e282ac", "€"),
        ("09 07 4b464d5f303031", "KFM_001"),
        ("09 10 34303739393339300000000000000000", "40799390"),
        ("09 0c 313831323230303030303039", "181220000009"),
        ("09 0c 07e60111010c2c28ff800000", "2022-01-17 12:44:40"),
        ("19 07e60111010c2c28ff800000", "2022-01-17 12:44:40"),
        ("09 00", None),
        ("0a 00", None),
        ("09 02 0102", None),
        ("09 06 0100010700ff", None),
        ("09 0c 07e60d11010c2c28ff800000", None),
        ("12 4142", None),
    ],
)
def test_texts(octets: str, text: str | None) -> None:
    assert text_of(read_value(bytes.fromhex(octets)).data) == text


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        ("07e60111010c2c28ff800000", "2022-01-17 12:44:40"),
        ("07e509160311231effffc400", "2021-09-22 17:35:30+01:00"),
        ("07e509160311231eff003c00", "2021-09-22 17:35:30-01:00"),
        ("07e4011502100000ff000000", "2020-01-21 16:00:00+00:00"),
        ("07e509160311231efffeb600", "2021-09-22 17:35:30+05:30"),
        ("07e509160311231eff8000", None),
        ("07e5ff160311231effffc4", None),
        ("", None),
    ],
)
def test_date_times(octets: str, text: str | None) -> None:
    """The deviation counts from local time to UTC, the offset the other way."""
    assert date_time_text(bytes.fromhex(octets)) == text


def test_a_push_that_brings_its_object_list_is_read_by_it() -> None:
    definition = "02 04 12 {0} 09 06 {1} 0f 02 12 0000"
    listed = definition.format("0028", "0000190900ff") + definition.format("0003", "0100010800ff")
    found = interpreted(f"02 02 01 02 {listed} 06 000000ff")
    assert found["form"] == "described"
    names = [(reading["obis"], reading["class_id"], reading["attribute_id"]) for reading in found["readings"]]
    assert names == [("0.0.25.9.0.255", 40, 2), ("1.0.1.8.0.255", 3, 2)]
    assert found["readings"][1]["value"] == 255


def test_a_list_of_another_count_than_the_values_describes_nothing() -> None:
    definition = "02 04 12 0003 09 06 0100010800ff 0f 02 12 0000"
    assert interpreted(f"02 03 01 01 {definition} 06 000000ff 00")["form"] != "described"


def test_names_and_scalers_from_a_layout_say_so() -> None:
    [reading] = interpreted("02 01 06000016dc", tagged=True)["readings"]
    assert reading == {
        "obis": "1.0.1.7.0.255",
        "obis_from": "layout",
        "value": 5852,
        "text": None,
        "scaler": 0,
        "unit": "W",
        "scaler_from": "layout",
        "scaled": 5852,
    }


def test_without_a_layout_nothing_is_made_up() -> None:
    found = interpreted("02 01 06000016dc")
    assert found["layout"] is None
    assert found["readings"][0]["obis"] is None
    assert found["readings"][0]["scaled"] is None


def test_a_scaler_in_the_telegram_goes_before_the_layout_s() -> None:
    kaifa = f"02 05 0906 0100000281ff 0907 4b464d5f303031 0906 01001f0700ff 0600001a7d {DECIVOLT}"
    found = interpreted(kaifa)
    assert found["layout"]["name"] == "Kaifa, logical names without units"
    assert found["readings"][1]["scaler"] == -1
    assert found["readings"][1]["scaler_from"] == "telegram"


@given(trees)
def test_any_tree_can_be_interpreted(tree: Data) -> None:
    for tagged in (False, True):
        json.dumps(interpret(tree, tagged_date_time=tagged), allow_nan=False)
