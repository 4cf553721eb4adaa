"""Disconnect control, class 70."""

from __future__ import annotations

from enum import IntEnum

from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject, Method
from ferraris.cosem.types import BOOLEAN, INTEGER, Enumerated


class ControlState(IntEnum):
    """Where the disconnector stands in its state machine."""

    DISCONNECTED = 0
    CONNECTED = 1
    READY_FOR_RECONNECTION = 2


class ControlMode(IntEnum):
    """Who may disconnect and reconnect: remotely, manually or locally. Mode 0: nobody, the unit stays connected."""

    MODE_0 = 0
    MODE_1 = 1
    MODE_2 = 2
    MODE_3 = 3
    MODE_4 = 4
    MODE_5 = 5
    MODE_6 = 6


class ControlModeV1(IntEnum):
    """The modes of version 1: one more, in which an order to reconnect connects at once."""

    MODE_0 = 0
    MODE_1 = 1
    MODE_2 = 2
    MODE_3 = 3
    MODE_4 = 4
    MODE_5 = 5
    MODE_6 = 6
    MODE_7 = 7


class _DisconnectControl(CosemObject):
    """What both versions have alike."""

    output_state = Attribute(2, BOOLEAN, DYNAMIC)
    control_state = Attribute(3, Enumerated(ControlState), DYNAMIC)

    remote_disconnect = Method(1, INTEGER)
    remote_reconnect = Method(2, INTEGER)


class DisconnectControl(_DisconnectControl, class_id=70, version=0):
    """Connects and disconnects the premises. Blue Book 4.5.8.

    `output_state` is the contact itself; `control_state` also tells a unit that waits for somebody to press a button.
    """

    control_mode = Attribute(4, Enumerated(ControlMode), STATIC)


class DisconnectControlV1(_DisconnectControl, class_id=70, version=1):
    """Knows one mode more. That this is all that differs is uncertain in public sources."""

    control_mode = Attribute(4, Enumerated(ControlModeV1), STATIC)
