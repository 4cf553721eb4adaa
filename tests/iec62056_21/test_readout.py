"""Data readouts."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.iec62056_21 import DataSet, block_check, decode_readout, encode_readout
from ferraris.kernel.errors import DecodeError, LocalProtocolError
from ferraris.kernel.limits import READOUT_OCTETS_MAX


def block(text: str) -> bytes:
    covered = text.encode() + b"\x03"
    return b"\x02" + covered + bytes((block_check(covered),))


def test_a_readout_is_its_data_sets() -> None:
    text = "F.F(00000000)\r\n1.8.0(000123.4*kWh)\r\n1.6.1(02.345*kW)(2501311215)\r\n0.9.1(121500)0.9.2(260131)\r\n(260130)\r\n!\r\n"
    assert decode_readout(block(text)) == [
        DataSet("F.F", (("00000000", ""),)),
        DataSet("1.8.0", (("000123.4", "kWh"),)),
        DataSet("1.6.1", (("02.345", "kW"), ("2501311215", ""))),
        DataSet("0.9.1", (("121500", ""),)),
        DataSet("0.9.2", (("260131", ""),)),
        DataSet("0.9.2", (("260130", ""),)),
    ]


CHARACTERS = st.text("0123456789.:-ABCxyz", min_size=1, max_size=20)
DATA_SETS = st.builds(
    DataSet,
    CHARACTERS,
    st.lists(st.tuples(CHARACTERS, st.sampled_from(["", "kWh", "V"])), min_size=1, max_size=3).map(tuple),
)


@given(st.lists(DATA_SETS, max_size=8))
def test_a_readout_made_is_the_one_read(data_sets: list[DataSet]) -> None:
    assert decode_readout(encode_readout(data_sets)) == data_sets


@given(st.lists(DATA_SETS, min_size=1, max_size=3), st.data())
def test_every_flipped_bit_is_seen(data_sets: list[DataSet], data: st.DataObject) -> None:
    octets = bytearray(encode_readout(data_sets))
    octets[data.draw(st.integers(0, len(octets) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(DecodeError):
        decode_readout(bytes(octets))


@pytest.mark.parametrize(
    "text", ["1.8.0(1)", "1.8.0\r\n!\r\n", "1.8.0(1\r\n!\r\n", "1.8.0)1(\r\n!\r\n", "x" * 40 + "(1)\r\n!\r\n"]
)
def test_what_is_no_readout(text: str) -> None:
    with pytest.raises(DecodeError):
        decode_readout(block(text))


def test_a_readout_is_bounded() -> None:
    with pytest.raises(DecodeError, match="too long"):
        decode_readout(bytes(READOUT_OCTETS_MAX + 1))


@given(st.binary(max_size=80), st.booleans())
def test_any_octets_only_raise_decode_error(octets: bytes, framed: bool) -> None:
    covered = octets + b"!\r\n\x03"
    with contextlib.suppress(DecodeError):
        decode_readout(b"\x02" + covered + bytes((block_check(covered),)) if framed else octets)


def test_characters_of_more_than_seven_bits_are_not_written() -> None:
    with pytest.raises(LocalProtocolError, match="seven bits"):
        encode_readout([DataSet("1.8.0", (("12", "\N{OHM SIGN}"),))])
