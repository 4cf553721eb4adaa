"""MAC address setup, class 43: the hardware address of an interface."""

from __future__ import annotations

from ferraris.cosem.declaration import STATIC, Attribute, CosemObject
from ferraris.cosem.types import OCTET_STRING


class MacAddressSetup(CosemObject, class_id=43, version=0):
    """One MAC address. Blue Book 4.9.4."""

    mac_address = Attribute(2, OCTET_STRING, STATIC)
