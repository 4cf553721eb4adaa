"""A link that writes down every octet: as lines of JSON for `ferraris decode`, or as pcap for Wireshark.

A capture holds what was on the wire: challenges and ciphered APDUs, but also the LLS secret of an unciphered
association. Treat the file as one holds a key.
"""

from __future__ import annotations

import ipaddress
import json
import struct
from enum import Enum
from typing import BinaryIO, Protocol, TextIO, TypeAlias

from ferraris.kernel.clock import MS_PER_S, Clock
from ferraris.link.contract import Link
from ferraris.link.middleware import Middleware


class Direction(Enum):
    """Seen from the end of the link that captures."""

    SENT = "sent"
    RECEIVED = "received"


class Capture(Protocol):
    """Where captured octets go."""

    def record(self, direction: Direction, octets: bytes, link: Link) -> None:
        """Write down one chunk that `link` sent or received."""
        ...


class CaptureLink(Middleware):
    """Records each chunk: sent ones before they are handed over, received ones before they are handed out."""

    def __init__(self, link: Link, capture: Capture) -> None:
        super().__init__(link)
        self._capture = capture

    async def send(self, octets: bytes) -> None:
        self._capture.record(Direction.SENT, octets, self._link)
        await self._link.send(octets)

    async def receive(self) -> bytes:
        octets = await self._link.receive()
        self._capture.record(Direction.RECEIVED, octets, self._link)
        return octets


class JsonLinesCapture:
    """One line a chunk: `time_ms`, `direction`, `local`, `peer`, `hex`."""

    def __init__(self, file: TextIO, clock: Clock) -> None:
        self._file = file
        self._clock = clock

    def record(self, direction: Direction, octets: bytes, link: Link) -> None:
        row = {
            "time_ms": self._clock.now_ms(),
            "direction": direction.value,
            "local": link.local,
            "peer": link.peer,
            "hex": octets.hex(),
        }
        self._file.write(json.dumps(row) + "\n")


IpAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

PCAP_MAGIC = 0xA1B2C3D4
PCAP_SNAPSHOT_OCTETS = 65_535
LINKTYPE_RAW = 101
"""Records start with the IP header, version 4 or 6."""
PROTOCOL_TCP, PROTOCOL_UDP = 6, 17
SEGMENT_OCTETS_MAX = 32_768
TCP_FLAGS_PUSH_ACK = 0x18
UNNAMED_ADDRESSES = {"left": ipaddress.IPv4Address("192.0.2.1"), "right": ipaddress.IPv4Address("192.0.2.2")}
"""For ends that have no IP address (RFC 5737 documentation addresses)."""


class PcapCapture:
    """A pcap file of IP headers made up around what a link carried: TCP for streams, UDP for datagrams.

    Sequence numbers run from 0 for each direction, so Wireshark joins a stream's segments again. There is no handshake
    and TCP checksums are 0, as with a network card that computes them itself.
    """

    def __init__(self, file: BinaryIO, clock: Clock) -> None:
        self._file = file
        self._clock = clock
        self._sequence: dict[tuple[str, str], int] = {}
        file.write(struct.pack(">IHHiIII", PCAP_MAGIC, 2, 4, 0, 0, PCAP_SNAPSHOT_OCTETS, LINKTYPE_RAW))

    def record(self, direction: Direction, octets: bytes, link: Link) -> None:
        source, destination = (link.local, link.peer) if direction is Direction.SENT else (link.peer, link.local)
        if link.capabilities.keeps_boundaries:
            self._write(PROTOCOL_UDP, source, destination, octets)
            return
        for start in range(0, len(octets), SEGMENT_OCTETS_MAX):
            self._write(PROTOCOL_TCP, source, destination, octets[start : start + SEGMENT_OCTETS_MAX])

    def _write(self, protocol: int, source: str, destination: str, octets: bytes) -> None:
        source_ip, source_port = _parse(source, "left")
        destination_ip, destination_port = _parse(destination, "right")
        if protocol == PROTOCOL_UDP:
            segment = struct.pack(">HHHH", source_port, destination_port, 8 + len(octets), 0) + octets
        else:
            sequence = self._sequence.get((source, destination), 0)
            acknowledged = self._sequence.get((destination, source), 0)
            self._sequence[source, destination] = (sequence + len(octets)) & 0xFFFF_FFFF
            header = (source_port, destination_port, sequence, acknowledged, 5 << 4, TCP_FLAGS_PUSH_ACK, 0xFFFF, 0, 0)
            segment = struct.pack(">HHIIBBHHH", *header) + octets
        datagram = _ip_header(protocol, source_ip, destination_ip, len(segment)) + segment
        kept = datagram[:PCAP_SNAPSHOT_OCTETS]
        time_s, time_ms = divmod(self._clock.now_ms(), MS_PER_S)
        self._file.write(struct.pack(">IIII", time_s, time_ms * 1000, len(kept), len(datagram)) + kept)


def _parse(address: str, unnamed: str) -> tuple[IpAddress, int]:
    host, _, port = address.rpartition(":")
    try:
        return ipaddress.ip_address(host.strip("[]")), int(port)
    except ValueError:
        return UNNAMED_ADDRESSES.get(host, UNNAMED_ADDRESSES[unnamed]), int(port) if port.isdecimal() else 0


def _ip_header(protocol: int, source: IpAddress, destination: IpAddress, length: int) -> bytes:
    if source.version == 6 and destination.version == 6:
        return struct.pack(">IHBB", 6 << 28, length, protocol, 64) + source.packed + destination.packed
    header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + length, 0, 0x4000, 64, protocol, 0)
    header += source.packed[-4:] + destination.packed[-4:]
    return header[:10] + struct.pack(">H", _internet_checksum(header)) + header[12:]


def _internet_checksum(octets: bytes) -> int:
    """RFC 1071."""
    total = sum(int.from_bytes(octets[start : start + 2], "big") for start in range(0, len(octets), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
