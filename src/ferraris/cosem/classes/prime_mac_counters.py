"""PRIME NB OFDM PLC MAC counters, class 84."""

from __future__ import annotations

from ferraris.cosem.declaration import DYNAMIC, Attribute, CosemObject, Method
from ferraris.cosem.types import DOUBLE_LONG_UNSIGNED, INTEGER


class PrimeMacCounters(CosemObject, class_id=84, version=0):
    """MAC PDUs sent and received, and failures of channel access. Blue Book 4.12.8."""

    mac_tx_data_pkt_count = Attribute(2, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    mac_rx_data_pkt_count = Attribute(3, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    mac_tx_ctrl_pkt_count = Attribute(4, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    mac_rx_ctrl_pkt_count = Attribute(5, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    mac_csma_fail_count = Attribute(6, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    mac_csma_ch_busy_count = Attribute(7, DOUBLE_LONG_UNSIGNED, DYNAMIC)

    reset = Method(1, INTEGER)
