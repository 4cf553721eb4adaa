"""Association LN, class 15: the object list and what was negotiated, in octets worked out by hand from the standard."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.codec import BitString
from ferraris.cosem import (
    AccessMode,
    AccessRight,
    AssociationLn,
    AssociationLnV1,
    Attribute,
    AttributeAccess,
    Method,
    MethodAccess,
    Obis,
    ObjectListElement,
    XdlmsContextInfo,
    load_profile,
    to_plain,
)
from ferraris.cosem.classes.association_ln import OBJECT_LIST_ELEMENT
from ferraris.kernel.errors import DecodeError, LocalProtocolError
from tests.cosem.known_octets import assert_holds

ATTRIBUTES = [
    # attribute                                    octets                                 plain
    (AssociationLn.logical_name,                   "0906 0000280000ff",                   "0.0.40.0.0.255"),
    (AssociationLn.associated_partners_id,         "0202 0f01 120001",                    {"client_sap": 1, "server_sap": 1}),
    (AssociationLn.associated_partners_id,         "0202 0f10 120001",                    {"client_sap": 16, "server_sap": 1}),
    (AssociationLn.application_context_name,       "0907 60857405080103",                 "0x60857405080103"),
    (AssociationLn.application_context_name,       "0207 1102 1110 1202f4 1105 1108 1101 1101", [2, 16, 756, 5, 8, 1, 1]),
    (AssociationLn.authentication_mechanism_name,  "0907 60857405080205",                 "0x60857405080205"),
    (AssociationLn.authentication_mechanism_name,  "0207 1102 1110 1202f4 1105 1108 1102 1101", [2, 16, 756, 5, 8, 2, 1]),
    (AssociationLn.secret,                         "0908 3132333435363738",               "0x3132333435363738"),
    (AssociationLn.association_status,             "16 00",                               "non_associated"),
    (AssociationLn.association_status,             "16 01",                               "association_pending"),
    (AssociationLn.association_status,             "16 02",                               "associated"),
    (AssociationLn.security_setup_reference,       "0906 00002b0000ff",                   "0.0.43.0.0.255"),
    (AssociationLn.user_list,                      "0101 0202 1101 0a05 61646d696e",      [{"user_id": 1, "user_name": "admin"}]),
    (AssociationLn.current_user,                   "0202 1100 0a00",                      {"user_id": 0, "user_name": ""}),
    (AssociationLn.xdlms_context_info,             "0206 0418 00501f 120400 120400 1106 0f00 0900",
                                                   {"conformance": "000000000101000000011111", "max_receive_pdu_size": 1024,
                                                    "max_send_pdu_size": 1024, "dlms_version_number": 6,
                                                    "quality_of_service": 0, "cyphering_info": "0x"}),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "plain"), ATTRIBUTES)
def test_known_octets(attribute: Attribute[Any], octets: str, plain: object) -> None:
    assert_holds(attribute.datatype, octets, plain)


CLOCK_RIGHTS = {
    "class_id": 8,
    "version": 0,
    "logical_name": "0.0.1.0.0.255",
    "access_rights": {"attribute_access": [], "method_access": []},
}
CLOCK_OCTETS = "0204 120008 1100 0906 0000010000ff 0202 0100 0100"

METHODS = [
    # method                                      octets of the argument           plain
    (AssociationLn.reply_to_hls_authentication,   "0911 10 00000001 000102030405060708090a0b", "0x1000000001000102030405060708090a0b"),
    (AssociationLn.change_hls_secret,             "0918" + 24 * "5a",              "0x" + 24 * "5a"),
    (AssociationLn.add_object,                    CLOCK_OCTETS,                    CLOCK_RIGHTS),
    (AssociationLn.remove_object,                 CLOCK_OCTETS,                    CLOCK_RIGHTS),
    (AssociationLn.add_user,                      "0202 1107 0a01 62",             {"user_id": 7, "user_name": "b"}),
    (AssociationLn.remove_user,                   "0202 1107 0a01 62",             {"user_id": 7, "user_name": "b"}),
]  # fmt: skip


@pytest.mark.parametrize(("method", "octets", "plain"), METHODS)
def test_known_octets_of_arguments(method: Method[Any, Any], octets: str, plain: object) -> None:
    assert_holds(method.argument, octets, plain)


def test_the_answer_to_a_challenge_comes_back_as_octets() -> None:
    result = AssociationLn.reply_to_hls_authentication.result
    assert result is not None
    assert_holds(result, "0902 abcd", "0xabcd")


# The object list that a public client of the single-phase meter gets, octet by octet. Rows of attribute access are
# 02 03, the number, the mode, no selectors; rows of method access are 02 02, the number, the mode.
PUBLIC_LIST = """
    01 04
      02 04  12 0008  11 00  09 06 0000010000ff
        02 02
          01 09  02 03 0f01 1601 00   02 03 0f02 1601 00   02 03 0f03 1601 00   02 03 0f04 1601 00   02 03 0f05 1601 00
                 02 03 0f06 1601 00   02 03 0f07 1601 00   02 03 0f08 1601 00   02 03 0f09 1601 00
          01 06  02 02 0f01 1600   02 02 0f02 1600   02 02 0f03 1600   02 02 0f04 1600   02 02 0f05 1600   02 02 0f06 1600
      02 04  12 0001  11 00  09 06 00002a0000ff
        02 02
          01 02  02 03 0f01 1601 00   02 03 0f02 1601 00
          01 00
      02 04  12 0001  11 00  09 06 00002b0100ff
        02 02
          01 02  02 03 0f01 1601 00   02 03 0f02 1601 00
          01 00
      02 04  12 0001  11 00  09 06 00002b0101ff
        02 02
          01 02  02 03 0f01 1601 00   02 03 0f02 1601 00
          01 00
"""


@pytest.mark.parametrize("meter", ["smr5_single_phase", "smr5_three_phase"])
def test_the_public_clients_object_list_to_the_octet(meter: str) -> None:
    octets = bytes.fromhex(PUBLIC_LIST)
    elements = load_profile(meter).object_list("public")
    assert AssociationLn.object_list.datatype.encode(elements).hex(" ") == octets.hex(" ")
    assert AssociationLn.object_list.datatype.decode(octets) == elements


# Elements as other implementations write them.
ELEMENTS = [
    # octets                                                                          what they say
    ("0204 120046 1100 0906 000060030aff 0202 0101 0203 0f04 1603 00 0102 0202 0f01 1601 0202 0f02 1601",
     ObjectListElement(70, 0, Obis.of(0, 0, 96, 3, 10), AccessRight(
         (AttributeAccess(4, AccessMode.READ_WRITE),),
         (MethodAccess(1, AccessMode.EXECUTE), MethodAccess(2, AccessMode.EXECUTE))))),
    # version 3 of the class: write, but only by an authenticated and encrypted request
    ("0204 120001 1100 0906 00005e1f03ff 0202 0101 0203 0f02 160e 00 0100",
     ObjectListElement(1, 0, Obis.of(0, 0, 94, 31, 3), AccessRight(
         (AttributeAccess(2, AccessMode.WRITE | AccessMode.AUTHENTICATED_REQUEST | AccessMode.ENCRYPTED_REQUEST),), ()))),
    # both selectors of a profile's buffer; a manufacturer's attribute has a number below zero
    ("0204 120007 1101 0906 0100630100ff 0202 0102 0203 0f02 1601 0102 0f01 0f02 0203 0fff 1601 00 0100",
     ObjectListElement(7, 1, Obis.of(1, 0, 99, 1, 0), AccessRight(
         (AttributeAccess(2, AccessMode.READ, (1, 2)), AttributeAccess(-1, AccessMode.READ)), ()))),
    # an empty array of selectors is not the same octets as none, and is kept
    ("0204 120007 1101 0906 0100630200ff 0202 0101 0203 0f02 1601 0100 0100",
     ObjectListElement(7, 1, Obis.of(1, 0, 99, 2, 0), AccessRight((AttributeAccess(2, AccessMode.READ, ()),), ()))),
]  # fmt: skip


@pytest.mark.parametrize(("octets", "element"), ELEMENTS)
def test_elements_of_an_object_list(octets: str, element: ObjectListElement) -> None:
    assert OBJECT_LIST_ELEMENT.decode(bytes.fromhex(octets)) == element
    assert OBJECT_LIST_ELEMENT.encode(element) == bytes.fromhex(octets)


REFUSED = [
    # octets                                                            words
    ("0203 120008 1100 0906 0000010000ff",                              "expected 4 members, got 3"),
    ("0204 1108 1100 0906 0000010000ff 0202 0100 0100",                 "expected long-unsigned, got unsigned"),
    ("0204 120008 1100 0905 0000010000 0202 0100 0100",                 "expected 6, got 5 octets"),
    ("0204 120008 1100 0906 0000010000ff 0201 0100",                    "expected 2 members, got 1"),
    ("0204 120008 1100 0906 0000010000ff 0202 0101 0203 0f01 1101 00 0100", "expected enum, got unsigned"),
    ("0204 120008 1100 0906 0000010000ff 0202 0101 0203 0f01 1601 1101 0100", "expected array, got unsigned"),
    ("0204 120008 1100 0906 0000010000ff 0202 0184ffffffff 0100",       "a count lies"),
]  # fmt: skip


@pytest.mark.parametrize(("octets", "words"), REFUSED)
def test_elements_of_another_shape_are_refused(octets: str, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        OBJECT_LIST_ELEMENT.decode(bytes.fromhex(octets))


SELECTIONS = [
    # selector  octets of its parameters                      plain
    (1,         "00",                                         None),
    (2,         "0102 120003 120007",                         [3, 7]),
    (3,         "0101 0202 120008 0906 0000010000ff",         [{"class_id": 8, "logical_name": "0.0.1.0.0.255"}]),
    (4,         "0202 120008 0906 0000010000ff",              {"class_id": 8, "logical_name": "0.0.1.0.0.255"}),
]  # fmt: skip


@pytest.mark.parametrize(("number", "octets", "plain"), SELECTIONS)
def test_ways_to_ask_for_a_part_of_the_list(number: int, octets: str, plain: object) -> None:
    [selector] = [found for found in AssociationLn.object_list.selectors if found.number == number]
    assert_holds(selector.datatype, octets, plain)


MODES = [
    # octet  version 3 reads it as
    (0x00,   []),
    (0x01,   ["read"]),
    (0x02,   ["write"]),
    (0x03,   ["read", "write"]),
    (0x0D,   ["read", "authenticated_request", "encrypted_request"]),
    (0x63,   ["read", "write", "authenticated_response", "encrypted_response"]),
    (0x90,   ["digitally_signed_request", "digitally_signed_response"]),
    (0xFF,   ["read", "write", "authenticated_request", "encrypted_request", "digitally_signed_request",
              "authenticated_response", "encrypted_response", "digitally_signed_response"]),
]  # fmt: skip


@pytest.mark.parametrize(("octet", "names"), MODES)
def test_access_modes_are_bits(octet: int, names: list[str]) -> None:
    assert to_plain(AccessMode(octet)) == names


def test_without_protection_numbers_and_bits_agree() -> None:
    """Up to version 2 the octet is a number: 0 nothing, 1 read, 2 write, 3 both."""
    numbers = [AccessMode.NONE, AccessMode.READ, AccessMode.WRITE, AccessMode.READ_WRITE]
    assert [int(mode) for mode in numbers] == [0, 1, 2, 3]


def test_a_conformance_block_has_24_bits() -> None:
    info = XdlmsContextInfo(BitString(16, b"\x00\x1c"), 1024, 1024, 6, 0, b"")
    with pytest.raises(LocalProtocolError, match="expected 24, got 16 bits"):
        AssociationLn.xdlms_context_info.datatype.encode(info)
    with pytest.raises(DecodeError, match="expected 24, got 16 bits"):
        AssociationLn.xdlms_context_info.datatype.decode(bytes.fromhex("0206 0410 001c 120400 120400 1106 0f00 0900"))


@pytest.mark.parametrize("association", ["management", "reading", "public"])
def test_what_a_meter_lists_fits_its_largest_apdus(association: str) -> None:
    """The list is long, so that reading it needs blocks; each block of a kilooctet is one of a few."""
    octets = AssociationLnV1.object_list.datatype.encode(load_profile("smr5_three_phase").object_list(association))
    sizes = {"management": (4_000, 8_000), "reading": (4_000, 8_000), "public": (200, 300)}
    low, high = sizes[association]
    assert low < len(octets) < high
