"""Captures read back: what our own writer wrote, and streams whose segments come late, twice or not at all."""

from __future__ import annotations

import io
import struct

import dpkt  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.kernel.clock import ManualClock
from ferraris.kernel.errors import ConfigError
from ferraris.kernel.limits import CAPTURE_OUT_OF_ORDER_SEGMENTS_MAX
from ferraris.link import (
    CapturedChunk,
    CaptureLink,
    JsonLinesCapture,
    Link,
    PcapCapture,
    is_capture,
    loopback_pair,
    read_capture,
    read_json_lines,
)
from ferraris.simulation import run_virtual

TEXT = b"0123456789abcdefghij"
ETHERNET, RAW, USER_0 = 1, 101, 147


def tcp(seq: int, octets: bytes, *, syn: bool = False, source: int = 1000) -> bytes:
    """An IPv4 packet with one segment from 10.0.0.1 to 10.0.0.2:4059."""
    flags = dpkt.tcp.TH_SYN if syn else dpkt.tcp.TH_ACK
    segment = dpkt.tcp.TCP(sport=source, dport=4059, seq=seq % (1 << 32), flags=flags, data=octets)
    packet = dpkt.ip.IP(src=b"\x0a\0\0\x01", dst=b"\x0a\0\0\x02", p=6, data=segment)
    packet.len = len(packet)
    return bytes(packet)


def udp(octets: bytes) -> bytes:
    datagram = dpkt.udp.UDP(sport=4059, dport=1000, ulen=8 + len(octets), data=octets)
    packet = dpkt.ip.IP(src=b"\x0a\0\0\x02", dst=b"\x0a\0\0\x01", p=17, data=datagram)
    packet.len = len(packet)
    return bytes(packet)


def pcap(*records: bytes, link_type: int = RAW) -> bytes:
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link_type)
    for number, record in enumerate(records):
        out += struct.pack("<IIII", 1000 + number, 500_000, len(record), len(record)) + record
    return out


def carried(*records: bytes) -> bytes:
    return b"".join(chunk.octets for chunk in read_capture(pcap(*records)))


def test_segments_in_order() -> None:
    [first, second] = read_capture(pcap(tcp(99, b"", syn=True), tcp(100, TEXT[:8]), tcp(108, TEXT[8:])))
    assert first == CapturedChunk(1_001_500, "10.0.0.1:1000", "10.0.0.2:4059", TEXT[:8], keeps_boundaries=False)
    assert second.octets == TEXT[8:]


def test_segments_out_of_order_twice_and_overlapping() -> None:
    records = [tcp(99, b"", syn=True), tcp(108, TEXT[8:12]), tcp(100, TEXT[:8]), tcp(100, TEXT[:8])]
    assert carried(*records, tcp(106, TEXT[6:16]), tcp(112, TEXT[12:])) == TEXT


def test_sequence_numbers_begin_anew_after_four_gigabytes() -> None:
    begin = (1 << 32) - 5
    assert carried(tcp(begin, TEXT[:10]), tcp(begin + 10, TEXT[10:])) == TEXT


def test_a_missing_segment_is_told() -> None:
    chunks = list(read_capture(pcap(tcp(100, TEXT[:8]), tcp(112, TEXT[12:]))))
    assert [(chunk.octets, chunk.lost) for chunk in chunks] == [(TEXT[:8], 0), (TEXT[12:], 4)]


def test_a_connection_that_begins_again_from_the_same_port() -> None:
    assert carried(tcp(100, TEXT), tcp(7, b"", syn=True), tcp(8, b"new")) == TEXT + b"new"


def test_directions_do_not_mix() -> None:
    chunks = list(read_capture(pcap(tcp(1, b"a"), tcp(1, b"b", source=2000))))
    assert [chunk.source for chunk in chunks] == ["10.0.0.1:1000", "10.0.0.1:2000"]


def test_datagrams_come_as_they_are() -> None:
    [chunk] = read_capture(pcap(udp(TEXT)))
    assert (chunk.octets, chunk.keeps_boundaries, chunk.source) == (TEXT, True, "10.0.0.2:4059")


def test_ethernet_and_pcapng() -> None:
    frame = bytes(dpkt.ethernet.Ethernet(src=bytes(6), dst=bytes(6), type=0x0800, data=dpkt.ip.IP(udp(TEXT))))
    padded = frame + bytes(4)  # Ethernet pads short frames
    assert [c.octets for c in read_capture(pcap(padded, link_type=ETHERNET))] == [TEXT]
    file = io.BytesIO()
    writer = dpkt.pcapng.Writer(file)
    writer.writepkt(frame, ts=12.5)
    file.seek(0)
    [chunk] = read_capture(file.read())
    assert (chunk.octets, chunk.time_ms) == (TEXT, 12_500)


def test_records_without_a_network() -> None:
    [chunk] = read_capture(pcap(TEXT, link_type=USER_0))
    assert (chunk.octets, chunk.source) == (TEXT, chunk.destination and "line")


def test_other_link_types_are_refused() -> None:
    with pytest.raises(ConfigError, match="link type"):
        list(read_capture(pcap(TEXT, link_type=105)))


def test_what_our_own_captures_wrote() -> None:
    file, text = io.BytesIO(), io.StringIO()

    async def talk() -> None:
        here, there = loopback_pair()
        clock = ManualClock(5_000)
        link: Link = CaptureLink(CaptureLink(here, PcapCapture(file, clock)), JsonLinesCapture(text, clock))
        await link.send(TEXT)
        assert await there.receive() == TEXT
        await there.send(b"answer")
        assert await link.receive() == b"answer"

    run_virtual(talk())
    for chunks in (list(read_capture(file.getvalue())), list(read_json_lines(text.getvalue().splitlines()))):
        assert [chunk.octets for chunk in chunks] == [TEXT, b"answer"]
        assert (chunks[0].source, chunks[0].destination) == (chunks[1].destination, chunks[1].source)
        assert chunks[0].time_ms == 5_000


@pytest.mark.parametrize(
    "line",
    [
        '{"hex": "00", "direction": "sent", "hex": "01"}',
        '{"hex": "00", "direction": "sent", "time_ms": NaN}',
        *("{", "[]", "null", "3", '{"hex": "00"}', '{"hex": "00", "direction": null, "time_ms": "soon"}'),
        *(
            '{"hex": "zz", "direction": "sent"}',
            '{"hex": 0, "direction": "sent"}',
            '{"hex": ["00"], "direction": "sent"}',
        ),
        *('{"hex": "00", "direction": "sent", "time_ms": 1e999}', '{"hex": "00", "direction": "sent", "time_ms": NaN}'),
        *("[" * 100_000, '{"hex":' * 50_000, '{"hex": "00", "direction": "sent", "time_ms": ' + "9" * 5_000 + "}"),
    ],
    ids=lambda line: line[:60],
)
def test_lines_that_are_none_of_a_capture(line: str) -> None:
    with pytest.raises(ConfigError, match="line 1"):
        list(read_json_lines([line]))


def test_a_capture_is_told_by_its_first_octets() -> None:
    assert is_capture(pcap())
    assert not is_capture(b"")
    assert not is_capture(TEXT)


@given(st.binary(max_size=200))
def test_any_octets_are_a_capture_or_refused(octets: bytes) -> None:
    for file in (octets, pcap() + octets, pcap(octets), pcap(octets, link_type=ETHERNET)):
        try:
            list(read_capture(file))
        except ConfigError:
            continue


def test_a_crowd_of_segments_behind_a_gap_does_not_wait_for_ever() -> None:
    """A capture made to keep every segment waiting: single octets with a hole before each, backwards."""
    count = CAPTURE_OUT_OF_ORDER_SEGMENTS_MAX + 50
    segments = [tcp(100 + 2 * place, b"x") for place in range(count, 0, -1)]
    chunks = list(read_capture(pcap(tcp(99, b"", syn=True), *segments)))
    taken = b"".join(chunk.octets for chunk in chunks)
    assert CAPTURE_OUT_OF_ORDER_SEGMENTS_MAX <= len(taken) <= count
    assert all(chunk.lost for chunk in chunks[:CAPTURE_OUT_OF_ORDER_SEGMENTS_MAX])
