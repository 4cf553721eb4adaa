"""CoAP diagnostic, class 153: what the CoAP transport layer has counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ferraris.cosem.classes.attribute_capture_time import ATTRIBUTE_CAPTURE_TIME
from ferraris.cosem.declaration import DYNAMIC, Attribute, CosemObject, Method
from ferraris.cosem.types import DOUBLE_LONG_UNSIGNED, INTEGER, Structure


@dataclass(frozen=True, slots=True)
class MessagesCounter:
    """Messages, acknowledgements and resets, sent and received."""

    tx: Annotated[int, DOUBLE_LONG_UNSIGNED]
    rx: Annotated[int, DOUBLE_LONG_UNSIGNED]
    tx_resend: Annotated[int, DOUBLE_LONG_UNSIGNED]
    tx_reset: Annotated[int, DOUBLE_LONG_UNSIGNED]
    rx_reset: Annotated[int, DOUBLE_LONG_UNSIGNED]
    tx_ack: Annotated[int, DOUBLE_LONG_UNSIGNED]
    rx_ack: Annotated[int, DOUBLE_LONG_UNSIGNED]
    rx_drop: Annotated[int, DOUBLE_LONG_UNSIGNED]
    tx_non_piggybacked: Annotated[int, DOUBLE_LONG_UNSIGNED]
    max_rtx_exceeded: Annotated[int, DOUBLE_LONG_UNSIGNED]


@dataclass(frozen=True, slots=True)
class RequestResponseCounter:
    """Requests and responses, with the errors among the responses."""

    rx_requests: Annotated[int, DOUBLE_LONG_UNSIGNED]
    tx_requests: Annotated[int, DOUBLE_LONG_UNSIGNED]
    rx_responses: Annotated[int, DOUBLE_LONG_UNSIGNED]
    tx_responses: Annotated[int, DOUBLE_LONG_UNSIGNED]
    tx_client_errors: Annotated[int, DOUBLE_LONG_UNSIGNED]
    rx_client_errors: Annotated[int, DOUBLE_LONG_UNSIGNED]
    tx_server_errors: Annotated[int, DOUBLE_LONG_UNSIGNED]
    rx_server_errors: Annotated[int, DOUBLE_LONG_UNSIGNED]


@dataclass(frozen=True, slots=True)
class BlockTransferCounter:
    """Block-wise transfers (RFC 7959)."""

    started: Annotated[int, DOUBLE_LONG_UNSIGNED]
    completed: Annotated[int, DOUBLE_LONG_UNSIGNED]
    timed_out: Annotated[int, DOUBLE_LONG_UNSIGNED]


class CoapDiagnostic(CosemObject, class_id=153, version=0):
    """Counters of messages, requests and block-wise transfers. Blue Book 4.9.9."""

    messages_counter = Attribute(2, Structure(MessagesCounter), DYNAMIC)
    request_response_counter = Attribute(3, Structure(RequestResponseCounter), DYNAMIC)
    coap_bt_counter = Attribute(4, Structure(BlockTransferCounter), DYNAMIC)
    capture_time = Attribute(5, ATTRIBUTE_CAPTURE_TIME, DYNAMIC)

    reset = Method(1, INTEGER)
