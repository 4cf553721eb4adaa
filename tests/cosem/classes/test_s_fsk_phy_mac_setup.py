"""Power line carrier S-FSK and its LLC sublayers, classes 50 to 59."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem import Attribute, Method
from ferraris.cosem.classes.iec_61334_4_32_llc_setup import Iec61334432LlcSetup
from ferraris.cosem.classes.iso_iec_8802_2_llc_type_1_setup import IsoIec88022LlcType1Setup
from ferraris.cosem.classes.iso_iec_8802_2_llc_type_2_setup import IsoIec88022LlcType2Setup
from ferraris.cosem.classes.iso_iec_8802_2_llc_type_3_setup import IsoIec88022LlcType3Setup
from ferraris.cosem.classes.s_fsk_active_initiator import SFskActiveInitiator
from ferraris.cosem.classes.s_fsk_mac_counters import SFskMacCounters
from ferraris.cosem.classes.s_fsk_mac_synchronization_timeouts import SFskMacSynchronizationTimeouts
from ferraris.cosem.classes.s_fsk_phy_mac_setup import (
    DeltaElectricalPhase,
    InitiatorElectricalPhase,
    Repeater,
    SFskPhyMacSetup,
    SFskPhyMacSetupV0,
)
from ferraris.cosem.classes.s_fsk_reporting_system_list import SFskReportingSystemList
from ferraris.kernel.errors import DecodeError
from tests.cosem.known_octets import assert_holds

SFSK_PHY_MAC_SETUP = """
    number  name                        v0                             v1
    1       logical_name                logical name                   =
    2       initiator_electrical_phase  enum InitiatorElectricalPhase  =
    3       delta_electrical_phase      enum DeltaElectricalPhase      =
    4       max_receiving_gain          unsigned                       =
    5       max_transmitting_gain       unsigned                       =
    6       search_initiator_gain       unsigned                       -
    6       search_initiator_threshold  -                              unsigned
    7       frequencies                 Frequencies                    =
    8       mac_address                 long-unsigned                  =
    9       mac_group_addresses         array of long-unsigned         =
    10      repeater                    enum Repeater                  =
    11      repeater_status             boolean                        =
    12      min_delta_credit            unsigned                       =
    13      initiator_mac_address       long-unsigned                  =
    14      synchronization_locked      boolean                        =
    15      transmission_speed          -                              enum BaudRate
"""

SFSK_ACTIVE_INITIATOR = """
    number  name                        v0
    1       logical_name                logical name
    2       active_initiator            InitiatorDescriptor
    -1      reset_new_not_synchronized  integer
"""

SFSK_MAC_SYNCHRONIZATION_TIMEOUTS = """
    number  name                                  v0
    1       logical_name                          logical name
    2       search_initiator_timeout              long-unsigned
    3       synchronization_confirmation_timeout  long-unsigned
    4       time_out_not_addressed                long-unsigned
    5       time_out_frame_not_ok                 long-unsigned
"""

SFSK_MAC_COUNTERS = """
    number  name                       v0
    1       logical_name               logical name
    2       synchronization_register   array of CountOfSource
    3       desynchronization_listing  DesynchronizationListing
    4       broadcast_frames_counter   array of CountOfSource
    5       repetitions_counter        double-long-unsigned
    6       transmissions_counter      double-long-unsigned
    7       crc_ok_frames_counter      double-long-unsigned
    8       crc_nok_frames_counter     double-long-unsigned
    -1      reset                      integer
"""

IEC61334432_LLC_SETUP = """
    number  name               v1
    1       logical_name       logical name
    2       max_frame_length   unsigned
    3       reply_status_list  array of ReplyStatus
"""

SFSK_REPORTING_SYSTEM_LIST = """
    number  name                   v0
    1       logical_name           logical name
    2       reporting_system_list  array of octet-string
"""

ISO_IEC88022_LLC_TYPE1_SETUP = """
    number  name               v0
    1       logical_name       logical name
    2       max_octets_ui_pdu  long-unsigned
"""

ISO_IEC88022_LLC_TYPE2_SETUP = """
    number  name                         v0
    1       logical_name                 logical name
    2       transmit_window_size_k       unsigned
    3       receive_window_size_rw       unsigned
    4       max_octets_i_pdu_n1          long-unsigned
    5       max_number_transmissions_n2  unsigned
    6       acknowledgement_timer        long-unsigned
    7       p_bit_timer                  long-unsigned
    8       reject_timer                 long-unsigned
    9       busy_state_timer             long-unsigned
"""

ISO_IEC88022_LLC_TYPE3_SETUP = """
    number  name                         v0
    1       logical_name                 logical name
    2       max_octets_acn_pdu_n3        long-unsigned
    3       max_number_transmissions_n4  unsigned
    4       acknowledgement_time_t1      long-unsigned
    5       receive_lifetime_var_t2      long-unsigned
    6       transmit_lifetime_var_t3     long-unsigned
"""

VERSIONS = [
    (50, (0, 1), SFSK_PHY_MAC_SETUP),
    (51, (0,), SFSK_ACTIVE_INITIATOR),
    (52, (0,), SFSK_MAC_SYNCHRONIZATION_TIMEOUTS),
    (53, (0,), SFSK_MAC_COUNTERS),
    (55, (1,), IEC61334432_LLC_SETUP),
    (56, (0,), SFSK_REPORTING_SYSTEM_LIST),
    (57, (0,), ISO_IEC88022_LLC_TYPE1_SETUP),
    (58, (0,), ISO_IEC88022_LLC_TYPE2_SETUP),
    (59, (0,), ISO_IEC88022_LLC_TYPE3_SETUP),
]

ATTRIBUTES = [
    # attribute                                       octets                              plain
    (SFskPhyMacSetup.initiator_electrical_phase,      "16 01",                            "phase_1"),
    (SFskPhyMacSetup.delta_electrical_phase,          "16 05",                            "degrees_minus_120"),
    (SFskPhyMacSetupV0.search_initiator_gain,         "11 06",                            6),
    (SFskPhyMacSetup.frequencies,                     "0202 06 00012c00 06 00011940",     {"mark_frequency": 76_800, "space_frequency": 72_000}),
    (SFskPhyMacSetup.mac_address,                     "12 0ffe",                          0xFFE),
    (SFskPhyMacSetup.mac_group_addresses,             "0101 12 0ffc",                     [0xFFC]),
    (SFskPhyMacSetup.repeater,                        "16 02",                            "dynamic"),
    (SFskPhyMacSetup.synchronization_locked,          "03 01",                            True),
    (SFskPhyMacSetup.transmission_speed,              "16 03",                            "baud_2400"),
    (SFskActiveInitiator.active_initiator,            "0203 0906 495652534350 12 0c00 11 01",
                                                      {"system_title": "0x495652534350", "mac_address": 0xC00, "l_sap_selector": 1}),
    (SFskMacSynchronizationTimeouts.time_out_not_addressed, "12 003c",                    60),
    (SFskMacCounters.synchronization_register,        "0101 0202 12 0c00 06 00000007",    [{"mac_address": 0xC00, "count": 7}]),
    (SFskMacCounters.desynchronization_listing,       "0205 0600000001 0600000002 0600000003 0600000004 0600000005",
                                                      {"nb_physical_layer_desynchronization": 1,
                                                       "nb_time_out_not_addressed_desynchronization": 2,
                                                       "nb_time_out_frame_not_ok_desynchronization": 3,
                                                       "nb_write_request_desynchronization": 4,
                                                       "nb_wrong_initiator_desynchronization": 5}),
    (Iec61334432LlcSetup.max_frame_length,            "11 86",                            134),
    (Iec61334432LlcSetup.reply_status_list,           "0101 0202 1101 1120",              [{"l_sap_selector": 1, "length_of_waiting_l_sdu": 32}]),
    (SFskReportingSystemList.reporting_system_list,   "0101 0906 495652000001",           ["0x495652000001"]),
    (IsoIec88022LlcType1Setup.max_octets_ui_pdu,      "12 0080",                          128),
    (IsoIec88022LlcType2Setup.transmit_window_size_k, "11 01",                            1),
    (IsoIec88022LlcType2Setup.busy_state_timer,       "12 000a",                          10),
    (IsoIec88022LlcType3Setup.max_number_transmissions_n4, "11 03",                       3),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "plain"), ATTRIBUTES)
def test_known_octets(attribute: Attribute[Any], octets: str, plain: object) -> None:
    assert_holds(attribute.datatype, octets, plain)


ORDERS = [
    (SFskActiveInitiator.reset_new_not_synchronized, "0f 00", 0),
    (SFskMacCounters.reset, "0f 00", 0),
]  # fmt: skip


@pytest.mark.parametrize(("method", "octets", "plain"), ORDERS)
def test_known_octets_of_orders(method: Method[Any, Any], octets: str, plain: object) -> None:
    assert_holds(method.argument, octets, plain)


REFUSED = [
    (SFskPhyMacSetup.initiator_electrical_phase, "16 04",                 "no such enum InitiatorElectricalPhase"),
    (SFskPhyMacSetup.frequencies,                "0202 12 2c00 12 1940",  "expected double-long-unsigned, got long-unsigned"),
    (SFskPhyMacSetup.repeater,                   "16 03",                 "no such enum Repeater"),
    (SFskMacCounters.desynchronization_listing,  "0200",                  "expected 5 members, got 0"),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "words"), REFUSED)
def test_refused_octets(attribute: Attribute[Any], octets: str, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        attribute.datatype.decode(bytes.fromhex(octets))


NUMBERS = [
    (InitiatorElectricalPhase, [0, 1, 2, 3]),
    (DeltaElectricalPhase, [0, 1, 2, 3, 4, 5, 6]),
    (Repeater, [0, 1, 2]),
]  # fmt: skip


@pytest.mark.parametrize(("enumeration", "numbers"), NUMBERS)
def test_numbers_are_those_of_the_standard(enumeration: Any, numbers: list[int]) -> None:
    assert [int(member) for member in enumeration] == numbers
