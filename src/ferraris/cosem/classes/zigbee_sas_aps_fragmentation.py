"""ZigBee SAS APS fragmentation, class 103: how long messages are cut into frames of the ZigBee transport layer."""

from __future__ import annotations

from ferraris.cosem.declaration import STATIC, Attribute, CosemObject
from ferraris.cosem.types import LONG_UNSIGNED


class ZigbeeSasApsFragmentation(CosemObject, class_id=103, version=0):
    """The pause between frames, in milliseconds, and how many are sent without acknowledgement. Blue Book 4.15.4."""

    aps_interframe_delay = Attribute(2, LONG_UNSIGNED, STATIC)
    aps_max_window_size = Attribute(3, LONG_UNSIGNED, STATIC)
