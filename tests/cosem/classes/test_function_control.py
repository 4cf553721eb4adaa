"""Functions of a meter, arrays and ports that are managed, classes 122 to 124."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.codec import Data, Tag
from ferraris.cosem import Attribute, Method
from ferraris.cosem.classes.array_manager import ArrayManager
from ferraris.cosem.classes.communication_port_protection import (
    CommunicationPortProtection,
    ProtectionMode,
    ProtectionStatus,
)
from ferraris.cosem.classes.function_control import FunctionControl
from ferraris.kernel.errors import DecodeError
from tests.cosem.known_octets import assert_holds

FUNCTION_CONTROL = """
    number  name                 v0
    1       logical_name         logical name
    2       activation_status    array of FunctionStatus
    3       function_list        array of FunctionBlock
    -1      set_function_status  array of FunctionStatus
    -2      add_function         FunctionBlock
    -3      remove_function      octet-string
"""

ARRAY_MANAGER = """
    number  name                        v0
    1       logical_name                logical name
    2       array_object_list           array of ArrayObject
    -1      retrieve_number_of_entries  unsigned>choice of unsigned, long-unsigned, double-long-unsigned
    -2      retrieve_entries            RangeOfArray>array of any type
    -3      insert_entry                EntryOfArray
    -4      update_entry                EntryOfArray
    -5      remove_entries              RangeOfArray
"""

COMMUNICATION_PORT_PROTECTION = """
    number  name                        v0
    1       logical_name                logical name
    2       protection_mode             enum ProtectionMode
    3       allowed_failed_attempts     long-unsigned
    4       initial_lockout_time        double-long-unsigned
    5       steepness_factor            unsigned
    6       max_lockout_time            double-long-unsigned
    7       port_reference              logical name
    8       protection_status           enum ProtectionStatus
    9       failed_attempts             double-long-unsigned
    10      cumulative_failed_attempts  double-long-unsigned
    -1      reset                       integer
"""

VERSIONS = [
    (122, (0,), FUNCTION_CONTROL),
    (123, (0,), ARRAY_MANAGER),
    (124, (0,), COMMUNICATION_PORT_PROTECTION),
]

ATTRIBUTES = [
    # attribute                                         octets                                  plain
    (FunctionControl.activation_status,                 "0102 0202 0901 61 03 01 0202 0901 62 03 00",
                                                        [{"function_name": "0x61", "function_status": True},
                                                         {"function_name": "0x62", "function_status": False}]),
    (FunctionControl.function_list,                     "0101 0202 0901 61 0101 0202 120046 0906 0000600a0aff",
                                                        [{"function_name": "0x61", "function_definitions":
                                                            [{"class_id": 70, "logical_name": "0.0.96.10.10.255"}]}]),
    (ArrayManager.array_object_list,                    "0101 0202 1101 0203 120007 0906 0100630100ff 0f02",
                                                        [{"array_object_id": 1, "array_object": {"class_id": 7,
                                                          "logical_name": "1.0.99.1.0.255", "attribute_index": 2}}]),
    (CommunicationPortProtection.protection_mode,       "16 01",                                "locked_on_failed_attempts"),
    (CommunicationPortProtection.allowed_failed_attempts, "12 0005",                            5),
    (CommunicationPortProtection.initial_lockout_time,  "06 0000000f",                          15),
    (CommunicationPortProtection.port_reference,        "0906 0000140000ff",                    "0.0.20.0.0.255"),
    (CommunicationPortProtection.protection_status,     "16 01",                                "temporarily_locked"),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "plain"), ATTRIBUTES)
def test_known_octets(attribute: Attribute[Any], octets: str, plain: object) -> None:
    assert_holds(attribute.datatype, octets, plain)


ORDERS = [
    (FunctionControl.set_function_status, "0101 0202 0901 61 03 01", [{"function_name": "0x61", "function_status": True}]),
    (FunctionControl.add_function, "0202 0901 61 0100", {"function_name": "0x61", "function_definitions": []}),
    (FunctionControl.remove_function, "0901 61", "0x61"),
    (ArrayManager.retrieve_number_of_entries, "11 01", 1),
    (ArrayManager.retrieve_entries, "0202 1101 0202 120001 12000a",
     {"array_object_id": 1, "entries": {"from_index": 1, "to_index": 10}}),
    (ArrayManager.insert_entry, "0202 1101 0202 120000 0901 61", {"array_object_id": 1, "entry": {"index": 0, "entry": "0x61"}}),
    (ArrayManager.remove_entries, "0202 1101 0202 120002 120002",
     {"array_object_id": 1, "entries": {"from_index": 2, "to_index": 2}}),
    (CommunicationPortProtection.reset, "0f 00", 0),
]  # fmt: skip


@pytest.mark.parametrize(("method", "octets", "plain"), ORDERS)
def test_known_octets_of_orders(method: Method[Any, Any], octets: str, plain: object) -> None:
    assert_holds(method.argument, octets, plain)


REFUSED = [
    (FunctionControl.activation_status,             "0101 0202 0901 61 16 01", "expected boolean, got enum"),
    (CommunicationPortProtection.protection_mode,   "16 03",                   "no such enum ProtectionMode"),
    (CommunicationPortProtection.protection_status, "16 03",                   "no such enum ProtectionStatus"),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "words"), REFUSED)
def test_refused_octets(attribute: Attribute[Any], octets: str, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        attribute.datatype.decode(bytes.fromhex(octets))


NUMBERS = [
    (ProtectionMode, [0, 1, 2]),
    (ProtectionStatus, [0, 1, 2]),
]  # fmt: skip


@pytest.mark.parametrize(("enumeration", "numbers"), NUMBERS)
def test_numbers_are_those_of_the_standard(enumeration: Any, numbers: list[int]) -> None:
    assert [int(member) for member in enumeration] == numbers


@pytest.mark.parametrize(
    ("octets", "count"),
    [
        ("11 05", Data(Tag.UNSIGNED, 5)),
        ("12 0105", Data(Tag.LONG_UNSIGNED, 261)),
        ("06 00010000", Data(Tag.DOUBLE_LONG_UNSIGNED, 65_536)),
    ],
)
def test_a_number_of_entries_comes_in_the_type_that_holds_it(octets: str, count: Data) -> None:
    assert ArrayManager.retrieve_number_of_entries.result is not None
    assert ArrayManager.retrieve_number_of_entries.result.decode(bytes.fromhex(octets)) == count
