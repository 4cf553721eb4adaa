"""STS600-8-6: the lines that go between a vending system and an STS6 security module, without the line itself.

A request is five characters (`SM?VC`), fields, a check sum and a carriage return; the answer is `SM!VC`, two characters of
status, fields, check sum, carriage return. `GL!ER` with a status answers what the module could not make out. A field is a
letter for its type, its value and `~`:

    N  a whole number in decimal digits             N7~
    P  printable characters                         P600727000000000009~
    H  octets in pairs of hexadecimal digits        H0100~
    D  date and time, CCYYMMDDhhmmss                D20260101120000~

The check sum is CRC-16/ARC over everything before it, as four hexadecimal digits.

What is known of the protocol is what one public compliance bench sends and expects (github:mohamedkhamis/STSCompliancePOS,
read for facts): the framing, the requests VC, VM and VK with their answers, and the status codes. Not known from a public
source, and so not built on here: the fields of the answers to DI and GA, the answer to VT (verify), how a currency amount is
sent, and what `EE` (extended status) carries. A class 1 token has no request, for it needs no key.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from ferraris.kernel.errors import DecodeError
from ferraris.kernel.limits import SERIAL_MODULE_FIELDS_MAX, SERIAL_MODULE_LINE_OCTETS_MAX

CREDIT: Final = "SM?VC"
MANAGEMENT: Final = "SM?VM"
KEY_CHANGE: Final = "SM?VK"
IDENTIFICATION: Final = "SM?DI"
ATTRIBUTES: Final = "SM?GA"
GENERIC_ERROR: Final = "GL!ER"
END: Final = b"\r"

ACCEPTED: Final = "00"
EXTENDED_STATUS: Final = "EE"
STATUS_NAMES: Final = {
    "20": "checksum error",
    "21": "invalid request header",
    "22": "record empty",
    "23": "payload format error",
    "24": "invalid field value",
    "25": "Luhn check failed",
    "26": "token generation failed",
    "27": "key-encryption key not found",
    "28": "vending key register not found",
    "30": "key load state error",
    "31": "key load data error",
    "40": "vending inhibited",
    "41": "key expired",
    "42": "token identifier outside the module's clock window",
    "43": "vending limit exceeded",
    "44": "key change rule violated",
    "50": "clock not set",
    "98": "permission error",
}
"""What the status codes mean, as far as it is public."""

_HEADER_CHARACTERS: Final = 5
_STATUS_CHARACTERS: Final = 2
_CHECK_CHARACTERS: Final = 4
_HEADER: Final = re.compile(r"[A-Z]{2}[?!][A-Z]{2}")
_STATUS: Final = re.compile(r"[0-9A-Z]{2}")
_VALUES: Final = {
    "N": re.compile(r"[0-9]{1,20}"),
    "P": re.compile(r"[\x20-\x7d]*"),
    "H": re.compile(r"(?:[0-9A-Fa-f]{2})*"),
    "D": re.compile(r"[0-9]{14}"),
}

Field = tuple[str, str]
"""Type and value as they stand in the line: ("N", "7")."""


def check_sum(octets: bytes) -> int:
    """CRC-16/ARC: reflected polynomial 8005, from zero. That of `123456789` is BB3D."""
    remainder = 0
    for octet in octets:
        remainder ^= octet
        for _ in range(8):
            remainder = remainder >> 1 ^ (0xA001 if remainder & 1 else 0)
    return remainder


def number(value: int) -> Field:
    return "N", str(value)


def printable(text: str) -> Field:
    return "P", text


def octets(value: int, count: int = 1) -> Field:
    """`value` in as few octets as hold it, in `count` at least."""
    return "H", value.to_bytes(max(count, (value.bit_length() + 7) // 8), "big").hex().upper()


def encode_request(header: str, fields: Sequence[Field] = ()) -> bytes:
    """The line of a request."""
    return _line(header, fields)


def encode_answer(header: str, status: str = ACCEPTED, fields: Sequence[Field] = ()) -> bytes:
    """The line of an answer to the request with `header`."""
    return _line(header.replace("?", "!") + status, fields)


def decode_request(line: bytes) -> tuple[str, tuple[Field, ...]]:
    """Header and fields of a request, the line without its end. Raises DecodeError."""
    text = _checked(line)
    header = text[:_HEADER_CHARACTERS]
    if "?" not in header:
        raise DecodeError("no request of STS600-8-6", got=header)
    return header, _fields(text[_HEADER_CHARACTERS:])


def decode_answer(line: bytes) -> tuple[str, str, tuple[Field, ...]]:
    """Header, status and fields of an answer, the line without its end. Raises DecodeError."""
    text = _checked(line)
    header, rest = text[:_HEADER_CHARACTERS], text[_HEADER_CHARACTERS:]
    if "!" not in header or not _STATUS.match(rest):
        raise DecodeError("no answer of STS600-8-6", got=text[: _HEADER_CHARACTERS + _STATUS_CHARACTERS])
    status, payload = rest[:_STATUS_CHARACTERS], rest[_STATUS_CHARACTERS:]
    if status == EXTENDED_STATUS:  # what stands behind it is not public
        return header, status, (("P", payload),)
    return header, status, _fields(payload)


class LineReader:
    """Puts lines together from whatever pieces a serial line delivers. A line that never ends is dropped with an error."""

    def __init__(self) -> None:
        self._waiting = b""

    def receive(self, piece: bytes) -> list[bytes]:
        """The lines that `piece` completes, without their ends. Empty ones are left out."""
        *lines, self._waiting = (self._waiting + piece).split(END)
        if len(self._waiting) > SERIAL_MODULE_LINE_OCTETS_MAX:
            self._waiting = b""
            raise DecodeError("a line of STS600-8-6 that does not end", expected=SERIAL_MODULE_LINE_OCTETS_MAX)
        return [line.strip(b"\n") for line in lines if line.strip(b"\n")]


def _line(start: str, fields: Sequence[Field]) -> bytes:
    for kind, value in fields:
        if kind not in _VALUES or not _VALUES[kind].fullmatch(value):
            raise DecodeError("no field of STS600-8-6", got=f"{kind}{value[:40]}")
    body = (start + "".join(f"{kind}{value}~" for kind, value in fields)).encode("ascii")
    return body + f"{check_sum(body):04X}".encode("ascii") + END


def _checked(line: bytes) -> str:
    if len(line) > SERIAL_MODULE_LINE_OCTETS_MAX:
        raise DecodeError("a line of STS600-8-6 is too long", expected=SERIAL_MODULE_LINE_OCTETS_MAX, got=len(line))
    try:
        text = line.decode("ascii")
    except UnicodeDecodeError:
        raise DecodeError("a line of STS600-8-6 has characters outside ASCII") from None
    body, check = text[:-_CHECK_CHARACTERS], text[-_CHECK_CHARACTERS:]
    if not _HEADER.match(body):
        raise DecodeError("a line of STS600-8-6 begins otherwise", got=body[:_HEADER_CHARACTERS])
    if check.upper() != f"{check_sum(body.encode('ascii')):04X}":
        raise DecodeError("the check sum of a line of STS600-8-6 does not hold", got=check)
    return body


def _fields(payload: str) -> tuple[Field, ...]:
    found: list[Field] = []
    while payload:
        value, tilde, rest = payload[1:].partition("~")
        kind = payload[0]
        if not tilde or kind not in _VALUES or not _VALUES[kind].fullmatch(value):
            raise DecodeError("no field of STS600-8-6", got=payload[:40])
        if len(found) == SERIAL_MODULE_FIELDS_MAX:
            raise DecodeError("too many fields in a line of STS600-8-6", expected=SERIAL_MODULE_FIELDS_MAX)
        found.append((kind, value))
        payload = rest
    return tuple(found)
