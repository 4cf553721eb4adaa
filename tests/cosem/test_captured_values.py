"""What real meters hold: each value reads by its class's declaration, is written as it came, and bears no cut."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ferraris.cosem import Attribute, Obis, interface_class, to_plain
from ferraris.kernel.errors import DecodeError

VALUES = Path(__file__).parents[1] / "vectors" / "attribute_values.csv"
ROWS = list(csv.DictReader(VALUES.open(encoding="utf-8", newline="")))
VENDORS_OWN = {"1685", "1686"}
"""control_mode of two meters of one maker: mode 5 and 6 with the highest bit set, which no edition knows."""
CUTS_MAX = 64
"""Where long values are cut: this many places, evenly spread."""


def attribute_of(row: dict[str, str]) -> Attribute[Any]:
    interface = interface_class(int(row["class_id"]), int(row["version"]))
    assert interface is not None
    attribute = interface.attribute(int(row["attribute"]))
    assert attribute is not None
    return attribute


def named(row: dict[str, str]) -> str:
    return f"{row['class_id']} version {row['version']} attribute {row['attribute']}: {row['octets'][:24]}"


STANDARD = [pytest.param(row, id=named(row)) for row in ROWS if row["octets"] not in VENDORS_OWN]


@pytest.mark.parametrize("row", STANDARD)
def test_a_real_value_is_read_and_written_as_it_came(row: dict[str, str]) -> None:
    datatype = attribute_of(row).datatype
    octets = bytes.fromhex(row["octets"])
    value = datatype.decode(octets)
    assert datatype.encode(value) == octets
    assert json.dumps(to_plain(value))


@pytest.mark.parametrize("row", STANDARD)
def test_a_real_value_that_is_cut_short_is_refused(row: dict[str, str]) -> None:
    datatype = attribute_of(row).datatype
    octets = bytes.fromhex(row["octets"])
    for cut in range(0, len(octets), max(1, len(octets) // CUTS_MAX)):
        with pytest.raises(DecodeError):
            datatype.decode(octets[:cut])


@pytest.mark.parametrize("row", [row for row in ROWS if row["octets"] in VENDORS_OWN], ids=named)
def test_a_makers_own_mode_is_refused_by_its_number(row: dict[str, str]) -> None:
    number = bytes.fromhex(row["octets"])[1]
    with pytest.raises(DecodeError, match=f"no such enum ControlMode, .* got {number}"):
        attribute_of(row).datatype.decode(bytes.fromhex(row["octets"]))


def object_lists() -> list[Any]:
    """The elements of all object lists in the table."""
    lists = [row for row in ROWS if (row["class_id"], row["attribute"]) == ("15", "2")]
    return [element for row in lists for element in attribute_of(row).datatype.decode(bytes.fromhex(row["octets"]))]


def test_every_object_that_a_real_meter_lists_is_of_a_declared_class() -> None:
    listed = Counter((element.class_id, element.version) for element in object_lists())
    assert {key for key in listed if interface_class(*key) is None} == set()
    assert len(listed) >= 15


def test_a_real_meter_grants_rights_to_attributes_and_methods_that_are_declared() -> None:
    """No right is granted to what we do not declare."""
    unknown: Counter[tuple[int, int, str, int]] = Counter()
    for element in object_lists():
        interface = interface_class(element.class_id, element.version)
        assert interface is not None
        for right in element.access_rights.attribute_access:
            if interface.attribute(right.attribute_id) is None:
                unknown[element.class_id, element.version, "attribute", right.attribute_id] += 1
        for right in element.access_rights.method_access:
            if interface.method(right.method_id) is None:
                unknown[element.class_id, element.version, "method", right.method_id] += 1
    assert unknown == {}


def test_logical_names_of_the_rows_are_names() -> None:
    assert all(str(Obis.parse(row["logical_name"])) == row["logical_name"] for row in ROWS)
