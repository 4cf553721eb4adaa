"""A meter's object list spoilt by chance and held against its profile: exactly what was done to it is what differs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.cosem import AccessMode, Obis, ObjectListElement, interface_class, load_profile
from ferraris.cosem.profile_difference import DifferenceKind, profile_differences

PROFILE = load_profile("smr5_three_phase")
ASSOCIATIONS = sorted(PROFILE.associations)
UNKNOWN = st.binary(min_size=5, max_size=5).map(lambda tail: Obis(b"\xfe" + tail))
"""Value group A of no profile."""
Row = tuple[str, str]


def told(elements: list[ObjectListElement], association: str) -> set[Row]:
    found = profile_differences(PROFILE, elements, association)
    assert list(found) == sorted(found, key=lambda difference: difference.logical_name)
    assert all(difference.expected != difference.got for difference in found)
    return {(difference.kind.value, str(difference.logical_name)) for difference in found}


def spoilt(element: ObjectListElement, how: DifferenceKind) -> list[ObjectListElement]:
    """The element as the meter would have it to differ from its profile in this respect alone."""
    match how:
        case DifferenceKind.MISSING:
            return []
        case DifferenceKind.OTHER_CLASS:
            return [replace(element, class_id=element.class_id + 7_000)]
        case DifferenceKind.OTHER_VERSION:
            return [replace(element, version=element.version + 100)]
        case DifferenceKind.OTHER_ACCESS:
            first, *others = element.access_rights.attribute_access
            turned = replace(first, access_mode=AccessMode(first.access_mode ^ AccessMode.WRITE))
            return [replace(element, access_rights=replace(element.access_rights, attribute_access=(turned, *others)))]
        case DifferenceKind.ADDITIONAL:
            return [element, element]


@pytest.mark.parametrize("association", ASSOCIATIONS)
def test_what_the_profile_itself_lists_differs_in_nothing(association: str) -> None:
    listed = list(PROFILE.object_list(association))
    assert told(listed, association) == set()
    assert told(listed[::-1], association) == set()


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(ASSOCIATIONS),
    st.dictionaries(st.integers(0, 10_000), st.sampled_from(list(DifferenceKind)), max_size=6),
    st.lists(UNKNOWN, max_size=3, unique=True),
    st.randoms(use_true_random=False),
)
def test_every_change_is_told_once_and_nothing_else(
    association: str, changes: dict[int, DifferenceKind], strange: list[Obis], shuffle: object
) -> None:
    listed = PROFILE.object_list(association)
    by_place = {place % len(listed): how for place, how in changes.items()}
    elements: list[ObjectListElement] = []
    for place, element in enumerate(listed):
        elements += spoilt(element, by_place[place]) if place in by_place else [element]
    elements += [replace(listed[0], logical_name=name) for name in strange]
    shuffle.shuffle(elements)  # type: ignore[attr-defined]
    expected = {(how.value, str(listed[place].logical_name)) for place, how in by_place.items()}
    expected |= {("additional", str(name)) for name in strange}
    assert told(elements, association) == expected


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(ASSOCIATIONS), st.integers(0, 10_000), st.data())
def test_a_right_that_differs_is_told_with_its_part(association: str, pick: int, data: st.DataObject) -> None:
    listed = list(PROFILE.object_list(association))
    place = pick % len(listed)
    element = listed[place]
    number = data.draw(st.integers(0, len(element.access_rights.attribute_access) - 1))
    rights = list(element.access_rights.attribute_access)
    rights[number] = replace(rights[number], access_mode=AccessMode(rights[number].access_mode ^ AccessMode.READ))
    listed[place] = replace(element, access_rights=replace(element.access_rights, attribute_access=tuple(rights)))
    (difference,) = profile_differences(PROFILE, listed, association)
    interface = interface_class(element.class_id, element.version)
    assert interface is not None
    attribute = interface.attributes()[number]
    assert difference.part == f"attribute {attribute.number} {attribute.name}"
    assert difference.logical_name == element.logical_name
    assert {difference.expected, difference.got} <= {"no access", "read", "write", "read and write"}
