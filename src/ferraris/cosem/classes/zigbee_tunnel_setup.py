"""ZigBee tunnel setup, class 105: APDUs carried through a ZigBee network to devices without a link of their own."""

from __future__ import annotations

from ferraris.cosem.declaration import STATIC, Attribute, CosemObject
from ferraris.cosem.types import LONG_UNSIGNED, OCTET_STRING
from ferraris.kernel.units import Unit


class ZigbeeTunnelSetup(CosemObject, class_id=105, version=0):
    """Sizes, address and timeout of the tunnel. Blue Book 4.15.6."""

    maximum_incoming_transfer_size = Attribute(2, LONG_UNSIGNED, STATIC)
    maximum_outgoing_transfer_size = Attribute(3, LONG_UNSIGNED, STATIC)
    protocol_address = Attribute(4, OCTET_STRING, STATIC)
    close_tunnel_timeout = Attribute(5, LONG_UNSIGNED, STATIC, unit=Unit.SECOND)
