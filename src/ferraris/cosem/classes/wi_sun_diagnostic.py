"""Wi-SUN diagnostic, class 96: interfaces, neighbours and transmissions of a Wi-SUN node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ferraris.codec import Data
from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject, Method
from ferraris.cosem.types import ANY, INTEGER, OCTET_STRING, Array, Structure


@dataclass(frozen=True, slots=True)
class Interface:
    """An interface and its counters, after RFC 1213."""

    if_descr: Annotated[bytes, OCTET_STRING]
    if_phys_address: Annotated[bytes, OCTET_STRING]
    if_in_octets: Annotated[Data, ANY]
    if_in_ucast_pkts: Annotated[Data, ANY]
    if_in_nucast_pkts: Annotated[Data, ANY]
    if_in_errors: Annotated[Data, ANY]
    if_in_unknown_protos: Annotated[Data, ANY]
    if_out_octets: Annotated[Data, ANY]
    if_out_ucast_pkts: Annotated[Data, ANY]
    if_out_nucast_pkts: Annotated[Data, ANY]
    if_out_errors: Annotated[Data, ANY]
    if_out_qlen: Annotated[Data, ANY]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A node that is heard, by its EUI-64, and what it costs to reach the root through it."""

    neighbour_id: Annotated[bytes, OCTET_STRING]
    neighbour_type: Annotated[Data, ANY]
    device_rank: Annotated[Data, ANY]
    rssi: Annotated[Data, ANY]
    etx_to_parent: Annotated[Data, ANY]


@dataclass(frozen=True, slots=True)
class Transmissions:
    """What was received from and sent to a neighbour."""

    neighbour_id: Annotated[bytes, OCTET_STRING]
    number_of_receptions: Annotated[Data, ANY]
    number_of_successful_transmissions: Annotated[Data, ANY]
    number_of_failed_transmissions: Annotated[Data, ANY]


class WiSunDiagnostic(CosemObject, class_id=96, version=0):
    """What a node knows of its links. Blue Book 4.18.2.

    Known from one public implementation, which gives the order of attributes and members but neither their names as the
    standard spells them nor the types of numbers.
    """

    sys_descr = Attribute(2, OCTET_STRING, STATIC)
    if_number = Attribute(3, ANY, STATIC)
    if_table = Attribute(4, Array(Structure(Interface)), DYNAMIC)
    neighbour_table = Attribute(5, Array(Structure(Neighbour)), DYNAMIC)
    transmission_table = Attribute(6, Array(Structure(Transmissions)), DYNAMIC)

    reset = Method(1, INTEGER)
