"""M-Bus client, class 72: an M-Bus device, such as a gas meter, that is read and keyed through this meter.

Version 2 is not declared: its attributes are not known from public sources.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated

from ferraris.codec import Data
from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject, Method
from ferraris.cosem.types import (
    ANY,
    DOUBLE_LONG_UNSIGNED,
    INTEGER,
    LOGICAL_NAME,
    LONG_UNSIGNED,
    OCTET_STRING,
    UNSIGNED,
    Array,
    Enumerated,
    Structure,
)
from ferraris.kernel.units import Unit


class EncryptionKeyStatus(IntEnum):
    """How far the key that an M-Bus device encrypts with has come."""

    NO_ENCRYPTION_KEY = 0
    ENCRYPTION_KEY_SET = 1
    ENCRYPTION_KEY_TRANSFERRED = 2
    ENCRYPTION_KEY_SET_AND_TRANSFERRED = 3
    ENCRYPTION_KEY_IN_USE = 4


@dataclass(frozen=True, slots=True)
class CaptureDefinitionElement:
    """A value to be taken from the device, by its data and value information blocks (EN 13757-3)."""

    data_information_block: Annotated[bytes, OCTET_STRING]
    value_information_block: Annotated[bytes, OCTET_STRING]


@dataclass(frozen=True, slots=True)
class DataDefinitionElement:
    """A value to be sent to the device."""

    data_information_block: Annotated[bytes, OCTET_STRING]
    value_information_block: Annotated[bytes, OCTET_STRING]
    data: Annotated[Data, ANY]


class MBusClientV0(CosemObject, class_id=72, version=0):
    """Identifies an M-Bus device, says what is captured from it and when, and shows its data header. Blue Book 4.8.3.

    Two public clients send the argument of `slave_install`, the primary address, and of `slave_deinstall` as integer; a third
    tries unsigned where a meter refuses that.
    """

    mbus_port_reference = Attribute(2, LOGICAL_NAME, STATIC)
    capture_definition = Attribute(3, Array(Structure(CaptureDefinitionElement)), STATIC)
    capture_period = Attribute(4, DOUBLE_LONG_UNSIGNED, STATIC, unit=Unit.SECOND)
    primary_address = Attribute(5, UNSIGNED, DYNAMIC)
    identification_number = Attribute(6, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    manufacturer_id = Attribute(7, LONG_UNSIGNED, DYNAMIC)
    device_version = Attribute(8, UNSIGNED, DYNAMIC)
    device_type = Attribute(9, UNSIGNED, DYNAMIC)
    access_number = Attribute(10, UNSIGNED, DYNAMIC)
    status = Attribute(11, UNSIGNED, DYNAMIC)
    alarm = Attribute(12, UNSIGNED, DYNAMIC)

    slave_install = Method(1, INTEGER)
    slave_deinstall = Method(2, INTEGER)
    capture = Method(3, INTEGER)
    reset_alarm = Method(4, INTEGER)
    synchronize_clock = Method(5, INTEGER)
    data_send = Method(6, Array(Structure(DataDefinitionElement)))
    set_encryption_key = Method(7, OCTET_STRING)
    transfer_key = Method(8, OCTET_STRING)


class MBusClient(MBusClientV0, class_id=72, version=1):
    """Adds the configuration word of the data header and the state of the encryption key."""

    configuration = Attribute(13, LONG_UNSIGNED, DYNAMIC)
    encryption_key_status = Attribute(14, Enumerated(EncryptionKeyStatus), DYNAMIC)
