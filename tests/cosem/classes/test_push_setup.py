"""Push setup, class 40: what is pushed, where to, when and how often, in its versions 0 to 2."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem import (
    Attribute,
    CosemDateTime,
    Method,
    PushMessage,
    PushSetup,
    PushSetupV0,
    PushSetupV1,
    TransportService,
    load_profile,
    to_plain,
)
from ferraris.cosem.types import DATE_TIME_STRING
from ferraris.kernel.errors import DecodeError, LocalProtocolError
from tests.cosem.known_octets import assert_holds

CLOCK = "0204 120008 0906 0000010000ff 0f02 120000"
CLOCK_READ = {"class_id": 8, "logical_name": "0.0.1.0.0.255", "attribute_index": 2, "data_index": 0}
WHOLE_BUFFER = "0205 120007 0906 0100630100ff 0f02 120000 0202 1600 00"
LAST_ENTRIES = "0206 120007 0906 0100630100ff 0f02 120000 0202 1602 0202 120001 120004 0101" + CLOCK
EVERY_DAY = "0101 0202 090c ffffffffff 02000000 8000 ff 090c ffffffffff 04000000 8000 ff"
PROTECTED = "0101 0202 1602 0205 0900 0908 4645520000000001 0908 4645524845530031 0900 0202 1600 0201 1600"

ATTRIBUTES = [
    # attribute                                  octets                                plain
    (PushSetupV0.logical_name,                   "0906 00011909 00ff",                 "0.1.25.9.0.255"),
    (PushSetupV0.push_object_list,               "0100",                               []),
    (PushSetupV0.push_object_list,               f"0102 {CLOCK} {CLOCK}",              [CLOCK_READ, CLOCK_READ]),
    (PushSetupV0.send_destination_and_method,    "0203 1600 090e 31302e302e302e313a34303539 20 1600",
                                                 {"transport_service": "tcp", "destination": "0x31302e302e302e313a3430353920",
                                                  "message": "a_xdr_apdu"}),
    (PushSetupV0.send_destination_and_method,    "0203 1601 0906 7f0000010fdb 1600",
                                                 {"transport_service": "udp", "destination": "0x7f0000010fdb",
                                                  "message": "a_xdr_apdu"}),
    (PushSetupV0.send_destination_and_method,    "0203 1604 0903 2b3331 16c8",
                                                 {"transport_service": "sms", "destination": "0x2b3331",
                                                  "message": "code_200"}),
    (PushSetupV0.communication_window,           "0100",                               []),
    (PushSetupV0.communication_window,           EVERY_DAY,                            [{"start_time": "*-*-* 02:00:00",
                                                                                         "end_time": "*-*-* 04:00:00"}]),
    (PushSetupV0.randomisation_start_interval,   "12 012c",                            300),
    (PushSetupV0.number_of_retries,              "11 03",                              3),
    (PushSetupV0.repetition_delay,               "12 003c",                            60),
    (PushSetupV1.push_object_list,               f"0101 {WHOLE_BUFFER}",
                                                 [{"class_id": 7, "logical_name": "1.0.99.1.0.255", "attribute_index": 2,
                                                   "data_index": 0, "restriction": {"restriction_type": "none",
                                                                                    "restriction_value": None}}]),
    (PushSetupV1.repetition_delay,               "12 003c",                            60),
    (PushSetupV1.port_reference,                 "0906 0000190000ff",                  "0.0.25.0.0.255"),
    (PushSetupV1.push_client_sap,                "0f 01",                              1),
    (PushSetupV1.push_protection_parameters,     "0100",                               []),
    (PushSetupV1.push_protection_parameters,     PROTECTED,
                                                 [{"protection_type": "authentication_and_encryption",
                                                   "protection_options": {
                                                       "transaction_id": "0x", "originator_system_title": "0x4645520000000001",
                                                       "recipient_system_title": "0x4645524845530031", "other_information": "0x",
                                                       "key_info": {"key_info_type": "identified", "key_info_options": [0]}}}]),
    (PushSetup.push_object_list,                 f"0101 {LAST_ENTRIES}",
                                                 [{"class_id": 7, "logical_name": "1.0.99.1.0.255", "attribute_index": 2,
                                                   "data_index": 0, "restriction": {"restriction_type": "entry",
                                                                                    "restriction_value": [1, 4]},
                                                   "columns": [CLOCK_READ]}]),
    (PushSetup.repetition_delay,                 "0203 12000a 120096 120e10",          {"minimum": 10, "exponent": 150, "maximum": 3600}),
    (PushSetup.push_operation_method,            "16 02",                              "confirmed_retry_on_missing_confirmation"),
    (PushSetup.confirmation_parameters,          "0202 19 ffffffffff ffffffff 8000 ff 06 00015180",
                                                 {"start_date": "*-*-* *:*:*", "interval_s": 86_400}),
    (PushSetup.last_confirmation_date_time,      "19 07e8010f010c1e2d32ffc400",        "2024-01-15 12:30:45 -60 min to UTC"),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "plain"), ATTRIBUTES)
def test_known_octets(attribute: Attribute[Any], octets: str, plain: object) -> None:
    assert_holds(attribute.datatype, octets, plain)


@pytest.mark.parametrize("method", [PushSetupV0.push, PushSetupV1.push, PushSetup.push, PushSetup.reset], ids=repr)
def test_methods_take_an_integer_of_zero(method: Method[int, None]) -> None:
    assert_holds(method.argument, "0f 00", 0)
    assert method.result is None


REFUSED = [
    # attribute                                  octets                                words
    (PushSetupV0.push_object_list,               f"0101 {WHOLE_BUFFER}",               "expected 4 members, got 5"),
    (PushSetupV1.push_object_list,               f"0101 {CLOCK}",                      "expected 5 members, got 4"),
    (PushSetup.push_object_list,                 f"0101 {WHOLE_BUFFER}",               "expected 6 members, got 5"),
    (PushSetup.repetition_delay,                 "12 003c",                            "expected structure, got long-unsigned"),
    (PushSetupV0.repetition_delay,               "0203 12000a 120096 120e10",          "expected long-unsigned, got structure"),
    (PushSetup.push_operation_method,            "16 03",                              "no such enum PushOperationMethod"),
    (PushSetupV1.push_protection_parameters,     PROTECTED.replace("1602", "1604", 1), "no such enum ProtectionType"),
    (PushSetup.last_confirmation_date_time,      "090c 07e8010f010c1e2d32ffc400",      "expected date-time, got octet-string"),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "words"), REFUSED)
def test_one_versions_octets_are_not_anothers(attribute: Attribute[Any], octets: str, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        attribute.datatype.decode(bytes.fromhex(octets))


SERVICES = """
    0   tcp
    1   udp
    2   ftp
    3   smtp
    4   sms
    5   hdlc
    6   m_bus
    7   zigbee
    8   dlms_gateway
    9   coap_confirmed
    10  coap_non_confirmed
    11  code_11
    200 code_200
    255 code_255
"""


@pytest.mark.parametrize("line", SERVICES.strip().splitlines())
def test_transport_services_have_the_numbers_of_the_standard(line: str) -> None:
    number, name = line.split()
    assert to_plain(TransportService(int(number))) == name


def test_how_a_push_is_encoded() -> None:
    assert [to_plain(PushMessage(number)) for number in (0, 1, 2, 128)] == [
        "a_xdr_apdu",
        "xml_apdu",
        "code_2",
        "code_128",
    ]


def test_a_window_is_written_as_octet_strings_of_date_times() -> None:
    [window] = PushSetupV0.communication_window.datatype.decode(bytes.fromhex(EVERY_DAY))
    assert (window.start_time.hour, window.end_time.hour) == (2, 4)
    assert window.start_time == CosemDateTime(hour=2, minute=0, second=0, hundredths=0)
    assert DATE_TIME_STRING.encode(window.end_time).hex() == "090cffffffffff040000008000ff"


@pytest.mark.parametrize("retries", [-1, 256])
def test_retries_are_one_octet(retries: int) -> None:
    with pytest.raises(LocalProtocolError, match=r"0\.\.255"):
        PushSetupV0.number_of_retries.datatype.encode(retries)


def test_the_virtual_meter_pushes_its_alarm_with_time_and_serial_number() -> None:
    profile = load_profile("smr5_three_phase")
    rule = profile.object("PUSH_SETUP_ALARM").attributes[PushSetupV0.push_object_list.number]
    pushed = PushSetupV0.push_object_list.datatype.decode(rule.initial)
    found = [profile.find(item.class_id, item.logical_name) for item in pushed]
    assert [entry.tag if entry else None for entry in found] == [
        "CLOCK",
        "SERIAL_NUMBER",
        "STANDARD_EVENT_CODE",
        "ALARM_REGISTER_1",
    ]
    for item, entry in zip(pushed, found, strict=True):
        assert entry is not None
        assert item.attribute_index in entry.attributes
