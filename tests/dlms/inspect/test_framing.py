"""Framing is recognised and peeled off, and what does not hold is refused or warned of."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.codec.crc import check_sequence
from ferraris.dlms.inspect.framing import Layer, unframe
from ferraris.dlms.wrapper import encode_wpdu
from ferraris.kernel.errors import DecodeError

APDU = bytes.fromhex("c401c10006000000ff")
UA = "a01e610373b57c81801205018006013e0704000000010804000000010722"
STUFFED = "a00d0102011063ab7d5e7d5d7d23932d"
SHORT_LENGTH = "a00b002254d36193f4e3"


def hdlc_frame(information: bytes, *, control: int = 0x13, segmented: bool = False) -> bytes:
    length = 2 + 1 + 1 + 1 + 2 + 2 + len(information)
    header = (0xA000 | (0x0800 if segmented else 0) | length).to_bytes(2, "big") + bytes((0x03, 0x21, control))
    octets = header + check_sequence(header) + information
    return octets + check_sequence(octets)


def mbus_frame(piece: bytes) -> bytes:
    content = bytes((0x53, 0xFF, 0x10, 0x01, 0x67)) + piece
    return bytes((0x68, len(content), len(content), 0x68)) + content + bytes((sum(content) & 0xFF, 0x16))


def peel(octets: bytes) -> tuple[list[Layer], list[bytes]]:
    layers: list[Layer] = []
    return layers, unframe(octets, layers).payloads


LLC = b"\xe6\xe7\x00"


@pytest.mark.parametrize(
    ("octets", "names"),
    [
        (APDU, []),
        (LLC + APDU, ["llc"]),
        (b"\xe6\xe6\x00" + APDU, ["llc"]),
        (encode_wpdu(1, 16, APDU), ["wrapper"]),
        (hdlc_frame(LLC + APDU), ["hdlc", "llc"]),
        (b"\x7e" + hdlc_frame(LLC + APDU) + b"\x7e", ["hdlc", "llc"]),
        (b"\x7e" + hdlc_frame(APDU) + b"\x7e", ["hdlc"]),
        (
            b"\x7e" + hdlc_frame(LLC + APDU[:4], segmented=True) + b"\x7e" + hdlc_frame(APDU[4:]) + b"\x7e",
            ["hdlc", "hdlc", "hdlc-segmentation", "llc"],
        ),
        (mbus_frame(APDU), ["mbus"]),
        (b"\xe6\x00\x02ab" + APDU, ["gateway"]),
        (encode_wpdu(16, 1, b"\xe7\x00\x02ab" + APDU), ["wrapper", "gateway"]),
    ],
)
def test_layers_from_the_outside_in(octets: bytes, names: list[str]) -> None:
    layers, payloads = peel(octets)
    assert [layer["layer"] for layer in layers] == names
    assert payloads == [APDU]
    assert not any(layer["warnings"] for layer in layers)


def test_several_wpdus_in_one_stream() -> None:
    layers, payloads = peel(encode_wpdu(1, 16, APDU) + encode_wpdu(16, 1, LLC))
    assert payloads == [APDU, b""]
    assert [(layer.get("source"), layer.get("destination"), layer.get("length")) for layer in layers[:2]] == [
        (1, 16, 9),
        (16, 1, 3),
    ]


def only(octets: str) -> Any:
    [layer] = peel(bytes.fromhex(octets))[0]
    return layer


def test_what_a_ua_grants_is_shown() -> None:
    layer = only(UA)
    assert layer["frame"] == "UA"
    assert (layer["max_information_octets_transmit"], layer["max_information_octets_receive"]) == (128, 62)
    assert (layer["window_transmit"], layer["window_receive"]) == (1, 1)
    assert (layer["destination_logical"], layer["destination_physical"]) == (48, None)


def test_a_ua_carries_no_apdu() -> None:
    assert peel(bytes.fromhex(UA))[1] == []


def test_what_was_tolerated_is_warned_of() -> None:
    assert only(STUFFED)["warnings"] == ["octet stuffing was undone"]
    assert only(SHORT_LENGTH)["warnings"] == ["length field says 11, the checks hold at 10 octets"]


def test_a_wrong_frame_check_leaves_a_suspicion() -> None:
    octets = bytearray(hdlc_frame(LLC + APDU))
    octets[-1] ^= 0x01
    layers: list[Layer] = []
    found = unframe(bytes(octets), layers)
    assert layers[0]["fcs"] == "wrong"
    assert found.suspicion is not None
    assert found.suspicion.summary == "a frame check sequence is wrong"


@pytest.mark.parametrize(
    ("octets", "summary"),
    [
        ("", "there is nothing to decode"),
        ("7e", None),
        ("7ea01e", "a frame has no closing flag"),
        ("a01e", "a frame is cut short"),
        ("68050568 53ff10 0167 cb16", "an M-Bus checksum or stop is wrong"),
        ("0001000100100009c401c1", "a wrapper length lies"),
        ("00010001", "a wrapper header is cut short"),
        ("0001000100100001c4 0001000100100002c4", "the last WPDU is cut short"),
        ("0001000100100001c4 000100", "a wrapper header is cut short"),
        ("0001000100100001c4 0002000100100000", "no wrapper of this version"),
    ],
)
def test_refused(octets: str, summary: str | None) -> None:
    if summary is None:
        assert peel(bytes.fromhex(octets)) == ([], [])
        return
    with pytest.raises(DecodeError) as caught:
        unframe(bytes.fromhex(octets), [])
    assert caught.value.summary == summary


@settings(max_examples=300)
@given(st.sampled_from([b"", b"\x7e", b"\xa0", b"\x68\x05\x05\x68", b"\x00\x01", LLC]), st.binary(max_size=60))
def test_any_octets_only_raise_decode_error(start: bytes, octets: bytes) -> None:
    with contextlib.suppress(DecodeError):
        unframe(start + octets, [])
