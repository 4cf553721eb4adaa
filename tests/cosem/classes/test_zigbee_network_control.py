"""ZigBee, classes 101 to 105: joining a network, controlling one, and tunnels through it."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.codec import Data, Tag
from ferraris.cosem import Attribute, Method
from ferraris.cosem.classes.zigbee_network_control import DeviceBackup, DeviceToRegister, ZigbeeNetworkControl
from ferraris.cosem.classes.zigbee_sas_aps_fragmentation import ZigbeeSasApsFragmentation
from ferraris.cosem.classes.zigbee_sas_join import ZigbeeSasJoin
from ferraris.cosem.classes.zigbee_sas_startup import ZigbeeSasStartup
from ferraris.cosem.classes.zigbee_tunnel_setup import ZigbeeTunnelSetup
from ferraris.kernel.errors import DecodeError
from tests.cosem.known_octets import assert_holds

ZIGBEE_SAS_STARTUP = """
    number  name                  v0
    1       logical_name          logical name
    2       short_address         long-unsigned
    3       extended_pan_id       octet-string
    4       pan_id                long-unsigned
    5       channel_mask          double-long-unsigned
    6       protocol_version      unsigned
    7       stack_profile         enum
    8       start_up_control      unsigned
    9       trust_center_address  octet-string
    10      link_key              octet-string
    11      network_key           octet-string
    12      use_insecure_join     boolean
"""

ZIGBEE_SAS_JOIN = """
    number  name                   v0
    1       logical_name           logical name
    2       scan_attempts          unsigned
    3       time_between_scans     long-unsigned
    4       rejoin_interval        long-unsigned
    5       rejoin_retry_interval  long-unsigned
"""

ZIGBEE_SAS_APS_FRAGMENTATION = """
    number  name                  v0
    1       logical_name          logical name
    2       aps_interframe_delay  long-unsigned
    3       aps_max_window_size   long-unsigned
"""

ZIGBEE_NETWORK_CONTROL = """
    number  name                    v0
    1       logical_name            logical name
    2       enable_disable_joining  boolean
    3       join_timeout            long-unsigned
    4       active_devices          array of ActiveDevice
    -1      register_device         DeviceToRegister
    -2      unregister_device       octet-string
    -3      unregister_all_devices  integer
    -4      backup_pan              integer>any type
    -5      restore_pan             PanBackup
    -6      identify_device         octet-string
    -7      remove_mirror           MirrorToRemove
    -8      update_network_key      integer
    -9      update_link_key         octet-string
    -10     create_pan              integer
    -11     remove_pan              integer
"""

ZIGBEE_TUNNEL_SETUP = """
    number  name                            v0
    1       logical_name                    logical name
    2       maximum_incoming_transfer_size  long-unsigned
    3       maximum_outgoing_transfer_size  long-unsigned
    4       protocol_address                octet-string
    5       close_tunnel_timeout            long-unsigned
"""

VERSIONS = [
    (101, (0,), ZIGBEE_SAS_STARTUP),
    (102, (0,), ZIGBEE_SAS_JOIN),
    (103, (0,), ZIGBEE_SAS_APS_FRAGMENTATION),
    (104, (0,), ZIGBEE_NETWORK_CONTROL),
    (105, (0,), ZIGBEE_TUNNEL_SETUP),
]

ATTRIBUTES = [
    # attribute                                       octets                                plain
    (ZigbeeSasStartup.short_address,                  "12 fffe",                            0xFFFE),
    (ZigbeeSasStartup.channel_mask,                   "06 07fff800",                        0x07FFF800),
    (ZigbeeSasStartup.stack_profile,                  "16 02",                              2),
    (ZigbeeSasJoin.rejoin_interval,                   "12 003c",                            60),
    (ZigbeeSasApsFragmentation.aps_interframe_delay,  "12 0032",                            50),
    (ZigbeeNetworkControl.enable_disable_joining,     "03 00",                              False),
    (ZigbeeNetworkControl.active_devices,             "0100",                               []),
    (ZigbeeNetworkControl.active_devices,             ("0101 020e 0908 0011223344556677 0405 c0 0fd8 0fd0 0fc8 11ff 11f0 11e0 "
                                                      "090c 07e8010f010c1e2d32ffc400 1102 120003 120004 1101 1102"),
                                                      [{"mac_address": "0x0011223344556677", "status": "11000", "max_rssi": -40,
                                                        "average_rssi": -48, "min_rssi": -56, "max_lqi": 255, "average_lqi": 240,
                                                        "min_lqi": 224,
                                                        "last_communication_date_time": "2024-01-15 12:30:45 -60 min to UTC",
                                                        "number_of_hops": 2, "transmission_failures": 3,
                                                        "transmission_successes": 4, "application_version": 1,
                                                        "stack_version": 2}]),
    (ZigbeeTunnelSetup.maximum_incoming_transfer_size, "12 05dc",                           1500),
    (ZigbeeTunnelSetup.close_tunnel_timeout,          "12 ffff",                            65_535),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "plain"), ATTRIBUTES)
def test_known_octets(attribute: Attribute[Any], octets: str, plain: object) -> None:
    assert_holds(attribute.datatype, octets, plain)


ORDERS = [
    (ZigbeeNetworkControl.register_device, "0204 0908 0011223344556677 1600 1601 0902 cafe",
     {"ieee_address": "0x0011223344556677", "device_type": 0, "key_type": 1, "preconfigured_link_key": "0xcafe"}),
    (ZigbeeNetworkControl.unregister_device, "0908 0011223344556677", "0x0011223344556677"),
    (ZigbeeNetworkControl.restore_pan, "0202 0902 aabb 0101 0202 0901 01 0901 02",
     {"extended_pan_id": "0xaabb", "device_backups": [{"mac_address": "0x01", "hashed_tc_link_key": "0x02"}]}),
    (ZigbeeNetworkControl.remove_mirror, "0202 0901 01 0902 0001", {"mac_address": "0x01", "mirror_control": "0x0001"}),
    (ZigbeeNetworkControl.create_pan, "0f 00", 0),
]  # fmt: skip


@pytest.mark.parametrize(("method", "octets", "plain"), ORDERS)
def test_known_octets_of_orders(method: Method[Any, Any], octets: str, plain: object) -> None:
    assert_holds(method.argument, octets, plain)


REFUSED = [
    (ZigbeeNetworkControl.active_devices, "0101 020d" + 13 * "00", "expected 14 members, got 13"),
    (ZigbeeNetworkControl.join_timeout,   "11 3c",          "expected long-unsigned, got unsigned"),
    (ZigbeeSasStartup.use_insecure_join,  "16 01",          "expected boolean, got enum"),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "words"), REFUSED)
def test_refused_octets(attribute: Attribute[Any], octets: str, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        attribute.datatype.decode(bytes.fromhex(octets))


def test_keys_of_the_network_are_not_shown() -> None:
    zero = Data(Tag.ENUM, 0)
    assert "secret" not in repr(DeviceToRegister(b"address", zero, zero, b"secret octets"))
    assert "secret" not in repr(DeviceBackup(b"address", b"secret octets"))
