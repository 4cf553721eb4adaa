"""G3-PLC MAC layer counters, class 90: what the MAC layer of G3 power line carrier has counted.

Version 0 is not declared: the public sources that show it contradict each other.
"""

from __future__ import annotations

from ferraris.cosem.declaration import DYNAMIC, Attribute, CosemObject, Method
from ferraris.cosem.types import DOUBLE_LONG_UNSIGNED, INTEGER


class G3PlcMacLayerCounters(CosemObject, class_id=90, version=1):
    """Data and command frames, broadcasts, and failures of channel access, acknowledgement and checksum. Blue Book 4.13.3."""

    mac_tx_data_packet_count = Attribute(2, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    mac_rx_data_packet_count = Attribute(3, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    mac_tx_cmd_packet_count = Attribute(4, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    mac_rx_cmd_packet_count = Attribute(5, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    mac_csma_fail_count = Attribute(6, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    mac_csma_no_ack_count = Attribute(7, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    mac_bad_crc_count = Attribute(8, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    mac_tx_data_broadcast_count = Attribute(9, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    mac_rx_data_broadcast_count = Attribute(10, DOUBLE_LONG_UNSIGNED, DYNAMIC)

    reset = Method(1, INTEGER)
