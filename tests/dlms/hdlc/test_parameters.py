"""What SNRM proposes and UA grants."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.dlms.hdlc import HdlcParameters, decode_parameters
from ferraris.kernel.errors import DecodeError, LocalProtocolError, RemoteProtocolError


@pytest.mark.parametrize(
    ("octets", "parameters"),
    [
        ("", HdlcParameters()),
        ("818000", HdlcParameters()),
        ("81801205018006013e070400000001080400000001", HdlcParameters(128, 62, 1, 1)),
        ("8180140502007406020074070400000001080400000001", HdlcParameters(116, 116, 1, 1)),
        ("818006070400000007", HdlcParameters(128, 128, 7, 1)),
        ("8180030401ff", HdlcParameters()),
    ],
)
def test_negotiated_parameters(octets: str, parameters: HdlcParameters) -> None:
    assert decode_parameters(bytes.fromhex(octets)) == parameters


@pytest.mark.parametrize("octets", ["81", "8180", "81800105", "818101050180", "81800205", "8180020502"])
def test_refused_parameters(octets: str) -> None:
    with pytest.raises(DecodeError):
        decode_parameters(bytes.fromhex(octets))


PARAMETERS = st.builds(
    HdlcParameters, st.integers(8, 2_030), st.integers(8, 2_030), st.integers(1, 7), st.integers(1, 7)
)


@given(PARAMETERS)
def test_parameters_made_are_those_read(parameters: HdlcParameters) -> None:
    assert decode_parameters(parameters.encode()) == parameters


def test_the_standards_form_is_made() -> None:
    assert HdlcParameters().encode().hex() == "818012050180060180070400000001080400000001"
    assert HdlcParameters(2030, 256, 7, 1).encode().hex() == "818014050207ee06020100070400000007080400000001"


@pytest.mark.parametrize("length", [1, 2, 3, 4, 8])
def test_a_value_may_have_any_length(length: int) -> None:
    body = b"".join(bytes((name, length)) + (name * 10).to_bytes(length, "big") for name in (5, 6))
    body += b"".join(bytes((name, length)) + (name - 4).to_bytes(length, "big") for name in (7, 8))
    assert decode_parameters(b"\x81\x80" + bytes((len(body),)) + body) == HdlcParameters(50, 60, 3, 4)


@given(PARAMETERS, PARAMETERS)
def test_both_ends_end_up_with_the_same(own: HdlcParameters, proposed: HdlcParameters) -> None:
    granted = own.granted_to(proposed)
    for_proposer = proposed.granted_to(granted)
    assert for_proposer.max_information_octets_transmit == granted.max_information_octets_receive
    assert for_proposer.max_information_octets_receive == granted.max_information_octets_transmit
    assert for_proposer.window_transmit == granted.window_receive
    assert for_proposer.window_receive == granted.window_transmit
    assert granted.window_transmit <= min(own.window_transmit, proposed.window_receive)


@pytest.mark.parametrize(
    "parameters",
    [
        HdlcParameters(7),
        HdlcParameters(128, 2_031),
        HdlcParameters(window_transmit=0),
        HdlcParameters(window_receive=8),
    ],
)
def test_what_no_station_can_do_is_refused(parameters: HdlcParameters) -> None:
    with pytest.raises(LocalProtocolError):
        parameters.encode()
    with pytest.raises(RemoteProtocolError):
        parameters.check(RemoteProtocolError)


@given(st.binary(max_size=60), st.booleans())
def test_any_octets_only_raise_decode_error(octets: bytes, headed: bool) -> None:
    with contextlib.suppress(DecodeError):
        decode_parameters(b"\x81\x80" + bytes((len(octets),)) + octets if headed else octets)
