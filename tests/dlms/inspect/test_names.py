"""Descriptors by name, and values by their declarations."""

from __future__ import annotations

import pytest

from ferraris.cosem import Obis
from ferraris.dlms.apdu import AttributeDescriptor, MethodDescriptor
from ferraris.dlms.inspect.names import name_of, title_of, typed

ENERGY = Obis.parse("1.0.1.8.0.255")


@pytest.mark.parametrize(
    ("descriptor", "name"),
    [
        (AttributeDescriptor(3, ENERGY, 2), "Register.value 1.0.1.8.0.255: Active energy import, +A, total"),
        (AttributeDescriptor(3, Obis.parse("200.1.2.3.4.5"), 3), "Register.scaler_unit 200.1.2.3.4.5"),
        (AttributeDescriptor(3, ENERGY, 99), "class 3 attribute 99 1.0.1.8.0.255: Active energy import, +A, total"),
        (AttributeDescriptor(9999, Obis.parse("200.1.2.3.4.5"), 2), "class 9999 attribute 2 200.1.2.3.4.5"),
        (MethodDescriptor(70, Obis.parse("200.1.2.3.4.5"), 1), "DisconnectControl.remote_disconnect 200.1.2.3.4.5"),
        (MethodDescriptor(70, Obis.parse("200.1.2.3.4.5"), 9), "class 70 method 9 200.1.2.3.4.5"),
    ],
)
def test_names(descriptor: AttributeDescriptor | MethodDescriptor, name: str) -> None:
    assert name_of(descriptor) == name


def test_values_by_the_declaration() -> None:
    assert typed(AttributeDescriptor(3, ENERGY, 3), bytes.fromhex("0202 0ffd 161e")) == {
        "scaler": -3,
        "unit": "watt_hour",
    }
    assert typed(AttributeDescriptor(3, ENERGY, 3), b"\x11\x05") is None
    assert typed(AttributeDescriptor(9999, ENERGY, 2), b"\x11\x05") is None


def test_titles() -> None:
    assert title_of(ENERGY).startswith("Active energy import")
    assert title_of(Obis.parse("200.1.2.3.4.5")) == ""
