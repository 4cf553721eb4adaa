"""A server's "no" to an APDU as errors: exception-response and confirmed-service-error.

Both are in the clear even where the association is ciphered: they prove nothing, and anyone on the path can send one. So none
is an AuthenticationError, and a caller who needs to know whether a request was carried out must ask the server.
"""

from __future__ import annotations

from ferraris.dlms.apdu import ConfirmedServiceError, ExceptionResponse, InitiateError, ServiceErrorCode
from ferraris.kernel.errors import FerrarisError, InvocationCounterError, RefusedError


class ExceptionAnswerError(RefusedError):
    """The answer was an exception-response or a confirmed-service-error: it is in the clear and proves nothing."""


def exception_answer(response: ExceptionResponse | ConfirmedServiceError) -> FerrarisError:
    """The error for a refusal: an InvocationCounterError, with the counter that the server expects, or an ExceptionAnswerError.

    `result` of the latter holds the names of the standard, such as operation-not-possible for a server that is busy.
    """
    if isinstance(response, ConfirmedServiceError):
        name = f"{response.service.name}, {response.category.name}"
        if response.category.name == "INITIATE" and response.value in list(InitiateError):
            name = InitiateError(response.value).name
        return ExceptionAnswerError("the server answers with a service error", result=name, code=response.value)
    if response.service_error is ServiceErrorCode.INVOCATION_COUNTER_ERROR:
        summary = "the server has seen a higher invocation counter of ours"
        return InvocationCounterError(summary, expected=response.invocation_counter)
    name = f"{response.state_error.name}, {response.service_error.name}"
    return ExceptionAnswerError("the server answers with an exception", result=name, code=int(response.service_error))
