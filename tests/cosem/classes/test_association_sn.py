"""Association SN, class 12: its versions, and its lists in octets worked out by hand from the standard."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem import Attribute, Method, Obis, interface_class
from ferraris.cosem.classes.association_sn import (
    BASE_NAME,
    BASE_NAME_LIST,
    OBJECT,
    AssociationSn,
    AssociationSnV0,
    AssociationSnV2,
    ObjectListElementSn,
)
from tests.cosem.known_octets import assert_holds

CLOCK = {"base_name": -12288, "class_id": 8, "version": 0, "logical_name": "0.0.1.0.0.255"}

ATTRIBUTES = [
    # attribute                                octets                                            plain
    (AssociationSnV0.logical_name,             "0906 0000280000ff",                              "0.0.40.0.0.255"),
    (AssociationSnV0.object_list,              "0101 0204 10d000 120008 1100 0906 0000010000ff", [CLOCK]),
    (AssociationSnV2.security_setup_reference, "0906 00002b0000ff",                              "0.0.43.0.0.255"),
    (AssociationSn.user_list,                  "0101 0202 1101 0a05 61646d696e",                 [{"user_id": 1, "user_name": "admin"}]),
    (AssociationSn.access_rights_list,         "0101 0203 10fa00 0101 0203 0f02 1601 00 0101 0202 0f08 1601",
                                               [{"base_name": -1536,
                                                 "attribute_access": [{"attribute_id": 2, "access_mode": ["read"],
                                                                       "access_selectors": None}],
                                                 "method_access": [{"method_id": 8, "access_mode": ["read"]}]}]),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "plain"), ATTRIBUTES)
def test_known_octets(attribute: Attribute[Any], octets: str, plain: object) -> None:
    assert_holds(attribute.datatype, octets, plain)


METHODS = [
    (AssociationSnV0.read_by_logicalname, "0101 0203 120008 0906 0000010000ff 0f02",
     [{"class_id": 8, "logical_name": "0.0.1.0.0.255", "attribute_index": 2}]),
    (AssociationSnV0.reply_to_hls_authentication, "0903 010203", "0x010203"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "octets", "plain"), METHODS)
def test_arguments(method: Method[Any, Any], octets: str, plain: object) -> None:
    assert_holds(method.argument, octets, plain)


def test_selectors() -> None:
    assert_holds(OBJECT.datatype, "0202 120008 0906 0000010000ff", {"class_id": 8, "logical_name": "0.0.1.0.0.255"})
    assert_holds(BASE_NAME_LIST.datatype, "0101 10fa00", [-1536])


@pytest.mark.parametrize(
    ("version", "attributes", "methods"), [(0, 2, 8), (1, 2, 8), (2, 4, 8), (3, 6, 10), (4, 6, 10)]
)
def test_versions_grow(version: int, attributes: int, methods: int) -> None:
    interface = interface_class(12, version)
    assert interface is not None
    assert (len(interface.attributes()), len(interface.methods())) == (attributes, methods)


def test_a_base_name_is_signed_in_data_and_not_in_apdus() -> None:
    element = ObjectListElementSn(-1536, 12, 2, Obis.parse("0.0.40.0.0.255"))
    assert element.short_name == BASE_NAME == 0xFA00
