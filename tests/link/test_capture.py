"""Captures: what was on the link stands in the file, readable by others."""

from __future__ import annotations

import asyncio
import io
import ipaddress
import json
import struct
from dataclasses import dataclass

import pytest

from ferraris.kernel.clock import ManualClock
from ferraris.kernel.errors import LinkClosedError
from ferraris.link import CaptureLink, Direction, JsonLinesCapture, Link, PcapCapture, loopback_pair
from ferraris.link.middleware import Middleware
from ferraris.simulation import run_virtual

NOW_MS = 1_767_225_600_123


class Named(Middleware):
    """A link with the addresses that a test wants."""

    def __init__(self, link: Link, local: str, peer: str) -> None:
        super().__init__(link)
        self._names = (local, peer)

    @property
    def local(self) -> str:
        return self._names[0]

    @property
    def peer(self) -> str:
        return self._names[1]


@dataclass(frozen=True)
class Record:
    """One record of a pcap file, taken apart by hand."""

    time_s: int
    time_us: int
    version: int
    protocol: int
    source: str
    destination: str
    ports: tuple[int, int]
    sequence: int | None
    acknowledged: int | None
    payload: bytes


def read_pcap(octets: bytes) -> list[Record]:
    magic, major, minor, _, _, _, link_type = struct.unpack_from(">IHHiIII", octets)
    assert (magic, major, minor, link_type) == (0xA1B2C3D4, 2, 4, 101)
    records, offset = [], 24
    while offset < len(octets):
        time_s, time_us, kept, length = struct.unpack_from(">IIII", octets, offset)
        assert kept == length
        records.append(read_datagram(time_s, time_us, octets[offset + 16 : offset + 16 + kept]))
        offset += 16 + kept
    assert offset == len(octets)
    return records


def read_datagram(time_s: int, time_us: int, datagram: bytes) -> Record:
    version = datagram[0] >> 4
    if version == 4:
        assert struct.unpack_from(">H", datagram, 2)[0] == len(datagram)
        words = struct.unpack(">10H", datagram[:20])
        assert (sum(words) & 0xFFFF) + (sum(words) >> 16) == 0xFFFF, "the header's checksum"
        protocol, source, destination, segment = datagram[9], datagram[12:16], datagram[16:20], datagram[20:]
    else:
        assert struct.unpack_from(">H", datagram, 4)[0] == len(datagram) - 40
        protocol, source, destination, segment = datagram[6], datagram[8:24], datagram[24:40], datagram[40:]
    ports = struct.unpack_from(">HH", segment)
    sequence = acknowledged = None
    if protocol == 17:
        assert struct.unpack_from(">H", segment, 4)[0] == len(segment)
        payload = segment[8:]
    else:
        sequence, acknowledged, data_offset = struct.unpack_from(">IIB", segment, 4)
        payload = segment[(data_offset >> 4) * 4 :]
    addresses = [str(ipaddress.ip_address(address)) for address in (source, destination)]
    return Record(
        time_s, time_us, version, protocol, addresses[0], addresses[1], ports, sequence, acknowledged, payload
    )


def captured(local: str, peer: str, *, datagrams: bool = False, size: int = 3) -> list[Record]:
    file = io.BytesIO()

    async def scenario() -> None:
        left, right = loopback_pair(datagrams=datagrams)
        link = CaptureLink(Named(left, local, peer), PcapCapture(file, ManualClock(NOW_MS)))
        await link.send(b"ask")
        sending = asyncio.create_task(right.send(bytes(size)))  # waits where the chunk is more than a link holds
        await link.receive()
        await sending
        await link.send(b"more")

    run_virtual(scenario())
    return read_pcap(file.getvalue())


def test_json_lines() -> None:
    file = io.StringIO()

    async def scenario() -> None:
        left, right = loopback_pair()
        link = CaptureLink(left, JsonLinesCapture(file, ManualClock(NOW_MS)))
        await link.send(b"\x60\x1d")
        await right.send(b"\x61")
        assert await link.receive() == b"\x61"

    run_virtual(scenario())
    ends = {"time_ms": NOW_MS, "local": "left:0", "peer": "right:0"}
    assert [json.loads(line) for line in file.getvalue().splitlines()] == [
        {**ends, "direction": Direction.SENT.value, "hex": "601d"},
        {**ends, "direction": Direction.RECEIVED.value, "hex": "61"},
    ]


def test_pcap_of_a_stream_over_ipv4() -> None:
    ask, answer, more = captured("127.0.0.1:50000", "127.20.0.1:4059")
    assert (ask.time_s, ask.time_us) == (1_767_225_600, 123_000)
    assert (ask.version, ask.protocol, ask.source, ask.destination) == (4, 6, "127.0.0.1", "127.20.0.1")
    assert (ask.ports, answer.ports) == ((50000, 4059), (4059, 50000))
    assert (answer.source, answer.destination) == ("127.20.0.1", "127.0.0.1")
    assert [(r.sequence, r.acknowledged, r.payload) for r in (ask, answer, more)] == [
        (0, 0, b"ask"),
        (0, 3, bytes(3)),
        (3, 3, b"more"),
    ]


def test_pcap_of_datagrams_over_ipv6() -> None:
    ask, answer, _ = captured("[::1]:50000", "[fd00::7]:4059", datagrams=True)
    assert (ask.version, ask.protocol, ask.source, ask.destination) == (6, 17, "::1", "fd00::7")
    assert (answer.ports, answer.payload) == ((4059, 50000), bytes(3))


def test_pcap_of_ends_without_addresses() -> None:
    ask, answer, _ = captured("left:0", "right:0")
    assert (ask.source, ask.destination) == (answer.destination, answer.source) == ("192.0.2.1", "192.0.2.2")


@pytest.mark.parametrize("size", [32_768, 32_769, 100_000])
def test_a_long_chunk_is_several_segments(size: int) -> None:
    _, *answer, more = captured("127.0.0.1:50000", "127.20.0.1:4059", size=size)
    assert b"".join(record.payload for record in answer) == bytes(size)
    assert [record.sequence for record in answer] == list(range(0, size, 32_768))
    assert more.acknowledged == size


def test_the_head_of_a_pcap_file_octet_by_octet() -> None:
    """As libpcap's format description has it: magic, version 2.4, no time zone, no accuracy, 65535 octets, raw IP."""
    file = io.BytesIO()
    PcapCapture(file, ManualClock(NOW_MS))
    assert file.getvalue().hex(" ", 4) == "a1b2c3d4 00020004 00000000 00000000 0000ffff 00000065"


def test_a_record_octet_by_octet() -> None:
    file = io.BytesIO()

    async def scenario() -> None:
        left, _ = loopback_pair()
        link = CaptureLink(Named(left, "127.0.0.1:50000", "127.20.0.1:4059"), PcapCapture(file, ManualClock(NOW_MS)))
        await link.send(b"\x00\x01\x00\x01\x00\x01\x00\x00")

    run_virtual(scenario())
    record = bytes.fromhex(
        "6955b900 0001e078 00000030 00000030"  # 1 767 225 600 s, 123 000 us, 48 octets kept of 48
        "45 00 0030 0000 4000 40 06"  # IPv4, 48 octets, not to be fragmented, 64 hops, TCP
        "3cb2 7f000001 7f140001"  # checksum, source, destination
        "c350 0fdb 00000000 00000000 50 18 ffff 0000 0000"  # ports, sequence numbers, flags PSH and ACK
        "0001000100010000"
    )
    assert file.getvalue()[24:].hex(" ", 4) == record.hex(" ", 4)


ADDRESSES = [
    # local                    peer                        source            destination       ports
    ("127.0.0.1:1",            "127.20.0.1:4059",          "127.0.0.1",      "127.20.0.1",     (1, 4059)),
    ("[::1]:65535",            "[2001:db8::7]:4059",       "::1",            "2001:db8::7",    (65535, 4059)),
    ("left:7",                 "127.20.0.1:4059",          "192.0.2.1",      "127.20.0.1",     (7, 4059)),
    ("",                       "",                         "192.0.2.1",      "192.0.2.2",      (0, 0)),
    ("meter.example:4059",     "right:0",                  "192.0.2.1",      "192.0.2.2",      (4059, 0)),
    ("10.0.0.1:nonsense",      "10.0.0.2:80",              "192.0.2.1",      "10.0.0.2",       (0, 80)),
]  # fmt: skip


@pytest.mark.parametrize(("local", "peer", "source", "destination", "ports"), ADDRESSES)
def test_any_address_gives_a_record_that_can_be_read(
    local: str, peer: str, source: str, destination: str, ports: tuple[int, int]
) -> None:
    for datagrams in (False, True):
        ask, answer, _ = captured(local, peer, datagrams=datagrams)
        assert (ask.source, ask.destination, ask.ports) == (source, destination, ports)
        assert answer.ports == ports[::-1]


def test_lines_of_json_stand_alone() -> None:
    """Each line is whole and ends with a line feed, whatever the octets are."""
    file = io.StringIO()

    async def scenario() -> None:
        left, _ = loopback_pair()
        link = CaptureLink(Named(left, 'quoted"\n:1', "µ:2"), JsonLinesCapture(file, ManualClock(NOW_MS)))
        for octets in (bytes(range(256)), b"\n", b'"'):
            await link.send(octets)

    run_virtual(scenario())
    lines = file.getvalue().split("\n")
    assert lines.pop() == ""
    rows = [json.loads(line) for line in lines]
    assert [bytes.fromhex(row["hex"]) for row in rows] == [bytes(range(256)), b"\n", b'"']
    assert {(row["local"], row["peer"]) for row in rows} == {('quoted"\n:1', "µ:2")}
    assert list(rows[0]) == ["time_ms", "direction", "local", "peer", "hex"]


def test_what_was_to_be_sent_stands_in_the_capture_even_when_the_link_failed() -> None:
    file = io.StringIO()

    async def scenario() -> None:
        left, right = loopback_pair()
        link = CaptureLink(left, JsonLinesCapture(file, ManualClock(NOW_MS)))
        await right.aclose()
        with pytest.raises(LinkClosedError):
            await link.send(b"\x01")
        with pytest.raises(LinkClosedError):
            await link.receive()

    run_virtual(scenario())
    assert [json.loads(line)["hex"] for line in file.getvalue().splitlines()] == ["01"]


def test_sequence_numbers_of_many_links_do_not_mix() -> None:
    file = io.BytesIO()

    async def scenario() -> None:
        capture = PcapCapture(file, ManualClock(NOW_MS))
        for round_ in range(3):
            for port in range(1, 6):
                left, _ = loopback_pair()
                await CaptureLink(Named(left, f"127.0.0.1:{port}", "127.20.0.1:4059"), capture).send(bytes(port))
            del round_

    run_virtual(scenario())
    by_port: dict[int, list[int | None]] = {}
    for record in read_pcap(file.getvalue()):
        by_port.setdefault(record.ports[0], []).append(record.sequence)
    assert by_port == {port: [0, port, 2 * port] for port in range(1, 6)}
