"""ISO/IEC 8802-2 LLC Type 1 setup, class 57: the LLC sublayer without acknowledgement."""

from __future__ import annotations

from ferraris.cosem.declaration import STATIC, Attribute, CosemObject
from ferraris.cosem.types import LONG_UNSIGNED


class IsoIec88022LlcType1Setup(CosemObject, class_id=57, version=0):
    """The longest UI PDU, in octets. Blue Book 4.11.2."""

    max_octets_ui_pdu = Attribute(2, LONG_UNSIGNED, STATIC)
