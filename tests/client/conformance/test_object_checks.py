"""Object lists that do not hold are found out: objects listed twice, values of other types, scalers, rows, clocks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from ferraris.client import Exploration, ExploredAttribute, ExploredObject
from ferraris.client.conformance import Bench, Finding, NotApplicable, Outcome, object_checks
from ferraris.cosem import (
    AccessMode,
    AccessRight,
    AttributeAccess,
    CaptureObject,
    Clock,
    CosemDateTime,
    CosemObject,
    Obis,
    ObjectListElement,
    ProfileGeneric,
    Register,
    ScalerUnit,
    Unit,
    interface_class,
    obis,
)
from ferraris.kernel.entropy import SeededEntropy
from ferraris.link import Link
from ferraris.meter.fleet import Fleet
from tests.client.conformance import faulty
from tests.client.conformance.faulty import check_with, on_apdus
from tests.meter.clients import public, reading


def thing(class_id: int, name: Obis, values: dict[int, object], *, numbers: tuple[int, ...] = ()) -> ExploredObject:
    """An object as an exploration has it, with these values."""
    interface: type[CosemObject] | None = interface_class(class_id, 1 if class_id == 7 else 0)
    listed = numbers or tuple(values)
    rights = AccessRight(tuple(AttributeAccess(number, AccessMode.READ) for number in listed), ())
    attributes = tuple(
        ExploredAttribute(
            number, AccessMode.READ, None if interface is None else interface.attribute(number), b"\x00", value=value
        )
        for number, value in values.items()
    )
    version = 0 if interface is None else interface.version
    return ExploredObject(ObjectListElement(class_id, version, name, rights), interface, attributes)


def finding_of(check: Callable[[Bench], object], *objects: ExploredObject) -> Finding:
    async def nowhere() -> Link:
        raise AssertionError("nothing is asked of the server")

    bench = Bench(nowhere, public(), SeededEntropy(1), lambda: 0)
    bench._exploration = Exploration(objects)
    return asyncio.run(check(bench))  # type: ignore[arg-type]


def test_an_object_listed_twice() -> None:
    energy = thing(3, obis.ACTIVE_ENERGY_IMPORT, {})
    assert finding_of(object_checks.list_names_each_object_once, energy).passed
    assert not finding_of(object_checks.list_names_each_object_once, energy, energy).passed


def test_mandatory_objects() -> None:
    both = thing(15, Obis.parse("0.0.40.0.0.255"), {}), thing(1, obis.LOGICAL_DEVICE_NAME, {})
    assert finding_of(object_checks.list_names_the_mandatory_objects, *both).passed
    assert not finding_of(object_checks.list_names_the_mandatory_objects, both[0]).passed
    assert "class 1" in finding_of(object_checks.list_names_the_mandatory_objects, both[0]).got


@pytest.mark.parametrize("numbers", [(1, 2, 2), (1, 9)])
def test_rights_to_what_the_class_does_not_have(numbers: tuple[int, ...]) -> None:
    energy = thing(3, obis.ACTIVE_ENERGY_IMPORT, {}, numbers=numbers)
    assert not finding_of(object_checks.list_names_attributes_of_the_class, energy).passed
    manufacturers = thing(3, obis.ACTIVE_ENERGY_IMPORT, {}, numbers=(1, 2, -1))
    assert finding_of(object_checks.list_names_attributes_of_the_class, manufacturers).passed


def test_classes_that_nobody_declared() -> None:
    assert not finding_of(object_checks.classes_are_known, thing(4711, obis.CLOCK, {})).passed
    assert finding_of(object_checks.classes_are_known, thing(40_000, obis.CLOCK, {})).passed  # a manufacturer's


def test_values_of_another_type_and_refusals() -> None:
    energy = thing(3, obis.ACTIVE_ENERGY_IMPORT, {2: None})
    energy.attributes[0].deviation = "not a choice"
    assert not finding_of(object_checks.attributes_are_of_their_types, energy).passed
    energy.attributes[0].refusal = "object-unavailable"
    found = finding_of(object_checks.readable_attributes_answer, energy)
    assert (found.passed, "object-unavailable" in found.got) == (False, True)


@pytest.mark.parametrize(
    ("scaler", "unit", "passed"), [(-3, Unit.WATT_HOUR, True), (40, Unit.WATT_HOUR, False), (0, Unit(59), False)]
)
def test_scalers(scaler: int, unit: Unit, passed: bool) -> None:
    number = Register.scaler_unit.number
    energy = thing(3, obis.ACTIVE_ENERGY_IMPORT, {number: ScalerUnit(scaler, unit)})
    assert finding_of(object_checks.scalers_make_sense, energy).passed is passed


def test_profiles_beyond_their_room() -> None:
    in_use, room = ProfileGeneric.entries_in_use.number, ProfileGeneric.profile_entries.number
    full = thing(7, obis.LOAD_PROFILE, {in_use: 10, room: 10})
    assert finding_of(object_checks.profiles_keep_within_their_room, full).passed
    over = thing(7, obis.LOAD_PROFILE, {in_use: 11, room: 10})
    assert not finding_of(object_checks.profiles_keep_within_their_room, over).passed


def test_profiles_of_objects_that_nobody_lists() -> None:
    column = CaptureObject(3, obis.ACTIVE_ENERGY_IMPORT, 2, 0)
    profile = thing(7, obis.LOAD_PROFILE, {ProfileGeneric.capture_objects.number: (column,)})
    check = object_checks.profiles_capture_listed_objects
    assert not finding_of(check, profile).passed
    assert finding_of(check, profile, thing(3, obis.ACTIVE_ENERGY_IMPORT, {})).passed
    assert not finding_of(check, profile, thing(4, obis.ACTIVE_ENERGY_IMPORT, {})).passed, "of another class"


def test_clocks() -> None:
    def shown(value: object) -> Finding:
        return finding_of(object_checks.clock_is_plausible, thing(8, obis.CLOCK, {Clock.time.number: value}))

    assert shown(CosemDateTime.from_epoch_ms(60_000)).passed
    assert not shown(CosemDateTime.from_epoch_ms(3 * 86_400_000)).passed
    assert not shown(CosemDateTime()).passed
    assert not shown(b"no time").passed


@pytest.mark.parametrize(
    "check",
    [
        object_checks.scalers_make_sense,
        object_checks.profiles_keep_within_their_room,
        object_checks.clock_is_plausible,
        object_checks.rows_have_their_columns,
    ],
)
def test_what_is_not_there_is_not_applicable(check: Callable[[Bench], object]) -> None:
    with pytest.raises(NotApplicable):
        finding_of(check)


@pytest.mark.parametrize(
    "name", ["readable-attributes-answer", "logical-names-are-as-listed", "rows-have-their-columns"]
)
def test_a_server_that_refuses_is_found(fleet: Fleet, name: str) -> None:
    assert check_with(fleet, reading(), name, on_apdus(faulty.refuses_everything)).outcome is Outcome.FAILED
