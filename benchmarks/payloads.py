"""The octets that every implementation is given, built here without any of them.

A load profile of 96 rows and 8 columns as a get-response, and suite-0 general-glo-ciphering pushes of twenty values in
ten layouts. The values follow from row and push number, so a decoder can be checked.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ROWS = 96
COLUMNS = 8
LAYOUTS = 10
VALUES_IN_A_PUSH = 20
PUSHES = 1000

SYSTEM_TITLE = bytes.fromhex("4645520000000001")
HEADEND_SYSTEM_TITLE = b"FERHES01"
ENCRYPTION_KEY = bytes(range(16))
AUTHENTICATION_KEY = bytes(range(0xD0, 0xE0))
SECURITY_CONTROL = 0x30
TAG_OCTETS = 12

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
PERIOD = timedelta(minutes=15)
AHEAD_OF_UTC = timedelta(hours=1)
"""Meters in service keep local time, as SMR 5 asks of them: winter in Central Europe."""
CAPTURE_OBJECTS = (
    (8, "0.0.1.0.0.255"),
    (1, "0.0.96.10.2.255"),
    (3, "1.0.1.8.0.255"),
    (3, "1.0.2.8.0.255"),
    (3, "1.0.3.8.0.255"),
    (3, "1.0.4.8.0.255"),
    (3, "1.0.32.7.0.255"),
    (3, "1.0.52.7.0.255"),
)


def length(count: int) -> bytes:
    """A length as A-XDR and BER write it."""
    if count < 0x80:
        return bytes([count])
    octets = count.to_bytes((count.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(octets)]) + octets


def date_time(moment: datetime, ahead: timedelta = AHEAD_OF_UTC) -> bytes:
    """The 12 octets of a date-time in local time, with the deviation that tells UTC."""
    local = moment + ahead
    day = (local.year, local.month, local.day, local.isoweekday())
    deviation_min = -(ahead // timedelta(minutes=1))
    return struct.pack(">HBBBBBBBhB", *day, local.hour, local.minute, local.second, 0, deviation_min, 0)


def row_values(row: int) -> tuple[int, ...]:
    """The seven numbers of row `row`, after its clock: status, four energies, two voltages."""
    energies = (1_000_000 + 25 * row, 2_000 + 3 * row, 300_000 + 5 * row, 40_000 + 7 * row)
    return (row * 7 % 256, *energies, 2_300 + row % 50, 2_310 + row % 40)


def row_end(row: int) -> datetime:
    """The moment at which row `row` was captured."""
    return FIRST + (row + 1) * PERIOD


def profile_buffer(rows: int = ROWS, ahead: timedelta = AHEAD_OF_UTC) -> bytes:
    """The buffer of the load profile: an array of structures."""
    encoded = []
    for row in range(rows):
        status, *numbers = row_values(row)
        wide = b"".join(b"\x06" + number.to_bytes(4, "big") for number in numbers[:4])
        narrow = b"".join(b"\x12" + number.to_bytes(2, "big") for number in numbers[4:])
        clock = b"\x09\x0c" + date_time(row_end(row), ahead)
        encoded.append(b"\x02" + bytes([COLUMNS]) + clock + b"\x11" + bytes([status]) + wide + narrow)
    return b"\x01" + length(rows) + b"".join(encoded)


def compact_buffer(rows: int = ROWS) -> bytes:
    """The same buffer as a compact-array: the types of a row once, then values without tags."""
    types = b"\x02" + bytes([COLUMNS]) + b"\x19\x11" + b"\x06" * 4 + b"\x12" * 2
    contents = bytearray()
    for row in range(rows):
        status, *numbers = row_values(row)
        contents += date_time(row_end(row)) + bytes([status])
        contents += b"".join(number.to_bytes(4, "big") for number in numbers[:4])
        contents += b"".join(number.to_bytes(2, "big") for number in numbers[4:])
    return b"\x13" + types + length(len(contents)) + bytes(contents)


def compressed_buffer(rows: int = ROWS) -> bytes:
    """The same buffer with null-data for the clock of all rows but the first of each hour, and energies as differences."""
    encoded = []
    for row in range(rows):
        status, *numbers = row_values(row)
        whole = row % 4 == 0
        clock = b"\x09\x0c" + date_time(row_end(row)) if whole else b"\x00"
        differences = (number - before for number, before in zip(numbers, row_values(row - 1)[1:], strict=True))
        wide = b"".join(b"\x06" + number.to_bytes(4, "big") for number in numbers[:4])
        if not whole:
            wide = b"".join(b"\x1f" + bytes([difference]) for difference, _ in zip(differences, range(4), strict=False))
        narrow = b"".join(b"\x12" + number.to_bytes(2, "big") for number in numbers[4:])
        encoded.append(b"\x02" + bytes([COLUMNS]) + clock + b"\x11" + bytes([status]) + wide + narrow)
    return b"\x01" + length(rows) + b"".join(encoded)


def get_response(data: bytes) -> bytes:
    """A get-response-normal with `data`."""
    return b"\xc4\x01\xc1\x00" + data


def capture_objects() -> bytes:
    """The capture objects of the load profile, as attribute 3 has them."""
    columns = []
    for class_id, logical_name in CAPTURE_OBJECTS:
        name = bytes(map(int, logical_name.split(".")))
        columns.append(b"\x02\x04\x12" + class_id.to_bytes(2, "big") + b"\x09\x06" + name + b"\x0f\x02\x12\x00\x00")
    return b"\x01" + length(len(columns)) + b"".join(columns)


def _number(tag: int, push: int, place: int) -> bytes:
    """A number of type `tag`, another in every push."""
    seed = push * 31 + place * 7
    form, value = {
        0x05: (">i", -seed * 1000),
        0x06: (">I", seed * 1000),
        0x0F: (">b", seed % 100 - 50),
        0x10: (">h", -(seed % 30000)),
        0x11: (">B", seed % 256),
        0x12: (">H", seed % 65536),
        0x14: (">q", -seed * 10**9),
        0x15: (">Q", seed * 10**9),
        0x16: (">B", seed % 8),
    }[tag]
    return bytes([tag]) + struct.pack(form, value)


# The types of the numbers in layout n, repeated to fill the push. Each layout begins with its meter's serial number and
# a clock, as layouts of meters in service do.
NUMBERS = (
    (0x06,),
    (0x12,),
    (0x06, 0x12),
    (0x06, 0x06, 0x12, 0x11),
    (0x05, 0x06),
    (0x10, 0x12, 0x06),
    (0x15, 0x06),
    (0x14, 0x05, 0x10),
    (0x06, 0x16, 0x12, 0x0F),
    (0x11, 0x12, 0x06, 0x15),
)


def push_body(layout: int, push: int) -> bytes:
    """A structure of twenty values in layout `layout`."""
    serial = b"\x09\x10" + f"FER{push:013d}".encode()
    clock = b"\x09\x0c" + date_time(FIRST + push * PERIOD)
    types = NUMBERS[layout]
    numbers = [_number(types[place % len(types)], push, place) for place in range(VALUES_IN_A_PUSH - 2)]
    return b"\x02" + bytes([VALUES_IN_A_PUSH]) + serial + clock + b"".join(numbers)


def data_notification(layout: int, push: int) -> bytes:
    """A data-notification; every second layout carries its own date-time."""
    moment = date_time(FIRST + push * PERIOD) if layout % 2 else b""
    return b"\x0f" + push.to_bytes(4, "big") + length(len(moment)) + moment + push_body(layout, push)


def general_glo(plain_text: bytes, invocation_counter: int) -> bytes:
    """A general-glo-ciphering APDU, authenticated and encrypted with suite 0."""
    counter = invocation_counter.to_bytes(4, "big")
    control = bytes([SECURITY_CONTROL])
    sealed = AESGCM(ENCRYPTION_KEY).encrypt(SYSTEM_TITLE + counter, plain_text, control + AUTHENTICATION_KEY)
    body = control + counter + sealed[: len(plain_text) + TAG_OCTETS]
    return b"\xdb" + length(len(SYSTEM_TITLE)) + SYSTEM_TITLE + length(len(body)) + body


HDLC_INFORMATION_OCTETS = 128
HDLC_CLIENT, HDLC_LOGICAL, HDLC_PHYSICAL = 16, 1, 17


def check_sequence(octets: bytes) -> bytes:
    """CRC-16/X-25 bit by bit, the low octet first."""
    register = 0xFFFF
    for octet in octets:
        register ^= octet
        for _ in range(8):
            register = register >> 1 ^ (0x8408 if register & 1 else 0)
    return (register ^ 0xFFFF).to_bytes(2, "little")


def hdlc_stream(message: bytes) -> bytes:
    """A message in I frames from a meter to its client, each under its flags."""
    addresses = bytes((HDLC_CLIENT << 1 | 1, HDLC_LOGICAL << 1, HDLC_PHYSICAL << 1 | 1))
    frames = []
    for number, start in enumerate(range(0, len(message), HDLC_INFORMATION_OCTETS)):
        information = message[start : start + HDLC_INFORMATION_OCTETS]
        more = start + HDLC_INFORMATION_OCTETS < len(message)
        size = 2 + len(addresses) + 1 + 2 + len(information) + 2
        head = (0xA000 | more << 11 | size).to_bytes(2, "big") + addresses + bytes((0x10 | number % 8 << 1,))
        body = head + check_sequence(head) + information
        frames.append(b"\x7e" + body + check_sequence(body) + b"\x7e")
    return b"".join(frames)


IMAGE_OCTETS = 64 * 1024
BLOCK_OCTETS = 1_400
"""Of a block of general block transfer, as fits into one Ethernet frame."""


def general_blocks(apdu: bytes) -> list[bytes]:
    """An APDU in general blocks, streamed in one window."""
    pieces = [apdu[start : start + BLOCK_OCTETS] for start in range(0, len(apdu), BLOCK_OCTETS)]
    window = 63
    blocks = []
    for number, piece in enumerate(pieces, 1):
        control = (0x80 if number == len(pieces) else 0x40) | window
        blocks.append(bytes((0xE0, control)) + number.to_bytes(2, "big") + bytes(2) + length(len(piece)) + piece)
    return blocks


def image_in_blocks() -> list[bytes]:
    """An image of 64 kB as an octet-string, in a get-response in general blocks."""
    image = bytes(place * 31 + (place >> 8) & 0xFF for place in range(IMAGE_OCTETS))
    return general_blocks(get_response(b"\x09" + length(len(image)) + image))


@dataclass(frozen=True)
class Payloads:
    """Everything that is measured on."""

    profile: bytes
    get_response: bytes
    capture_objects: bytes
    pushes: tuple[bytes, ...]

    @classmethod
    def make(cls) -> Payloads:
        """Build them anew; they are the same every time."""
        buffer = profile_buffer()
        pushes = tuple(general_glo(data_notification(n % LAYOUTS, n), n) for n in range(1, PUSHES + 1))
        return cls(buffer, get_response(buffer), capture_objects(), pushes)

    def as_task(self) -> dict[str, str]:
        """The fields that a peer's task carries."""
        return {
            "profile": self.profile.hex(),
            "get_response": self.get_response.hex(),
            "capture_objects": self.capture_objects.hex(),
            "hdlc": hdlc_stream(b"\xe6\xe7\x00" + self.get_response).hex(),
            "pushes": " ".join(push.hex() for push in self.pushes),
            "image_blocks": " ".join(block.hex() for block in image_in_blocks()),
        }


def keys_as_task(system_title: bytes) -> dict[str, str]:
    """The keys as a peer's task carries them."""
    return {
        "system_title": system_title.hex(),
        "encryption_key": ENCRYPTION_KEY.hex(),
        "authentication_key": AUTHENTICATION_KEY.hex(),
    }
