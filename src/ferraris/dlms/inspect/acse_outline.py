"""The fields of ACSE APDUs, octet by octet: BER, each constructed field opened down to what it holds."""

from __future__ import annotations

from typing import Final

from ferraris.dlms.inspect.octet_map import Outline

ACSE_FIELDS: Final = {
    0x60: {
        0x80: "protocol-version",
        0xA1: "application-context-name",
        0xA2: "called-AP-title",
        0xA3: "called-AE-qualifier",
        0xA6: "calling-AP-title",
        0xA7: "calling-AE-qualifier",
        0xA9: "calling-AE-invocation-id",
        0x8A: "sender-acse-requirements",
        0x8B: "mechanism-name",
        0xAC: "calling-authentication-value",
        0xBD: "implementation-information",
        0xBE: "user-information",
    },
    0x61: {
        0x80: "protocol-version",
        0xA1: "application-context-name",
        0xA2: "result",
        0xA3: "result-source-diagnostic",
        0xA4: "responding-AP-title",
        0xA5: "responding-AE-qualifier",
        0xA7: "responding-AE-invocation-id",
        0x88: "responder-acse-requirements",
        0x89: "mechanism-name",
        0xAA: "responding-authentication-value",
        0xBD: "implementation-information",
        0xBE: "user-information",
    },
    0x62: {0x80: "reason", 0xBE: "user-information"},
    0x63: {0x80: "reason", 0xBE: "user-information"},
}
ACSE_NAMES: Final = {0x60: "AARQ", 0x61: "AARE", 0x62: "RLRQ", 0x63: "RLRE"}
NAMES: Final = ("application-context-name", "mechanism-name")
SECRETS: Final = ("calling-authentication-value",)
INTEGERS: Final = (
    "result",
    "result-source-diagnostic",
    "reason",
    "calling-AE-invocation-id",
    "responding-AE-invocation-id",
)
CONSTRUCTED: Final = 0x20
DEPTH_MAX: Final = 3


def acse_walk(o: Outline) -> None:
    """Note the fields of an ACSE APDU."""
    tag = o.peek()
    o.note("tag", 1, ACSE_NAMES[tag])
    o.length("length")
    while o.left:
        _field(o, ACSE_FIELDS[tag].get(o.peek(), "other field"), 0)


def _field(o: Outline, name: str, depth: int) -> None:
    """Note one BER field: tag, length, and what it holds."""
    tag = o.peek()
    shown = name if not depth else f"{name} inner"
    o.note(f"{shown} tag", 1, f"{tag:#04x}")
    count = o.length(f"{shown} length")
    if tag & CONSTRUCTED and count and depth < DEPTH_MAX:
        end = o.offset + count
        while o.offset < end:
            _field(o, name, depth + 1)
    else:
        o.note(name, count, _meaning(name, o.octets[o.offset : o.offset + count]))


def _meaning(name: str, octets: bytes) -> str:
    if name in SECRETS:
        return "hidden"
    if name in NAMES:
        return _object_identifier(octets)
    return str(int.from_bytes(octets, "big")) if name in INTEGERS and len(octets) <= 4 else ""


def _object_identifier(octets: bytes) -> str:
    """In the usual writing: the first octet stands for two arcs, the others for seven bits each."""
    arcs = [] if not octets else [min(octets[0] // 40, 2), octets[0] - 40 * min(octets[0] // 40, 2)]
    arc = 0
    for octet in octets[1:]:
        arc = arc << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(arc)
            arc = 0
    return ".".join(map(str, arcs))
