"""Register monitor, class 21: thresholds, what is watched, and the scripts."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem import Attribute
from ferraris.cosem.classes.register_monitor import RegisterMonitor
from ferraris.kernel.errors import DecodeError
from tests.cosem.known_octets import assert_holds

VERSIONS = [(21, (0,), f"""
    number  name             v0
    1       logical_name     logical name
    2       thresholds       {RegisterMonitor.thresholds.datatype.name}
    3       monitored_value  AttributeReference
    4       actions          array of ThresholdActions
""")]  # fmt: skip

SCRIPT = {"script_logical_name": "0.0.10.0.1.255", "script_selector": 1}
OTHER_SCRIPT = {"script_logical_name": "0.0.10.0.1.255", "script_selector": 2}

KNOWN = [
    # attribute                        octets                                     plain
    (RegisterMonitor.logical_name,     "0906 0000100100ff",                       "0.0.16.1.0.255"),
    (RegisterMonitor.thresholds,       "0102 12 00fd 12 00e6",                    [253, 230]),
    (RegisterMonitor.thresholds,       "0102 05 ffffffff 10 0001",                [-1, 1]),
    (RegisterMonitor.monitored_value,  "0203 120003 0906 0100200700ff 0f02",
     {"class_id": 3, "logical_name": "1.0.32.7.0.255", "attribute_index": 2}),
    (RegisterMonitor.actions,          "0101 0202 0202 0906 00000a0001ff 120001 0202 0906 00000a0001ff 120002",
     [{"action_up": SCRIPT, "action_down": OTHER_SCRIPT}]),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "plain"), KNOWN)
def test_known_octets(attribute: Attribute[Any], octets: str, plain: object) -> None:
    assert_holds(attribute.datatype, octets, plain)


def test_a_threshold_is_a_simple_value() -> None:
    with pytest.raises(DecodeError, match="expected one of its types, got structure"):
        RegisterMonitor.thresholds.datatype.decode(bytes.fromhex("0101 0201 1100"))
