"""IPv4 setup, class 42: addresses of an IPv4 interface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject, Method
from ferraris.cosem.types import (
    BOOLEAN,
    DOUBLE_LONG_UNSIGNED,
    INTEGER,
    LOGICAL_NAME,
    LONG_UNSIGNED,
    OCTET_STRING,
    UNSIGNED,
    Array,
    Structure,
)


@dataclass(frozen=True, slots=True)
class IpOption:
    """An option of the IP header by its number in RFC 791: 0x82 security, 0x83 and 0x89 source routes, 0x07 recorded route,
    0x44 timestamps."""

    option_type: Annotated[int, UNSIGNED]
    option_length: Annotated[int, UNSIGNED]
    option_data: Annotated[bytes, OCTET_STRING]


class Ipv4Setup(CosemObject, class_id=42, version=0):
    """Addresses as numbers, the first octet highest; `dl_reference` names the link layer. Blue Book 4.9.2.

    What `get_nbof_mc_ip_addresses` takes is uncertain in public sources.
    """

    dl_reference = Attribute(2, LOGICAL_NAME, STATIC)
    ip_address = Attribute(3, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    multicast_ip_address = Attribute(4, Array(DOUBLE_LONG_UNSIGNED), DYNAMIC)
    ip_options = Attribute(5, Array(Structure(IpOption)), STATIC)
    subnet_mask = Attribute(6, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    gateway_ip_address = Attribute(7, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    use_dhcp_flag = Attribute(8, BOOLEAN, STATIC)
    primary_dns_address = Attribute(9, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    secondary_dns_address = Attribute(10, DOUBLE_LONG_UNSIGNED, DYNAMIC)

    add_mc_ip_address = Method(1, DOUBLE_LONG_UNSIGNED)
    delete_mc_ip_address = Method(2, DOUBLE_LONG_UNSIGNED)
    get_nbof_mc_ip_addresses = Method(3, INTEGER, LONG_UNSIGNED)
