"""PRIME NB OFDM PLC MAC network administration data, class 85: what a node knows of its subnetwork."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ferraris.cosem.declaration import DYNAMIC, Attribute, CosemObject, Method
from ferraris.cosem.types import INTEGER, LONG, OCTET_STRING, Array, Structure


@dataclass(frozen=True, slots=True)
class MulticastEntry:
    """A multicast group and how many members it has below this switch."""

    mcast_entry_lcid: Annotated[int, INTEGER]
    mcast_entry_members: Annotated[int, LONG]


@dataclass(frozen=True, slots=True)
class DirectConnection:
    """A connection from node to node that this switch carries."""

    dconn_entry_src_sid: Annotated[int, LONG]
    dconn_entry_src_lnid: Annotated[int, LONG]
    dconn_entry_src_lcid: Annotated[int, LONG]
    dconn_entry_dst_sid: Annotated[int, LONG]
    dconn_entry_dst_lnid: Annotated[int, LONG]
    dconn_entry_dst_lcid: Annotated[int, LONG]
    dconn_entry_did: Annotated[bytes, OCTET_STRING]


@dataclass(frozen=True, slots=True)
class AvailableSwitch:
    """A switch whose beacons are heard."""

    slist_entry_sna: Annotated[bytes, OCTET_STRING]
    slist_entry_lsid: Annotated[int, LONG]
    slist_entry_level: Annotated[int, INTEGER]
    slist_entry_rx_level: Annotated[int, INTEGER]
    slist_entry_rx_snr: Annotated[int, INTEGER]


@dataclass(frozen=True, slots=True)
class PhyCommunication:
    """How a neighbour is spoken with: power, coding, level, noise, and how often they changed."""

    phy_comm_eui: Annotated[bytes, OCTET_STRING]
    phy_comm_tx_pwr: Annotated[int, INTEGER]
    phy_comm_tx_cod: Annotated[int, INTEGER]
    phy_comm_rx_cod: Annotated[int, INTEGER]
    phy_comm_rx_lvl: Annotated[int, INTEGER]
    phy_comm_snr: Annotated[int, INTEGER]
    phy_comm_tx_pwr_mod: Annotated[int, INTEGER]
    phy_comm_tx_cod_mod: Annotated[int, INTEGER]
    phy_comm_rx_cod_mod: Annotated[int, INTEGER]


class PrimeMacNetworkAdministrationData(CosemObject, class_id=85, version=0):
    """Groups, switches, connections and neighbours of a node. Blue Book 4.12.9."""

    mac_list_multicast_entries = Attribute(2, Array(Structure(MulticastEntry)), DYNAMIC)
    mac_list_switch_table = Attribute(3, Array(LONG), DYNAMIC)
    mac_list_direct_table = Attribute(4, Array(Structure(DirectConnection)), DYNAMIC)
    mac_list_available_switches = Attribute(5, Array(Structure(AvailableSwitch)), DYNAMIC)
    mac_list_phy_comm = Attribute(6, Array(Structure(PhyCommunication)), DYNAMIC)

    reset = Method(1, INTEGER)
