"""ZigBee SAS startup, class 101: what a ZigBee PRO device needs to form or join a network."""

from __future__ import annotations

from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject
from ferraris.cosem.types import (
    BOOLEAN,
    DOUBLE_LONG_UNSIGNED,
    ENUM,
    LONG_UNSIGNED,
    OCTET_STRING,
    UNSIGNED,
)


class ZigbeeSasStartup(CosemObject, class_id=101, version=0):
    """Addresses, channels and keys of the network. Blue Book 4.15.2. The numbers of `stack_profile` are ZigBee's."""

    short_address = Attribute(2, LONG_UNSIGNED, DYNAMIC)
    extended_pan_id = Attribute(3, OCTET_STRING, DYNAMIC)
    pan_id = Attribute(4, LONG_UNSIGNED, DYNAMIC)
    channel_mask = Attribute(5, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    protocol_version = Attribute(6, UNSIGNED, STATIC)
    stack_profile = Attribute(7, ENUM, STATIC)
    start_up_control = Attribute(8, UNSIGNED, DYNAMIC)
    trust_center_address = Attribute(9, OCTET_STRING, DYNAMIC)
    link_key = Attribute(10, OCTET_STRING, DYNAMIC)
    network_key = Attribute(11, OCTET_STRING, DYNAMIC)
    use_insecure_join = Attribute(12, BOOLEAN, STATIC)
