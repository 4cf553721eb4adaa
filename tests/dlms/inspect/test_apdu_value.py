"""Fields of APDUs as JSON: names, trees and spelled enumerations."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from ferraris.dlms.apdu import (
    Aarq,
    Apdu,
    BlockNumberAccess,
    DataNotification,
    GeneralSigning,
    ParameterisedAccess,
    ReadRequest,
    decode_apdu,
)
from ferraris.dlms.inspect.apdu_value import apdu_name, apdu_value, notification_value
from ferraris.kernel.errors import DecodeError
from tests.dlms.apdu import strategies

CLOCK = {"class_id": 8, "logical_name": "0.0.1.0.0.255", "attribute_id": 2}
CLOCK_OCTETS = "0008 0000010000ff 02"


FIELDS = [
    (
        f"c001c1 {CLOCK_OCTETS} 00",
        "GetRequestNormal",
        {"invoke_id_and_priority": 193, "descriptor": CLOCK, "selection": None},
    ),
    (
        f"c001c1 {CLOCK_OCTETS} 01 01 0f05",
        "GetRequestNormal",
        {
            "invoke_id_and_priority": 193,
            "descriptor": CLOCK,
            "selection": {"selector": 1, "parameters": {"integer": 5}},
        },
    ),
    (
        f"c003c1 01 {CLOCK_OCTETS} 00",
        "GetRequestWithList",
        {"invoke_id_and_priority": 193, "items": [[CLOCK, None]]},
    ),
    (
        "c401c1 00 0201 0900",
        "GetResponseNormal",
        {"invoke_id_and_priority": 193, "result": {"structure": [{"octet-string": ""}]}},
    ),
    (
        "c401c1 01 04",
        "GetResponseNormal",
        {"invoke_id_and_priority": 193, "result": 4, "result_name": "object-undefined"},
    ),
    (
        "c402c1 00 00000001 00 02 0201",
        "GetResponseWithBlock",
        {"invoke_id_and_priority": 193, "last_block": False, "block_number": 1, "result": "0201"},
    ),
    (
        "c403c1 02 00 120001 01 03",
        "GetResponseWithList",
        {"invoke_id_and_priority": 193, "results": [{"long-unsigned": 1}, 3]},
    ),
    (
        "c103c1 01 00000002 01 aa",
        "SetRequestWithBlock",
        {"invoke_id_and_priority": 193, "block": {"last_block": True, "block_number": 2, "octets": "aa"}},
    ),
    (
        "c301c1 000f 0000280000ff 01 00",
        "ActionRequestNormal",
        {
            "invoke_id_and_priority": 193,
            "descriptor": {"class_id": 15, "logical_name": "0.0.40.0.0.255", "method_id": 1},
            "parameters": None,
        },
    ),
    (
        "c703c1 01 00 01 00 0f05",
        "ActionResponseWithList",
        {
            "invoke_id_and_priority": 193,
            "answers": [{"result": 0, "result_name": "success", "data": {"integer": 5}}],
        },
    ),
    (
        f"d940000001 00 01 04 {CLOCK_OCTETS} 01 0f05 01 00",
        "AccessRequest",
        {
            "long_invoke_id_and_priority": 0x40000001,
            "date_time": "",
            "items": [
                {
                    "kind": "get-with-selection",
                    "descriptor": CLOCK,
                    "selection": {"selector": 1, "parameters": {"integer": 5}},
                }
            ],
            "values": [{"null-data": None}],
        },
    ),
    (
        "d8 01 06 000000ff",
        "ExceptionResponse",
        {
            "state_error": 1,
            "state_error_name": "service-not-allowed",
            "service_error": 6,
            "service_error_name": "invocation-counter-error",
            "invocation_counter": 255,
        },
    ),
    (
        "08 00 06 5f1f0400 000018 009b 0007",
        "InitiateResponse",
        {
            "quality_of_service": None,
            "dlms_version": 6,
            "conformance": 0x18,
            "conformance_names": ["get", "set"],
            "server_max_receive_pdu_size": 155,
            "vaa_name": 7,
        },
    ),
    ("6203 80011e", "RLRQ", {"reason": 30, "reason_name": "user-defined", "user_information": None}),
]


@pytest.mark.parametrize(("octets", "name", "value"), FIELDS)
def test_fields(octets: str, name: str, value: Any) -> None:
    apdu = decode_apdu(bytes.fromhex(octets))
    warnings: list[str] = []
    assert apdu_name(apdu) == name
    assert apdu_value(apdu, warnings) == value
    assert warnings == []


def test_other_fields_of_acse_are_shown() -> None:
    aarq = decode_apdu(bytes.fromhex("600f a109 0607 60857405080101 bd02 0400"))
    assert isinstance(aarq, Aarq)
    assert apdu_value(aarq, [])["other_fields"] == [[0xBD, "0400"]]


def test_a_value_that_is_none_is_refused() -> None:
    with pytest.raises(DecodeError):
        apdu_value(decode_apdu(bytes.fromhex("c401c1 00 1200")), [])


def test_deviations_become_warnings() -> None:
    warnings: list[str] = []
    push = decode_apdu(bytes.fromhex("0f 40000000 090c 07e3020401173416ff800000 02 02 0001 0000600101ff 02 0901 41"))
    assert isinstance(push, DataNotification)
    value = notification_value(push, warnings)
    assert warnings == [
        "attribute descriptors stand without tags",
        "the date-time is written as a tagged octet-string (09 0c)",
    ]
    assert value["date_time"] == "2019-02-04 23:52:22"
    assert value["date_time_octets"] == "07e3020401173416ff800000"


def test_a_push_without_a_date_time_has_none() -> None:
    push = decode_apdu(bytes.fromhex("0f 00000001 00 00"))
    assert isinstance(push, DataNotification)
    value = notification_value(push, [])
    assert (value["date_time"], value["date_time_octets"], value["body"]) == (None, "", {"null-data": None})


@given(strategies.apdus)
def test_every_apdu_becomes_json(apdu: Apdu) -> None:
    value = apdu_value(apdu, [])
    json.dumps(value, allow_nan=False)
    assert set(apdu.__slots__) <= set(value)
    assert apdu_name(apdu)
    if isinstance(apdu, GeneralSigning):
        assert value["content"] == apdu.content.hex()


def test_what_short_name_services_are_aimed_at_is_spelled_out() -> None:
    request = ReadRequest((ParameterisedAccess(0xFA58, 0, b"\x11\x05"), BlockNumberAccess(3)))
    assert apdu_value(request, []) == {
        "specifications": [
            {
                "choice": "ParameterisedAccess",
                "short_name": 0xFA58,
                "selector": 0,
                "parameter": {"unsigned": 5},
            },
            {"choice": "BlockNumberAccess", "block_number": 3},
        ]
    }
