"""Links: octets to and from one peer, whatever carries them.

Adapters (TCP, UDP, CoAP, serial lines near and far, loopback) and middlewares (faults, capture, throttle) all look the same to a driver: `send`,
`receive`, `aclose` and frozen `capabilities`. A link knows no APDU.
"""

from __future__ import annotations

from ferraris.link.capture import Capture, CaptureLink, Direction, JsonLinesCapture, PcapCapture
from ferraris.link.capture_file import CapturedChunk, is_capture, read_capture, read_json_lines
from ferraris.link.coap import open_coap, open_coap_unconfirmed, serve_coap
from ferraris.link.coap_link import CoapLink
from ferraris.link.contract import (
    Connector,
    Downlink,
    Link,
    LinkCapabilities,
    LinkHandler,
    LinkServer,
    Listener,
    address_text,
    receive_within,
)
from ferraris.link.deadline import Deadline
from ferraris.link.fault import FaultLink, FaultPlan
from ferraris.link.inbox import Inbox
from ferraris.link.loopback import LoopbackLink, loopback_pair
from ferraris.link.middleware import Middleware
from ferraris.link.rfc2217 import Rfc2217Link, open_rfc2217
from ferraris.link.rfc2217_server import LineHandler, Rfc2217Line, serve_rfc2217
from ferraris.link.serial import MBUS_SETTINGS, AdjustableLine, SerialLink, SerialSettings, open_serial
from ferraris.link.serving import HandlerTasks
from ferraris.link.tcp import TcpLink, TcpServer, open_tcp, serve_tcp
from ferraris.link.throttle import ThrottleLink
from ferraris.link.together import together
from ferraris.link.udp import UdpLink, UdpServer, open_udp, serve_udp

__all__ = [
    "MBUS_SETTINGS",
    "AdjustableLine",
    "Capture",
    "CaptureLink",
    "CapturedChunk",
    "CoapLink",
    "Connector",
    "Deadline",
    "Direction",
    "Downlink",
    "FaultLink",
    "FaultPlan",
    "HandlerTasks",
    "Inbox",
    "JsonLinesCapture",
    "LineHandler",
    "Link",
    "LinkCapabilities",
    "LinkHandler",
    "LinkServer",
    "Listener",
    "LoopbackLink",
    "Middleware",
    "PcapCapture",
    "Rfc2217Line",
    "Rfc2217Link",
    "SerialLink",
    "SerialSettings",
    "TcpLink",
    "TcpServer",
    "ThrottleLink",
    "UdpLink",
    "UdpServer",
    "address_text",
    "is_capture",
    "loopback_pair",
    "open_coap",
    "open_coap_unconfirmed",
    "open_rfc2217",
    "open_serial",
    "open_tcp",
    "open_udp",
    "read_capture",
    "read_json_lines",
    "receive_within",
    "serve_coap",
    "serve_rfc2217",
    "serve_tcp",
    "serve_udp",
    "together",
]
