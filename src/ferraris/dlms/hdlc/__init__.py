"""HDLC as DLMS uses it on serial lines (IEC 62056-46), without I/O: frames, and both stations of a data link connection.

`HdlcFraming` is a client's end, `HdlcLine` that of all the meters on a bus; `transitions` says how the two get on.
`HdlcDeframer` finds frames in a live stream, `split_frames` and `join_segments` read what was captured.
"""

from ferraris.dlms.hdlc.addresses import (
    CALLING_PHYSICAL_DEVICE,
    HdlcAddress,
    client_address,
    encode_address,
    server_address,
)
from ferraris.dlms.hdlc.captured import join_segments, split_frames
from ferraris.dlms.hdlc.deframer import HdlcDeframer
from ferraris.dlms.hdlc.frames import (
    FLAG,
    FORMAT_MASK,
    FORMAT_TYPE_3,
    FrameKind,
    HdlcFrame,
    ParsedFrame,
    decode_frame,
    encode_frame,
    frame_length,
    parse_frame,
)
from ferraris.dlms.hdlc.line import HdlcLine, LineSettings
from ferraris.dlms.hdlc.llc import LLC_COMMAND, LLC_RESPONSE
from ferraris.dlms.hdlc.parameters import HdlcParameters, decode_parameters
from ferraris.dlms.hdlc.primary import HdlcFraming
from ferraris.dlms.hdlc.timing import NETWORK_TIMING, SERIAL_TIMING, PrimaryTiming
from ferraris.dlms.hdlc.transitions import LINK_TRANSITIONS, LinkSignal, LinkState, Station, link_diagram
from ferraris.dlms.line import DataLink, LineEnded, LineEvent, LineMessage

__all__ = [
    "CALLING_PHYSICAL_DEVICE",
    "FLAG",
    "FORMAT_MASK",
    "FORMAT_TYPE_3",
    "LINK_TRANSITIONS",
    "LLC_COMMAND",
    "LLC_RESPONSE",
    "NETWORK_TIMING",
    "SERIAL_TIMING",
    "DataLink",
    "FrameKind",
    "HdlcAddress",
    "HdlcDeframer",
    "HdlcFrame",
    "HdlcFraming",
    "HdlcLine",
    "HdlcParameters",
    "LineEnded",
    "LineEvent",
    "LineMessage",
    "LineSettings",
    "LinkSignal",
    "LinkState",
    "ParsedFrame",
    "PrimaryTiming",
    "Station",
    "client_address",
    "decode_frame",
    "decode_parameters",
    "encode_address",
    "encode_frame",
    "frame_length",
    "join_segments",
    "link_diagram",
    "parse_frame",
    "server_address",
    "split_frames",
]
