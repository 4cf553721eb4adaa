"""DLMS server M-Bus port setup, class 76: a DLMS server that is reached over wired or wireless M-Bus."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated

from ferraris.cosem.date_time import CosemDateTime
from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject
from ferraris.cosem.types import (
    DATE_TIME_STRING,
    DOUBLE_LONG_UNSIGNED,
    LOGICAL_NAME,
    LONG_UNSIGNED,
    UNSIGNED,
    Array,
    Enumerated,
    Structure,
)


class PortCommunicationStatus(IntEnum):
    """Whether and how long after a message the device listens."""

    NO_ACCESS = 0
    TEMPORARY_NO_ACCESS = 1
    LIMITED_ACCESS = 2
    UNLIMITED_ACCESS = 3
    WIRELESS_M_BUS = 4


class DataHeaderType(IntEnum):
    """What stands between the CI field and the data (EN 13757-3)."""

    NONE = 0
    SHORT = 1
    LONG = 2


@dataclass(frozen=True, slots=True)
class ListeningWindow:
    """When the device can be reached."""

    start_time: Annotated[CosemDateTime, DATE_TIME_STRING]
    end_time: Annotated[CosemDateTime, DATE_TIME_STRING]


class MBusPortSetup(CosemObject, class_id=76, version=0):
    """How the server is addressed on M-Bus and when it listens. Blue Book 4.8.6."""

    profile_selection = Attribute(2, LOGICAL_NAME, STATIC)
    port_communication_status = Attribute(3, Enumerated(PortCommunicationStatus), DYNAMIC)
    data_header_type = Attribute(4, Enumerated(DataHeaderType), STATIC)
    primary_address = Attribute(5, UNSIGNED, DYNAMIC)
    identification_number = Attribute(6, DOUBLE_LONG_UNSIGNED, STATIC)
    manufacturer_id = Attribute(7, LONG_UNSIGNED, STATIC)
    device_version = Attribute(8, UNSIGNED, STATIC)
    device_type = Attribute(9, UNSIGNED, STATIC)
    max_pdu_size = Attribute(10, LONG_UNSIGNED, STATIC)
    listening_window = Attribute(11, Array(Structure(ListeningWindow)), STATIC)
