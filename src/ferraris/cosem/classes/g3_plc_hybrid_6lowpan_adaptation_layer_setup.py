"""G3-PLC Hybrid 6LoWPAN adaptation layer setup, class 162: routing over power line and radio together."""

from __future__ import annotations

from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject
from ferraris.cosem.types import ANY, BOOLEAN, LONG_UNSIGNED, UNSIGNED, Array


class G3PlcHybrid6lowpanAdaptationLayerSetup(CosemObject, class_id=162, version=1):
    """What the radio adds to the adaptation layer: tables, link quality, timers. Blue Book 4.13.8.

    Attributes and types are those of one public extract of edition 16. The elements of the tables and version 0 are known from
    no public source.
    """

    adp_routing_table = Attribute(2, Array(ANY), DYNAMIC)
    adp_blacklist_table = Attribute(3, Array(ANY), DYNAMIC)
    adp_low_lqi_value_rf = Attribute(4, UNSIGNED, STATIC)
    adp_high_lqi_value_rf = Attribute(5, UNSIGNED, STATIC)
    adp_routing_configuration_rf = Attribute(6, Array(ANY), STATIC)
    adp_use_backup_media = Attribute(7, BOOLEAN, STATIC)
    adp_weak_lqi_value_rf = Attribute(8, UNSIGNED, STATIC)
    adp_trickle_lqi_threshold_low_rf = Attribute(9, UNSIGNED, STATIC)
    adp_delay_low_lqi_rf = Attribute(10, LONG_UNSIGNED, STATIC)
    adp_delay_high_lqi_rf = Attribute(11, LONG_UNSIGNED, STATIC)
    adp_rreq_jitter_low_lqi_rf = Attribute(12, UNSIGNED, STATIC)
    adp_rreq_jitter_high_lqi_rf = Attribute(13, UNSIGNED, STATIC)
    adp_cluster_trickle_i_rf = Attribute(14, LONG_UNSIGNED, STATIC)
    adp_cluster_trickle_k_rf = Attribute(15, UNSIGNED, STATIC)
    adp_cluster_min_lqi_rf = Attribute(16, UNSIGNED, STATIC)
    adp_last_gasp = Attribute(17, BOOLEAN, STATIC)
    adp_probing_interval = Attribute(18, UNSIGNED, STATIC)
    adp_trickle_lqi_threshold_high_rf = Attribute(19, UNSIGNED, STATIC)
