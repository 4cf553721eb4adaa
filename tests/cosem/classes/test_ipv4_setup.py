"""IPv4 setup, class 42: addresses as numbers."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any

import pytest

from ferraris.cosem.classes.ipv4_setup import Ipv4Setup
from ferraris.cosem.types import DataType
from tests.cosem.known_octets import assert_holds

VERSIONS = [(42, (0,), """
    number  name                      v0
    1       logical_name              logical name
    2       dl_reference              logical name
    3       ip_address                double-long-unsigned
    4       multicast_ip_address      array of double-long-unsigned
    5       ip_options                array of IpOption
    6       subnet_mask               double-long-unsigned
    7       gateway_ip_address        double-long-unsigned
    8       use_dhcp_flag             boolean
    9       primary_dns_address       double-long-unsigned
    10      secondary_dns_address     double-long-unsigned
    -1      add_mc_ip_address         double-long-unsigned
    -2      delete_mc_ip_address      double-long-unsigned
    -3      get_nbof_mc_ip_addresses  integer>long-unsigned
""")]  # fmt: skip

KNOWN = [
    # type  octets  plain
    (Ipv4Setup.logical_name.datatype,              "0906 0000190100ff",                  "0.0.25.1.0.255"),
    (Ipv4Setup.dl_reference.datatype,              "0906 0000190200ff",                  "0.0.25.2.0.255"),
    (Ipv4Setup.ip_address.datatype,                "06 0a000001",                        int(IPv4Address("10.0.0.1"))),
    (Ipv4Setup.multicast_ip_address.datatype,      "0101 06 e0000001",
     [int(IPv4Address("224.0.0.1"))]),
    (Ipv4Setup.ip_options.datatype,                "0101 0203 1107 1107 0904 04000000",
     [{"option_type": 7, "option_length": 7, "option_data": "0x04000000"}]),
    (Ipv4Setup.subnet_mask.datatype,               "06 ffffff00",
     int(IPv4Address("255.255.255.0"))),
    (Ipv4Setup.gateway_ip_address.datatype,        "06 0a0000fe",
     int(IPv4Address("10.0.0.254"))),
    (Ipv4Setup.use_dhcp_flag.datatype,             "03 01",                              True),
    (Ipv4Setup.primary_dns_address.datatype,       "06 00000000",                        0),
    (Ipv4Setup.add_mc_ip_address.argument,         "06 e0000002",                        int(IPv4Address("224.0.0.2"))),
    (Ipv4Setup.delete_mc_ip_address.argument,      "06 e0000002",                        int(IPv4Address("224.0.0.2"))),
    (Ipv4Setup.get_nbof_mc_ip_addresses.argument,  "0f 00",                              0),
    (Ipv4Setup.get_nbof_mc_ip_addresses.result,    "12 0002",                            2),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "octets", "plain"), KNOWN)
def test_known_octets(datatype: DataType[Any], octets: str, plain: object) -> None:
    assert_holds(datatype, octets, plain)
