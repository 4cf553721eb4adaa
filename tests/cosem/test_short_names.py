"""Short names: where attributes and methods stand, and how base names are given out."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cosem import Obis, interface_class, interface_classes, load_profile
from ferraris.cosem.short_names import (
    FIRST_BASE_NAME,
    RESERVED,
    STEP,
    ShortNames,
    assign_base_names,
    attribute_offset,
    method_offset,
    span,
)
from ferraris.kernel.errors import TableError

CLOCK = Obis.parse("0.0.1.0.0.255")
ASSOCIATION = Obis.parse("0.0.40.0.0.255")


def test_attributes_stand_in_steps_of_eight() -> None:
    assert [attribute_offset(number) for number in (1, 2, 9)] == [0, 0x08, 0x40]


@pytest.mark.parametrize(
    ("class_id", "version", "number", "offset"),
    [
        (3, 0, 1, 0x28),
        (4, 0, 1, 0x38),
        (5, 0, 2, 0x50),
        (7, 1, 2, 0x60),
        (8, 0, 6, 0x88),
        (9, 0, 1, 0x20),
        (12, 0, 1, 0x20),
        (12, 2, 3, 0x30),
        (12, 4, 8, 0x58),
        (64, 0, 2, 0x30),
        (64, 1, 1, 0x30),
        (70, 0, 2, 0x28),
        (72, 0, 8, 0x98),
        (72, 1, 8, 0xA8),
        (1, 0, 1, None),
        (40, 1, 1, None),
        (9999, 0, 1, None),
    ],
)
def test_methods_begin_where_their_class_says(class_id: int, version: int, number: int, offset: int | None) -> None:
    assert method_offset(class_id, version, number) == offset


def test_no_method_has_the_short_name_of_an_attribute() -> None:
    """But for the methods of Association SN that later versions gave up."""
    for interface in interface_classes():
        attributes = {attribute_offset(attribute.number) for attribute in interface.attributes()}
        for method in interface.methods():
            offset = method_offset(interface.class_id, interface.version, method.number)
            given_up = interface.class_id == 12 and interface.version >= 3 and method.number < 3
            assert offset not in attributes or given_up, (interface, method)


def objects_of(name: str) -> list[tuple[type, Obis, int | None]]:
    return [(entry.interface, entry.logical_name, None) for entry in load_profile(name).objects]


def test_base_names_are_given_out_apart_from_one_another() -> None:
    elements = assign_base_names(objects_of("smr5_three_phase"))
    ranges = []
    for element in elements:
        interface = interface_class(element.class_id, element.version)
        assert interface is not None
        ranges.append((element.short_name, element.short_name + span(interface)))
    ranges.sort()
    assert all(lower[1] <= upper[0] for lower, upper in pairwise(ranges))
    assert ranges[0][0] == FIRST_BASE_NAME
    names = {element.logical_name: element.short_name for element in elements}
    for logical_name in (ASSOCIATION, Obis.parse("0.0.41.0.0.255"), Obis.parse("0.0.42.0.0.255")):
        assert names[logical_name] == RESERVED[logical_name]


def test_every_name_leads_to_its_attribute_and_method_and_back() -> None:
    names = ShortNames(assign_base_names(objects_of("smr5_three_phase")))
    found = 0
    for element in names.elements:
        interface = interface_class(element.class_id, element.version)
        assert interface is not None
        for attribute in interface.attributes():
            short_name = names.of_attribute(element.class_id, element.logical_name, attribute.number)
            assert short_name is not None
            assert names.resolve(short_name) == (element, attribute.number, False)
            found += 1
        for method in interface.methods():
            short_name = names.of_method(element.class_id, element.logical_name, method.number)
            if short_name is not None:
                assert names.resolve(short_name) == (element, method.number, True)
                found += 1
    assert found > 300


@given(st.integers(0, 0xFFFF))
def test_any_short_name_stands_for_something_or_nothing(short_name: int) -> None:
    names = ShortNames(assign_base_names(objects_of("smr5_single_phase")))
    found = names.resolve(short_name)
    if found is not None:
        element, number, is_method = found
        way_back = names.of_method if is_method else names.of_attribute
        assert way_back(element.class_id, element.logical_name, number) == short_name
    elif short_name < FIRST_BASE_NAME:
        assert found is None


def test_an_unknown_object_has_no_short_name() -> None:
    names = ShortNames(())
    assert names.of_attribute(8, CLOCK, 2) is None
    assert names.of_method(8, CLOCK, 1) is None
    assert names.resolve(0x100) is None


def test_stated_base_names_are_kept_and_gone_round() -> None:
    clock, register = interface_class(8, 0), interface_class(3, 0)
    assert clock is not None
    assert register is not None
    energy = Obis.parse("1.0.1.8.0.255")
    elements = assign_base_names([(register, energy, None), (clock, CLOCK, FIRST_BASE_NAME + STEP)])
    assert [element.short_name for element in elements] == [
        FIRST_BASE_NAME + STEP + span(clock),
        FIRST_BASE_NAME + STEP,
    ]


def test_stated_base_names_that_overlap_are_refused() -> None:
    clock, register = interface_class(8, 0), interface_class(3, 0)
    assert clock is not None
    assert register is not None
    with pytest.raises(TableError, match="short names of"):
        assign_base_names([(clock, CLOCK, 0x1000), (register, Obis.parse("1.0.1.8.0.255"), 0x1008)])


def test_more_objects_than_short_names_are_refused() -> None:
    clock = interface_class(8, 0)
    assert clock is not None
    many = [(clock, Obis((1, 0, n >> 8, n & 0xFF, 0, 255)), None) for n in range(600)]
    with pytest.raises(TableError, match="too many objects"):
        assign_base_names(many)
