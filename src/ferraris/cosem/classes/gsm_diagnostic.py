"""GSM diagnostic, class 47: operator, registration, cell and signal of a modem in a mobile network."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated

from ferraris.cosem.declaration import DYNAMIC, Attribute, CosemObject
from ferraris.cosem.types import (
    DATE_TIME_STRING,
    DOUBLE_LONG_UNSIGNED,
    LONG_UNSIGNED,
    UNSIGNED,
    VISIBLE_STRING,
    Array,
    Enumerated,
    OpenEnum,
    Structure,
)


class RegistrationStatus(OpenEnum):
    """Whether the modem is registered."""

    NOT_REGISTERED = 0
    HOME_NETWORK = 1
    SEARCHING = 2
    DENIED = 3
    UNKNOWN = 4
    ROAMING = 5


class CircuitSwitchedStatus(IntEnum):
    """Whether there is a circuit-switched call."""

    INACTIVE = 0
    INCOMING_CALL = 1
    ACTIVE = 2


class PacketSwitchedStatus(OpenEnum):
    """By what technology the modem is attached. Version 2 added the last three."""

    INACTIVE = 0
    GPRS = 1
    EDGE = 2
    UMTS = 3
    HSDPA = 4
    LTE = 5
    CDMA = 6
    LTE_CAT_M1 = 7
    LTE_CAT_NB1 = 8
    LTE_CAT_NB2 = 9


@dataclass(frozen=True, slots=True)
class CellV0:
    """The cell in use: its number and area, signal quality and bit error rate as the modem numbers them."""

    cell_id: Annotated[int, LONG_UNSIGNED]
    location_id: Annotated[int, LONG_UNSIGNED]
    signal_quality: Annotated[int, UNSIGNED]
    ber: Annotated[int, UNSIGNED]


@dataclass(frozen=True, slots=True)
class Cell:
    """The cell in use, with country, network and channel; its number has four octets."""

    cell_id: Annotated[int, DOUBLE_LONG_UNSIGNED]
    location_id: Annotated[int, LONG_UNSIGNED]
    signal_quality: Annotated[int, UNSIGNED]
    ber: Annotated[int, UNSIGNED]
    mobile_country_code: Annotated[int, LONG_UNSIGNED]
    mobile_network_code: Annotated[int, LONG_UNSIGNED]
    channel_number: Annotated[int, DOUBLE_LONG_UNSIGNED]


@dataclass(frozen=True, slots=True)
class AdjacentCellV0:
    """A cell nearby."""

    cell_id: Annotated[int, LONG_UNSIGNED]
    signal_quality: Annotated[int, UNSIGNED]


@dataclass(frozen=True, slots=True)
class AdjacentCell:
    """A cell nearby; its number has four octets."""

    cell_id: Annotated[int, DOUBLE_LONG_UNSIGNED]
    signal_quality: Annotated[int, UNSIGNED]


class _GsmDiagnostic(CosemObject):
    """What all versions have alike."""

    operator = Attribute(2, VISIBLE_STRING, DYNAMIC)
    status = Attribute(3, Enumerated(RegistrationStatus), DYNAMIC)
    cs_attachment = Attribute(4, Enumerated(CircuitSwitchedStatus), DYNAMIC)
    ps_status = Attribute(5, Enumerated(PacketSwitchedStatus), DYNAMIC)
    capture_time = Attribute(8, DATE_TIME_STRING, DYNAMIC)


class GsmDiagnosticV0(_GsmDiagnostic, class_id=47, version=0):
    """Cell numbers of two octets."""

    cell_info = Attribute(6, Structure(CellV0), DYNAMIC)
    adjacent_cells = Attribute(7, Array(Structure(AdjacentCellV0)), DYNAMIC)


class GsmDiagnosticV1(_GsmDiagnostic, class_id=47, version=1):
    """Cell numbers of four octets; country, network and channel of the cell."""

    cell_info = Attribute(6, Structure(Cell), DYNAMIC)
    adjacent_cells = Attribute(7, Array(Structure(AdjacentCell)), DYNAMIC)


class GsmDiagnostic(GsmDiagnosticV1, version=2):
    """Knows the narrow-band technologies of LTE. Blue Book 4.7.8."""
