"""SCHC-LPWAN diagnostic, class 127: what SCHC has sent and received."""

from __future__ import annotations

from ferraris.cosem.declaration import DYNAMIC, Attribute, CosemObject, Method
from ferraris.cosem.types import DOUBLE_LONG_UNSIGNED, INTEGER


class SchcLpwanDiagnostic(CosemObject, class_id=127, version=0):
    """Counters of SCHC packets, fragments and acknowledgements. Blue Book 4.16.2.2.

    Attributes and types are those of one public extract of edition 16, confirmed in number and order by one implementation.
    """

    schc_packets_tx_counter = Attribute(2, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    schc_packets_rx_counter = Attribute(3, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    schc_fragments_tx_counter = Attribute(4, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    schc_fragments_rx_counter = Attribute(5, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    schc_ack_tx_counter = Attribute(6, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    schc_ack_rx_counter = Attribute(7, DOUBLE_LONG_UNSIGNED, DYNAMIC)

    reset = Method(1, INTEGER)
