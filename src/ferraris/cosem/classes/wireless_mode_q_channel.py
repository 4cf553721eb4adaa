"""Wireless Mode Q channel, class 73: a meter's address in a radio network after EN 13757-5."""

from __future__ import annotations

from enum import IntEnum

from ferraris.cosem.declaration import STATIC, Attribute, CosemObject
from ferraris.cosem.types import OCTET_STRING, Enumerated


class AddressState(IntEnum):
    """Whether the device was given an address since it was last powered up."""

    NOT_ASSIGNED = 0
    ASSIGNED = 1


class WirelessModeQChannel(CosemObject, class_id=73, version=1):
    """The address of the device and the group it answers for. Blue Book 4.8.4. Version 0 is known from no public source."""

    addr_state = Attribute(2, Enumerated(AddressState), STATIC)
    device_address = Attribute(3, OCTET_STRING, STATIC)
    address_mask = Attribute(4, OCTET_STRING, STATIC)
