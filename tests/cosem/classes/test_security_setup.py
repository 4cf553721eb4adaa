"""Security setup, class 64: policies, suites, the transfer of keys, certificates; nothing of a key is ever shown."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem import (
    Attribute,
    KeyData,
    KeyId,
    Method,
    SecurityPolicy,
    SecurityPolicyV0,
    SecuritySetup,
    SecuritySetupV0,
    SecuritySuite,
    load_profile,
    to_plain,
)
from ferraris.kernel.errors import DecodeError, LocalProtocolError
from tests.cosem.known_octets import assert_holds

TITLE = "0908 4d4d4d0000bc614e"
TITLE_READ = "0x4d4d4d0000bc614e"
CERTIFICATE = f"0206 1600 1601 0902 0a0b 0904 43413031 {TITLE} 0900"

ATTRIBUTES = [
    # attribute                            octets                plain
    (SecuritySetup.logical_name,           "0906 00002b0000ff",  "0.0.43.0.0.255"),
    (SecuritySetupV0.security_policy,      "16 00",              "nothing"),
    (SecuritySetupV0.security_policy,      "16 01",              "authenticated"),
    (SecuritySetupV0.security_policy,      "16 02",              "encrypted"),
    (SecuritySetupV0.security_policy,      "16 03",              "authenticated_and_encrypted"),
    (SecuritySetupV0.security_suite,       "16 00",              "suite_0"),
    (SecuritySetup.security_policy,        "16 00",              []),
    (SecuritySetup.security_policy,        "16 0c",              ["authenticated_request", "encrypted_request"]),
    (SecuritySetup.security_policy,        "16 6c",              ["authenticated_request", "encrypted_request",
                                                                  "authenticated_response", "encrypted_response"]),
    (SecuritySetup.security_policy,        "16 90",              ["digitally_signed_request", "digitally_signed_response"]),
    (SecuritySetup.security_policy,        "16 03",              ["bit_0", "bit_1"]),
    (SecuritySetup.security_suite,         "16 01",              "suite_1"),
    (SecuritySetup.security_suite,         "16 02",              "suite_2"),
    (SecuritySetup.client_system_title,    TITLE,                TITLE_READ),
    (SecuritySetup.client_system_title,    "0900",               "0x"),
    (SecuritySetup.server_system_title,    TITLE,                TITLE_READ),
    (SecuritySetup.certificates,           "0100",               []),
    (SecuritySetup.certificates,           f"0101 {CERTIFICATE}",
                                           [{"certificate_entity": "server", "certificate_type": "key_agreement",
                                             "serial_number": "0x0a0b", "issuer": "0x43413031", "subject": TITLE_READ,
                                             "subject_alt_name": "0x"}]),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "plain"), ATTRIBUTES)
def test_known_octets(attribute: Attribute[Any], octets: str, plain: object) -> None:
    assert_holds(attribute.datatype, octets, plain)


# A key under the master key is eight octets longer than itself (RFC 3394): the test vector of its clause 4.1.
WRAPPED = "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5"

ORDERS = [
    # method                                     octets of the argument                      plain
    (SecuritySetupV0.security_activate,          "16 03",                                    3),
    (SecuritySetupV0.key_transfer,               f"0101 0202 1600 0918 {WRAPPED}",           [{"key_id": "global_unicast_encryption_key",
                                                                                               "key_data": f"0x{WRAPPED}"}]),
    (SecuritySetup.security_activate,            "16 6c",                                    ["authenticated_request", "encrypted_request",
                                                                                              "authenticated_response", "encrypted_response"]),
    (SecuritySetup.key_transfer,                 f"0102 0202 1600 0918 {WRAPPED} 0202 1602 0918 {WRAPPED}",
                                                 [{"key_id": "global_unicast_encryption_key", "key_data": f"0x{WRAPPED}"},
                                                  {"key_id": "global_authentication_key", "key_data": f"0x{WRAPPED}"}]),
    (SecuritySetup.key_agreement,                "0101 0202 1600 0904 01020304",             [{"key_id": "global_unicast_encryption_key",
                                                                                               "key_data": "0x01020304"}]),
    (SecuritySetup.generate_key_pair,            "16 00",                                    "digital_signature"),
    (SecuritySetup.generate_certificate_request, "16 02",                                    "tls"),
    (SecuritySetup.import_certificate,           "0903 308201",                              "0x308201"),
    (SecuritySetup.export_certificate,           f"0202 1600 0203 1600 1601 {TITLE}",        {"identification_type": "by_entity",
                                                                                              "identification_options": [0, 1, TITLE_READ]}),
    (SecuritySetup.remove_certificate,           "0202 1601 0202 0901 07 0902 4341",         {"identification_type": "by_serial_number",
                                                                                              "identification_options": ["0x07", "0x4341"]}),
]  # fmt: skip


@pytest.mark.parametrize(("method", "octets", "plain"), ORDERS)
def test_known_octets_of_orders(method: Method[Any, Any], octets: str, plain: object) -> None:
    assert_holds(method.argument, octets, plain)


ANSWERS = [
    # method                                     octets of the result             plain
    (SecuritySetup.key_agreement,                "0101 0202 1600 0902 0506",      [{"key_id": "global_unicast_encryption_key", "key_data": "0x0506"}]),
    (SecuritySetup.generate_certificate_request, "0903 308202",                   "0x308202"),
    (SecuritySetup.export_certificate,           "0903 308203",                   "0x308203"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "octets", "plain"), ANSWERS)
def test_known_octets_of_answers(method: Method[Any, Any], octets: str, plain: object) -> None:
    assert method.result is not None
    assert_holds(method.result, octets, plain)


def test_the_other_orders_have_no_answer() -> None:
    answering = {method.name for method, _, _ in ANSWERS}
    assert {method.name for method in SecuritySetup.methods() if method.result is not None} == answering
    assert all(method.result is None for method in SecuritySetupV0.methods())


REFUSED = [
    # attribute or argument                         octets                   words
    (SecuritySetupV0.security_policy.datatype,      "16 04",                 "no such enum SecurityPolicyV0"),
    (SecuritySetup.security_suite.datatype,         "16 03",                 "no such enum SecuritySuite"),
    (SecuritySetup.key_transfer.argument,           "0101 0202 1604 0900",   "no such enum KeyId"),
    (SecuritySetup.key_transfer.argument,           "0202 1600 0900",        "expected array, got structure"),
    (SecuritySetup.export_certificate.argument,     "0202 1600 0100",        "one of its types, got array"),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "octets", "words"), REFUSED)
def test_refused_octets(datatype: Any, octets: str, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        datatype.decode(bytes.fromhex(octets))


def test_no_text_of_a_key_transfer_shows_the_key() -> None:
    order = (KeyData(KeyId.MASTER_KEY, bytes.fromhex(WRAPPED)),)
    assert WRAPPED not in repr(order)
    assert repr(bytes.fromhex(WRAPPED)) not in repr(order)
    with pytest.raises(LocalProtocolError) as caught:
        SecuritySetup.key_transfer.argument.encode((KeyData(KeyId.MASTER_KEY, WRAPPED),))  # type: ignore[arg-type]
    assert WRAPPED not in str(caught.value)


NUMBERS = [
    # enumeration       names by number
    (SecurityPolicyV0,  {0: "nothing", 1: "authenticated", 2: "encrypted", 3: "authenticated_and_encrypted"}),
    (SecuritySuite,     {0: "suite_0", 1: "suite_1", 2: "suite_2"}),
    (KeyId,             {0: "global_unicast_encryption_key", 1: "global_broadcast_encryption_key",
                         2: "global_authentication_key", 3: "master_key"}),
]  # fmt: skip


@pytest.mark.parametrize(("enumeration", "names"), NUMBERS)
def test_numbers_are_those_of_the_standard(enumeration: Any, names: dict[int, str]) -> None:
    assert {int(member): to_plain(member) for member in enumeration} == names


def test_request_and_response_are_protected_by_bits_three_apart() -> None:
    for name in ("AUTHENTICATED", "ENCRYPTED", "DIGITALLY_SIGNED"):
        assert SecurityPolicy[f"{name}_RESPONSE"] == SecurityPolicy[f"{name}_REQUEST"] << 3


@pytest.mark.parametrize("meter", ["smr5_single_phase", "smr5_three_phase"])
def test_the_meters_demand_both_protections_in_both_directions(meter: str) -> None:
    setup = load_profile(meter).object("SECURITY_SETUP")
    values = {rule.attribute.name: rule.datatype.decode(rule.initial) for rule in setup.attributes.values()}
    assert values["security_policy"] == SecurityPolicy(0x6C)
    assert values["security_suite"] is SecuritySuite.SUITE_0
    assert setup.logical_name == values["logical_name"]
    association = load_profile(meter).object("ASSOCIATION").attributes[9]
    assert association.datatype.decode(association.initial) == setup.logical_name
