"""CoAP setup, class 152: the parameters of the CoAP transport layer."""

from __future__ import annotations

from enum import IntEnum

from ferraris.cosem.declaration import STATIC, Attribute, CosemObject
from ferraris.cosem.types import ANY, LOGICAL_NAME, LONG_UNSIGNED, OCTET_STRING, UNSIGNED, Enumerated


class TransportMode(IntEnum):
    """Whether messages are confirmed: what the server can do."""

    RELIABLE = 1
    UNRELIABLE = 2
    RELIABLE_AND_UNRELIABLE = 3


class CoapSetup(CosemObject, class_id=152, version=0):
    """Timeouts and limits of CoAP as RFC 7252 names them, in milliseconds, and the path that requests go to. Blue Book 4.9.8.

    The type of `wrapper_version` is named by no public source.
    """

    udp_reference = Attribute(2, LOGICAL_NAME, STATIC)
    ack_timeout = Attribute(3, LONG_UNSIGNED, STATIC)
    ack_random_factor = Attribute(4, LONG_UNSIGNED, STATIC)
    max_retransmit = Attribute(5, LONG_UNSIGNED, STATIC)
    nstart = Attribute(6, LONG_UNSIGNED, STATIC)
    delay_ack_timeout = Attribute(7, LONG_UNSIGNED, STATIC)
    exponential_back_off = Attribute(8, LONG_UNSIGNED, STATIC)
    probing_rate = Attribute(9, LONG_UNSIGNED, STATIC)
    coap_uri_path = Attribute(10, OCTET_STRING, STATIC)
    transport_mode = Attribute(11, Enumerated(TransportMode), STATIC)
    wrapper_version = Attribute(12, ANY, STATIC)
    token_length = Attribute(13, UNSIGNED, STATIC)
