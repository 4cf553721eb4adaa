"""G3-PLC 6LoWPAN adaptation layer setup, class 92: routing and compression in G3 power line carrier (ITU-T G.9903).

Version 0 is not declared: it is known from one public source that contradicts what others say of its time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated

from ferraris.codec import BitString
from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject
from ferraris.cosem.types import (
    ANY,
    BIT_STRING,
    BOOLEAN,
    LONG_UNSIGNED,
    OCTET_STRING,
    UNSIGNED,
    Array,
    Enumerated,
    Structure,
)
from ferraris.kernel.units import Unit


class DeviceType(IntEnum):
    """What the modem is in its network."""

    PAN_DEVICE = 0
    PAN_COORDINATOR = 1
    NOT_DEFINED = 2


@dataclass(frozen=True, slots=True)
class RoutingConfiguration:
    """How routes are sought and weighed. Times to live are in minutes, other times in seconds."""

    adp_net_traversal_time: Annotated[int, UNSIGNED]
    adp_routing_table_entry_ttl: Annotated[int, LONG_UNSIGNED]
    adp_kr: Annotated[int, UNSIGNED]
    adp_km: Annotated[int, UNSIGNED]
    adp_kc: Annotated[int, UNSIGNED]
    adp_kq: Annotated[int, UNSIGNED]
    adp_kh: Annotated[int, UNSIGNED]
    adp_krt: Annotated[int, UNSIGNED]
    adp_rreq_retries: Annotated[int, UNSIGNED]
    adp_rreq_rerr_wait: Annotated[int, UNSIGNED]
    adp_blacklist_table_entry_ttl: Annotated[int, LONG_UNSIGNED]
    adp_unicast_rreq_gen_enable: Annotated[bool, BOOLEAN]
    adp_rlc_enabled: Annotated[bool, BOOLEAN]
    adp_add_rev_link_cost: Annotated[int, UNSIGNED]


@dataclass(frozen=True, slots=True)
class Route:
    """The next hop to a node, what the route costs and for how many minutes it is valid."""

    destination_address: Annotated[int, LONG_UNSIGNED]
    next_hop_address: Annotated[int, LONG_UNSIGNED]
    route_cost: Annotated[int, LONG_UNSIGNED]
    hop_count: Annotated[int, UNSIGNED]
    weak_link_count: Annotated[int, UNSIGNED]
    valid_time: Annotated[int, LONG_UNSIGNED]


@dataclass(frozen=True, slots=True)
class ContextInformation:
    """A prefix that addresses are compressed with (RFC 6282), and for how many minutes it is valid."""

    cid: Annotated[BitString, BIT_STRING]
    context_length: Annotated[int, UNSIGNED]
    context: Annotated[bytes, OCTET_STRING]
    c: Annotated[bool, BOOLEAN]
    valid_lifetime: Annotated[int, LONG_UNSIGNED]


@dataclass(frozen=True, slots=True)
class BlacklistedNeighbour:
    """A node that is not routed through, and for how many minutes."""

    blacklisted_neighbour_address: Annotated[int, LONG_UNSIGNED]
    valid_time: Annotated[int, LONG_UNSIGNED]


@dataclass(frozen=True, slots=True)
class BroadcastLogEntry:
    """A broadcast that was seen, and for how many minutes that is remembered."""

    source_address: Annotated[int, LONG_UNSIGNED]
    sequence_number: Annotated[int, UNSIGNED]
    valid_time: Annotated[int, LONG_UNSIGNED]


class G3Plc6lowpanAdaptationLayerSetupV1(CosemObject, class_id=92, version=1):
    """Hops, link quality, tables and routing of the adaptation layer.

    Public sources disagree on the elements of `adp_prefix_table`; any are read.
    """

    adp_max_hops = Attribute(2, UNSIGNED, STATIC)
    adp_weak_lqi_value = Attribute(3, UNSIGNED, STATIC)
    adp_security_level = Attribute(4, UNSIGNED, STATIC)
    adp_prefix_table = Attribute(5, Array(ANY), DYNAMIC)
    adp_routing_configuration = Attribute(6, Array(Structure(RoutingConfiguration)), STATIC)
    adp_broadcast_log_table_entry_ttl = Attribute(7, LONG_UNSIGNED, STATIC, unit=Unit.MINUTE)
    adp_routing_table = Attribute(8, Array(Structure(Route)), DYNAMIC)
    adp_context_information_table = Attribute(9, Array(Structure(ContextInformation)), DYNAMIC)
    adp_blacklist_table = Attribute(10, Array(Structure(BlacklistedNeighbour)), DYNAMIC)
    adp_broadcast_log_table = Attribute(11, Array(Structure(BroadcastLogEntry)), DYNAMIC)
    adp_group_table = Attribute(12, Array(LONG_UNSIGNED), DYNAMIC)
    adp_max_join_wait_time = Attribute(13, LONG_UNSIGNED, STATIC, unit=Unit.SECOND)
    adp_path_discovery_time = Attribute(14, UNSIGNED, STATIC, unit=Unit.SECOND)
    adp_active_key_index = Attribute(15, UNSIGNED, STATIC)
    adp_metric_type = Attribute(16, UNSIGNED, STATIC)
    adp_coord_short_address = Attribute(17, LONG_UNSIGNED, STATIC)
    adp_disable_default_routing = Attribute(18, BOOLEAN, STATIC)
    adp_device_type = Attribute(19, Enumerated(DeviceType), STATIC)


class G3Plc6lowpanAdaptationLayerSetupV2(G3Plc6lowpanAdaptationLayerSetupV1, class_id=92, version=2):
    """Adds the route to the coordinator and a set of destinations."""

    adp_default_coord_route_enabled = Attribute(20, BOOLEAN, STATIC)
    adp_destination_address_set = Attribute(21, Array(LONG_UNSIGNED), DYNAMIC)


class G3Plc6lowpanAdaptationLayerSetupV3(G3Plc6lowpanAdaptationLayerSetupV2, class_id=92, version=3):
    """Adds limits of link quality."""

    adp_low_lqi_value = Attribute(22, UNSIGNED, STATIC)
    adp_high_lqi_value = Attribute(23, UNSIGNED, STATIC)


class G3Plc6lowpanAdaptationLayerSetup(G3Plc6lowpanAdaptationLayerSetupV3, class_id=92, version=4):
    """Adds delays, jitter and trickle timers of broadcasts. Blue Book 4.13.5.

    Whether the members of structures are still those of version 3 is said in no public source.
    """

    adp_delay_low_lqi = Attribute(24, LONG_UNSIGNED, STATIC)
    adp_delay_high_lqi = Attribute(25, LONG_UNSIGNED, STATIC)
    adp_rreq_jitter_low_lqi = Attribute(26, UNSIGNED, STATIC)
    adp_rreq_jitter_high_lqi = Attribute(27, UNSIGNED, STATIC)
    adp_trickle_data_enabled = Attribute(28, BOOLEAN, STATIC)
    adp_trickle_lqi_threshold_low = Attribute(29, UNSIGNED, STATIC)
    adp_trickle_step = Attribute(30, UNSIGNED, STATIC)
    adp_trickle_imin = Attribute(31, LONG_UNSIGNED, STATIC)
    adp_trickle_max_ki = Attribute(32, UNSIGNED, STATIC)
    adp_trickle_adaptive_imin = Attribute(33, BOOLEAN, STATIC)
    adp_trickle_adaptive_ki = Attribute(34, BOOLEAN, STATIC)
    adp_cluster_trickle_enabled = Attribute(35, BOOLEAN, STATIC)
    adp_cluster_min_lqi = Attribute(36, UNSIGNED, STATIC)
    adp_cluster_trickle_k = Attribute(37, UNSIGNED, STATIC)
    adp_cluster_rreq_route_cost_deviation = Attribute(38, UNSIGNED, STATIC)
    adp_cluster_trickle_i = Attribute(39, LONG_UNSIGNED, STATIC)
    adp_trickle_lqi_threshold_high = Attribute(40, UNSIGNED, STATIC)
