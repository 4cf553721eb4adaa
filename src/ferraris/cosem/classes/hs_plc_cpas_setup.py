"""HS-PLC ISO/IEC 12139-1 CPAS setup, class 141."""

from __future__ import annotations

from ferraris.cosem.declaration import STATIC, Attribute, CosemObject
from ferraris.cosem.types import LONG64_UNSIGNED, LONG_UNSIGNED


class HsPlcCpasSetup(CosemObject, class_id=141, version=0):
    """Addresses of the common part adaptation sublayer, and its EtherType. Blue Book 4.14.3."""

    cpas_address = Attribute(2, LONG64_UNSIGNED, STATIC)
    cpas_ether_type = Attribute(3, LONG_UNSIGNED, STATIC)
    master_station_cpas_address = Attribute(4, LONG64_UNSIGNED, STATIC)
