"""The answers to what a server cannot serve: exception-response and confirmed-service-error (Green Book 9.5)."""

from __future__ import annotations

from typing import Final

from ferraris.dlms.apdu.cursor import Cursor
from ferraris.dlms.apdu.enumerations import ConfirmedService, ErrorCategory, ServiceErrorCode, StateError, member
from ferraris.kernel.frozen import dataclass

EXCEPTION_RESPONSE: Final = 0xD8
CONFIRMED_SERVICE_ERROR: Final = 0x0E


@dataclass(frozen=True, slots=True)
class ExceptionResponse:
    """Refuses an APDU; with INVOCATION_COUNTER_ERROR it says which counter the server expects at least."""

    state_error: StateError
    service_error: ServiceErrorCode
    invocation_counter: int | None = None

    def encode(self) -> bytes:
        """The APDU's octets."""
        head = bytes((EXCEPTION_RESPONSE, self.state_error, self.service_error))
        return head if self.invocation_counter is None else head + self.invocation_counter.to_bytes(4, "big")


@dataclass(frozen=True, slots=True)
class ConfirmedServiceError:
    """Refuses an initiate (or a short-name service): a category of errors and a value in it."""

    service: ConfirmedService
    category: ErrorCategory
    value: int

    def encode(self) -> bytes:
        """The APDU's octets."""
        return bytes((CONFIRMED_SERVICE_ERROR, self.service, self.category, self.value))


def decode_exception_response(octets: bytes) -> ExceptionResponse:
    """An exception-response, from its tag on. Raises DecodeError."""
    cursor = Cursor(octets, 1)
    state_error = member(StateError, cursor.unsigned(), 1)
    service_error = member(ServiceErrorCode, cursor.unsigned(), 2)
    counter = None
    if service_error is ServiceErrorCode.INVOCATION_COUNTER_ERROR:
        counter = cursor.double_long_unsigned()
    cursor.finish()
    return ExceptionResponse(state_error, service_error, counter)


def decode_confirmed_service_error(octets: bytes) -> ConfirmedServiceError:
    """A confirmed-service-error, from its tag on. Raises DecodeError."""
    cursor = Cursor(octets, 1)
    service = member(ConfirmedService, cursor.unsigned(), 1)
    category = member(ErrorCategory, cursor.unsigned(), 2)
    error = ConfirmedServiceError(service, category, cursor.unsigned())
    cursor.finish()
    return error
