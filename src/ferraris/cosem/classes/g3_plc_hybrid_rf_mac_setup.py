"""G3-PLC Hybrid RF MAC setup, class 161: the radio beside G3 power line carrier."""

from __future__ import annotations

from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject, Method
from ferraris.cosem.types import (
    ANY,
    BIT_STRING,
    BOOLEAN,
    DOUBLE_LONG_UNSIGNED,
    ENUM,
    LONG_UNSIGNED,
    UNSIGNED,
    Array,
)
from ferraris.kernel.units import Unit


class G3PlcHybridRfMacSetup(CosemObject, class_id=161, version=1):
    """Channel access, duty cycle, power and hopping of the radio. Blue Book 4.13.7.

    Attributes and types are those of one public extract of edition 16. The elements of `mac_pos_table_rf`, the numbers of
    `mac_frequency_band_rf` and version 0 are known from no public source.
    """

    mac_max_be_rf = Attribute(2, UNSIGNED, STATIC)
    mac_max_csma_backoffs_rf = Attribute(3, UNSIGNED, STATIC)
    mac_max_frame_retries_rf = Attribute(4, UNSIGNED, STATIC)
    mac_min_be_rf = Attribute(5, UNSIGNED, STATIC)
    mac_frame_counter_rf = Attribute(6, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    mac_duplicate_detection_ttl_rf = Attribute(7, UNSIGNED, STATIC)
    mac_pos_table_rf = Attribute(8, Array(ANY), DYNAMIC)
    mac_operating_mode_rf = Attribute(9, UNSIGNED, STATIC)
    mac_channel_number_rf = Attribute(10, LONG_UNSIGNED, STATIC)
    mac_duty_cycle_usage_rf = Attribute(11, UNSIGNED, DYNAMIC, unit=Unit.PERCENT)
    mac_duty_cycle_period_rf = Attribute(12, LONG_UNSIGNED, STATIC)
    mac_duty_cycle_limit_rf = Attribute(13, LONG_UNSIGNED, STATIC)
    mac_duty_cycle_threshold_rf = Attribute(14, UNSIGNED, STATIC)
    mac_disable_phy_rf = Attribute(15, BOOLEAN, STATIC)
    mac_frequency_band_rf = Attribute(16, ENUM, STATIC)
    mac_transmit_atten_rf = Attribute(17, UNSIGNED, STATIC)
    mac_adaptive_power_step_rf = Attribute(18, UNSIGNED, STATIC)
    mac_adaptive_power_high_bound_rf = Attribute(19, UNSIGNED, STATIC)
    mac_adaptive_power_low_bound_rf = Attribute(20, UNSIGNED, STATIC)
    mac_pos_recent_entries_rf = Attribute(21, LONG_UNSIGNED, DYNAMIC)
    mac_hopping_enabled_rf = Attribute(22, BOOLEAN, STATIC)
    mac_broadcast_interval_duration_rf = Attribute(23, LONG_UNSIGNED, STATIC)
    mac_broadcast_slot_duration_rf = Attribute(24, UNSIGNED, STATIC)
    mac_unicast_slot_duration_rf = Attribute(25, UNSIGNED, STATIC)
    mac_extended_bitmap_rf = Attribute(26, BIT_STRING, STATIC)
    mac_beacon_randomization_window_length_rf = Attribute(27, LONG_UNSIGNED, STATIC)
    mac_additional_channel_scan_time_rf = Attribute(28, UNSIGNED, STATIC)
    mac_max_cca_attempts_retries_rf = Attribute(29, UNSIGNED, STATIC)
    mac_min_inter_tx_interval_rf = Attribute(30, LONG_UNSIGNED, STATIC)
    mac_initial_retry_time_rf = Attribute(31, LONG_UNSIGNED, STATIC)
    mac_maximum_retry_time_rf = Attribute(32, LONG_UNSIGNED, STATIC)
    mac_max_clock_drift_rf = Attribute(33, UNSIGNED, STATIC)
    mac_fh_unicast_schedule_address_rf = Attribute(34, LONG_UNSIGNED, STATIC)
    mac_fh_unicast_slot_number_rf = Attribute(35, LONG_UNSIGNED, STATIC)
    mac_fh_unicast_offset_rf = Attribute(36, UNSIGNED, STATIC)
    mac_min_guard_time_rf = Attribute(37, UNSIGNED, STATIC)
    mac_max_bcast_resync_wait_unit_rf = Attribute(38, UNSIGNED, STATIC)

    mac_get_pos_table_entry_rf = Method(1, LONG_UNSIGNED, ANY)
