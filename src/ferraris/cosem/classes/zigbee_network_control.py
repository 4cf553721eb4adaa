"""ZigBee network control, class 104: a head-end's hold on a ZigBee coordinator."""

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
    INTEGER,
    LONG_UNSIGNED,
    OCTET_STRING,
    Array,
    Choice,
    Structure,
)
from ferraris.kernel.units import Unit

NUMBER: Final = Choice(
    Tag.INTEGER, Tag.UNSIGNED, Tag.LONG, Tag.LONG_UNSIGNED, Tag.DOUBLE_LONG_UNSIGNED, Tag.ENUM, Tag.BIT_STRING
)
"""A number whose type public sources do not name."""


@dataclass(frozen=True, slots=True)
class ActiveDevice:
    """A device of the network and how well it is heard."""

    mac_address: Annotated[bytes, OCTET_STRING]
    status: Annotated[Data, NUMBER]
    max_rssi: Annotated[Data, NUMBER]
    average_rssi: Annotated[Data, NUMBER]
    min_rssi: Annotated[Data, NUMBER]
    max_lqi: Annotated[Data, NUMBER]
    average_lqi: Annotated[Data, NUMBER]
    min_lqi: Annotated[Data, NUMBER]
    last_communication_date_time: Annotated[CosemDateTime, DATE_TIME_STRING]
    number_of_hops: Annotated[Data, NUMBER]
    transmission_failures: Annotated[Data, NUMBER]
    transmission_successes: Annotated[Data, NUMBER]
    application_version: Annotated[Data, NUMBER]
    stack_version: Annotated[Data, NUMBER]


@dataclass(frozen=True, slots=True)
class DeviceToRegister:
    """A device that is let in, with the key it will join with."""

    ieee_address: Annotated[bytes, OCTET_STRING]
    device_type: Annotated[Data, NUMBER]
    key_type: Annotated[Data, NUMBER]
    preconfigured_link_key: Annotated[bytes, OCTET_STRING] = field(repr=False)


@dataclass(frozen=True, slots=True)
class DeviceBackup:
    """A device in a backup of the network."""

    mac_address: Annotated[bytes, OCTET_STRING]
    hashed_tc_link_key: Annotated[bytes, OCTET_STRING] = field(repr=False)


@dataclass(frozen=True, slots=True)
class PanBackup:
    """What a coordinator needs to take over a network."""

    extended_pan_id: Annotated[bytes, OCTET_STRING]
    device_backups: Annotated[tuple[DeviceBackup, ...], Array(Structure(DeviceBackup))]


@dataclass(frozen=True, slots=True)
class MirrorToRemove:
    """A mirrored device and the end point that mirrors it."""

    mac_address: Annotated[bytes, OCTET_STRING]
    mirror_control: Annotated[bytes, OCTET_STRING]


class ZigbeeNetworkControl(CosemObject, class_id=104, version=0):
    """Who may join, who has, and orders to the coordinator. Blue Book 4.15.5.

    The members of the structures are those of two public implementations, which name their order but not the types of their
    numbers; one of them registers a device by address and key alone. Whether `backup_pan` answers with the backup is not
    said either: any answer is read.
    """

    enable_disable_joining = Attribute(2, BOOLEAN, STATIC)
    join_timeout = Attribute(3, LONG_UNSIGNED, STATIC, unit=Unit.SECOND)
    active_devices = Attribute(4, Array(Structure(ActiveDevice)), DYNAMIC)

    register_device = Method(1, Structure(DeviceToRegister))
    unregister_device = Method(2, OCTET_STRING)
    unregister_all_devices = Method(3, INTEGER)
    backup_pan = Method(4, INTEGER, ANY)
    restore_pan = Method(5, Structure(PanBackup))
    identify_device = Method(6, OCTET_STRING)
    remove_mirror = Method(7, Structure(MirrorToRemove))
    update_network_key = Method(8, INTEGER)
    update_link_key = Method(9, OCTET_STRING)
    create_pan = Method(10, INTEGER)
    remove_pan = Method(11, INTEGER)
