"""Low-power wide area networks, classes 126 to 129: SCHC and LoRaWAN."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.codec import Data, Tag
from ferraris.cosem import Attribute, Method
from ferraris.cosem.classes.lorawan_diagnostic import LorawanDiagnostic
from ferraris.cosem.classes.lorawan_setup import LorawanSetup
from ferraris.cosem.classes.schc_lpwan_diagnostic import SchcLpwanDiagnostic
from ferraris.cosem.classes.schc_lpwan_setup import SchcLpwanSetup
from ferraris.kernel.errors import DecodeError
from tests.cosem.known_octets import assert_holds

SCHC_LPWAN_SETUP = """
    number  name             v0
    1       logical_name     logical name
    2       lpwan_reference  logical name
    3       schc_cd_rules    array of CompressionRule
    4       schc_fr_param    FragmentationParameters
"""

SCHC_LPWAN_DIAGNOSTIC = """
    number  name                       v0
    1       logical_name               logical name
    2       schc_packets_tx_counter    double-long-unsigned
    3       schc_packets_rx_counter    double-long-unsigned
    4       schc_fragments_tx_counter  double-long-unsigned
    5       schc_fragments_rx_counter  double-long-unsigned
    6       schc_ack_tx_counter        double-long-unsigned
    7       schc_ack_rx_counter        double-long-unsigned
    -1      reset                      integer
"""

LORAWAN_SETUP = """
    number  name                       v0
    1       logical_name               logical name
    2       device_class               enum
    3       state                      enum
    4       max_transmit_eirp_setting  integer
    5       adr_mode                   boolean
    6       regional_parameters        enum
    7       device_operation           DeviceOperation
    8       modem_versions             ModemVersions
    9       dev_addr                   double-long-unsigned
    10      join_strategy              enum
    11      multicasts_parameters      array of MulticastParameters
    -1      disconnect_from_network    integer
    -2      change_class               enum
    -3      change_region              enum
"""

LORAWAN_DIAGNOSTIC = """
    number  name                      v0
    1       logical_name              logical name
    2       internal_error_code       enum
    3       out_frames_u_counter      double-long-unsigned
    4       out_frames_c_counter      double-long-unsigned
    5       in_frames_u_counter       double-long-unsigned
    6       in_frames_c_counter       double-long-unsigned
    7       in_mac_command_counter    double-long-unsigned
    8       in_mac_ans_error_counter  double-long-unsigned
    9       in_mac_ignored_counter    double-long-unsigned
    10      in_per                    integer
    11      in_mean_rssi_rx1          integer
    12      in_mean_snr_rx1           integer
    13      in_mean_rssi_rx2          integer
    14      in_mean_snr_rx2           integer
    -1      reset                     integer
"""

VERSIONS = [
    (126, (0,), SCHC_LPWAN_SETUP),
    (127, (0,), SCHC_LPWAN_DIAGNOSTIC),
    (128, (0,), LORAWAN_SETUP),
    (129, (0,), LORAWAN_DIAGNOSTIC),
]

ATTRIBUTES = [
    # attribute                                       octets                      plain
    (SchcLpwanSetup.lpwan_reference,                  "0906 0000230000ff",        "0.0.35.0.0.255"),
    (SchcLpwanSetup.schc_cd_rules,                    "0101 0202 1164 0101 0207 1601 1108 1101 1600 1106 1600 1600",
                                                      [{"rule_id": 100, "field_descriptors": [
                                                          {"field_id": 1, "field_length": 8, "field_position": 1,
                                                           "direction_indicator": 0, "target_value": 6, "matching_operator": 0,
                                                           "compression_decompression_action": 0}]}]),
    (SchcLpwanSetup.schc_fr_param,                    ("0208 120500 1600 1108 1100 110f 0300 117f 0101 "
                                                      "020a 1114 1108 1100 1102 1106 1601 1602 120e10 12a8c0 1108"),
                                                      {"max_message_size": 1280, "rule_id_scheme": 0, "padding_l2_word_size": 8,
                                                       "padding_bits_value": 0, "delay_after_transmission": 15,
                                                       "interleaved_transmission": 0, "window_size": 127,
                                                       "rules": [{"rule_id": 20, "rule_id_length": 8, "dtag_length": 0, "w_length": 2,
                                                                  "fcn_length": 6, "rcs_algorithm": 1, "reliability_mode": 2,
                                                                  "retransmission_timer": 3600, "inactivity_timer": 43_200,
                                                                  "max_ack_requests": 8}]}),
    (SchcLpwanDiagnostic.schc_ack_rx_counter,         "06 00000064",              100),
    (LorawanSetup.device_class,                       "16 00",                    0),
    (LorawanSetup.max_transmit_eirp_setting,          "0f 10",                    16),
    (LorawanSetup.device_operation,                   "0203 0600000003 0600000e10 12000a",
                                                      {"total_join_request_counter": 3, "time_since_last_join_request": 3600,
                                                       "time_since_last_join_accept": 10}),
    (LorawanSetup.modem_versions,                     "0204 0904 01010101 0904 02020202 0a05 312e302e32 0904 01000300",
                                                      {"hardware_version": "0x01010101", "software_version": "0x02020202",
                                                       "regional_parameters_version": "0x312e302e32", "protocol_version": "0x01000300"}),
    (LorawanSetup.dev_addr,                           "06 26011bda",              0x26011BDA),
    (LorawanSetup.multicasts_parameters,              ("0101 0209 06 01020304 0902 cafe 06 00000000 06 0000ffff "
                                                      "19 07e8010f010c1e2d32ffc400 12012c 1601 1105 06 33d3e608"),
                                                      [{"mc_addr": 0x01020304, "mc_key": "0xcafe", "mc_min_fcount": 0,
                                                        "mc_max_fcount": 65_535, "mc_start_time": "2024-01-15 12:30:45 -60 min to UTC",
                                                        "mc_duration": 300, "mc_class": 1, "mc_downlink_data_rate": 5,
                                                        "mc_downlink_frequency": 869_525_000}]),
    (LorawanDiagnostic.in_per,                        "0f 16",                    22),
    (LorawanDiagnostic.in_mean_rssi_rx1,              "0f 90",                    -112),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "plain"), ATTRIBUTES)
def test_known_octets(attribute: Attribute[Any], octets: str, plain: object) -> None:
    assert_holds(attribute.datatype, octets, plain)


ORDERS = [
    (SchcLpwanDiagnostic.reset, "0f 00", 0),
    (LorawanSetup.disconnect_from_network, "0f 00", 0),
    (LorawanSetup.change_class, "16 02", 2),
    (LorawanSetup.change_region, "16 05", 5),
    (LorawanDiagnostic.reset, "0f 00", 0),
]  # fmt: skip


@pytest.mark.parametrize(("method", "octets", "plain"), ORDERS)
def test_known_octets_of_orders(method: Method[Any, Any], octets: str, plain: object) -> None:
    assert_holds(method.argument, octets, plain)


REFUSED = [
    (SchcLpwanSetup.schc_cd_rules,       "0101 0202 1164 0101 0206 000000000000", "expected 7 members, got 6"),
    (SchcLpwanSetup.schc_fr_param,       "0208 0900 000000000000 00", "not a choice of unsigned"),
    (LorawanSetup.device_operation,      "0203 0f03 0f03 0f03",       "not a choice of unsigned"),
    (LorawanSetup.multicasts_parameters, "0101 0208 0000000000000000", "expected 9 members, got 8"),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "words"), REFUSED)
def test_refused_octets(attribute: Attribute[Any], octets: str, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        attribute.datatype.decode(bytes.fromhex(octets))


def test_numbers_of_unknown_size_keep_the_size_they_came_with() -> None:
    operation = LorawanSetup.device_operation.datatype.decode(bytes.fromhex("0203 1103 120004 0600000005"))
    assert operation.total_join_request_counter == Data(Tag.UNSIGNED, 3)
    assert operation.time_since_last_join_accept == Data(Tag.DOUBLE_LONG_UNSIGNED, 5)


def test_the_key_of_a_multicast_group_is_not_shown() -> None:
    [group] = LorawanSetup.multicasts_parameters.datatype.decode(
        bytes.fromhex(
            "01010209060000000009067365637265740600000000060000000019ffffffffffffffffff8000ff110116001101 1101"
        )
    )
    assert group.mc_key == b"secret"
    assert "secret" not in repr(group)
