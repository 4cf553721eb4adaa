"""PRIME NB OFDM PLC MAC functional parameters, class 83: a node's place in its subnetwork."""

from __future__ import annotations

from enum import IntEnum, IntFlag

from ferraris.codec import Tag
from ferraris.cosem.declaration import STATIC, Attribute, CosemObject
from ferraris.cosem.types import LONG, OCTET_STRING, UNSIGNED, Enumerated, Flags


class MacState(IntEnum):
    """What the node is."""

    DISCONNECTED = 0
    TERMINAL = 1
    SWITCH = 2
    BASE = 3


class MacCapabilities(IntFlag):
    """What the node can do, and what it can do as a switch. The rest is reserved."""

    SWITCH_CAPABLE = 0x0001
    AGGREGATION = 0x0002
    CONTENTION_FREE_PERIOD = 0x0004
    DIRECT_CONNECTION = 0x0008
    MULTICAST = 0x0010
    PHY_ROBUSTNESS_MANAGEMENT = 0x0020
    ARQ = 0x0040
    DIRECT_CONNECTION_SWITCHING = 0x0100
    MULTICAST_SWITCHING = 0x0200
    PHY_ROBUSTNESS_MANAGEMENT_SWITCHING = 0x0400
    ARQ_BUFFERING_SWITCHING = 0x0800


class PrimeMacFunctionalParameters(CosemObject, class_id=83, version=0):
    """Identifiers, state, beacons and capabilities of a node. Blue Book 4.12.7."""

    mac_lnid = Attribute(2, LONG, STATIC)
    mac_lsid = Attribute(3, UNSIGNED, STATIC)
    mac_sid = Attribute(4, UNSIGNED, STATIC)
    mac_sna = Attribute(5, OCTET_STRING, STATIC)
    mac_state = Attribute(6, Enumerated(MacState), STATIC)
    mac_scp_length = Attribute(7, LONG, STATIC)
    mac_node_hierarchy_level = Attribute(8, UNSIGNED, STATIC)
    mac_beacon_slot_count = Attribute(9, UNSIGNED, STATIC)
    mac_beacon_rx_slot = Attribute(10, UNSIGNED, STATIC)
    mac_beacon_tx_slot = Attribute(11, UNSIGNED, STATIC)
    mac_beacon_rx_frequency = Attribute(12, UNSIGNED, STATIC)
    mac_beacon_tx_frequency = Attribute(13, UNSIGNED, STATIC)
    mac_capabilities = Attribute(14, Flags(MacCapabilities, Tag.LONG_UNSIGNED), STATIC)
