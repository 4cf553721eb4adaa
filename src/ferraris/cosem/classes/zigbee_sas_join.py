"""ZigBee SAS join, class 102: how a ZigBee PRO device looks for its network again."""

from __future__ import annotations

from ferraris.cosem.declaration import STATIC, Attribute, CosemObject
from ferraris.cosem.types import LONG_UNSIGNED, UNSIGNED
from ferraris.kernel.units import Unit


class ZigbeeSasJoin(CosemObject, class_id=102, version=0):
    """Scans and their intervals. Blue Book 4.15.3."""

    scan_attempts = Attribute(2, UNSIGNED, STATIC)
    time_between_scans = Attribute(3, LONG_UNSIGNED, STATIC, unit=Unit.SECOND)
    rejoin_interval = Attribute(4, LONG_UNSIGNED, STATIC, unit=Unit.SECOND)
    rejoin_retry_interval = Attribute(5, LONG_UNSIGNED, STATIC, unit=Unit.SECOND)
