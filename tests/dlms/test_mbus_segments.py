"""APDUs in wired M-Bus long frames."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.dlms.mbus_segments import (
    PIECE_OCTETS_MAX,
    MbusSegment,
    Segments,
    decode_segments,
    encode_segments,
    join_pieces,
    segment_in,
    segments_of,
)
from ferraris.kernel.errors import DecodeError, LocalProtocolError
from ferraris.kernel.limits import APDU_OCTETS_MAX
from ferraris.mbus import MbusFrame
from tests.dlms.vectors import vectors


def build(piece: bytes, number: int = 0, *, last: bool = True, information: int | None = None) -> bytes:
    """A long frame with right lengths and checksum."""
    control_information = number | last << 4 if information is None else information
    content = bytes((0x53, 0xFF, control_information, 0x01, 0x67)) + piece
    return bytes((0x68, len(content), len(content), 0x68)) + content + bytes((sum(content) & 0xFF, 0x16))


def test_one_segment() -> None:
    segment = MbusSegment(0x53, 0xFF, 0, True, 1, 0x67, b"\xdb\x08")
    assert decode_segments(build(b"\xdb\x08")) == [segment]
    assert join_pieces([segment]) == [b"\xdb\x08"]


def test_segments_are_put_together_in_their_order() -> None:
    octets = build(b"ab", 0, last=False) + build(b"cd", 1, last=False) + build(b"ef", 2) + build(b"gh")
    assert join_pieces(decode_segments(octets)) == [b"abcdef", b"gh"]


def test_numbers_go_round_after_fifteen() -> None:
    octets = b"".join(build(bytes((n,)), n & 0x0F, last=n == 17) for n in range(18))
    assert join_pieces(decode_segments(octets)) == [bytes(range(18))]


@pytest.mark.parametrize(
    ("octets", "summary"),
    [
        ("68", "no M-Bus long frame"),
        ("68050668 53ff10 0167 ca16", "no M-Bus long frame"),
        ("68050569 53ff10 0167 ca16", "no M-Bus long frame"),
        ("68050568 53ff10 0167", "an M-Bus frame is cut short"),
        ("68040468 53ff10 01 6316", "an M-Bus frame is cut short"),
        ("68050568 53ff10 0167 cb16", "an M-Bus checksum or stop is wrong"),
        ("68050568 53ff10 0167 ca17", "an M-Bus checksum or stop is wrong"),
        ("68050568 53ff10 0167 ca16 00", "no M-Bus long frame"),
    ],
)
def test_refused(octets: str, summary: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_segments(bytes.fromhex(octets))
    assert caught.value.summary == summary


def test_other_control_information_carries_no_apdu() -> None:
    with pytest.raises(DecodeError) as caught:
        decode_segments(build(b"", information=0x72))
    assert (caught.value.expected, caught.value.got, caught.value.offset) == ("CI 00 to 1f", "72", 6)


@pytest.mark.parametrize(
    ("numbers", "last", "summary"),
    [
        ((1,), True, "a segment is out of order"),
        ((0, 2), True, "a segment is out of order"),
        ((0, 0), True, "a segment is out of order"),
        ((0, 1), False, "the last segment is missing"),
    ],
)
def test_what_is_missing_is_said(numbers: tuple[int, ...], last: bool, summary: str) -> None:
    segments = [
        MbusSegment(0x53, 0xFF, number, last and position == len(numbers) - 1, 1, 0x67, b"x")
        for position, number in enumerate(numbers)
    ]
    with pytest.raises(DecodeError) as caught:
        join_pieces(segments)
    assert caught.value.summary == summary


def test_endless_segments_are_refused() -> None:
    count = APDU_OCTETS_MAX // 250 + 2
    segments = [MbusSegment(0x53, 0xFF, n & 0x0F, False, 1, 0x67, bytes(250)) for n in range(count)]
    with pytest.raises(DecodeError) as caught:
        join_pieces(segments)
    assert caught.value.summary == "segments are too long together"


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=20))
def test_any_pieces_come_out_as_they_went_in(pieces: list[bytes]) -> None:
    octets = b"".join(build(piece, n & 0x0F, last=n == len(pieces) - 1) for n, piece in enumerate(pieces))
    assert join_pieces(decode_segments(octets)) == [b"".join(pieces)]


@given(st.binary(max_size=80))
def test_any_octets_only_raise_decode_error(octets: bytes) -> None:
    for start in (b"", b"\x68"):
        with contextlib.suppress(DecodeError):
            join_pieces(decode_segments(start + octets))


@given(st.binary(max_size=2_000), st.integers(0, 255), st.integers(0, 255))
def test_an_apdu_is_cut_and_put_together(apdu: bytes, source: int, destination: int) -> None:
    octets = encode_segments(apdu, 0x53, 0xFF, source, destination)
    segments = decode_segments(octets)
    assert {(segment.source, segment.destination) for segment in segments} == {(source, destination)}
    assert join_pieces(segments) == [apdu]
    assert len(segments) == max(1, -(-len(apdu) // PIECE_OCTETS_MAX))


def test_the_longest_apdu() -> None:
    apdu = bytes(range(256)) * 256
    assert join_pieces(decode_segments(encode_segments(apdu[:APDU_OCTETS_MAX], 0x53, 0xFF, 1, 16))) == [
        apdu[:APDU_OCTETS_MAX]
    ]
    with pytest.raises(LocalProtocolError):
        segments_of(apdu, 1, 16)


@pytest.mark.parametrize(("source", "destination"), [(256, 1), (1, 256), (-1, 1)])
def test_service_access_points_have_one_octet(source: int, destination: int) -> None:
    with pytest.raises(LocalProtocolError):
        segments_of(b"", source, destination)


def test_captured_frames_are_written_octet_for_octet() -> None:
    for row in vectors("mbus-frames-ciphered"):
        octets = bytes.fromhex(row["hex"])
        segments = decode_segments(octets)
        (apdu,) = join_pieces(segments)
        control, address, _, _, source, destination, piece = segments[0]
        assert encode_segments(apdu, control, address, source, destination, len(piece)) == octets


def test_segments_of_two_senders_are_not_mixed() -> None:
    segments = Segments()
    assert segments.take(MbusSegment(0, 0, 0, False, 1, 16, b"ab")) is None
    with pytest.raises(DecodeError):
        segments.take(MbusSegment(0, 0, 1, True, 2, 16, b"cd"))
    assert segments.between
    assert segments.take(MbusSegment(0, 0, 0, True, 2, 16, b"cd")) == b"cd"


def test_what_is_kept_of_endless_segments_is_bounded() -> None:
    segments = Segments()
    for number in range(APDU_OCTETS_MAX // 250):
        segments.take(MbusSegment(0, 0, number & 0x0F, False, 1, 16, bytes(250)))
        assert segments.unfinished <= APDU_OCTETS_MAX
    with pytest.raises(DecodeError, match="too long together"):
        segments.take(MbusSegment(0, 0, number + 1 & 0x0F, False, 1, 16, bytes(250)))
    assert segments.between


@pytest.mark.parametrize("frame", [MbusFrame(0x53, 1), MbusFrame(0x53, 1, 0x20, b"ab"), MbusFrame(0x53, 1, 0x10, b"a")])
def test_frames_that_carry_no_segment(frame: MbusFrame) -> None:
    with pytest.raises(DecodeError):
        segment_in(frame)
