"""What an association engine is told to do and what it tells: commands in, events out.

Requests and responses are the APDU dataclasses themselves; only what has no APDU of its own is declared here.
"""

from __future__ import annotations

from ferraris.dlms.apdu import (
    AccessRequest,
    AccessResponse,
    ActionRequest,
    ActionResponse,
    ConfirmedServiceError,
    Conformance,
    DataNotification,
    DataNotificationConfirm,
    EventNotification,
    ExceptionResponse,
    GetRequest,
    GetResponse,
    InformationReportRequest,
    ReadRequest,
    ReadResponse,
    SetRequest,
    SetResponse,
    UnconfirmedWriteRequest,
    WriteRequest,
    WriteResponse,
)
from ferraris.kernel.errors import FerrarisError
from ferraris.kernel.frozen import dataclass

Request = GetRequest | SetRequest | ActionRequest | AccessRequest
Response = GetResponse | SetResponse | ActionResponse | AccessResponse | ExceptionResponse | ConfirmedServiceError
ShortNameRequest = ReadRequest | WriteRequest | UnconfirmedWriteRequest
ShortNameResponse = ReadResponse | WriteResponse


@dataclass(frozen=True, slots=True)
class Associate:
    """Command to a client: ask for the association."""


@dataclass(frozen=True, slots=True)
class Release:
    """Command to a client: end the association."""


Notification = DataNotification | EventNotification | InformationReportRequest
Command = (
    Associate
    | Release
    | Request
    | Response
    | ShortNameRequest
    | ShortNameResponse
    | Notification
    | DataNotificationConfirm
)


@dataclass(frozen=True, slots=True)
class Associated:
    """The association stands: authenticated in both directions as far as its mechanism goes."""

    peer_system_title: bytes
    conformance: Conformance
    peer_max_receive_pdu_size: int
    """Octets of the longest APDU that the peer takes."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The server refused the association; `diagnostic` is the standard's name of its reason, or of the initiate error."""

    result: str
    diagnostic: str
    code: int


@dataclass(frozen=True, slots=True)
class RequestReceived:
    """To a server: a request that the association allows, deciphered. Answer it with `send`."""

    request: Request | ShortNameRequest


@dataclass(frozen=True, slots=True)
class ResponseReceived:
    """To a client: the answer to its request, deciphered, its blocks put together."""

    response: Response | ShortNameResponse


@dataclass(frozen=True, slots=True)
class NotificationReceived:
    """To a client: the server reports on its own. One that asks for it is confirmed with a DataNotificationConfirm."""

    notification: Notification


@dataclass(frozen=True, slots=True)
class NotificationConfirmed:
    """To a server: the client has taken the data-notification of this long-invoke-id."""

    long_invoke_id: int


@dataclass(frozen=True, slots=True)
class Released:
    """The association has ended as both ends wished."""


@dataclass(frozen=True, slots=True)
class Aborted:
    """The association is lost. `error` says why."""

    error: FerrarisError


@dataclass(frozen=True, slots=True)
class Violated:
    """To a server: the peer broke a rule or a protection did not hold. It was answered; the association did not move."""

    error: FerrarisError


Event = (
    Associated
    | Rejected
    | RequestReceived
    | ResponseReceived
    | NotificationReceived
    | NotificationConfirmed
    | Released
    | Aborted
    | Violated
)
