"""Power line carrier PRIME, classes 80 to 86."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem import Attribute, Method
from ferraris.cosem.classes.prime_applications_identification import PrimeApplicationsIdentification
from ferraris.cosem.classes.prime_llc_sscs_setup import PrimeLlcSscsSetup
from ferraris.cosem.classes.prime_mac_counters import PrimeMacCounters
from ferraris.cosem.classes.prime_mac_functional_parameters import (
    MacCapabilities,
    MacState,
    PrimeMacFunctionalParameters,
)
from ferraris.cosem.classes.prime_mac_network_administration_data import PrimeMacNetworkAdministrationData
from ferraris.cosem.classes.prime_mac_setup import PrimeMacSetup
from ferraris.cosem.classes.prime_physical_layer_counters import PrimePhysicalLayerCounters
from ferraris.kernel.errors import DecodeError
from tests.cosem.known_octets import assert_holds

PRIME_LLC_SSCS_SETUP = """
    number  name                  v0
    1       logical_name          logical name
    2       service_node_address  long-unsigned
    3       base_node_address     long-unsigned
    -1      reset                 integer
"""

PRIME_PHYSICAL_LAYER_COUNTERS = """
    number  name                           v0
    1       logical_name                   logical name
    2       phy_stats_crc_incorrect_count  long-unsigned
    3       phy_stats_crc_fail_count       long-unsigned
    4       phy_stats_tx_drop_count        long-unsigned
    5       phy_stats_rx_drop_count        long-unsigned
    -1      reset                          integer
"""

PRIME_MAC_SETUP = """
    number  name                         v0
    1       logical_name                 logical name
    2       mac_min_switch_search_time   unsigned
    3       mac_max_promotion_pdu        unsigned
    4       mac_promotion_pdu_tx_period  unsigned
    5       mac_beacons_per_frame        unsigned
    6       mac_scp_max_tx_attempts      unsigned
    7       mac_ctl_re_tx_timer          unsigned
    8       mac_max_ctl_re_tx            unsigned
"""

PRIME_MAC_FUNCTIONAL_PARAMETERS = """
    number  name                      v0
    1       logical_name              logical name
    2       mac_lnid                  long
    3       mac_lsid                  unsigned
    4       mac_sid                   unsigned
    5       mac_sna                   octet-string
    6       mac_state                 enum MacState
    7       mac_scp_length            long
    8       mac_node_hierarchy_level  unsigned
    9       mac_beacon_slot_count     unsigned
    10      mac_beacon_rx_slot        unsigned
    11      mac_beacon_tx_slot        unsigned
    12      mac_beacon_rx_frequency   unsigned
    13      mac_beacon_tx_frequency   unsigned
    14      mac_capabilities          long-unsigned MacCapabilities
"""

PRIME_MAC_COUNTERS = """
    number  name                    v0
    1       logical_name            logical name
    2       mac_tx_data_pkt_count   double-long-unsigned
    3       mac_rx_data_pkt_count   double-long-unsigned
    4       mac_tx_ctrl_pkt_count   double-long-unsigned
    5       mac_rx_ctrl_pkt_count   double-long-unsigned
    6       mac_csma_fail_count     double-long-unsigned
    7       mac_csma_ch_busy_count  double-long-unsigned
    -1      reset                   integer
"""

PRIME_MAC_NETWORK_ADMINISTRATION_DATA = """
    number  name                         v0
    1       logical_name                 logical name
    2       mac_list_multicast_entries   array of MulticastEntry
    3       mac_list_switch_table        array of long
    4       mac_list_direct_table        array of DirectConnection
    5       mac_list_available_switches  array of AvailableSwitch
    6       mac_list_phy_comm            array of PhyCommunication
    -1      reset                        integer
"""

PRIME_APPLICATIONS_IDENTIFICATION = """
    number  name              v0
    1       logical_name      logical name
    2       firmware_version  octet-string
    3       vendor_id         long-unsigned
    4       product_id        long-unsigned
"""

VERSIONS = [
    (80, (0,), PRIME_LLC_SSCS_SETUP),
    (81, (0,), PRIME_PHYSICAL_LAYER_COUNTERS),
    (82, (0,), PRIME_MAC_SETUP),
    (83, (0,), PRIME_MAC_FUNCTIONAL_PARAMETERS),
    (84, (0,), PRIME_MAC_COUNTERS),
    (85, (0,), PRIME_MAC_NETWORK_ADMINISTRATION_DATA),
    (86, (0,), PRIME_APPLICATIONS_IDENTIFICATION),
]

ATTRIBUTES = [
    # attribute                                                octets                       plain
    (PrimeLlcSscsSetup.service_node_address,                   "12 0001",                   1),
    (PrimePhysicalLayerCounters.phy_stats_rx_drop_count,       "12 ffff",                   65_535),
    (PrimeMacSetup.mac_min_switch_search_time,                 "11 18",                     24),
    (PrimeMacFunctionalParameters.mac_lnid,                    "10 0003",                   3),
    (PrimeMacFunctionalParameters.mac_sna,                     "0906 0080e1000001",         "0x0080e1000001"),
    (PrimeMacFunctionalParameters.mac_state,                   "16 02",                     "switch"),
    (PrimeMacFunctionalParameters.mac_capabilities,            "12 0181",                   ["switch_capable", "bit_7", "direct_connection_switching"]),
    (PrimeMacFunctionalParameters.mac_capabilities,            "12 8000",                   ["bit_15"]),
    (PrimeMacCounters.mac_csma_fail_count,                     "06 00000009",               9),
    (PrimeMacNetworkAdministrationData.mac_list_multicast_entries, "0101 0202 0f01 100002", [{"mcast_entry_lcid": 1, "mcast_entry_members": 2}]),
    (PrimeMacNetworkAdministrationData.mac_list_switch_table,  "0102 100001 100002",        [1, 2]),
    (PrimeMacNetworkAdministrationData.mac_list_direct_table,  "0101 0207 100001 100002 100003 100004 100005 100006 0906 0080e1000001",
                                                               [{"dconn_entry_src_sid": 1, "dconn_entry_src_lnid": 2,
                                                                 "dconn_entry_src_lcid": 3, "dconn_entry_dst_sid": 4,
                                                                 "dconn_entry_dst_lnid": 5, "dconn_entry_dst_lcid": 6,
                                                                 "dconn_entry_did": "0x0080e1000001"}]),
    (PrimeMacNetworkAdministrationData.mac_list_available_switches, "0101 0205 0906 0080e1000001 100001 0f02 0fce 0f10",
                                                               [{"slist_entry_sna": "0x0080e1000001", "slist_entry_lsid": 1,
                                                                 "slist_entry_level": 2, "slist_entry_rx_level": -50,
                                                                 "slist_entry_rx_snr": 16}]),
    (PrimeApplicationsIdentification.vendor_id,                "12 001f",                   31),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "plain"), ATTRIBUTES)
def test_known_octets(attribute: Attribute[Any], octets: str, plain: object) -> None:
    assert_holds(attribute.datatype, octets, plain)


ORDERS = [
    (PrimeLlcSscsSetup.reset, "0f 00", 0),
    (PrimeMacNetworkAdministrationData.reset, "0f 00", 0),
]  # fmt: skip


@pytest.mark.parametrize(("method", "octets", "plain"), ORDERS)
def test_known_octets_of_orders(method: Method[Any, Any], octets: str, plain: object) -> None:
    assert_holds(method.argument, octets, plain)


REFUSED = [
    (PrimeMacFunctionalParameters.mac_state,        "16 04",          "no such enum MacState"),
    (PrimeMacFunctionalParameters.mac_capabilities, "12 01",          "cut short"),
    (PrimeMacFunctionalParameters.mac_capabilities, "11 01",          "expected long-unsigned, got unsigned"),
    (PrimeMacNetworkAdministrationData.mac_list_phy_comm, "0101 0208 0900 0f00 0f00 0f00 0f00 0f00 0f00 0f00",
                                                                      "expected 9 members, got 8"),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "words"), REFUSED)
def test_refused_octets(attribute: Attribute[Any], octets: str, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        attribute.datatype.decode(bytes.fromhex(octets))


NUMBERS = [
    (MacState, [0, 1, 2, 3]),
    (MacCapabilities, [1, 2, 4, 8, 0x10, 0x20, 0x40, 0x100, 0x200, 0x400, 0x800]),
]  # fmt: skip


@pytest.mark.parametrize(("enumeration", "numbers"), NUMBERS)
def test_numbers_are_those_of_the_standard(enumeration: Any, numbers: list[int]) -> None:
    assert [int(member) for member in enumeration] == numbers
