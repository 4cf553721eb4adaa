"""Frames of wired M-Bus."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.kernel.errors import DecodeError, LocalProtocolError
from ferraris.mbus.frames import (
    LONG_FRAME_DATA_MAX,
    Function,
    MbusFrame,
    encode_long_frame,
    encode_short_frame,
    read_long_frame,
)


def test_short_frames_of_the_standard() -> None:
    assert encode_short_frame(0x40, 0x01) == bytes.fromhex("10 40 01 41 16")
    assert encode_short_frame(0x7B, 0xFE) == bytes.fromhex("10 7b fe 79 16")


def test_a_long_frame() -> None:
    octets = bytes.fromhex("68 05 05 68 53 fe 51 01 7a 1d 16")
    assert encode_long_frame(0x53, 0xFE, 0x51, b"\x01\x7a") == octets
    assert read_long_frame(octets, 0) == (MbusFrame(0x53, 0xFE, 0x51, b"\x01\x7a"), len(octets))
    assert read_long_frame(b"\x00" + octets + b"\x68", 1)[1] == len(octets) + 1


@pytest.mark.parametrize("control", [0x43, 0x53, 0x63, 0x73])
def test_the_function_is_the_control_field_without_its_bits_of_sequence(control: int) -> None:
    assert MbusFrame(control, 1).function == Function.SND_UD


@pytest.mark.parametrize(
    ("octets", "summary", "offset"),
    [
        ("", "no M-Bus long frame", 0),
        ("1040014116", "no M-Bus long frame", 0),
        ("68030468 080172 7b16", "no M-Bus long frame", 0),
        ("68020268 0801 0916", "an M-Bus frame is cut short", 0),
        ("68ffff68 080172 7b16", "an M-Bus frame is cut short", 0),
        ("68030368 080172 7c16", "an M-Bus checksum or stop is wrong", 7),
        ("68030368 080172 7b17", "an M-Bus checksum or stop is wrong", 7),
    ],
)
def test_refused(octets: str, summary: str, offset: int) -> None:
    with pytest.raises(DecodeError) as caught:
        read_long_frame(bytes.fromhex(octets), 0)
    assert (caught.value.summary, caught.value.offset) == (summary, offset)


def test_more_than_the_length_can_count_is_refused() -> None:
    assert len(encode_long_frame(8, 1, 0x72, bytes(LONG_FRAME_DATA_MAX))) == 261
    with pytest.raises(LocalProtocolError):
        encode_long_frame(8, 1, 0x72, bytes(LONG_FRAME_DATA_MAX + 1))


octet = st.integers(0, 255)


@given(octet, octet, octet, st.binary(max_size=LONG_FRAME_DATA_MAX), st.binary(max_size=5))
def test_a_frame_comes_out_as_it_went_in(control: int, address: int, ci: int, data: bytes, before: bytes) -> None:
    octets = before + encode_long_frame(control, address, ci, data)
    assert read_long_frame(octets, len(before)) == (MbusFrame(control, address, ci, data), len(octets))


@given(st.binary(max_size=300), st.sampled_from([b"", b"\x68\x05\x05\x68", b"\x68\xff\xff\x68"]))
def test_any_octets_only_raise_decode_error(octets: bytes, start: bytes) -> None:
    with contextlib.suppress(DecodeError):
        read_long_frame(start + octets, 0)
