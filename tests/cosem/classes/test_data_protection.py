"""Data protection, class 30: which attributes it protects, with what, and what its methods carry."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem import Attribute
from ferraris.cosem.classes.data_protection import DataProtection
from ferraris.cosem.types import DataType
from ferraris.kernel.errors import DecodeError
from tests.cosem.known_octets import assert_holds

VERSIONS = [(30, (0,), """
    number  name                       v0
    1       logical_name               logical name
    2       protection_buffer          octet-string
    3       protection_object_list     array of RestrictedAttribute
    4       protection_parameters_get  array of ProtectionParameters
    5       protection_parameters_set  array of ProtectionParameters
    6       required_protection        enum RequiredProtection
    -1      get_protected_attributes   GetProtectedRequest>ProtectedData
    -2      set_protected_attributes   SetProtectedRequest
    -3      invoke_protected_method    InvokeProtectedRequest>ProtectedData
""")]  # fmt: skip

REGISTER = "0205 120003 0906 0100010800ff 0f02 120000 0202 1600 00"
REGISTER_READ = {
    "class_id": 3,
    "logical_name": "1.0.1.8.0.255",
    "attribute_index": 2,
    "data_index": 0,
    "restriction": {"restriction_type": "none", "restriction_value": None},
}
BY_NAME = "0202 1601 0205 0901aa 0900 0900 0900 0202 1600 0201 1600"
WRAPPED = "0202 1602 0205 0901aa 0900 0900 0900 0202 1601 0202 1600 0902 0102"
AGREED = "0202 1603 0205 0901aa 0900 0900 0900 0202 1602 0202 0901 01 0902 0304"


def layer(protection_type: str, key_info_type: str, *options: object) -> dict[str, Any]:
    return {
        "protection_type": protection_type,
        "protection_options": {
            "transaction_id": "0xaa",
            "originator_system_title": "0x",
            "recipient_system_title": "0x",
            "other_information": "0x",
            "key_info": {"key_info_type": key_info_type, "key_info_options": list(options)},
        },
    }


ENCRYPTED = layer("encryption", "identified", 0)

KNOWN = [
    # attribute                                octets                  plain
    (DataProtection.logical_name,              "0906 00002b0200ff",    "0.0.43.2.0.255"),
    (DataProtection.protection_buffer,         "0902 0001",            "0x0001"),
    (DataProtection.protection_object_list,    f"0101 {REGISTER}",     [REGISTER_READ]),
    (DataProtection.protection_parameters_get, f"0101 {BY_NAME}",      [ENCRYPTED]),
    (DataProtection.protection_parameters_get, f"0102 {WRAPPED} {AGREED}",
                                               [layer("authentication_and_encryption", "wrapped", 0, "0x0102"),
                                                layer("digital_signature", "agreed", "0x01", "0x0304")]),
    (DataProtection.protection_parameters_set, "0100",                 []),
    (DataProtection.required_protection,       "16 00",                []),
    (DataProtection.required_protection,       "16 0c",                ["authenticated_request", "encrypted_request"]),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "plain"), KNOWN)
def test_known_octets(attribute: Attribute[Any], octets: str, plain: object) -> None:
    assert_holds(attribute.datatype, octets, plain)


METHODS = [
    # type                                             octets                                   plain
    (DataProtection.get_protected_attributes.argument, f"0202 0101 {REGISTER} 0101 {BY_NAME}",
     {"object_list": [REGISTER_READ], "protection_parameters": [ENCRYPTED]}),
    (DataProtection.get_protected_attributes.result,   f"0202 0101 {BY_NAME} 0902 cafe",
     {"protection_parameters": [ENCRYPTED], "protected_data": "0xcafe"}),
    (DataProtection.set_protected_attributes.argument, f"0203 0101 {REGISTER} 0101 {BY_NAME} 0902 cafe",
     {"object_list": [REGISTER_READ], "protection_parameters": [ENCRYPTED], "protected_attributes": "0xcafe"}),
    (DataProtection.invoke_protected_method.argument,  f"0203 0203 120046 0906 000060030aff 0f01 0101 {BY_NAME} 0902 cafe",
     {"object_method": {"class_id": 70, "logical_name": "0.0.96.3.10.255", "method_index": 1},
      "protection_parameters": [ENCRYPTED], "protected_method_invocation_parameters": "0xcafe"}),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "octets", "plain"), METHODS)
def test_methods(datatype: DataType[Any], octets: str, plain: object) -> None:
    assert_holds(datatype, octets, plain)


def test_a_layer_of_no_known_kind_is_refused() -> None:
    with pytest.raises(DecodeError, match="no such enum ProtectionType"):
        DataProtection.protection_parameters_get.datatype.decode(
            bytes.fromhex(f"0101 {BY_NAME}".replace("1601", "1604"))
        )
