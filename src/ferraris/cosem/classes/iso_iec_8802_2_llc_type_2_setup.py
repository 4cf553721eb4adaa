"""ISO/IEC 8802-2 LLC Type 2 setup, class 58: the LLC sublayer with connections."""

from __future__ import annotations

from ferraris.cosem.declaration import STATIC, Attribute, CosemObject
from ferraris.cosem.types import LONG_UNSIGNED, UNSIGNED
from ferraris.kernel.units import Unit


class IsoIec88022LlcType2Setup(CosemObject, class_id=58, version=0):
    """Windows, retransmissions and timers of the connection. Blue Book 4.11.3."""

    transmit_window_size_k = Attribute(2, UNSIGNED, STATIC)
    receive_window_size_rw = Attribute(3, UNSIGNED, STATIC)
    max_octets_i_pdu_n1 = Attribute(4, LONG_UNSIGNED, STATIC)
    max_number_transmissions_n2 = Attribute(5, UNSIGNED, STATIC)
    acknowledgement_timer = Attribute(6, LONG_UNSIGNED, STATIC, unit=Unit.SECOND)
    p_bit_timer = Attribute(7, LONG_UNSIGNED, STATIC, unit=Unit.SECOND)
    reject_timer = Attribute(8, LONG_UNSIGNED, STATIC, unit=Unit.SECOND)
    busy_state_timer = Attribute(9, LONG_UNSIGNED, STATIC, unit=Unit.SECOND)
