"""IEC local port setup, class 19: the optical or current-loop port of IEC 62056-21."""

from __future__ import annotations

from enum import IntEnum

from ferraris.cosem.classes.baud_rate import BaudRate
from ferraris.cosem.declaration import STATIC, Attribute, CosemObject
from ferraris.cosem.types import OCTET_STRING, Enumerated


class LocalPortMode(IntEnum):
    """What the port begins with: the sign-on of IEC 62056-21, HDLC at once, or something else at the proposed speed."""

    IEC_62056_21 = 0
    HDLC = 1
    NOT_SPECIFIED = 2


class ResponseTime(IntEnum):
    """How soon the port answers."""

    MS_20 = 0
    MS_200 = 1


class IecLocalPortSetupV0(CosemObject, class_id=19, version=0):
    """Speeds, address and secrets of a local port, in the older version; what differs in its values is uncertain."""

    default_mode = Attribute(2, Enumerated(LocalPortMode), STATIC)
    default_baud = Attribute(3, Enumerated(BaudRate), STATIC)
    prop_baud = Attribute(4, Enumerated(BaudRate), STATIC)
    response_time = Attribute(5, Enumerated(ResponseTime), STATIC)
    device_addr = Attribute(6, OCTET_STRING, STATIC)
    pass_p1 = Attribute(7, OCTET_STRING, STATIC)
    pass_p2 = Attribute(8, OCTET_STRING, STATIC)
    pass_w5 = Attribute(9, OCTET_STRING, STATIC)


class IecLocalPortSetup(IecLocalPortSetupV0, version=1):
    """Speeds, address and secrets of a local port. Blue Book 4.7.1."""
