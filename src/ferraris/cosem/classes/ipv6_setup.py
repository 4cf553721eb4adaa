"""IPv6 setup, class 48: addresses of an IPv6 interface."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Final

from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject, Method
from ferraris.cosem.types import (
    DOUBLE_LONG_UNSIGNED,
    LOGICAL_NAME,
    LONG_UNSIGNED,
    OCTET_STRING,
    UNSIGNED,
    Array,
    Enumerated,
    Structure,
)


class AddressConfigMode(IntEnum):
    """How the interface comes to its addresses."""

    AUTO_CONFIGURATION = 0
    DHCPV6 = 1
    MANUAL = 2
    NEIGHBOUR_DISCOVERY = 3


class Ipv6AddressType(IntEnum):
    """Which list an address is in."""

    UNICAST = 0
    MULTICAST = 1
    GATEWAY = 2


@dataclass(frozen=True, slots=True)
class Ipv6Address:
    """An address of sixteen octets to add to a list or remove from it."""

    address_type: Annotated[Ipv6AddressType, Enumerated(Ipv6AddressType)]
    address: Annotated[bytes, OCTET_STRING]


@dataclass(frozen=True, slots=True)
class NeighbourDiscovery:
    """Solicitations: at most so many, so many milliseconds apart; advertisements: so many seconds apart."""

    rs_max_retry: Annotated[int, UNSIGNED]
    rs_retry_wait_time_ms: Annotated[int, LONG_UNSIGNED]
    ra_send_period_s: Annotated[int, DOUBLE_LONG_UNSIGNED]


ADDRESSES: Final = Array(OCTET_STRING)
IPV6_ADDRESS: Final = Structure(Ipv6Address)


class Ipv6Setup(CosemObject, class_id=48, version=0):
    """Addresses as octets; `dl_reference` names the link layer. Blue Book 4.9.3."""

    dl_reference = Attribute(2, LOGICAL_NAME, STATIC)
    address_config_mode = Attribute(3, Enumerated(AddressConfigMode), STATIC)
    unicast_ipv6_addresses = Attribute(4, ADDRESSES, DYNAMIC)
    multicast_ipv6_addresses = Attribute(5, ADDRESSES, DYNAMIC)
    gateway_ipv6_addresses = Attribute(6, ADDRESSES, DYNAMIC)
    primary_dns_address = Attribute(7, OCTET_STRING, DYNAMIC)
    secondary_dns_address = Attribute(8, OCTET_STRING, DYNAMIC)
    traffic_class = Attribute(9, UNSIGNED, STATIC)
    neighbor_discovery_setup = Attribute(10, Array(Structure(NeighbourDiscovery)), STATIC)

    add_ipv6_address = Method(1, IPV6_ADDRESS)
    remove_ipv6_address = Method(2, IPV6_ADDRESS)
