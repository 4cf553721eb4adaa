"""HDLC addresses of one, two and four octets."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.dlms.hdlc import HdlcAddress, client_address, encode_address, server_address
from ferraris.dlms.hdlc.addresses import read_address
from ferraris.kernel.errors import DecodeError, LocalProtocolError

LONG = st.integers(0, 0x3FFF)
SHORT = st.integers(0, 0x7F)
ADDRESSES = st.one_of(
    st.builds(HdlcAddress, SHORT, st.none(), st.just(1)),
    st.builds(HdlcAddress, SHORT, SHORT, st.just(2)),
    st.builds(HdlcAddress, LONG, LONG, st.just(4)),
)


@given(ADDRESSES, st.binary(max_size=3), st.binary(max_size=3))
def test_an_address_made_is_the_one_read(address: HdlcAddress, before: bytes, behind: bytes) -> None:
    octets = encode_address(address)
    assert len(octets) == address.size
    whole = before + octets + behind
    assert read_address(whole, len(before), len(whole)) == (address, len(before) + len(octets))


@pytest.mark.parametrize(
    ("address", "octets"),
    [
        (client_address(16), "21"),
        (server_address(1), "03"),
        (server_address(1, 17), "0223"),
        (server_address(1, 17, 4), "00020023"),
        (server_address(17, 5481), "002254d3"),
        (server_address(0x3FFF, 0x3FFF), "fefefeff"),
    ],
)
def test_known_addresses(address: HdlcAddress, octets: str) -> None:
    assert encode_address(address).hex() == octets


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: client_address(128),
        lambda: client_address(-1),
        lambda: server_address(1, 128, 2),
        lambda: server_address(1, None, 2),
        lambda: server_address(1, 17, 1),
        lambda: server_address(1, 17, 3),
        lambda: server_address(0x4000, 17),
    ],
)
def test_what_is_no_address_is_refused(wrong: object) -> None:
    with pytest.raises(LocalProtocolError):
        wrong()  # type: ignore[operator]


@pytest.mark.parametrize(
    ("address", "to_all_logical", "to_all_physical"),
    [
        (HdlcAddress(0x7F, None, 1), True, False),
        (HdlcAddress(0x7F, 17, 2), True, False),
        (HdlcAddress(1, 0x7F, 2), False, True),
        (HdlcAddress(0x3FFF, 0x3FFF, 4), True, True),
        (HdlcAddress(0x7F, 0x7F, 4), False, False),
        (HdlcAddress(1, None, 1), False, False),
    ],
)
def test_all_ones_mean_everybody(address: HdlcAddress, to_all_logical: bool, to_all_physical: bool) -> None:
    assert (address.to_all_logical, address.to_all_physical) == (to_all_logical, to_all_physical)


@given(st.binary(max_size=6), st.integers(0, 6))
def test_any_octets_only_raise_decode_error(octets: bytes, offset: int) -> None:
    with contextlib.suppress(DecodeError):
        address, end = read_address(octets, offset, len(octets))
        assert encode_address(address) == octets[offset:end]
