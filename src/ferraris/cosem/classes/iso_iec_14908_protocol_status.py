"""ISO/IEC 14908 protocol status, class 132: what the protocol stack has counted."""

from __future__ import annotations

from ferraris.cosem.declaration import DYNAMIC, Attribute, CosemObject, Method
from ferraris.cosem.types import DOUBLE_LONG_UNSIGNED, INTEGER, LONG_UNSIGNED


class IsoIec14908ProtocolStatusV0(CosemObject, class_id=132, version=0):
    """Errors, losses and messages by layer. The version of IEC 62056-8-8."""

    transmission_errors = Attribute(2, LONG_UNSIGNED, DYNAMIC)
    transmit_tx_failure = Attribute(3, LONG_UNSIGNED, DYNAMIC)
    transmit_tx_retries = Attribute(4, LONG_UNSIGNED, DYNAMIC)
    receive_tx_full = Attribute(5, LONG_UNSIGNED, DYNAMIC)
    lost_messages = Attribute(6, LONG_UNSIGNED, DYNAMIC)
    missed_messages = Attribute(7, LONG_UNSIGNED, DYNAMIC)
    layer2_received = Attribute(8, LONG_UNSIGNED, DYNAMIC)
    layer3_received = Attribute(9, LONG_UNSIGNED, DYNAMIC)
    messages_received = Attribute(10, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    messages_validated = Attribute(11, DOUBLE_LONG_UNSIGNED, DYNAMIC)


class IsoIec14908ProtocolStatus(IsoIec14908ProtocolStatusV0, class_id=132, version=1):
    """Can be set back to zero. Blue Book 4.19.4."""

    reset = Method(1, INTEGER)
