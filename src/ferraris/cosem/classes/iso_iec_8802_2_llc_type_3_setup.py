"""ISO/IEC 8802-2 LLC Type 3 setup, class 59: the LLC sublayer with acknowledgement and without connections."""

from __future__ import annotations

from ferraris.cosem.declaration import STATIC, Attribute, CosemObject
from ferraris.cosem.types import LONG_UNSIGNED, UNSIGNED
from ferraris.kernel.units import Unit


class IsoIec88022LlcType3Setup(CosemObject, class_id=59, version=0):
    """Retransmissions and lifetimes of acknowledged PDUs. Blue Book 4.11.4."""

    max_octets_acn_pdu_n3 = Attribute(2, LONG_UNSIGNED, STATIC)
    max_number_transmissions_n4 = Attribute(3, UNSIGNED, STATIC)
    acknowledgement_time_t1 = Attribute(4, LONG_UNSIGNED, STATIC, unit=Unit.SECOND)
    receive_lifetime_var_t2 = Attribute(5, LONG_UNSIGNED, STATIC, unit=Unit.SECOND)
    transmit_lifetime_var_t3 = Attribute(6, LONG_UNSIGNED, STATIC, unit=Unit.SECOND)
