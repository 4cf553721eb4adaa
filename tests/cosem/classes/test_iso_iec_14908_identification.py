"""Power line carrier after ISO/IEC 14908, classes 130 to 133."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem import Attribute, Method
from ferraris.cosem.classes.iso_iec_14908_diagnostic import IsoIec14908Diagnostic, IsoIec14908DiagnosticV0
from ferraris.cosem.classes.iso_iec_14908_identification import IsoIec14908Identification
from ferraris.cosem.classes.iso_iec_14908_protocol_setup import IsoIec14908ProtocolSetup
from ferraris.cosem.classes.iso_iec_14908_protocol_status import (
    IsoIec14908ProtocolStatus,
    IsoIec14908ProtocolStatusV0,
)
from ferraris.kernel.errors import DecodeError
from tests.cosem.known_octets import assert_holds

ISO_IEC14908_IDENTIFICATION = """
    number  name            v0
    1       logical_name    logical name
    2       node_id         unsigned
    3       subnet_id       unsigned
    4       domain_id       octet-string
    5       program_id      octet-string
    6       unique_node_id  octet-string
"""

ISO_IEC14908_PROTOCOL_SETUP = """
    number  name                v0
    1       logical_name        logical name
    2       inactivity_timeout  long-unsigned
"""

ISO_IEC14908_PROTOCOL_STATUS = """
    number  name                 v0                    v1
    1       logical_name         logical name          =
    2       transmission_errors  long-unsigned         =
    3       transmit_tx_failure  long-unsigned         =
    4       transmit_tx_retries  long-unsigned         =
    5       receive_tx_full      long-unsigned         =
    6       lost_messages        long-unsigned         =
    7       missed_messages      long-unsigned         =
    8       layer2_received      long-unsigned         =
    9       layer3_received      long-unsigned         =
    10      messages_received    double-long-unsigned  =
    11      messages_validated   double-long-unsigned  =
    -1      reset                -                     integer
"""

ISO_IEC14908_DIAGNOSTIC = """
    number  name                       v0             v1
    1       logical_name               logical name   =
    2       plc_signal_quality_status  enum           =
    3       com_module_state           enum           =
    4       received_message_status    unsigned       =
    5       no_receive_buffer          long-unsigned  =
    6       transmit_no_data           long-unsigned  =
    7       backlog_overflows          long-unsigned  =
    8       late_ack                   long-unsigned  =
    9       frequency_invalid          long-unsigned  =
    -1      reset                      -              integer
"""

VERSIONS = [
    (130, (0,), ISO_IEC14908_IDENTIFICATION),
    (131, (0,), ISO_IEC14908_PROTOCOL_SETUP),
    (132, (0, 1), ISO_IEC14908_PROTOCOL_STATUS),
    (133, (0, 1), ISO_IEC14908_DIAGNOSTIC),
]

ATTRIBUTES = [
    # attribute                                       octets                plain
    (IsoIec14908Identification.node_id,               "11 7f",              127),
    (IsoIec14908Identification.unique_node_id,        "0906 048a12345678",  "0x048a12345678"),
    (IsoIec14908ProtocolSetup.inactivity_timeout,     "12 05a0",            1440),
    (IsoIec14908ProtocolStatusV0.lost_messages,       "12 0003",            3),
    (IsoIec14908ProtocolStatus.messages_validated,    "06 00010000",        65_536),
    (IsoIec14908DiagnosticV0.com_module_state,        "16 01",              1),
    (IsoIec14908Diagnostic.frequency_invalid,         "12 0000",            0),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "plain"), ATTRIBUTES)
def test_known_octets(attribute: Attribute[Any], octets: str, plain: object) -> None:
    assert_holds(attribute.datatype, octets, plain)


ORDERS = [
    (IsoIec14908ProtocolStatus.reset, "0f 00", 0),
    (IsoIec14908Diagnostic.reset, "0f 00", 0),
]  # fmt: skip


@pytest.mark.parametrize(("method", "octets", "plain"), ORDERS)
def test_known_octets_of_orders(method: Method[Any, Any], octets: str, plain: object) -> None:
    assert_holds(method.argument, octets, plain)


REFUSED = [
    (IsoIec14908ProtocolStatus.messages_received, "12 0003", "expected double-long-unsigned, got long-unsigned"),
    (IsoIec14908Diagnostic.com_module_state,      "11 01",   "expected enum, got unsigned"),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "words"), REFUSED)
def test_refused_octets(attribute: Attribute[Any], octets: str, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        attribute.datatype.decode(bytes.fromhex(octets))
