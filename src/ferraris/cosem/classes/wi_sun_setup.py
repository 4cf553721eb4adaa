"""Wi-SUN setup, class 95: a node of a Wi-SUN field area network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ferraris.codec import Data
from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject, Method
from ferraris.cosem.types import ANY, ENUM, INTEGER, LONG_UNSIGNED, OCTET_STRING, UNSIGNED, Structure


@dataclass(frozen=True, slots=True)
class ChannelPlan:
    """The channels of the network: a regulatory domain and an operating class in it."""

    regulatory_domain: Annotated[Data, ANY]
    operating_class: Annotated[Data, ANY]


@dataclass(frozen=True, slots=True)
class ChannelExclusions:
    """Channels that regulation forbids."""

    number_of_channels: Annotated[Data, ANY]
    excluded_channels: Annotated[Data, ANY]


class WiSunSetup(CosemObject, class_id=95, version=0):
    """Name, routing, timers and channels of the network. Blue Book 4.18.1.

    Names, numbers and types of the attributes are from one public extract of edition 16, the members of structures from one
    implementation that does not name their types. The numbers of the enumerations are Wi-SUN's and not known from either.
    """

    network_name = Attribute(2, OCTET_STRING, STATIC)
    routing_method = Attribute(3, ENUM, DYNAMIC)
    pan_id = Attribute(4, LONG_UNSIGNED, DYNAMIC)
    disc_imin = Attribute(5, UNSIGNED, STATIC)
    disc_imax = Attribute(6, UNSIGNED, STATIC)
    data_message_imin = Attribute(7, UNSIGNED, STATIC)
    data_message_imax = Attribute(8, UNSIGNED, STATIC)
    default_dio_interval_min = Attribute(9, UNSIGNED, STATIC)
    default_dio_interval_doublings = Attribute(10, UNSIGNED, STATIC)
    channel_plan = Attribute(11, Structure(ChannelPlan), STATIC)
    channel_function = Attribute(12, ENUM, STATIC)
    excluded_channels = Attribute(13, ANY, STATIC)
    join_state = Attribute(14, ENUM, DYNAMIC)
    reg_channel_exclusions = Attribute(15, Structure(ChannelExclusions), STATIC)

    reset_join_state = Method(1, INTEGER)
