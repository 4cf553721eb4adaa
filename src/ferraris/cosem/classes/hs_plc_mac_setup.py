"""HS-PLC ISO/IEC 12139-1 MAC setup, class 140."""

from __future__ import annotations

from ferraris.cosem.declaration import STATIC, Attribute, CosemObject
from ferraris.cosem.types import BOOLEAN, ENUM, LONG64_UNSIGNED, OCTET_STRING


class HsPlcMacSetup(CosemObject, class_id=140, version=0):
    """Groups, stations, repetition and encryption of high-speed power line carrier. Blue Book 4.14.2.

    The numbers of `encryption_mode` are not known from public sources.
    """

    group_id = Attribute(2, LONG64_UNSIGNED, STATIC)
    secondary_group_id = Attribute(3, LONG64_UNSIGNED, STATIC)
    station_id = Attribute(4, LONG64_UNSIGNED, STATIC)
    parent_station_id = Attribute(5, LONG64_UNSIGNED, STATIC)
    repeater_status = Attribute(6, BOOLEAN, STATIC)
    encryption_mode = Attribute(7, ENUM, STATIC)
    initial_encryption_key = Attribute(8, OCTET_STRING, STATIC)
    rts_cts = Attribute(9, BOOLEAN, STATIC)
