"""What CONTRIBUTING shows is so: its interface class, put into a file, is found and works without another line."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferraris.cosem import CosemObject, Obis, classes, interface_class, interface_classes, profile_from_text, registry
from ferraris.dlms.apdu import (
    AttributeDescriptor,
    DataAccessResult,
    GetRequestNormal,
    GetResponseNormal,
    SetRequestNormal,
    SetResponseNormal,
)
from ferraris.kernel.entropy import SeededEntropy
from ferraris.meter.device import LogicalDevice
from ferraris.meter.dispatch import answer
from ferraris.meter.fleet import Fleet
from ferraris.meter.model import MeterModel
from tests.cosem.strategies import values_of
from tests.meter.steady import MONDAY_MS, PERFECT, STEADY, partner
from tests.tidy.source import ROOT
from tools.reference import interface_classes_page

A_DOZEN = 15
"""Lines that are not empty, and then some."""
INVOKE = 0xC1
LAMP = Obis.parse("0.0.128.0.0.255")
PROFILE = """
name = "with_lamp"
title = "A meter with a street lamp"
inherit = "smr5_three_phase"

[source]
document = "CONTRIBUTING"
edition = "1"
licence = "Apache-2.0"

[objects]
"""


def shown(language: str) -> str:
    """The block of that language in CONTRIBUTING's section on interface classes."""
    section = (ROOT / "CONTRIBUTING.md").read_text("utf-8").split("## An interface class is one file")[1]
    found = re.search(rf"```{language}\n(.*?)```", section, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def lamp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[CosemObject]]:
    """The class shown, in a file of its own beside ours, as the registry finds it at a start."""
    (tmp_path / "street_lamp.py").write_text(shown("python"))
    monkeypatch.setattr(classes, "__path__", [*classes.__path__, str(tmp_path)])
    monkeypatch.setattr(registry, "INTERFACE_CLASSES", registry.discover(classes))
    found = interface_class(32768, 0)
    assert found is not None
    yield found
    del sys.modules["ferraris.cosem.classes.street_lamp"]


def test_it_is_a_dozen_lines() -> None:
    assert len([line for line in shown("python").splitlines() if line]) <= A_DOZEN


def test_the_registry_finds_it(lamp: type[CosemObject]) -> None:
    assert lamp.__name__ == "StreetLamp"
    assert lamp in interface_classes()
    assert [attribute.name for attribute in lamp.attributes()] == ["logical_name", "lit", "brightness"]
    assert [method.name for method in lamp.methods()] == ["switch"]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_property_tests_can_try_it(lamp: type[CosemObject], data: st.DataObject) -> None:
    datatypes: list[Any] = [attribute.datatype for attribute in lamp.attributes()]
    for datatype in [*datatypes, *(method.argument for method in lamp.methods())]:
        value = data.draw(values_of(datatype))
        assert datatype.decode(datatype.encode(value)) == value


def test_its_page_of_reference_is_written(lamp: type[CosemObject]) -> None:
    page = interface_classes_page()
    assert "## StreetLamp: class 32768, version 0" in page
    assert "| 3 | `brightness` | unsigned | static |  |" in page


def test_a_meter_serves_it(lamp: type[CosemObject], tmp_path: Path) -> None:
    model = MeterModel(profile_from_text(PROFILE + shown("toml"), "CONTRIBUTING"))
    fleet = Fleet.create(tmp_path / "fleet", PERFECT, STEADY, SeededEntropy(5), MONDAY_MS)
    device = LogicalDevice(fleet.meters[0], model, 1, "")
    brightness = AttributeDescriptor(32768, LAMP, 3)

    def read() -> object:
        response = answer(device, partner(), GetRequestNormal(INVOKE, brightness), MONDAY_MS)
        assert isinstance(response, GetResponseNormal)
        return response.result

    assert read() == bytes((0x11, 80))
    written = answer(device, partner(), SetRequestNormal(INVOKE, brightness, None, b"\x11\x28"), MONDAY_MS)
    assert written == SetResponseNormal(INVOKE, DataAccessResult.SUCCESS)
    assert read() == bytes((0x11, 40))
    fleet.close()
