"""The DLMS application layer, without I/O: APDUs, ciphering, associations of both roles, block transfer, framing.

`Association` is the engine of either end: whole APDUs in, events out. `ferraris.dlms.apdu` holds what both ends say to one
another, `wrapper` and `hdlc` the framing around it, `NotificationDecoder` the fast way through a stream of pushes, `inspect` the
view of captured octets. Time and randomness are arguments; sockets and storage are elsewhere.
"""

from ferraris.dlms.association import Association
from ferraris.dlms.ciphering import (
    CipherKeys,
    InvocationCounterGuard,
    InvocationCounterSource,
    SecurityControl,
    unwrap_key,
    wrap_key,
)
from ferraris.dlms.events import (
    Aborted,
    Associate,
    Associated,
    Command,
    Event,
    NotificationConfirmed,
    NotificationReceived,
    Rejected,
    Release,
    Released,
    Request,
    RequestReceived,
    Response,
    ResponseReceived,
    ShortNameRequest,
    ShortNameResponse,
    Violated,
)
from ferraris.dlms.notification_layout import Notification, NotificationDecoder
from ferraris.dlms.protection import PROTECTION_OCTETS_MAX
from ferraris.dlms.push import PushReceiver, PushSecurity, ReceivedPush, protect_push
from ferraris.dlms.refusals import ExceptionAnswerError, exception_answer
from ferraris.dlms.settings import CONFORMANCE_OF_THIS_ENGINE, AssociationSettings, Ciphering, Security
from ferraris.dlms.short_names import READ_OBJECT_LIST, ShortNameExchange, short_names_in
from ferraris.dlms.transitions import TRANSITIONS, Role, Signal, State, diagram
from ferraris.dlms.wrapper import DATAGRAMS_REMEMBERED, DatagramReceiver, WrapperPdu, WrapperReceiver, encode_wpdu

__all__ = [
    "CONFORMANCE_OF_THIS_ENGINE",
    "DATAGRAMS_REMEMBERED",
    "PROTECTION_OCTETS_MAX",
    "READ_OBJECT_LIST",
    "TRANSITIONS",
    "Aborted",
    "Associate",
    "Associated",
    "Association",
    "AssociationSettings",
    "CipherKeys",
    "Ciphering",
    "Command",
    "DatagramReceiver",
    "Event",
    "ExceptionAnswerError",
    "InvocationCounterGuard",
    "InvocationCounterSource",
    "Notification",
    "NotificationConfirmed",
    "NotificationDecoder",
    "NotificationReceived",
    "PushReceiver",
    "PushSecurity",
    "ReceivedPush",
    "Rejected",
    "Release",
    "Released",
    "Request",
    "RequestReceived",
    "Response",
    "ResponseReceived",
    "Role",
    "Security",
    "SecurityControl",
    "ShortNameExchange",
    "ShortNameRequest",
    "ShortNameResponse",
    "Signal",
    "State",
    "Violated",
    "WrapperPdu",
    "WrapperReceiver",
    "diagram",
    "encode_wpdu",
    "exception_answer",
    "protect_push",
    "short_names_in",
    "unwrap_key",
    "wrap_key",
]
