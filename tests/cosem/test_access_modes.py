"""Access rights by numbers and by bits: the same rights, in the octets of real meters and of our own."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cosem import AssociationLn, ObjectListElement, in_bits, in_numbers, rights_are_bits
from ferraris.cosem.classes.association_ln import AccessMode, AccessRight, AttributeAccess, MethodAccess
from ferraris.cosem.obis_code import Obis
from tests.cosem.test_captured_values import VALUES

AUTHENTICATED = AccessMode.AUTHENTICATED_REQUEST | AccessMode.AUTHENTICATED_RESPONSE
MODES = """
number | bits
0      | 00
1      | 01
2      | 02
3      | 03
4      | 25
5      | 26
6      | 27
"""
TABLE = [
    (int(number), AccessMode(int(bits, 16))) for number, bits in (row.split("|") for row in MODES.split("\n")[2:-1])
]


def right(attribute: int, method: int) -> AccessRight:
    return AccessRight((AttributeAccess(2, AccessMode(attribute)),), (MethodAccess(1, AccessMode(method)),))


@pytest.mark.parametrize(("number", "bits"), TABLE)
def test_the_numbers_of_attributes(number: int, bits: AccessMode) -> None:
    assert in_bits(right(number, 0)) == right(bits, 0)
    assert in_numbers(right(bits, 0)) == right(number, 0)
    assert in_bits(right(bits, 0)) == right(bits, 0), "what is in bits stays"


@pytest.mark.parametrize(("number", "bits"), [(0, 0x00), (1, 0x01), (2, 0x25)])
def test_the_numbers_of_methods(number: int, bits: int) -> None:
    assert in_bits(right(0, number)) == right(0, bits)
    assert in_numbers(right(0, bits)) == right(0, number)
    assert in_bits(right(0, bits)) == right(0, bits)


@given(st.integers(0, 255), st.integers(0, 255))
def test_numbers_never_give_more_than_the_bits(attribute: int, method: int) -> None:
    """Whatever protection is asked for is told as authenticated, and without a right nothing is."""
    told = in_bits(in_numbers(right(attribute, method)))
    ((seen,), (callable_,)) = told.attribute_access, told.method_access
    assert seen.access_mode & AccessMode.READ_WRITE == attribute & AccessMode.READ_WRITE
    assert callable_.access_mode & AccessMode.EXECUTE == method & AccessMode.EXECUTE
    assert bool(seen.access_mode & AUTHENTICATED) == (attribute & 3 > 0 and attribute > 3)


def element(class_id: int, version: int, name: str = "0.0.40.0.0.255") -> ObjectListElement:
    return ObjectListElement(class_id, version, Obis.parse(name), right(1, 0))


@pytest.mark.parametrize(
    ("elements", "bits"),
    [
        ([], True),
        ([element(1, 0)], True),
        ([element(15, 3)], True),
        ([element(15, 2)], False),
        ([element(12, 4)], True),
        ([element(12, 3)], False),
        ([element(15, 1, "0.0.40.0.1.255"), element(15, 3)], True),
        ([element(15, 3, "0.0.40.0.1.255"), element(15, 1, "0.0.40.0.2.255")], False),
    ],
)
def test_the_version_of_the_association_says_which(elements: list[ObjectListElement], bits: bool) -> None:
    assert rights_are_bits(elements) is bits


def real_lists() -> list[tuple[str, bytes]]:
    with VALUES.open(encoding="utf-8") as file:
        rows = csv.DictReader(file)
        return [
            (f"version {row['version']}, {row['logical_name']}", bytes.fromhex(row["octets"]))
            for row in rows
            if (row["class_id"], row["attribute"]) == ("15", "2")
        ]


@pytest.mark.parametrize(("name", "octets"), real_lists())
def test_lists_of_real_meters_survive_both_readings(name: str, octets: bytes) -> None:
    """Of versions 0 and 1: by numbers, methods that want an authenticated message among them."""
    elements = AssociationLn.object_list.datatype.decode(octets)
    assert rights_are_bits(elements) is (not elements)
    for listed in elements:
        assert in_numbers(in_bits(listed.access_rights)) == listed.access_rights


def test_a_real_meters_method_wants_an_authenticated_message() -> None:
    wanted = [
        access
        for _, octets in real_lists()
        for listed in AssociationLn.object_list.datatype.decode(octets)
        for access in in_bits(listed.access_rights).method_access
        if access.access_mode & AccessMode.AUTHENTICATED_REQUEST
    ]
    assert len(wanted) == 48
    assert {access.access_mode for access in wanted} == {AccessMode.EXECUTE | AUTHENTICATED}


@pytest.mark.parametrize(("octets", "mode"), [("0300", AccessMode.NONE), ("0301", AccessMode.EXECUTE)])
def test_a_boolean_is_read_in_place_of_a_methods_mode(octets: str, mode: AccessMode) -> None:
    """As version 0 has it in the books; the real one above sends a number."""
    listed = bytes.fromhex("01010204120046110009060000600a03ff020201000101" + "02020f01" + octets)
    (found,) = AssociationLn.object_list.datatype.decode(listed)
    assert found.access_rights.method_access == (MethodAccess(1, mode),)
