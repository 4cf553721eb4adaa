"""PRIME NB OFDM PLC MAC setup, class 82."""

from __future__ import annotations

from ferraris.cosem.declaration import STATIC, Attribute, CosemObject
from ferraris.cosem.types import UNSIGNED
from ferraris.kernel.units import Unit


class PrimeMacSetup(CosemObject, class_id=82, version=0):
    """Times and limits of the MAC layer: search, promotion, contention, control. Blue Book 4.12.6."""

    mac_min_switch_search_time = Attribute(2, UNSIGNED, STATIC, unit=Unit.SECOND)
    mac_max_promotion_pdu = Attribute(3, UNSIGNED, STATIC)
    mac_promotion_pdu_tx_period = Attribute(4, UNSIGNED, STATIC, unit=Unit.SECOND)
    mac_beacons_per_frame = Attribute(5, UNSIGNED, STATIC)
    mac_scp_max_tx_attempts = Attribute(6, UNSIGNED, STATIC)
    mac_ctl_re_tx_timer = Attribute(7, UNSIGNED, STATIC, unit=Unit.SECOND)
    mac_max_ctl_re_tx = Attribute(8, UNSIGNED, STATIC)
