"""G3-PLC MAC setup, class 91: the MAC layer of G3 power line carrier (ITU-T G.9903).

Version 0 is not declared: the public sources that show it contradict each other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Annotated, Final

from ferraris.codec import BitString
from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject, Method
from ferraris.cosem.types import (
    BIT_STRING,
    BOOLEAN,
    DOUBLE_LONG_UNSIGNED,
    INTEGER,
    LONG_UNSIGNED,
    OCTET_STRING,
    UNSIGNED,
    Array,
    Enumerated,
    Structure,
)
from ferraris.kernel.units import Unit


class Modulation(IntEnum):
    """How the carriers are modulated."""

    ROBUST_MODE = 0
    DBPSK = 1
    DQPSK = 2
    D8PSK = 3
    QAM_16 = 4


class GainResolution(IntEnum):
    """The step of the transmitter's gain."""

    STEP_6_DB = 0
    STEP_3_DB = 1


@dataclass(frozen=True, slots=True)
class MacKey:
    """One of the two keys of the MAC layer."""

    key_id: Annotated[int, UNSIGNED]
    key: Annotated[bytes, OCTET_STRING] = field(repr=False)


@dataclass(frozen=True, slots=True)
class MacNeighbour:
    """A node that is heard directly, and how it is spoken with. Valid times are in minutes."""

    short_address: Annotated[int, LONG_UNSIGNED]
    payload_modulation_scheme: Annotated[bool, BOOLEAN]
    tone_map: Annotated[BitString, BIT_STRING]
    modulation: Annotated[Modulation, Enumerated(Modulation)]
    tx_gain: Annotated[int, INTEGER]
    tx_res: Annotated[GainResolution, Enumerated(GainResolution)]
    tx_coeff: Annotated[BitString, BIT_STRING]
    lqi: Annotated[int, UNSIGNED]
    phase_differential: Annotated[int, INTEGER]
    tmr_valid_time: Annotated[int, UNSIGNED]
    neighbour_valid_time: Annotated[int, UNSIGNED]


@dataclass(frozen=True, slots=True)
class MacPosEntry:
    """A node of the personal operating space: its link quality, and for how many minutes it is valid."""

    short_address: Annotated[int, LONG_UNSIGNED]
    lqi: Annotated[int, UNSIGNED]
    valid_time: Annotated[int, UNSIGNED]


NEIGHBOURS: Final = Array(Structure(MacNeighbour))
POS_TABLE: Final = Array(Structure(MacPosEntry))


class _G3PlcMacSetup(CosemObject):
    """What every version has."""

    mac_short_address = Attribute(2, LONG_UNSIGNED, DYNAMIC)
    mac_rc_coord = Attribute(3, LONG_UNSIGNED, DYNAMIC)
    mac_pan_id = Attribute(4, LONG_UNSIGNED, DYNAMIC)
    mac_key_table = Attribute(5, Array(Structure(MacKey)), DYNAMIC)
    mac_frame_counter = Attribute(6, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    mac_tone_mask = Attribute(7, BIT_STRING, STATIC)
    mac_tmr_ttl = Attribute(8, UNSIGNED, STATIC, unit=Unit.MINUTE)
    mac_max_frame_retries = Attribute(9, UNSIGNED, STATIC)
    mac_neighbour_table = Attribute(11, NEIGHBOURS, DYNAMIC)
    mac_high_priority_window_size = Attribute(12, UNSIGNED, STATIC)
    mac_csma_fairness_limit = Attribute(13, UNSIGNED, STATIC)
    mac_beacon_randomization_window_length = Attribute(14, UNSIGNED, STATIC, unit=Unit.SECOND)
    mac_a = Attribute(15, UNSIGNED, STATIC)
    mac_k = Attribute(16, UNSIGNED, STATIC)
    mac_min_cw_attempts = Attribute(17, UNSIGNED, STATIC)
    mac_cenelec_legacy_mode = Attribute(18, UNSIGNED, STATIC)
    mac_fcc_legacy_mode = Attribute(19, UNSIGNED, STATIC)
    mac_max_be = Attribute(20, UNSIGNED, STATIC)
    mac_max_csma_backoffs = Attribute(21, UNSIGNED, STATIC)
    mac_min_be = Attribute(22, UNSIGNED, STATIC)

    mac_get_neighbour_table_entry = Method(1, LONG_UNSIGNED, NEIGHBOURS)


class _WithPosTable(_G3PlcMacSetup):
    """What version 2 adds."""

    mac_broadcast_max_cw_enabled = Attribute(23, BOOLEAN, STATIC)
    mac_transmit_atten = Attribute(24, UNSIGNED, STATIC)
    mac_pos_table = Attribute(25, POS_TABLE, DYNAMIC)


class _WithPosEntry(_WithPosTable):
    """What version 3 adds."""

    mac_duplicate_detection_ttl = Attribute(26, UNSIGNED, STATIC, unit=Unit.SECOND)

    mac_get_pos_table_entry = Method(2, LONG_UNSIGNED, POS_TABLE)


class G3PlcMacSetupV1(_G3PlcMacSetup, class_id=91, version=1):
    """Addresses, keys, tone mask, neighbours and channel access."""

    mac_neighbour_table_entry_ttl = Attribute(10, UNSIGNED, STATIC, unit=Unit.MINUTE)


class G3PlcMacSetupV2(_WithPosTable, class_id=91, version=2):
    """Adds the table of the personal operating space."""

    mac_neighbour_table_entry_ttl = Attribute(10, UNSIGNED, STATIC, unit=Unit.MINUTE)


class G3PlcMacSetupV3(_WithPosEntry, class_id=91, version=3):
    """Adds duplicate detection, and asks for single entries of the table."""

    mac_neighbour_table_entry_ttl = Attribute(10, UNSIGNED, STATIC, unit=Unit.MINUTE)


class G3PlcMacSetup(_WithPosEntry, class_id=91, version=4):
    """Adds recent entries and the preamble; the lifetime is that of the table's entries. Blue Book 4.13.4.

    Whether the members of the two tables are still those of version 3 is said in no public source.
    """

    mac_pos_table_entry_ttl = Attribute(10, UNSIGNED, STATIC, unit=Unit.MINUTE)
    mac_pos_recent_entry_threshold = Attribute(27, UNSIGNED, STATIC)
    mac_pos_recent_entries = Attribute(28, LONG_UNSIGNED, STATIC)
    mac_preamble_length = Attribute(29, UNSIGNED, STATIC)
