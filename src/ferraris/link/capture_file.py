"""Captured traffic out of a file: pcap and pcapng as network tools write them, or the lines of JSON of our own capture.

TCP segments are put in order, direction by direction: what was sent twice is taken once, what is missing is told. UDP datagrams
come as they are. So do the octets of records that carry no network at all, as serial sniffers write them.
"""

from __future__ import annotations

import io
import ipaddress
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import dpkt  # type: ignore[import-untyped]  # it has no types

from ferraris.kernel.errors import ConfigError
from ferraris.kernel.json_text import read_json_object
from ferraris.kernel.limits import (
    CAPTURE_OUT_OF_ORDER_OCTETS_MAX,
    CAPTURE_OUT_OF_ORDER_SEGMENTS_MAX,
    CAPTURE_STREAMS_MAX,
)
from ferraris.link.contract import address_text

PCAP_MAGICS: Final = frozenset(
    bytes.fromhex(magic) for magic in ("a1b2c3d4", "d4c3b2a1", "a1b23c4d", "4d3cb2a1", "0a0d0d0a")
)
USER_LINK_TYPES: Final = range(147, 163)
"""Reserved for private use: records are the octets themselves."""
RAW_LINK_TYPES: Final = (12, 101, 228, 229)
ETHERNET, LOOPBACK, LOOPBACK_BIG_ENDIAN, COOKED, COOKED_2 = 1, 0, 108, 113, 276
COOKED_2_HEADER_OCTETS: Final = 20
SEQUENCE_MODULUS: Final = 1 << 32
UNNAMED: Final = "line"


@dataclass(frozen=True, slots=True)
class CapturedChunk:
    """Octets that went from one end to another at a time. `lost` octets before them were not captured."""

    time_ms: int
    source: str
    destination: str
    octets: bytes
    keeps_boundaries: bool
    lost: int = 0


def is_capture(octets: bytes) -> bool:
    """Whether a file with these octets is a pcap or a pcapng file."""
    return octets[:4] in PCAP_MAGICS


def read_capture(octets: bytes) -> Iterator[CapturedChunk]:
    """What a pcap or pcapng file holds. Raises ConfigError for a file that is none, or of a link type that is not known."""
    try:
        reader = dpkt.pcap.UniversalReader(io.BytesIO(octets))
        link_type = reader.datalink()
    except (ValueError, dpkt.Error, struct.error, KeyError) as error:
        raise ConfigError("this is no capture that can be read", expected="pcap or pcapng", got=error) from None
    streams = _Streams()
    for time_s, record in _records(reader):
        yield from _chunks(streams, link_type, round(time_s * 1000), record)
    yield from streams.flush()


def read_json_lines(lines: Iterable[str]) -> Iterator[CapturedChunk]:
    """What our own capture wrote as lines of JSON. Raises ConfigError."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        row = read_json_object(line, f"line {number} of a capture", expected="direction and hex")
        try:
            local, peer = (str(row.get(name) or end) for name, end in (("local", "left"), ("peer", "right")))
            octets, time_ms, sent = bytes.fromhex(row["hex"]), int(row.get("time_ms", 0)), row["direction"] == "sent"
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
            raise ConfigError(f"line {number} is none of a capture", expected="direction and hex") from None
        ends = (local, peer) if sent else (peer, local)
        yield CapturedChunk(time_ms, *ends, octets, keeps_boundaries=False)


def _records(reader: Any) -> Iterator[tuple[float, bytes]]:
    """The records up to the end of the file, or up to where it is cut short."""
    records = iter(reader)
    while True:
        try:
            time_s, record = next(records)
        except (StopIteration, ValueError, dpkt.Error, struct.error):
            return
        yield float(time_s), bytes(record)


def _chunks(streams: _Streams, link_type: int, time_ms: int, record: bytes) -> Iterator[CapturedChunk]:
    if link_type in USER_LINK_TYPES:
        if record:
            yield CapturedChunk(time_ms, UNNAMED, UNNAMED, record, keeps_boundaries=False)
        return
    packet = _ip_of(link_type, record)
    if packet is None:
        return
    segment = packet.data
    source_host, destination_host = _host(packet.src), _host(packet.dst)
    if isinstance(segment, dpkt.udp.UDP):
        if segment.data:
            source = address_text(source_host, segment.sport)
            destination = address_text(destination_host, segment.dport)
            yield CapturedChunk(time_ms, source, destination, bytes(segment.data), keeps_boundaries=True)
    elif isinstance(segment, dpkt.tcp.TCP):
        yield from streams.take(time_ms, source_host, destination_host, segment)


def _ip_of(link_type: int, record: bytes) -> Any:
    """The IP datagram of a record; None when there is none, or it is damaged."""
    try:
        if link_type == ETHERNET:
            inner = dpkt.ethernet.Ethernet(record).data
        elif link_type in RAW_LINK_TYPES:
            inner = _ip(record)
        elif link_type in (LOOPBACK, LOOPBACK_BIG_ENDIAN):
            inner = _ip(record[4:])
        elif link_type == COOKED:
            inner = dpkt.sll.SLL(record).data
        elif link_type == COOKED_2:
            inner = _ip(record[COOKED_2_HEADER_OCTETS:])
        else:
            raise ConfigError("a capture of this link type cannot be read", expected="Ethernet or IP", got=link_type)
    except (dpkt.Error, struct.error, IndexError, ValueError):
        return None
    return inner if isinstance(inner, dpkt.ip.IP | dpkt.ip6.IP6) else None


def _ip(record: bytes) -> Any:
    version = record[0] >> 4
    return dpkt.ip6.IP6(record) if version == 6 else dpkt.ip.IP(record)


def _host(octets: bytes) -> str:
    return str(ipaddress.ip_address(octets))


@dataclass(slots=True)
class _Stream:
    """One direction of a TCP connection: what comes next, and what came too early."""

    source: str
    destination: str
    expected: int
    early: dict[int, tuple[int, bytes]] = field(default_factory=dict)


class _Streams:
    """All directions of all TCP connections in a capture."""

    def __init__(self) -> None:
        self._streams: dict[tuple[str, str], _Stream] = {}

    def take(self, time_ms: int, source_host: str, destination_host: str, segment: Any) -> Iterator[CapturedChunk]:
        source, destination = address_text(source_host, segment.sport), address_text(destination_host, segment.dport)
        begins = bool(segment.flags & dpkt.tcp.TH_SYN)
        stream = self._streams.get((source, destination))
        if stream is None or begins:
            if len(self._streams) >= CAPTURE_STREAMS_MAX:
                raise ConfigError("too many connections in one capture", expected=f"at most {CAPTURE_STREAMS_MAX}")
            stream = _Stream(source, destination, (segment.seq + begins) % SEQUENCE_MODULUS)
            self._streams[source, destination] = stream
        octets = bytes(segment.data)
        if octets:
            stream.early.setdefault((segment.seq + begins) % SEQUENCE_MODULUS, (time_ms, octets))
            yield from _in_order(stream)
            waiting = stream.early.values()
            too_many = len(waiting) > CAPTURE_OUT_OF_ORDER_SEGMENTS_MAX
            if too_many or sum(len(piece) for _, piece in waiting) > CAPTURE_OUT_OF_ORDER_OCTETS_MAX:
                yield from _over_the_gap(stream)

    def flush(self) -> Iterator[CapturedChunk]:
        """What still waits for segments that the file does not have."""
        for stream in self._streams.values():
            yield from _over_the_gap(stream)


def _in_order(stream: _Stream, lost: int = 0) -> Iterator[CapturedChunk]:
    while stream.early:
        begin = min(stream.early, key=lambda sequence: _ahead(stream, sequence))
        ahead = _ahead(stream, begin)
        if ahead > 0:
            return
        time_ms, octets = stream.early.pop(begin)
        fresh = octets[-ahead:] if ahead else octets
        if fresh:
            stream.expected = (stream.expected + len(fresh)) % SEQUENCE_MODULUS
            yield CapturedChunk(time_ms, stream.source, stream.destination, fresh, keeps_boundaries=False, lost=lost)
            lost = 0


def _over_the_gap(stream: _Stream) -> Iterator[CapturedChunk]:
    while stream.early:
        begin = min(stream.early, key=lambda sequence: _ahead(stream, sequence))
        lost = max(0, _ahead(stream, begin))
        stream.expected = (stream.expected + lost) % SEQUENCE_MODULUS
        yield from _in_order(stream, lost)


def _ahead(stream: _Stream, sequence: int) -> int:
    """How far a sequence number lies ahead of what is expected; negative behind it."""
    return (sequence - stream.expected + SEQUENCE_MODULUS // 2) % SEQUENCE_MODULUS - SEQUENCE_MODULUS // 2
