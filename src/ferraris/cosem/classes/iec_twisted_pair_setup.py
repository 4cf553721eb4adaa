"""IEC twisted pair setup, class 24: a station on the two-wire bus of IEC 62056-31 (Euridis)."""

from __future__ import annotations

from enum import IntEnum

from ferraris.cosem.classes.baud_rate import BaudRate
from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject
from ferraris.cosem.types import INTEGER, OCTET_STRING, UNSIGNED, Array, Enumerated, OpenEnum


class TwistedPairMode(OpenEnum):
    """Whether the port takes part in what happens on the bus; 128 to 250 are the manufacturer's."""

    INACTIVE = 0
    ACTIVE = 1


class FatalError(IntEnum):
    """The last fatal error, by the standard's codes: of the physical layer, the link layer or the application."""

    NO_ERROR = 0
    T_EP_1F = 1
    T_EP_2F = 2
    T_EL_4F = 3
    T_EL_5F = 4
    E_T_1F = 5
    E_T_2F = 6
    E_EP_3F = 7
    E_EP_4F = 8
    E_EP_5F = 9
    E_EL_2F = 10


class IecTwistedPairSetupV0(CosemObject, class_id=24, version=0):
    """Addresses of a secondary station, the first version. Its data types are uncertain in public sources."""

    secondary_address = Attribute(2, OCTET_STRING, STATIC)
    primary_address_list = Attribute(3, Array(UNSIGNED), STATIC)
    tabi_list = Attribute(4, Array(INTEGER), STATIC)
    fatal_error = Attribute(5, Enumerated(FatalError), DYNAMIC)


class IecTwistedPairSetup(CosemObject, class_id=24, version=1):
    """Mode, speed and addresses of a station. Blue Book 4.7.3."""

    mode = Attribute(2, Enumerated(TwistedPairMode), STATIC)
    speed = Attribute(3, Enumerated(BaudRate), STATIC)
    primary_address_list = Attribute(4, Array(UNSIGNED), STATIC)
    tabi_list = Attribute(5, Array(INTEGER), STATIC)
