"""Request, identification and acknowledgement."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.iec62056_21 import (
    Acknowledgement,
    Choice,
    Identification,
    Mode,
    decode_acknowledgement,
    decode_identification,
    decode_request,
    encode_request,
)
from ferraris.kernel.errors import DecodeError, LocalProtocolError


@pytest.mark.parametrize(
    ("octets", "identification", "mode", "baud"),
    [
        (b"/LGZ5\\2ZMD3104407.B32\r\n", Identification("LGZ", "5", "ZMD3104407.B32", "2"), Mode.E, 9600),
        (b"/ISk5\\2MT174-0001\r\n", Identification("ISk", "5", "MT174-0001", "2"), Mode.E, 9600),
        (b"/ELS4ABC\r\n", Identification("ELS", "4", "ABC"), Mode.C, 4800),
        (b"/ABB5\\@V4.50\r\n", Identification("ABB", "5", "V4.50", "@"), Mode.C, 9600),
        (b"/XYZCmeter\r\n", Identification("XYZ", "C", "meter"), Mode.B, 2400),
        (b"/XYZ?meter\r\n", Identification("XYZ", "?", "meter"), Mode.A, 300),
    ],
)
def test_identifications(octets: bytes, identification: Identification, mode: Mode, baud: int) -> None:
    assert decode_identification(octets) == identification
    assert identification.encode() == octets
    assert (identification.mode, identification.baud) == (mode, baud)


@pytest.mark.parametrize("address", ["", "12345678", "ABC 9", "0" * 32])
def test_requests(address: str) -> None:
    assert decode_request(encode_request(address)) == address.lstrip("0")


@pytest.mark.parametrize("address", ["1" * 33, "é", "a!b", "a\r\nb"])
def test_addresses_that_no_meter_has(address: str) -> None:
    with pytest.raises(LocalProtocolError):
        encode_request(address)


@pytest.mark.parametrize(
    ("choice", "speed", "octets", "baud"),
    [
        (Choice.HDLC, "5", b"\x06252\r\n", 9600),
        (Choice.READOUT, "0", b"\x06000\r\n", 300),
        (Choice.PROGRAMMING, "4", b"\x06041\r\n", 4800),
    ],
)
def test_acknowledgements(choice: Choice, speed: str, octets: bytes, baud: int) -> None:
    acknowledgement = Acknowledgement(choice, speed)
    assert acknowledgement.encode() == octets
    assert decode_acknowledgement(octets) == acknowledgement
    assert acknowledgement.baud == baud


@pytest.mark.parametrize(
    "octets", [b"", b"\x06\r\n", b"\x06952\r\n", b"\x06282\r\n", b"\x06253\r\n", b"\x15052\r\n", b"/?!\r\n"]
)
def test_what_is_no_acknowledgement(octets: bytes) -> None:
    with pytest.raises(DecodeError):
        decode_acknowledgement(octets)


@pytest.mark.parametrize("text", ["/", "é", "x" * 40, "a\r\nb"])
def test_an_identification_that_none_can_be(text: str) -> None:
    with pytest.raises(LocalProtocolError):
        Identification("FER", "5", text).encode()


@given(st.binary(max_size=60), st.sampled_from([b"", b"/", b"/?", b"/FER5", b"\x060"]))
def test_any_octets_only_raise_decode_error(octets: bytes, start: bytes) -> None:
    for decode in (decode_request, decode_identification, decode_acknowledgement):
        with contextlib.suppress(DecodeError):
            decode(start + octets + b"\r\n")
