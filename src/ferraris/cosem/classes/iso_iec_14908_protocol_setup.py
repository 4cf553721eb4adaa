"""ISO/IEC 14908 protocol setup, class 131."""

from __future__ import annotations

from ferraris.cosem.declaration import STATIC, Attribute, CosemObject
from ferraris.cosem.types import LONG_UNSIGNED
from ferraris.kernel.units import Unit


class IsoIec14908ProtocolSetup(CosemObject, class_id=131, version=0):
    """After what silence of the concentrator a node counts as cut off. Blue Book 4.19.3."""

    inactivity_timeout = Attribute(2, LONG_UNSIGNED, STATIC, unit=Unit.MINUTE)
