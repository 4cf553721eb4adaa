"""The layers around an APDU, peeled off: HDLC with or without flags, wired M-Bus, wrapper, LLC, gateway prefix; whatever is there.

What stands in front tells which layer it is: no APDU has a tag of 0x00, 0x68 with its repetition, 0x7E, 0x90, 0xA0 to 0xAF or
0xE6 with the rest of an LLC header; 0xE6 and 0xE7 without it are the prefix of a gateway.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from ferraris.dlms import gateway, hdlc, mbus_segments, plc_llc, wrapper
from ferraris.kernel.errors import DecodeError
from ferraris.kernel.limits import WRAPPER_HEADER_OCTETS

LLC_HEADERS: Final = {hdlc.LLC_COMMAND: "command", hdlc.LLC_RESPONSE: "response"}
CARRIERS: Final = (hdlc.FrameKind.I, hdlc.FrameKind.UI)
NEGOTIATORS: Final = (hdlc.FrameKind.SNRM, hdlc.FrameKind.UA)
WRAPPER_START: Final = b"\x00\x01"

Layer = dict[str, Any]


@dataclass(slots=True)
class Unframed:
    """The layers found, from the outside in, and the APDUs inside them.

    `suspicion` is set when a check sequence did not hold: then only APDUs that decode completely may be believed.
    """

    layers: list[Layer]
    payloads: list[bytes] = field(default_factory=list)
    suspicion: DecodeError | None = None


def unframe(octets: bytes, layers: list[Layer]) -> Unframed:
    """Peel all framing off `octets`, adding to `layers`. Raises DecodeError for framing that does not hold."""
    found = Unframed(layers)
    if not octets:
        raise DecodeError("there is nothing to decode", expected="1 octet or more", got=0, offset=0)
    if octets[0] == hdlc.FLAG or octets[0] & hdlc.FORMAT_MASK == hdlc.FORMAT_TYPE_3:
        _unframe_hdlc(octets, found)
    elif octets[0] == mbus_segments.START and octets[3:4] == octets[:1]:
        _unframe_mbus(octets, found)
    elif octets.startswith(WRAPPER_START):
        _unframe_wrapper(octets, found)
    elif octets[0] == plc_llc.CONTROL and len(octets) > plc_llc.HEADER_OCTETS:
        pdu = plc_llc.decode_llc(octets)
        layer = {"layer": "llc-61334-4-32", "destination": pdu.destination, "source": pdu.source}
        found.layers.append({**layer, "warnings": []})
        found.payloads.append(pdu.apdu)
    else:
        found.payloads.append(octets)
    found.payloads = [_without_prefix(_without_llc(payload, found), found) for payload in found.payloads]
    return found


def _unframe_hdlc(octets: bytes, found: Unframed) -> None:
    frames = []
    for raw in hdlc.split_frames(octets):
        parsed = hdlc.parse_frame(raw)
        frames.append(parsed.frame)
        layer = _hdlc_layer(parsed.frame)
        if len(raw) != len(octets) and octets[0] != hdlc.FLAG:
            layer["warnings"].append("octet stuffing was undone")
        if not parsed.length_right:
            layer["warnings"].append(
                f"length field says {hdlc.frame_length(raw, 0)}, the checks hold at {len(raw)} octets"
            )
        if not parsed.fcs_right:
            layer["fcs"] = "wrong"
            layer["warnings"].append("the frame check sequence is wrong; shown because everything inside decodes")
            found.suspicion = found.suspicion or _wrong_fcs(raw)
        found.layers.append(layer)
    carried = [frame for frame in frames if frame.kind in CARRIERS]
    found.payloads = hdlc.join_segments(carried)
    if len(carried) > len(found.payloads) > 0 and any(frame.segmented for frame in carried):
        found.layers.append({"layer": "hdlc-segmentation", "segments": len(carried), "warnings": []})


def _wrong_fcs(raw: bytes) -> DecodeError:
    try:
        hdlc.decode_frame(raw)
    except DecodeError as error:
        return error
    raise AssertionError("the check sequence was wrong a moment ago")


def _hdlc_layer(frame: hdlc.HdlcFrame) -> Layer:
    layer: Layer = {
        "layer": "hdlc",
        "frame": str(frame.kind),
        "destination_logical": frame.destination.upper,
        "destination_physical": frame.destination.lower,
        "source_logical": frame.source.upper,
        "source_physical": frame.source.lower,
        "poll_final": frame.poll_final,
        "send_sequence": frame.send_sequence,
        "receive_sequence": frame.receive_sequence,
        "segmented": frame.segmented,
        "fcs": "right",
        "information": frame.information.hex(),
        "warnings": [],
    }
    if frame.kind in NEGOTIATORS and frame.information:
        parameters = hdlc.decode_parameters(frame.information)
        layer |= {name: getattr(parameters, name) for name in parameters.__slots__}
    return layer


def _unframe_mbus(octets: bytes, found: Unframed) -> None:
    segments = mbus_segments.decode_segments(octets)
    for segment in segments:
        layer: Layer = {"layer": "mbus", **segment._asdict(), "warnings": []}
        layer["piece"] = segment.piece.hex()
        found.layers.append(layer)
    found.payloads = mbus_segments.join_pieces(segments)


def _unframe_wrapper(octets: bytes, found: Unframed) -> None:
    receiver = wrapper.WrapperReceiver()
    receiver.receive(octets)
    for wpdu in receiver.events():
        layer = {"source": wpdu.source, "destination": wpdu.destination, "length": len(wpdu.apdu)}
        found.layers.append({"layer": "wrapper", **layer, "warnings": []})
        found.payloads.append(wpdu.apdu)
    if receiver.unfinished:
        unfinished = octets[len(octets) - receiver.unfinished :]
        if len(unfinished) < WRAPPER_HEADER_OCTETS or not found.payloads:
            wrapper.decode_wpdu(unfinished)
        raise DecodeError(
            "the last WPDU is cut short", got=f"{receiver.unfinished} octets", offset=len(octets), clause=wrapper.CLAUSE
        )


def _without_llc(payload: bytes, found: Unframed) -> bytes:
    kind = LLC_HEADERS.get(payload[:3])
    if kind is None:
        return payload
    found.layers.append({"layer": "llc", "kind": kind, "warnings": []})
    return payload[3:]


def _without_prefix(payload: bytes, found: Unframed) -> bytes:
    if not gateway.is_prefixed(payload):
        return payload
    (network, device), apdu, response = gateway.decode_prefixed(payload)
    layer = {"network": network, "device": device.hex(), "kind": "response" if response else "request"}
    found.layers.append({"layer": "gateway", **layer, "warnings": []})
    return apdu
