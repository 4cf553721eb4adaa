"""The DLMS application layer, without I/O: APDUs, ciphering, associations of both roles, block transfer, framing.

`Association` is the engine of either end: whole APDUs in, events out. `ferraris.dlms.apdu` holds what both ends say to one
another, `wrapper` and `hdlc` the framing around it, `NotificationDecoder` the fast way through a stream of pushes, `inspect` the
view of captured octets. Time and randomness are arguments; sockets and storage are elsewhere.
"""

from ferraris.dlms.association import Association
from ferraris.dlms.certificates import (
    Certificate,
    CertificateAuthority,
    CertificateStore,
    KeyPurpose,
    certificate_request,
    requested_point,
)
from ferraris.dlms.ciphering import (
    KEY_OCTETS_OF,
    CipherKeys,
    InvocationCounterGuard,
    InvocationCounterSource,
    SecurityControl,
    unwrap_key,
    wrap_key,
)
from ferraris.dlms.data_protection import (
    DataLayer,
    DataProtector,
    ProtectedOctets,
    layers_of,
    parameters_for,
    strength_of,
)
from ferraris.dlms.elliptic import Curve, PrivateKey, curve_of, curve_of_suite, is_on_curve
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
from ferraris.dlms.framing import Framing, WrapperFraming
from ferraris.dlms.gateway import GatewayAddress, GatewayFraming, decode_prefixed, encode_prefixed, is_prefixed
from ferraris.dlms.key_agreement import AlgorithmArcs, algorithm_id, derive_key, offer, offered_point
from ferraris.dlms.key_encodings import (
    HandedKey,
    private_key_from_number,
    private_key_from_pem,
    public_key_from_octets,
)
from ferraris.dlms.key_pairs import KeyPairs, KnownPoints, PublicKeys
from ferraris.dlms.line import DataLink, LineEnded, LineEvent, LineMessage
from ferraris.dlms.mbus_framing import MbusFraming
from ferraris.dlms.mbus_line import MbusLine
from ferraris.dlms.notification_layout import Notification, NotificationDecoder
from ferraris.dlms.plc_llc import PlcLlcFraming
from ferraris.dlms.protection import PROTECTION_OCTETS_MAX
from ferraris.dlms.push import PushReceiver, PushSecurity, ReceivedPush, protect_push
from ferraris.dlms.push_blocks import IncomingPushes, OutgoingPush
from ferraris.dlms.push_confirmation import AwaitedConfirmations, confirmation_of
from ferraris.dlms.push_layers import open_push_in_layers, protect_push_in_layers, sender_of
from ferraris.dlms.refusals import ExceptionAnswerError, exception_answer
from ferraris.dlms.settings import (
    CONFORMANCE_OF_THIS_ENGINE,
    WITH_SECRET,
    WITH_SECURITY,
    AssociationSettings,
    BroadcastKeys,
    Ciphering,
    Envelope,
    Layer,
    Security,
)
from ferraris.dlms.short_names import READ_OBJECT_LIST, ShortNameExchange, short_names_in
from ferraris.dlms.tolerances import tolerant_push, tolerant_settings
from ferraris.dlms.transitions import TRANSITIONS, Role, Signal, State, diagram
from ferraris.dlms.wrapper import DATAGRAMS_REMEMBERED, DatagramReceiver, WrapperPdu, WrapperReceiver, encode_wpdu

__all__ = [
    "CONFORMANCE_OF_THIS_ENGINE",
    "DATAGRAMS_REMEMBERED",
    "KEY_OCTETS_OF",
    "PROTECTION_OCTETS_MAX",
    "READ_OBJECT_LIST",
    "TRANSITIONS",
    "WITH_SECRET",
    "WITH_SECURITY",
    "Aborted",
    "AlgorithmArcs",
    "Associate",
    "Associated",
    "Association",
    "AssociationSettings",
    "AwaitedConfirmations",
    "BroadcastKeys",
    "Certificate",
    "CertificateAuthority",
    "CertificateStore",
    "CipherKeys",
    "Ciphering",
    "Command",
    "Curve",
    "DataLayer",
    "DataLink",
    "DataProtector",
    "DatagramReceiver",
    "Envelope",
    "Event",
    "ExceptionAnswerError",
    "Framing",
    "GatewayAddress",
    "GatewayFraming",
    "HandedKey",
    "IncomingPushes",
    "InvocationCounterGuard",
    "InvocationCounterSource",
    "KeyPairs",
    "KeyPurpose",
    "KnownPoints",
    "Layer",
    "LineEnded",
    "LineEvent",
    "LineMessage",
    "MbusFraming",
    "MbusLine",
    "Notification",
    "NotificationConfirmed",
    "NotificationDecoder",
    "NotificationReceived",
    "OutgoingPush",
    "PlcLlcFraming",
    "PrivateKey",
    "ProtectedOctets",
    "PublicKeys",
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
    "WrapperFraming",
    "WrapperPdu",
    "WrapperReceiver",
    "algorithm_id",
    "certificate_request",
    "confirmation_of",
    "curve_of",
    "curve_of_suite",
    "decode_prefixed",
    "derive_key",
    "diagram",
    "encode_prefixed",
    "encode_wpdu",
    "exception_answer",
    "is_on_curve",
    "is_prefixed",
    "layers_of",
    "offer",
    "offered_point",
    "open_push_in_layers",
    "parameters_for",
    "private_key_from_number",
    "private_key_from_pem",
    "protect_push",
    "protect_push_in_layers",
    "public_key_from_octets",
    "requested_point",
    "sender_of",
    "short_names_in",
    "strength_of",
    "tolerant_push",
    "tolerant_settings",
    "unwrap_key",
    "wrap_key",
]
