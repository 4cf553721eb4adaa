"""IPv6 setup, class 48: lists of addresses, and neighbour discovery."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem.classes.ipv6_setup import Ipv6Setup
from ferraris.cosem.types import DataType
from tests.cosem.known_octets import assert_holds

VERSIONS = [(48, (0,), """
    number  name                      v0
    1       logical_name              logical name
    2       dl_reference              logical name
    3       address_config_mode       enum AddressConfigMode
    4       unicast_ipv6_addresses    array of octet-string
    5       multicast_ipv6_addresses  array of octet-string
    6       gateway_ipv6_addresses    array of octet-string
    7       primary_dns_address       octet-string
    8       secondary_dns_address     octet-string
    9       traffic_class             unsigned
    10      neighbor_discovery_setup  array of NeighbourDiscovery
    -1      add_ipv6_address          Ipv6Address
    -2      remove_ipv6_address       Ipv6Address
""")]  # fmt: skip

ADDRESS = "20010db8000000000000000000000001"

KNOWN = [
    # type  octets  plain
    (Ipv6Setup.logical_name.datatype,              "0906 0000190700ff",                   "0.0.25.7.0.255"),
    (Ipv6Setup.address_config_mode.datatype,       "16 03",                               "neighbour_discovery"),
    (Ipv6Setup.unicast_ipv6_addresses.datatype,    f"0101 0910 {ADDRESS}",                [f"0x{ADDRESS}"]),
    (Ipv6Setup.multicast_ipv6_addresses.datatype,  "0100",                                []),
    (Ipv6Setup.primary_dns_address.datatype,       "0900",                                "0x"),
    (Ipv6Setup.traffic_class.datatype,             "11 3f",                               63),
    (Ipv6Setup.neighbor_discovery_setup.datatype,  "0101 0203 1103 12 2710 06 00000e10",
     [{"rs_max_retry": 3, "rs_retry_wait_time_ms": 10_000, "ra_send_period_s": 3600}]),
    (Ipv6Setup.add_ipv6_address.argument,          f"0202 1600 0910 {ADDRESS}",
     {"address_type": "unicast", "address": f"0x{ADDRESS}"}),
    (Ipv6Setup.remove_ipv6_address.argument,       f"0202 1602 0910 {ADDRESS}",
     {"address_type": "gateway", "address": f"0x{ADDRESS}"}),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "octets", "plain"), KNOWN)
def test_known_octets(datatype: DataType[Any], octets: str, plain: object) -> None:
    assert_holds(datatype, octets, plain)
