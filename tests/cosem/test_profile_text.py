"""Profiles written as text and read again: lists, rights, types and fixed values survive."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given

from ferraris.cosem import (
    AccessMode,
    AccessRight,
    AttributeAccess,
    Authentication,
    Obis,
    ObjectListElement,
    ProfileAssociation,
    Rights,
    Source,
    interface_class,
    interface_classes,
    load_profile,
    obis,
    profile_from_text,
    profile_text,
    types,
)
from ferraris.cosem.profile_text import plain_of, tag_of
from ferraris.kernel.errors import FerrarisError, TableError
from tests.cosem.strategies import values_of

SOURCE = Source("a test", "1", "Apache-2.0", 'A note with "quotes", a tab\t and a line\nend.')
ASSOCIATION = ("mine", ProfileAssociation(1, Authentication.HLS_GMAC, Rights.FULL, ciphered=True))


@pytest.mark.parametrize("name", ["smr5_single_phase", "smr5_three_phase"])
def test_a_whole_profile_there_and_back(name: str) -> None:
    profile = load_profile(name)
    listed = profile.object_list("management")
    values = {
        (entry.class_id, entry.logical_name, number): rule.initial
        for entry in profile.objects
        for number, rule in entry.attributes.items()
    }
    again = profile_from_text(profile_text("again", "Again", SOURCE, ASSOCIATION, listed, values), "again")
    assert again.object_list("mine") == listed
    assert [entry.logical_name for entry in again.objects] == [entry.logical_name for entry in profile.objects]
    for mine, theirs in zip(again.objects, profile.objects, strict=True):
        assert (mine.capture_objects, mine.scaler_unit) == (theirs.capture_objects, theirs.scaler_unit)


def test_rights_that_differ_by_attribute() -> None:
    modes = (AccessMode.READ, AccessMode.NONE, AccessMode.READ_WRITE)
    right = AccessRight(tuple(AttributeAccess(n, mode) for n, mode in enumerate(modes, 1)), ())
    element = ObjectListElement(3, 0, Obis.parse("1.0.1.8.9.255"), right)
    text = profile_text("x", "X", SOURCE, ASSOCIATION, [element], {})
    assert 'write = ["scaler_unit"]' in text
    assert 'hide = ["value"]' in text
    [again] = profile_from_text(text, "x").object_list("mine")
    assert again.access_rights.attribute_access == right.attribute_access


def test_an_undeclared_class_is_a_comment() -> None:
    element = ObjectListElement(9999, 7, Obis.parse("0.0.1.2.3.255"), AccessRight((), ()))
    text = profile_text("x", "X", SOURCE, None, [element], {})
    assert "# 0.0.1.2.3.255: class 9999 version 7 is not declared" in text
    assert profile_from_text(text, "x").objects == ()


def test_tags_of_known_and_unknown_names() -> None:
    assert tag_of(obis.CLOCK) == "CLOCK"
    assert tag_of(Obis.parse("1.2.3.4.5.6")) == "OBJECT_1_2_3_4_5_6"


def test_errors_name_the_file() -> None:
    with pytest.raises(TableError, match=r"mine\.toml"):
        profile_from_text("name = 1", "mine.toml")


def test_a_file_may_inherit_from_a_profile() -> None:
    text = 'name = "m"\ntitle = "M"\ninherit = "smr5_single_phase"\n[source]\ndocument = "d"\nedition = "1"\nlicence = "l"\n[objects]\n'
    assert profile_from_text(text, "m").object_list("management") == load_profile("smr5_single_phase").object_list(
        "management"
    )


@given(values_of(types.Array(types.ANY)))
def test_plain_values_are_exact_or_refused(value: object) -> None:
    datatype = types.Array(types.ANY)
    octets = datatype.encode(value)  # type: ignore[arg-type]
    with contextlib.suppress(FerrarisError):
        plain_of(datatype, octets)  # checks by itself that the way back gives the same octets


def test_every_class_can_be_written() -> None:
    elements = []
    values = {}
    for number, interface in enumerate(interface_classes()):
        name = Obis.of(0, 0, 90, number // 250, number % 250)
        right = AccessRight(tuple(AttributeAccess(a.number, AccessMode.READ) for a in interface.attributes()), ())
        elements.append(ObjectListElement(interface.class_id, interface.version, name, right))
        for attribute in interface.attributes()[1:]:
            values[interface.class_id, name, attribute.number] = attribute.datatype.encode(attribute.datatype.blank())
    again = profile_from_text(profile_text("all", "All", SOURCE, None, elements, values), "all")
    assert len(again.objects) == len(elements)
    assert all(interface_class(entry.class_id, entry.version) is entry.interface for entry in again.objects)
