"""PRIME NB OFDM PLC physical layer counters, class 81."""

from __future__ import annotations

from ferraris.cosem.declaration import DYNAMIC, Attribute, CosemObject, Method
from ferraris.cosem.types import INTEGER, LONG_UNSIGNED


class PrimePhysicalLayerCounters(CosemObject, class_id=81, version=0):
    """Bursts with a wrong checksum or header, and frames dropped. Blue Book 4.12.5."""

    phy_stats_crc_incorrect_count = Attribute(2, LONG_UNSIGNED, DYNAMIC)
    phy_stats_crc_fail_count = Attribute(3, LONG_UNSIGNED, DYNAMIC)
    phy_stats_tx_drop_count = Attribute(4, LONG_UNSIGNED, DYNAMIC)
    phy_stats_rx_drop_count = Attribute(5, LONG_UNSIGNED, DYNAMIC)

    reset = Method(1, INTEGER)
