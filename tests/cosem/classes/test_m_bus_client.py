"""M-Bus, classes 72 to 77: devices behind a meter, the bus, and servers that are reached over it."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem import Attribute, Method
from ferraris.cosem.classes.m_bus_client import EncryptionKeyStatus, MBusClient, MBusClientV0
from ferraris.cosem.classes.m_bus_diagnostic import LinkStatus, MBusDiagnostic
from ferraris.cosem.classes.m_bus_master_port_setup import MBusMasterPortSetup
from ferraris.cosem.classes.m_bus_port_setup import DataHeaderType, MBusPortSetup, PortCommunicationStatus
from ferraris.cosem.classes.wireless_mode_q_channel import AddressState, WirelessModeQChannel
from ferraris.kernel.errors import DecodeError
from tests.cosem.known_octets import assert_holds

MBUS_CLIENT = """
    number  name                   v0                                 v1
    1       logical_name           logical name                       =
    2       mbus_port_reference    logical name                       =
    3       capture_definition     array of CaptureDefinitionElement  =
    4       capture_period         double-long-unsigned               =
    5       primary_address        unsigned                           =
    6       identification_number  double-long-unsigned               =
    7       manufacturer_id        long-unsigned                      =
    8       device_version         unsigned                           =
    9       device_type            unsigned                           =
    10      access_number          unsigned                           =
    11      status                 unsigned                           =
    12      alarm                  unsigned                           =
    13      configuration          -                                  long-unsigned
    14      encryption_key_status  -                                  enum EncryptionKeyStatus
    -1      slave_install          integer                            =
    -2      slave_deinstall        integer                            =
    -3      capture                integer                            =
    -4      reset_alarm            integer                            =
    -5      synchronize_clock      integer                            =
    -6      data_send              array of DataDefinitionElement     =
    -7      set_encryption_key     octet-string                       =
    -8      transfer_key           octet-string                       =
"""

WIRELESS_MODE_QCHANNEL = """
    number  name            v1
    1       logical_name    logical name
    2       addr_state      enum AddressState
    3       device_address  octet-string
    4       address_mask    octet-string
"""

MBUS_MASTER_PORT_SETUP = """
    number  name          v0
    1       logical_name  logical name
    2       comm_speed    enum BaudRate
"""

MBUS_PORT_SETUP = """
    number  name                       v0
    1       logical_name               logical name
    2       profile_selection          logical name
    3       port_communication_status  enum PortCommunicationStatus
    4       data_header_type           enum DataHeaderType
    5       primary_address            unsigned
    6       identification_number      double-long-unsigned
    7       manufacturer_id            long-unsigned
    8       device_version             unsigned
    9       device_type                unsigned
    10      max_pdu_size               long-unsigned
    11      listening_window           array of ListeningWindow
"""

MBUS_DIAGNOSTIC = """
    number  name                            v0
    1       logical_name                    logical name
    2       received_signal_strength        unsigned
    3       channel_id                      unsigned
    4       link_status                     enum LinkStatus
    5       broadcast_frames_counter        array of BroadcastFrames
    6       transmissions_counter           double-long-unsigned
    7       received_frames_counter         double-long-unsigned
    8       failed_received_frames_counter  double-long-unsigned
    9       capture_time                    AttributeCaptureTime
    -1      reset                           integer
"""

VERSIONS = [
    (72, (0, 1), MBUS_CLIENT),
    (73, (1,), WIRELESS_MODE_QCHANNEL),
    (74, (0,), MBUS_MASTER_PORT_SETUP),
    (76, (0,), MBUS_PORT_SETUP),
    (77, (0,), MBUS_DIAGNOSTIC),
]

ATTRIBUTES = [
    # attribute                                octets                                  plain
    (MBusClientV0.mbus_port_reference,         "0906 0000180600ff",                    "0.0.24.6.0.255"),
    (MBusClientV0.capture_definition,          "0100",                                 []),
    (MBusClientV0.capture_definition,          "0101 0202 0901 04 0901 13",            [{"data_information_block": "0x04",
                                                                                         "value_information_block": "0x13"}]),
    (MBusClientV0.capture_period,              "06 00000e10",                          3600),
    (MBusClientV0.primary_address,             "11 01",                                1),
    (MBusClientV0.identification_number,       "06 12345678",                          0x12345678),
    (MBusClientV0.manufacturer_id,             "12 1596",                              0x1596),
    (MBusClient.device_type,                   "11 03",                                3),
    (MBusClient.configuration,                 "12 0510",                              0x0510),
    (MBusClient.encryption_key_status,         "16 04",                                "encryption_key_in_use"),
    (WirelessModeQChannel.addr_state,          "16 01",                                "assigned"),
    (WirelessModeQChannel.device_address,      "0902 1234",                            "0x1234"),
    (MBusMasterPortSetup.comm_speed,           "16 03",                                "baud_2400"),
    (MBusPortSetup.port_communication_status,  "16 02",                                "limited_access"),
    (MBusPortSetup.data_header_type,           "16 01",                                "short"),
    (MBusPortSetup.listening_window,           "0101 0202 090c ffffffffff02000000800000 090c ffffffffff04000000800000",
                                               [{"start_time": "*-*-* 02:00:00", "end_time": "*-*-* 04:00:00"}]),
    (MBusDiagnostic.link_status,               "16 03",                                "permanently_interrupted"),
    (MBusDiagnostic.broadcast_frames_counter,  "0101 0203 1101 0600000005 19 07e8010f010c1e2d32ffc400",
                                               [{"client_id": 1, "counter": 5, "time_stamp": "2024-01-15 12:30:45 -60 min to UTC"}]),
    (MBusDiagnostic.capture_time,              "0202 1107 19 07e8010f010c1e2d32ffc400",
                                               {"attribute_id": 7, "time_stamp": "2024-01-15 12:30:45 -60 min to UTC"}),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "plain"), ATTRIBUTES)
def test_known_octets(attribute: Attribute[Any], octets: str, plain: object) -> None:
    assert_holds(attribute.datatype, octets, plain)


ORDERS = [
    (MBusClient.slave_install, "0f 01", 1),
    (MBusClient.slave_deinstall, "0f 00", 0),
    (MBusClient.data_send, "0101 0203 0901 04 0902 fd17 1105",
     [{"data_information_block": "0x04", "value_information_block": "0xfd17", "data": 5}]),
    (MBusClient.set_encryption_key, "0910 000102030405060708090a0b0c0d0e0f", "0x000102030405060708090a0b0c0d0e0f"),
    (MBusClient.transfer_key, "0900", "0x"),
    (MBusDiagnostic.reset, "0f 00", 0),
]  # fmt: skip


@pytest.mark.parametrize(("method", "octets", "plain"), ORDERS)
def test_known_octets_of_orders(method: Method[Any, Any], octets: str, plain: object) -> None:
    assert_holds(method.argument, octets, plain)


REFUSED = [
    (MBusClient.encryption_key_status,        "16 05",               "no such enum EncryptionKeyStatus"),
    (MBusClient.capture_definition,           "0101 0202 1104 1113", "expected octet-string, got unsigned"),
    (MBusMasterPortSetup.comm_speed,          "16 0a",               "no such enum BaudRate"),
    (MBusPortSetup.port_communication_status, "16 05",               "no such enum PortCommunicationStatus"),
    (MBusDiagnostic.capture_time,             "0201 1107",           "expected 2 members, got 1"),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "words"), REFUSED)
def test_refused_octets(attribute: Attribute[Any], octets: str, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        attribute.datatype.decode(bytes.fromhex(octets))


NUMBERS = [
    (EncryptionKeyStatus, [0, 1, 2, 3, 4]),
    (AddressState, [0, 1]),
    (PortCommunicationStatus, [0, 1, 2, 3, 4]),
    (DataHeaderType, [0, 1, 2]),
    (LinkStatus, [0, 1, 2, 3]),
]  # fmt: skip


@pytest.mark.parametrize(("enumeration", "numbers"), NUMBERS)
def test_numbers_are_those_of_the_standard(enumeration: Any, numbers: list[int]) -> None:
    assert [int(member) for member in enumeration] == numbers
