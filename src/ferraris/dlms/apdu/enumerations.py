"""The answers and options that APDUs carry as one octet, by the standard's names (Green Book 9.5)."""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import TypeVar

from ferraris.kernel.errors import DecodeError


class DataAccessResult(IntEnum):
    """What a server answers instead of, or along with, an attribute's value."""

    SUCCESS = 0
    HARDWARE_FAULT = 1
    TEMPORARY_FAILURE = 2
    READ_WRITE_DENIED = 3
    OBJECT_UNDEFINED = 4
    OBJECT_CLASS_INCONSISTENT = 9
    OBJECT_UNAVAILABLE = 11
    TYPE_UNMATCHED = 12
    SCOPE_OF_ACCESS_VIOLATED = 13
    DATA_BLOCK_UNAVAILABLE = 14
    LONG_GET_ABORTED = 15
    NO_LONG_GET_IN_PROGRESS = 16
    LONG_SET_ABORTED = 17
    NO_LONG_SET_IN_PROGRESS = 18
    DATA_BLOCK_NUMBER_INVALID = 19
    OTHER_REASON = 250


class ActionResult(IntEnum):
    """What a server answers to the invocation of a method."""

    SUCCESS = 0
    HARDWARE_FAULT = 1
    TEMPORARY_FAILURE = 2
    READ_WRITE_DENIED = 3
    OBJECT_UNDEFINED = 4
    OBJECT_CLASS_INCONSISTENT = 9
    OBJECT_UNAVAILABLE = 11
    TYPE_UNMATCHED = 12
    SCOPE_OF_ACCESS_VIOLATED = 13
    DATA_BLOCK_UNAVAILABLE = 14
    LONG_ACTION_ABORTED = 15
    NO_LONG_ACTION_IN_PROGRESS = 16
    OTHER_REASON = 250


class Conformance(IntFlag):
    """The conformance block: 24 bits, bit 0 of the standard being the most significant."""

    RESERVED_ZERO = 1 << 23
    GENERAL_PROTECTION = 1 << 22
    GENERAL_BLOCK_TRANSFER = 1 << 21
    READ = 1 << 20
    WRITE = 1 << 19
    UNCONFIRMED_WRITE = 1 << 18
    DELTA_VALUE_ENCODING = 1 << 17
    RESERVED_SEVEN = 1 << 16
    ATTRIBUTE_0_SUPPORTED_WITH_SET = 1 << 15
    PRIORITY_MGMT_SUPPORTED = 1 << 14
    ATTRIBUTE_0_SUPPORTED_WITH_GET = 1 << 13
    BLOCK_TRANSFER_WITH_GET_OR_READ = 1 << 12
    BLOCK_TRANSFER_WITH_SET_OR_WRITE = 1 << 11
    BLOCK_TRANSFER_WITH_ACTION = 1 << 10
    MULTIPLE_REFERENCES = 1 << 9
    INFORMATION_REPORT = 1 << 8
    DATA_NOTIFICATION = 1 << 7
    ACCESS = 1 << 6
    PARAMETERIZED_ACCESS = 1 << 5
    GET = 1 << 4
    SET = 1 << 3
    SELECTIVE_ACCESS = 1 << 2
    EVENT_NOTIFICATION = 1 << 1
    ACTION = 1 << 0


class ApplicationContext(IntEnum):
    """The last arc of the application context name 2.16.756.5.8.1.x."""

    LOGICAL_NAME = 1
    SHORT_NAME = 2
    LOGICAL_NAME_CIPHERED = 3
    SHORT_NAME_CIPHERED = 4


class Mechanism(IntEnum):
    """The last arc of the authentication mechanism name 2.16.756.5.8.2.x."""

    LOWEST = 0
    LLS = 1
    HLS = 2
    HLS_MD5 = 3
    HLS_SHA1 = 4
    HLS_GMAC = 5
    HLS_SHA256 = 6
    HLS_ECDSA = 7


class AssociationResult(IntEnum):
    """AARE: whether the association stands."""

    ACCEPTED = 0
    REJECTED_PERMANENT = 1
    REJECTED_TRANSIENT = 2


class ServiceUserDiagnostic(IntEnum):
    """AARE: why, said by the ACSE service user (the application)."""

    NULL = 0
    NO_REASON_GIVEN = 1
    APPLICATION_CONTEXT_NAME_NOT_SUPPORTED = 2
    CALLING_AP_TITLE_NOT_RECOGNIZED = 3
    CALLING_AP_INVOCATION_IDENTIFIER_NOT_RECOGNIZED = 4
    CALLING_AE_QUALIFIER_NOT_RECOGNIZED = 5
    CALLING_AE_INVOCATION_IDENTIFIER_NOT_RECOGNIZED = 6
    CALLED_AP_TITLE_NOT_RECOGNIZED = 7
    CALLED_AP_INVOCATION_IDENTIFIER_NOT_RECOGNIZED = 8
    CALLED_AE_QUALIFIER_NOT_RECOGNIZED = 9
    CALLED_AE_INVOCATION_IDENTIFIER_NOT_RECOGNIZED = 10
    AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNISED = 11
    AUTHENTICATION_MECHANISM_NAME_REQUIRED = 12
    AUTHENTICATION_FAILURE = 13
    AUTHENTICATION_REQUIRED = 14


class ServiceProviderDiagnostic(IntEnum):
    """AARE: why, said by the ACSE service provider."""

    NULL = 0
    NO_REASON_GIVEN = 1
    NO_COMMON_ACSE_VERSION = 2


class ReleaseReason(IntEnum):
    """RLRQ: why the association ends."""

    NORMAL = 0
    URGENT = 1
    USER_DEFINED = 30


class ReleaseResponseReason(IntEnum):
    """RLRE: how the peer took the release."""

    NORMAL = 0
    NOT_FINISHED = 1
    USER_DEFINED = 30


class StateError(IntEnum):
    """Exception-response: what the server's state has against the service."""

    SERVICE_NOT_ALLOWED = 1
    SERVICE_UNKNOWN = 2


class ServiceErrorCode(IntEnum):
    """Exception-response: what went wrong with the service."""

    OPERATION_NOT_POSSIBLE = 1
    SERVICE_NOT_SUPPORTED = 2
    OTHER_REASON = 3
    PDU_TOO_LONG = 4
    DECIPHERING_ERROR = 5
    INVOCATION_COUNTER_ERROR = 6


class ConfirmedService(IntEnum):
    """Confirmed-service-error: which service failed."""

    INITIATE = 1
    READ = 5
    WRITE = 6


class InitiateError(IntEnum):
    """Confirmed-service-error of the category INITIATE: what the client proposed that cannot be."""

    OTHER = 0
    DLMS_VERSION_TOO_LOW = 1
    INCOMPATIBLE_CONFORMANCE = 2
    PDU_SIZE_TOO_SHORT = 3
    REFUSED_BY_THE_VDE_HANDLER = 4


class ErrorCategory(IntEnum):
    """Confirmed-service-error: which list of errors the value is from."""

    APPLICATION_REFERENCE = 0
    HARDWARE_RESOURCE = 1
    VDE_STATE_ERROR = 2
    SERVICE = 3
    DEFINITION = 4
    ACCESS = 5
    INITIATE = 6
    LOAD_DATA_SET = 7
    TASK = 9
    OTHER = 10


E = TypeVar("E", bound=IntEnum)

DATA_ACCESS_RESULTS: dict[int, DataAccessResult] = {int(member): member for member in DataAccessResult}
ACTION_RESULTS: dict[int, ActionResult] = {int(member): member for member in ActionResult}


def data_access_result(code: int, offset: int) -> DataAccessResult:
    """The member for `code`. Raises DecodeError with the octet's `offset`."""
    try:
        return DATA_ACCESS_RESULTS[code]
    except KeyError:
        raise _unknown("data-access-result", code, offset) from None


def action_result(code: int, offset: int) -> ActionResult:
    """The member for `code`. Raises DecodeError with the octet's `offset`."""
    try:
        return ACTION_RESULTS[code]
    except KeyError:
        raise _unknown("action-result", code, offset) from None


def member(enumeration: type[E], code: int, offset: int) -> E:
    """The member of any enumeration for `code`. Raises DecodeError with the octet's `offset`."""
    try:
        return enumeration._value2member_map_[code]  # type: ignore[return-value]  # a call would take three times as long
    except KeyError:
        raise _unknown(enumeration.__name__, code, offset) from None


def _unknown(name: str, code: int, offset: int) -> DecodeError:
    return DecodeError("no such value", expected=f"a value of {name}", got=code, offset=offset, clause="Green Book 9.5")
