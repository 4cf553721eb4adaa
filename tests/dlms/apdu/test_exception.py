"""Exception-response and confirmed-service-error."""

from __future__ import annotations

import pytest

from ferraris.dlms.apdu import (
    Apdu,
    ConfirmedService,
    ConfirmedServiceError,
    ErrorCategory,
    ExceptionResponse,
    ServiceErrorCode,
    StateError,
)
from tests.dlms.apdu.table import check_both_ways, check_refused


@pytest.mark.parametrize(
    ("octets", "apdu"),
    [
        ("d8 01 01", ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.OPERATION_NOT_POSSIBLE)),
        ("d8 02 02", ExceptionResponse(StateError.SERVICE_UNKNOWN, ServiceErrorCode.SERVICE_NOT_SUPPORTED)),
        ("d8 01 03", ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.OTHER_REASON)),
        ("d8 01 04", ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.PDU_TOO_LONG)),
        ("d8 01 05", ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.DECIPHERING_ERROR)),
        (
            "d8 01 06 000000ff",
            ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.INVOCATION_COUNTER_ERROR, 255),
        ),
        ("0e 01 06 01", ConfirmedServiceError(ConfirmedService.INITIATE, ErrorCategory.INITIATE, 1)),
        ("0e 05 00 02", ConfirmedServiceError(ConfirmedService.READ, ErrorCategory.APPLICATION_REFERENCE, 2)),
    ],
)
def test_both_ways(octets: str, apdu: Apdu) -> None:
    check_both_ways(octets, apdu)


@pytest.mark.parametrize(
    ("octets", "summary", "offset"),
    [
        ("d8", "an APDU is cut short", 1),
        ("d8 03 01", "no such value", 1),
        ("d8 01 07", "no such value", 2),
        ("d8 01 01 00", "octets follow the APDU", 3),
        ("d8 01 06", "an APDU is cut short", 3),
        ("d8 01 06 000000ff00", "octets follow the APDU", 7),
        ("0e 01 06", "an APDU is cut short", 3),
        ("0e 02 06 01", "no such value", 1),
        ("0e 01 08 01", "no such value", 2),
        ("0e 01 06 01 00", "octets follow the APDU", 4),
    ],
)
def test_refused(octets: str, summary: str, offset: int) -> None:
    check_refused(octets, summary, offset)
