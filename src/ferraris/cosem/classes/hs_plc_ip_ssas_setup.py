"""HS-PLC ISO/IEC 12139-1 IP SSAS setup, class 142."""

from __future__ import annotations

from ferraris.cosem.declaration import STATIC, Attribute, CosemObject
from ferraris.cosem.types import ENUM, LONG_UNSIGNED
from ferraris.kernel.units import Unit


class HsPlcIpSsasSetup(CosemObject, class_id=142, version=0):
    """How IP headers are compressed and how long an address lives; 0 is for ever. Blue Book 4.14.4.

    The numbers of `ip_header_comp_type` are not known from public sources.
    """

    ip_header_comp_type = Attribute(2, ENUM, STATIC)
    ip_alive_time = Attribute(3, LONG_UNSIGNED, STATIC, unit=Unit.SECOND)
