"""M-Bus master port setup, class 74: the bus on which this meter is the master."""

from __future__ import annotations

from ferraris.cosem.classes.baud_rate import BaudRate
from ferraris.cosem.declaration import STATIC, Attribute, CosemObject
from ferraris.cosem.types import Enumerated


class MBusMasterPortSetup(CosemObject, class_id=74, version=0):
    """The speed of the bus. Blue Book 4.8.5."""

    comm_speed = Attribute(2, Enumerated(BaudRate), STATIC)
