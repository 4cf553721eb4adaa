"""Declarations: what an attribute or method knows, how versions inherit, and what a type checker sees."""

from __future__ import annotations

from typing import assert_type

import pytest

from ferraris.cosem import (
    DYNAMIC,
    STATIC,
    Attribute,
    CaptureObject,
    Clock,
    CosemDateTime,
    CosemObject,
    Method,
    Obis,
    ProfileGeneric,
    RangeDescriptor,
    SecuritySetup,
)
from ferraris.cosem.classes.association_ln import AssociationLn, AssociationLnV1, AssociationLnV2
from ferraris.cosem.declaration import Selector
from ferraris.cosem.types import INTEGER, LONG_UNSIGNED, OCTET_STRING, UNSIGNED
from ferraris.kernel.units import Unit


class Lamp(CosemObject, class_id=32_768, version=0):
    """A class of the manufacturer's range."""

    colour = Attribute(3, UNSIGNED, STATIC)
    brightness = Attribute(2, LONG_UNSIGNED, DYNAMIC, unit=Unit.PERCENT)

    switch = Method(1, INTEGER)
    describe = Method(2, UNSIGNED, OCTET_STRING)


class DimmableLamp(Lamp, version=1):
    """Another type for one attribute, a new method, the rest as before."""

    brightness = Attribute(2, UNSIGNED, DYNAMIC)
    dim = Method(3, UNSIGNED)


def test_a_declaration_knows_its_number_name_and_owner() -> None:
    assert (Lamp.brightness.number, Lamp.brightness.name, Lamp.brightness.owner) == (2, "brightness", Lamp)
    assert (Lamp.brightness.datatype, Lamp.brightness.kind, Lamp.brightness.unit) == (
        LONG_UNSIGNED,
        DYNAMIC,
        Unit.PERCENT,
    )
    assert (Lamp.describe.number, Lamp.describe.argument, Lamp.describe.result) == (2, UNSIGNED, OCTET_STRING)
    assert Lamp.switch.result is None
    assert repr(Lamp.brightness) == "Lamp.brightness"


def test_attributes_and_methods_are_listed_by_number() -> None:
    assert [attribute.name for attribute in Lamp.attributes()] == ["logical_name", "brightness", "colour"]
    assert [method.name for method in DimmableLamp.methods()] == ["switch", "describe", "dim"]
    assert Lamp.attribute(3) is Lamp.colour
    assert Lamp.method(2) is Lamp.describe
    assert Lamp.attribute(4) is None
    assert Lamp.method(3) is None


def test_a_version_states_only_what_differs_and_owns_the_rest() -> None:
    assert (DimmableLamp.class_id, DimmableLamp.version, Lamp.version) == (32_768, 1, 0)
    assert DimmableLamp.brightness.datatype is UNSIGNED
    assert Lamp.brightness.datatype is LONG_UNSIGNED
    assert DimmableLamp.colour.datatype is Lamp.colour.datatype
    assert {declaration.owner for declaration in (*DimmableLamp.attributes(), *DimmableLamp.methods())} == {
        DimmableLamp
    }
    assert {declaration.owner for declaration in (*Lamp.attributes(), *Lamp.methods())} == {Lamp}


def test_every_class_owns_its_logical_name() -> None:
    assert Clock.logical_name.owner is Clock
    assert Clock.logical_name is not ProfileGeneric.logical_name
    assert Clock.logical_name.number == 1


def test_versions_of_association_ln_add_up() -> None:
    assert [len(version.attributes()) for version in (AssociationLnV1, AssociationLnV2, AssociationLn)] == [9, 11, 11]
    assert [len(version.methods()) for version in (AssociationLnV1, AssociationLnV2, AssociationLn)] == [4, 6, 6]
    assert [version.version for version in (AssociationLnV1, AssociationLnV2, AssociationLn)] == [1, 2, 3]


def test_selectors_carry_the_type_of_their_parameters() -> None:
    by_range, by_entry = ProfileGeneric.buffer.selectors
    assert (by_range.number, by_entry.number) == (1, 2)
    clock = CaptureObject(8, Obis.of(0, 0, 1, 0, 0), 2)
    first, last = CosemDateTime.from_epoch_ms(0), CosemDateTime.from_epoch_ms(900_000)
    parameters = RangeDescriptor.by_time(first, last, (clock,))
    assert by_range.datatype.encode(parameters).hex() == (
        "020402041200080906000001 0000ff0f02120000".replace(" ", "")
        + f"090c{first.hex()}090c{last.hex()}"
        + "0101020412000809060000010000ff0f02120000"
    )


def test_a_type_checker_knows_the_type_of_every_attribute_and_method() -> None:
    assert_type(ProfileGeneric.capture_period, Attribute[int])
    assert_type(ProfileGeneric.capture_objects, Attribute[tuple[CaptureObject, ...]])
    assert_type(Clock.time, Attribute[CosemDateTime])
    assert_type(Clock.daylight_savings_enabled, Attribute[bool])
    assert_type(DimmableLamp.colour, Attribute[int])
    assert_type(Clock.shift_time, Method[int, None])
    assert_type(SecuritySetup.generate_certificate_request.result is None, bool)
    assert_type(AssociationLn.reply_to_hls_authentication, Method[bytes, bytes])
    selector = Selector(9, UNSIGNED)
    assert_type(selector, Selector[int])


def test_a_class_without_an_id_has_none() -> None:
    class Part(CosemObject):
        """What versions share."""

    with pytest.raises(AttributeError):
        Part.class_id  # noqa: B018
