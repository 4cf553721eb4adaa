"""Push setup, class 40: what a meter sends unasked, where to, when, and how often it tries."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated

from ferraris.cosem.classes.protection_parameters import PROTECTION
from ferraris.cosem.classes.restricted_attribute import RESTRICTED_ATTRIBUTE, RestrictedAttribute
from ferraris.cosem.date_time import CosemDateTime
from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject, Method
from ferraris.cosem.obis_code import Obis
from ferraris.cosem.types import (
    DATE_TIME,
    DATE_TIME_STRING,
    DOUBLE_LONG_UNSIGNED,
    INTEGER,
    LOGICAL_NAME,
    LONG_UNSIGNED,
    OCTET_STRING,
    UNSIGNED,
    Array,
    Enumerated,
    OpenEnum,
    Structure,
)
from ferraris.kernel.units import Unit


class TransportService(OpenEnum):
    """What carries the push; 200 to 255 are the manufacturer's."""

    TCP = 0
    UDP = 1
    FTP = 2
    SMTP = 3
    SMS = 4
    HDLC = 5
    M_BUS = 6
    ZIGBEE = 7
    DLMS_GATEWAY = 8
    COAP_CONFIRMED = 9
    COAP_NON_CONFIRMED = 10


class PushMessage(OpenEnum):
    """How the pushed data are encoded; 128 to 255 are the manufacturer's."""

    A_XDR_APDU = 0
    XML_APDU = 1


class PushOperationMethod(IntEnum):
    """What follows when a push is not confirmed."""

    UNCONFIRMED_RETRY_ON_FAILURE = 0
    UNCONFIRMED_RETRY_ON_MISSING_LINK_CONFIRMATION = 1
    CONFIRMED_RETRY_ON_MISSING_CONFIRMATION = 2


@dataclass(frozen=True, slots=True)
class PushObject:
    """An attribute to be pushed. `data_index` 0 means the whole attribute."""

    class_id: Annotated[int, LONG_UNSIGNED]
    logical_name: Annotated[Obis, LOGICAL_NAME]
    attribute_index: Annotated[int, INTEGER]
    data_index: Annotated[int, LONG_UNSIGNED] = 0


@dataclass(frozen=True, slots=True)
class ColumnsPushObject(RestrictedAttribute):
    """An attribute to be pushed, with its restriction and, for a profile, its columns."""

    columns: Annotated[tuple[PushObject, ...], Array(Structure(PushObject))]


@dataclass(frozen=True, slots=True)
class SendDestinationAndMethod:
    """Where a push goes."""

    transport_service: Annotated[TransportService, Enumerated(TransportService)]
    destination: Annotated[bytes, OCTET_STRING]
    message: Annotated[PushMessage, Enumerated(PushMessage)]


@dataclass(frozen=True, slots=True)
class CommunicationWindow:
    """When pushes may be sent."""

    start_time: Annotated[CosemDateTime, DATE_TIME_STRING]
    end_time: Annotated[CosemDateTime, DATE_TIME_STRING]


@dataclass(frozen=True, slots=True)
class RepetitionDelay:
    """Seconds from one try to the next: from `minimum`, growing by `exponent` hundredths, up to `maximum`."""

    minimum: Annotated[int, LONG_UNSIGNED]
    exponent: Annotated[int, LONG_UNSIGNED]
    maximum: Annotated[int, LONG_UNSIGNED]


@dataclass(frozen=True, slots=True)
class ConfirmationParameters:
    """From when on, and how often, pushes are confirmed."""

    start_date: Annotated[CosemDateTime, DATE_TIME]
    interval_s: Annotated[int, DOUBLE_LONG_UNSIGNED]


class PushSetupV0(CosemObject, class_id=40, version=0):
    """Pushes a list of attributes, in a communication window, with retries. Blue Book 4.4.8."""

    push_object_list = Attribute(2, Array(Structure(PushObject)), STATIC)
    send_destination_and_method = Attribute(3, Structure(SendDestinationAndMethod), STATIC)
    communication_window = Attribute(4, Array(Structure(CommunicationWindow)), STATIC)
    randomisation_start_interval = Attribute(5, LONG_UNSIGNED, STATIC, unit=Unit.SECOND)
    number_of_retries = Attribute(6, UNSIGNED, STATIC)
    repetition_delay = Attribute(7, LONG_UNSIGNED, STATIC, unit=Unit.SECOND)

    push = Method(1, INTEGER)


class _ProtectedPushSetup(CosemObject):
    """What versions 1 and 2 add alike."""

    send_destination_and_method = Attribute(3, Structure(SendDestinationAndMethod), STATIC)
    communication_window = Attribute(4, Array(Structure(CommunicationWindow)), STATIC)
    randomisation_start_interval = Attribute(5, LONG_UNSIGNED, STATIC, unit=Unit.SECOND)
    number_of_retries = Attribute(6, UNSIGNED, STATIC)
    port_reference = Attribute(8, LOGICAL_NAME, STATIC)
    push_client_sap = Attribute(9, INTEGER, STATIC)
    push_protection_parameters = Attribute(10, PROTECTION, STATIC)

    push = Method(1, INTEGER)


class PushSetupV1(_ProtectedPushSetup, class_id=40, version=1):
    """Adds restrictions, a port and protection. The members of its push objects are uncertain in public sources."""

    push_object_list = Attribute(2, Array(RESTRICTED_ATTRIBUTE), STATIC)
    repetition_delay = Attribute(7, LONG_UNSIGNED, STATIC, unit=Unit.SECOND)


class PushSetup(_ProtectedPushSetup, class_id=40, version=2):
    """Adds columns, growing delays and confirmation."""

    push_object_list = Attribute(2, Array(Structure(ColumnsPushObject)), STATIC)
    repetition_delay = Attribute(7, Structure(RepetitionDelay), STATIC)
    push_operation_method = Attribute(11, Enumerated(PushOperationMethod), STATIC)
    confirmation_parameters = Attribute(12, Structure(ConfirmationParameters), STATIC)
    last_confirmation_date_time = Attribute(13, DATE_TIME, DYNAMIC)

    reset = Method(2, INTEGER)


class PushSetupV3(PushSetup, version=3):
    """The same attributes and methods, after what public sources tell of it; whether a compound differs is uncertain."""
