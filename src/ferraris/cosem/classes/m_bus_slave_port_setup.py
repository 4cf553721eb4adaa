"""M-Bus slave port setup, class 25: a wired M-Bus port on which the meter itself is the slave."""

from __future__ import annotations

from enum import IntEnum

from ferraris.cosem.classes.baud_rate import BaudRate
from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject
from ferraris.cosem.types import UNSIGNED, Enumerated


class AddressState(IntEnum):
    """Whether an address has been assigned since the port was last powered."""

    NOT_ASSIGNED = 0
    ASSIGNED = 1


class MBusSlavePortSetup(CosemObject, class_id=25, version=0):
    """Speeds and primary address of an M-Bus slave. Blue Book 4.8.2."""

    default_baud = Attribute(2, Enumerated(BaudRate), STATIC)
    avail_baud = Attribute(3, Enumerated(BaudRate), STATIC)
    addr_state = Attribute(4, Enumerated(AddressState), DYNAMIC)
    bus_address = Attribute(5, UNSIGNED, STATIC)
