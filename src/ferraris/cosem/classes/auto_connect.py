"""Auto connect, class 29: when a device calls or connects by itself, and where to."""

from __future__ import annotations

from ferraris.cosem.classes.push_setup import CommunicationWindow
from ferraris.cosem.declaration import STATIC, Attribute, CosemObject, Method
from ferraris.cosem.types import INTEGER, LONG_UNSIGNED, OCTET_STRING, UNSIGNED, Array, Enumerated, OpenEnum, Structure
from ferraris.kernel.units import Unit


class AutoConnectMode(OpenEnum):
    """When the device dials or connects; 200 to 255 are the manufacturer's.

    Up to 6 for dialling modems, SMS and mail; from 101 on for packet-switched networks: always, within the calling window,
    when `connect` is invoked, or both of these.
    """

    NO_AUTO_CONNECT = 0
    DIALLING_ANY_TIME = 1
    DIALLING_IN_WINDOW = 2
    REGULAR_DIALLING_IN_WINDOW = 3
    SMS_OVER_PLMN = 4
    SMS_OVER_PSTN = 5
    EMAIL = 6
    PERMANENTLY_CONNECTED = 101
    CONNECTED_IN_WINDOW = 102
    CONNECTED_ON_INVOCATION = 103
    CONNECTED_IN_WINDOW_OR_ON_INVOCATION = 104


class _AutoConnect(CosemObject):
    """What all versions have alike."""

    mode = Attribute(2, Enumerated(AutoConnectMode), STATIC)
    repetitions = Attribute(3, UNSIGNED, STATIC)
    repetition_delay = Attribute(4, LONG_UNSIGNED, STATIC, unit=Unit.SECOND)
    calling_window = Attribute(5, Array(Structure(CommunicationWindow)), STATIC)


class AutoConnectV0(_AutoConnect, class_id=29, version=0):
    """Dials telephone numbers; then named PSTN auto dial."""

    phone_list = Attribute(6, Array(OCTET_STRING), STATIC)


class AutoConnectV1(_AutoConnect, class_id=29, version=1):
    """Connects to destinations of any kind. That it has the method already is uncertain in public sources."""

    destination_list = Attribute(6, Array(OCTET_STRING), STATIC)

    connect = Method(1, INTEGER)


class AutoConnect(AutoConnectV1, version=2):
    """Connects on invocation too. Blue Book 4.7.6."""
