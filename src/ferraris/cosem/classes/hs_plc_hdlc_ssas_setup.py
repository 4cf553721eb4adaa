"""HS-PLC ISO/IEC 12139-1 HDLC SSAS setup, class 143."""

from __future__ import annotations

from ferraris.cosem.declaration import STATIC, Attribute, CosemObject
from ferraris.cosem.types import LONG64_UNSIGNED


class HsPlcHdlcSsasSetup(CosemObject, class_id=143, version=0):
    """The station that is master of the HDLC adaptation sublayer. Blue Book 4.14.5."""

    master_station_id = Attribute(2, LONG64_UNSIGNED, STATIC)
