"""S-FSK Phy&MAC set-up, class 50: the physical and the MAC layer of S-FSK power line carrier (IEC 61334)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated

from ferraris.cosem.classes.baud_rate import BaudRate
from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject
from ferraris.cosem.types import (
    BOOLEAN,
    DOUBLE_LONG_UNSIGNED,
    LONG_UNSIGNED,
    UNSIGNED,
    Array,
    Enumerated,
    Structure,
)
from ferraris.kernel.units import Unit


class InitiatorElectricalPhase(IntEnum):
    """The phase that the initiator is connected to."""

    NOT_DEFINED = 0
    PHASE_1 = 1
    PHASE_2 = 2
    PHASE_3 = 3


class DeltaElectricalPhase(IntEnum):
    """The phase of the server seen from that of the initiator, in degrees."""

    NOT_DEFINED = 0
    SAME = 1
    DEGREES_60 = 2
    DEGREES_120 = 3
    DEGREES_180 = 4
    DEGREES_MINUS_120 = 5
    DEGREES_MINUS_60 = 6


class Repeater(IntEnum):
    """Whether the server repeats frames."""

    NEVER = 0
    ALWAYS = 1
    DYNAMIC = 2


@dataclass(frozen=True, slots=True)
class Frequencies:
    """The two frequencies of S-FSK, in hertz."""

    mark_frequency: Annotated[int, DOUBLE_LONG_UNSIGNED]
    space_frequency: Annotated[int, DOUBLE_LONG_UNSIGNED]


class _SFskPhyMacSetup(CosemObject):
    """What both versions have alike."""

    initiator_electrical_phase = Attribute(2, Enumerated(InitiatorElectricalPhase), STATIC)
    delta_electrical_phase = Attribute(3, Enumerated(DeltaElectricalPhase), DYNAMIC)
    max_receiving_gain = Attribute(4, UNSIGNED, STATIC, unit=Unit.DECIBEL)
    max_transmitting_gain = Attribute(5, UNSIGNED, STATIC, unit=Unit.DECIBEL)
    frequencies = Attribute(7, Structure(Frequencies), STATIC)
    mac_address = Attribute(8, LONG_UNSIGNED, DYNAMIC)
    mac_group_addresses = Attribute(9, Array(LONG_UNSIGNED), STATIC)
    repeater = Attribute(10, Enumerated(Repeater), STATIC)
    repeater_status = Attribute(11, BOOLEAN, DYNAMIC)
    min_delta_credit = Attribute(12, UNSIGNED, DYNAMIC)
    initiator_mac_address = Attribute(13, LONG_UNSIGNED, DYNAMIC)
    synchronization_locked = Attribute(14, BOOLEAN, DYNAMIC)


class SFskPhyMacSetupV0(_SFskPhyMacSetup, class_id=50, version=0):
    """The version that new meters are not to use."""

    search_initiator_gain = Attribute(6, UNSIGNED, STATIC, unit=Unit.DECIBEL)


class SFskPhyMacSetup(_SFskPhyMacSetup, class_id=50, version=1):
    """Gains, frequencies, addresses and repetition. Blue Book 4.10.3."""

    search_initiator_threshold = Attribute(6, UNSIGNED, STATIC, unit=Unit.DECIBEL_MICROVOLT)
    transmission_speed = Attribute(15, Enumerated(BaudRate), STATIC)
