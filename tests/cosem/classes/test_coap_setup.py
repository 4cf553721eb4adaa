"""CoAP, classes 152 and 153: its parameters and what it counts."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem import Attribute, Method
from ferraris.cosem.classes.coap_diagnostic import CoapDiagnostic
from ferraris.cosem.classes.coap_setup import CoapSetup, TransportMode
from ferraris.kernel.errors import DecodeError
from tests.cosem.known_octets import assert_holds

COAP_SETUP = """
    number  name                  v0
    1       logical_name          logical name
    2       udp_reference         logical name
    3       ack_timeout           long-unsigned
    4       ack_random_factor     long-unsigned
    5       max_retransmit        long-unsigned
    6       nstart                long-unsigned
    7       delay_ack_timeout     long-unsigned
    8       exponential_back_off  long-unsigned
    9       probing_rate          long-unsigned
    10      coap_uri_path         octet-string
    11      transport_mode        enum TransportMode
    12      wrapper_version       any type
    13      token_length          unsigned
"""

COAP_DIAGNOSTIC = """
    number  name                      v0
    1       logical_name              logical name
    2       messages_counter          MessagesCounter
    3       request_response_counter  RequestResponseCounter
    4       coap_bt_counter           BlockTransferCounter
    5       capture_time              AttributeCaptureTime
    -1      reset                     integer
"""

VERSIONS = [
    (152, (0,), COAP_SETUP),
    (153, (0,), COAP_DIAGNOSTIC),
]

ATTRIBUTES = [
    # attribute                               octets                        plain
    (CoapSetup.udp_reference,                 "0906 0000190000ff",          "0.0.25.0.0.255"),
    (CoapSetup.ack_timeout,                   "12 07d0",                    2000),
    (CoapSetup.coap_uri_path,                 "0904 646c6d73",              "0x646c6d73"),
    (CoapSetup.transport_mode,                "16 03",                      "reliable_and_unreliable"),
    (CoapSetup.wrapper_version,               "11 01",                      1),
    (CoapSetup.token_length,                  "11 08",                      8),
    (CoapDiagnostic.messages_counter,         ("020a 0600000001 0600000002 0600000003 0600000004 0600000005 0600000006 0600000007 "
                                              "0600000008 0600000009 060000000a"),
                                              {"tx": 1, "rx": 2, "tx_resend": 3, "tx_reset": 4, "rx_reset": 5, "tx_ack": 6, "rx_ack": 7,
                                               "rx_drop": 8, "tx_non_piggybacked": 9, "max_rtx_exceeded": 10}),
    (CoapDiagnostic.request_response_counter, ("0208 0600000001 0600000002 0600000003 0600000004 0600000005 0600000006 0600000007 "
                                              "0600000008"),
                                              {"rx_requests": 1, "tx_requests": 2, "rx_responses": 3, "tx_responses": 4,
                                               "tx_client_errors": 5, "rx_client_errors": 6, "tx_server_errors": 7,
                                               "rx_server_errors": 8}),
    (CoapDiagnostic.coap_bt_counter,          "0203 0600000003 0600000002 0600000001", {"started": 3, "completed": 2, "timed_out": 1}),
    (CoapDiagnostic.capture_time,             "0202 1103 19 07e8010f010c1e2d32ffc400",
                                              {"attribute_id": 3, "time_stamp": "2024-01-15 12:30:45 -60 min to UTC"}),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "plain"), ATTRIBUTES)
def test_known_octets(attribute: Attribute[Any], octets: str, plain: object) -> None:
    assert_holds(attribute.datatype, octets, plain)


ORDERS = [
    (CoapDiagnostic.reset, "0f 00", 0),
]  # fmt: skip


@pytest.mark.parametrize(("method", "octets", "plain"), ORDERS)
def test_known_octets_of_orders(method: Method[Any, Any], octets: str, plain: object) -> None:
    assert_holds(method.argument, octets, plain)


REFUSED = [
    (CoapSetup.transport_mode,        "16 00",              "no such enum TransportMode"),
    (CoapDiagnostic.coap_bt_counter,  "0203 110011001100",  "expected double-long-unsigned, got unsigned"),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "words"), REFUSED)
def test_refused_octets(attribute: Attribute[Any], octets: str, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        attribute.datatype.decode(bytes.fromhex(octets))


NUMBERS = [
    (TransportMode, [1, 2, 3]),
]  # fmt: skip


@pytest.mark.parametrize(("enumeration", "numbers"), NUMBERS)
def test_numbers_are_those_of_the_standard(enumeration: Any, numbers: list[int]) -> None:
    assert [int(member) for member in enumeration] == numbers
