"""LoRaWAN setup, class 128: a meter as an end-device of a LoRaWAN network."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Final

from ferraris.codec import Data, Tag
from ferraris.cosem.date_time import CosemDateTime
from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject, Method
from ferraris.cosem.types import (
    ANY,
    BOOLEAN,
    DATE_TIME_STRING,
    DOUBLE_LONG_UNSIGNED,
    ENUM,
    INTEGER,
    OCTET_STRING,
    Array,
    Choice,
    Structure,
)
from ferraris.kernel.units import Unit

COUNT: Final = Choice(Tag.UNSIGNED, Tag.LONG_UNSIGNED, Tag.DOUBLE_LONG_UNSIGNED)
"""A number whose size public sources do not name."""


@dataclass(frozen=True, slots=True)
class DeviceOperation:
    """How often the device asked to join, and how long ago it last asked and was let in."""

    total_join_request_counter: Annotated[Data, COUNT]
    time_since_last_join_request: Annotated[Data, COUNT]
    time_since_last_join_accept: Annotated[Data, COUNT]


@dataclass(frozen=True, slots=True)
class ModemVersions:
    """Versions of the modem, of the regional parameters and of the protocol, each a string of some type."""

    hardware_version: Annotated[Data, ANY]
    software_version: Annotated[Data, ANY]
    regional_parameters_version: Annotated[Data, ANY]
    protocol_version: Annotated[Data, ANY]


@dataclass(frozen=True, slots=True)
class MulticastParameters:
    """A multicast group: its address and key, the frame counters it is valid for, and when, how and where it is sent."""

    mc_addr: Annotated[int, DOUBLE_LONG_UNSIGNED]
    mc_key: Annotated[bytes, OCTET_STRING] = field(repr=False)
    mc_min_fcount: Annotated[Data, COUNT]
    mc_max_fcount: Annotated[Data, COUNT]
    mc_start_time: Annotated[CosemDateTime, DATE_TIME_STRING]
    mc_duration: Annotated[Data, COUNT]
    mc_class: Annotated[int, ENUM]
    mc_downlink_data_rate: Annotated[Data, COUNT]
    mc_downlink_frequency: Annotated[Data, COUNT]


class LorawanSetup(CosemObject, class_id=128, version=0):
    """Class, state, power, data rate, region and groups of the end-device. Blue Book 4.17.2.2.

    Attributes, types and methods are those of one public extract of edition 16. Members of the structures are in the order of
    one public implementation; how large their numbers are, and which numbers stand for classes, states, regions and join
    strategies, is known from no public source.
    """

    device_class = Attribute(2, ENUM, DYNAMIC)
    state = Attribute(3, ENUM, DYNAMIC)
    max_transmit_eirp_setting = Attribute(4, INTEGER, STATIC, unit=Unit.DECIBEL_MILLIWATT)
    adr_mode = Attribute(5, BOOLEAN, DYNAMIC)
    regional_parameters = Attribute(6, ENUM, DYNAMIC)
    device_operation = Attribute(7, Structure(DeviceOperation), DYNAMIC)
    modem_versions = Attribute(8, Structure(ModemVersions), STATIC)
    dev_addr = Attribute(9, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    join_strategy = Attribute(10, ENUM, DYNAMIC)
    multicasts_parameters = Attribute(11, Array(Structure(MulticastParameters)), DYNAMIC)

    disconnect_from_network = Method(1, INTEGER)
    change_class = Method(2, ENUM)
    change_region = Method(3, ENUM)
