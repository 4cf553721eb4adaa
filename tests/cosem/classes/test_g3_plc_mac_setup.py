"""Power line carrier G3 and its radio, classes 90 to 92, 161 and 162, in all their versions."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem import Attribute, Method
from ferraris.cosem.classes.g3_plc_6lowpan_adaptation_layer_setup import (
    DeviceType,
    G3Plc6lowpanAdaptationLayerSetup,
    G3Plc6lowpanAdaptationLayerSetupV1,
    G3Plc6lowpanAdaptationLayerSetupV3,
)
from ferraris.cosem.classes.g3_plc_hybrid_6lowpan_adaptation_layer_setup import (
    G3PlcHybrid6lowpanAdaptationLayerSetup,
)
from ferraris.cosem.classes.g3_plc_hybrid_rf_mac_setup import G3PlcHybridRfMacSetup
from ferraris.cosem.classes.g3_plc_mac_layer_counters import G3PlcMacLayerCounters
from ferraris.cosem.classes.g3_plc_mac_setup import (
    G3PlcMacSetup,
    G3PlcMacSetupV1,
    G3PlcMacSetupV3,
    GainResolution,
    MacKey,
    Modulation,
)
from ferraris.kernel.errors import DecodeError
from tests.cosem.known_octets import assert_holds

G3_PLC_MAC_LAYER_COUNTERS = """
    number  name                         v1
    1       logical_name                 logical name
    2       mac_tx_data_packet_count     double-long-unsigned
    3       mac_rx_data_packet_count     double-long-unsigned
    4       mac_tx_cmd_packet_count      double-long-unsigned
    5       mac_rx_cmd_packet_count      double-long-unsigned
    6       mac_csma_fail_count          double-long-unsigned
    7       mac_csma_no_ack_count        double-long-unsigned
    8       mac_bad_crc_count            double-long-unsigned
    9       mac_tx_data_broadcast_count  double-long-unsigned
    10      mac_rx_data_broadcast_count  double-long-unsigned
    -1      reset                        integer
"""

G3_PLC_MAC_SETUP = """
    number  name                                    v1                                   v2                    v3                                  v4
    1       logical_name                            logical name                         =                     =                                   =
    2       mac_short_address                       long-unsigned                        =                     =                                   =
    3       mac_rc_coord                            long-unsigned                        =                     =                                   =
    4       mac_pan_id                              long-unsigned                        =                     =                                   =
    5       mac_key_table                           array of MacKey                      =                     =                                   =
    6       mac_frame_counter                       double-long-unsigned                 =                     =                                   =
    7       mac_tone_mask                           bit-string                           =                     =                                   =
    8       mac_tmr_ttl                             unsigned                             =                     =                                   =
    9       mac_max_frame_retries                   unsigned                             =                     =                                   =
    10      mac_neighbour_table_entry_ttl           unsigned                             =                     =                                   -
    10      mac_pos_table_entry_ttl                 -                                    =                     =                                   unsigned
    11      mac_neighbour_table                     array of MacNeighbour                =                     =                                   =
    12      mac_high_priority_window_size           unsigned                             =                     =                                   =
    13      mac_csma_fairness_limit                 unsigned                             =                     =                                   =
    14      mac_beacon_randomization_window_length  unsigned                             =                     =                                   =
    15      mac_a                                   unsigned                             =                     =                                   =
    16      mac_k                                   unsigned                             =                     =                                   =
    17      mac_min_cw_attempts                     unsigned                             =                     =                                   =
    18      mac_cenelec_legacy_mode                 unsigned                             =                     =                                   =
    19      mac_fcc_legacy_mode                     unsigned                             =                     =                                   =
    20      mac_max_be                              unsigned                             =                     =                                   =
    21      mac_max_csma_backoffs                   unsigned                             =                     =                                   =
    22      mac_min_be                              unsigned                             =                     =                                   =
    23      mac_broadcast_max_cw_enabled            -                                    boolean               =                                   =
    24      mac_transmit_atten                      -                                    unsigned              =                                   =
    25      mac_pos_table                           -                                    array of MacPosEntry  =                                   =
    26      mac_duplicate_detection_ttl             -                                    =                     unsigned                            =
    27      mac_pos_recent_entry_threshold          -                                    =                     =                                   unsigned
    28      mac_pos_recent_entries                  -                                    =                     =                                   long-unsigned
    29      mac_preamble_length                     -                                    =                     =                                   unsigned
    -1      mac_get_neighbour_table_entry           long-unsigned>array of MacNeighbour  =                     =                                   =
    -2      mac_get_pos_table_entry                 -                                    =                     long-unsigned>array of MacPosEntry  =
"""

G3_PLC6LOWPAN_ADAPTATION_LAYER_SETUP = """
    number  name                                   v1                             v2                      v3        v4
    1       logical_name                           logical name                   =                       =         =
    2       adp_max_hops                           unsigned                       =                       =         =
    3       adp_weak_lqi_value                     unsigned                       =                       =         =
    4       adp_security_level                     unsigned                       =                       =         =
    5       adp_prefix_table                       array of any type              =                       =         =
    6       adp_routing_configuration              array of RoutingConfiguration  =                       =         =
    7       adp_broadcast_log_table_entry_ttl      long-unsigned                  =                       =         =
    8       adp_routing_table                      array of Route                 =                       =         =
    9       adp_context_information_table          array of ContextInformation    =                       =         =
    10      adp_blacklist_table                    array of BlacklistedNeighbour  =                       =         =
    11      adp_broadcast_log_table                array of BroadcastLogEntry     =                       =         =
    12      adp_group_table                        array of long-unsigned         =                       =         =
    13      adp_max_join_wait_time                 long-unsigned                  =                       =         =
    14      adp_path_discovery_time                unsigned                       =                       =         =
    15      adp_active_key_index                   unsigned                       =                       =         =
    16      adp_metric_type                        unsigned                       =                       =         =
    17      adp_coord_short_address                long-unsigned                  =                       =         =
    18      adp_disable_default_routing            boolean                        =                       =         =
    19      adp_device_type                        enum DeviceType                =                       =         =
    20      adp_default_coord_route_enabled        -                              boolean                 =         =
    21      adp_destination_address_set            -                              array of long-unsigned  =         =
    22      adp_low_lqi_value                      -                              =                       unsigned  =
    23      adp_high_lqi_value                     -                              =                       unsigned  =
    24      adp_delay_low_lqi                      -                              =                       =         long-unsigned
    25      adp_delay_high_lqi                     -                              =                       =         long-unsigned
    26      adp_rreq_jitter_low_lqi                -                              =                       =         unsigned
    27      adp_rreq_jitter_high_lqi               -                              =                       =         unsigned
    28      adp_trickle_data_enabled               -                              =                       =         boolean
    29      adp_trickle_lqi_threshold_low          -                              =                       =         unsigned
    30      adp_trickle_step                       -                              =                       =         unsigned
    31      adp_trickle_imin                       -                              =                       =         long-unsigned
    32      adp_trickle_max_ki                     -                              =                       =         unsigned
    33      adp_trickle_adaptive_imin              -                              =                       =         boolean
    34      adp_trickle_adaptive_ki                -                              =                       =         boolean
    35      adp_cluster_trickle_enabled            -                              =                       =         boolean
    36      adp_cluster_min_lqi                    -                              =                       =         unsigned
    37      adp_cluster_trickle_k                  -                              =                       =         unsigned
    38      adp_cluster_rreq_route_cost_deviation  -                              =                       =         unsigned
    39      adp_cluster_trickle_i                  -                              =                       =         long-unsigned
    40      adp_trickle_lqi_threshold_high         -                              =                       =         unsigned
"""

G3_PLC_HYBRID_RF_MAC_SETUP = """
    number  name                                       v1
    1       logical_name                               logical name
    2       mac_max_be_rf                              unsigned
    3       mac_max_csma_backoffs_rf                   unsigned
    4       mac_max_frame_retries_rf                   unsigned
    5       mac_min_be_rf                              unsigned
    6       mac_frame_counter_rf                       double-long-unsigned
    7       mac_duplicate_detection_ttl_rf             unsigned
    8       mac_pos_table_rf                           array of any type
    9       mac_operating_mode_rf                      unsigned
    10      mac_channel_number_rf                      long-unsigned
    11      mac_duty_cycle_usage_rf                    unsigned
    12      mac_duty_cycle_period_rf                   long-unsigned
    13      mac_duty_cycle_limit_rf                    long-unsigned
    14      mac_duty_cycle_threshold_rf                unsigned
    15      mac_disable_phy_rf                         boolean
    16      mac_frequency_band_rf                      enum
    17      mac_transmit_atten_rf                      unsigned
    18      mac_adaptive_power_step_rf                 unsigned
    19      mac_adaptive_power_high_bound_rf           unsigned
    20      mac_adaptive_power_low_bound_rf            unsigned
    21      mac_pos_recent_entries_rf                  long-unsigned
    22      mac_hopping_enabled_rf                     boolean
    23      mac_broadcast_interval_duration_rf         long-unsigned
    24      mac_broadcast_slot_duration_rf             unsigned
    25      mac_unicast_slot_duration_rf               unsigned
    26      mac_extended_bitmap_rf                     bit-string
    27      mac_beacon_randomization_window_length_rf  long-unsigned
    28      mac_additional_channel_scan_time_rf        unsigned
    29      mac_max_cca_attempts_retries_rf            unsigned
    30      mac_min_inter_tx_interval_rf               long-unsigned
    31      mac_initial_retry_time_rf                  long-unsigned
    32      mac_maximum_retry_time_rf                  long-unsigned
    33      mac_max_clock_drift_rf                     unsigned
    34      mac_fh_unicast_schedule_address_rf         long-unsigned
    35      mac_fh_unicast_slot_number_rf              long-unsigned
    36      mac_fh_unicast_offset_rf                   unsigned
    37      mac_min_guard_time_rf                      unsigned
    38      mac_max_bcast_resync_wait_unit_rf          unsigned
    -1      mac_get_pos_table_entry_rf                 long-unsigned>any type
"""

G3_PLC_HYBRID6LOWPAN_ADAPTATION_LAYER_SETUP = """
    number  name                               v1
    1       logical_name                       logical name
    2       adp_routing_table                  array of any type
    3       adp_blacklist_table                array of any type
    4       adp_low_lqi_value_rf               unsigned
    5       adp_high_lqi_value_rf              unsigned
    6       adp_routing_configuration_rf       array of any type
    7       adp_use_backup_media               boolean
    8       adp_weak_lqi_value_rf              unsigned
    9       adp_trickle_lqi_threshold_low_rf   unsigned
    10      adp_delay_low_lqi_rf               long-unsigned
    11      adp_delay_high_lqi_rf              long-unsigned
    12      adp_rreq_jitter_low_lqi_rf         unsigned
    13      adp_rreq_jitter_high_lqi_rf        unsigned
    14      adp_cluster_trickle_i_rf           long-unsigned
    15      adp_cluster_trickle_k_rf           unsigned
    16      adp_cluster_min_lqi_rf             unsigned
    17      adp_last_gasp                      boolean
    18      adp_probing_interval               unsigned
    19      adp_trickle_lqi_threshold_high_rf  unsigned
"""

VERSIONS = [
    (90, (1,), G3_PLC_MAC_LAYER_COUNTERS),
    (91, (1, 2, 3, 4), G3_PLC_MAC_SETUP),
    (92, (1, 2, 3, 4), G3_PLC6LOWPAN_ADAPTATION_LAYER_SETUP),
    (161, (1,), G3_PLC_HYBRID_RF_MAC_SETUP),
    (162, (1,), G3_PLC_HYBRID6LOWPAN_ADAPTATION_LAYER_SETUP),
]

ATTRIBUTES = [
    # attribute                                                octets                    plain
    (G3PlcMacLayerCounters.mac_bad_crc_count,                  "06 00000008",            8),
    (G3PlcMacSetupV1.mac_short_address,                        "12 ffff",                0xFFFF),
    (G3PlcMacSetupV1.mac_key_table,                            "0101 0202 1100 0902 cafe", [{"key_id": 0, "key": "0xcafe"}]),
    (G3PlcMacSetupV1.mac_tone_mask,                            "0409 ff80",              "111111111"),
    (G3PlcMacSetupV1.mac_neighbour_table,                      "0101 020b 12 0001 03 01 0406 fc 16 02 0f fe 16 01 0406 00 11 50 0f 02 11 0a 11 3c",
                                                               [{"short_address": 1, "payload_modulation_scheme": True,
                                                                 "tone_map": "111111", "modulation": "dqpsk", "tx_gain": -2,
                                                                 "tx_res": "step_3_db", "tx_coeff": "000000", "lqi": 80,
                                                                 "phase_differential": 2, "tmr_valid_time": 10,
                                                                 "neighbour_valid_time": 60}]),
    (G3PlcMacSetupV3.mac_pos_table,                            "0101 0203 12 0007 11 5a 11 ff", [{"short_address": 7, "lqi": 90, "valid_time": 255}]),
    (G3PlcMacSetup.mac_pos_table_entry_ttl,                    "11 ff",                  255),
    (G3Plc6lowpanAdaptationLayerSetupV1.adp_prefix_table,      "0101 0902 fe80",         ["0xfe80"]),
    (G3Plc6lowpanAdaptationLayerSetupV1.adp_routing_configuration,
     "0101 020e 11 14 12 003c 11 00 11 00 11 00 11 0a 11 04 11 00 11 02 11 1e 12 000a 03 01 03 00 11 00",
     [{"adp_net_traversal_time": 20, "adp_routing_table_entry_ttl": 60, "adp_kr": 0, "adp_km": 0, "adp_kc": 0, "adp_kq": 10,
       "adp_kh": 4, "adp_krt": 0, "adp_rreq_retries": 2, "adp_rreq_rerr_wait": 30, "adp_blacklist_table_entry_ttl": 10,
       "adp_unicast_rreq_gen_enable": True, "adp_rlc_enabled": False, "adp_add_rev_link_cost": 0}]),
    (G3Plc6lowpanAdaptationLayerSetupV1.adp_routing_table,     "0101 0206 12 0002 12 0001 12 0064 11 02 11 01 12 0168",
                                                               [{"destination_address": 2, "next_hop_address": 1, "route_cost": 100,
                                                                 "hop_count": 2, "weak_link_count": 1, "valid_time": 360}]),
    (G3Plc6lowpanAdaptationLayerSetupV1.adp_context_information_table, "0101 0205 0404 10 11 02 0902 fe80 03 01 12 0010",
                                                               [{"cid": "0001", "context_length": 2, "context": "0xfe80", "c": True,
                                                                 "valid_lifetime": 16}]),
    (G3Plc6lowpanAdaptationLayerSetupV1.adp_blacklist_table,   "0101 0202 12 0003 12 000a",
                                                               [{"blacklisted_neighbour_address": 3, "valid_time": 10}]),
    (G3Plc6lowpanAdaptationLayerSetupV1.adp_broadcast_log_table, "0101 0203 12 0003 11 09 12 0002",
                                                               [{"source_address": 3, "sequence_number": 9, "valid_time": 2}]),
    (G3Plc6lowpanAdaptationLayerSetupV1.adp_device_type,       "16 01",                  "pan_coordinator"),
    (G3Plc6lowpanAdaptationLayerSetupV3.adp_destination_address_set, "0101 12 7fff",     [0x7FFF]),
    (G3Plc6lowpanAdaptationLayerSetup.adp_trickle_lqi_threshold_high, "11 40",           64),
    (G3PlcHybridRfMacSetup.mac_extended_bitmap_rf,             "0408 a5",                "10100101"),
    (G3PlcHybrid6lowpanAdaptationLayerSetup.adp_last_gasp,     "03 01",                  True),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "plain"), ATTRIBUTES)
def test_known_octets(attribute: Attribute[Any], octets: str, plain: object) -> None:
    assert_holds(attribute.datatype, octets, plain)


ORDERS = [
    (G3PlcMacLayerCounters.reset, "0f 00", 0),
    (G3PlcMacSetup.mac_get_pos_table_entry, "12 0007", 7),
    (G3PlcHybridRfMacSetup.mac_get_pos_table_entry_rf, "12 0007", 7),
]  # fmt: skip


@pytest.mark.parametrize(("method", "octets", "plain"), ORDERS)
def test_known_octets_of_orders(method: Method[Any, Any], octets: str, plain: object) -> None:
    assert_holds(method.argument, octets, plain)


REFUSED = [
    (G3PlcMacSetupV1.mac_neighbour_table,                "0101 0203 12 0007 11 5a 11 ff", "expected 11 members, got 3"),
    (G3PlcMacSetup.mac_key_table,                        "0101 0202 1100 1101",           "expected octet-string, got unsigned"),
    (G3Plc6lowpanAdaptationLayerSetup.adp_device_type,   "16 03",                         "no such enum DeviceType"),
    (G3Plc6lowpanAdaptationLayerSetup.adp_routing_table, "0101 0200",                     "expected 6 members, got 0"),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "words"), REFUSED)
def test_refused_octets(attribute: Attribute[Any], octets: str, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        attribute.datatype.decode(bytes.fromhex(octets))


NUMBERS = [
    (Modulation, [0, 1, 2, 3, 4]),
    (GainResolution, [0, 1]),
    (DeviceType, [0, 1, 2]),
]  # fmt: skip


@pytest.mark.parametrize(("enumeration", "numbers"), NUMBERS)
def test_numbers_are_those_of_the_standard(enumeration: Any, numbers: list[int]) -> None:
    assert [int(member) for member in enumeration] == numbers


def test_keys_of_the_mac_layer_are_not_shown() -> None:
    assert "secret" not in repr(MacKey(0, b"secret octets"))
