"""Streams cut into units wherever the cuts of the network fell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.dlms import encode_wpdu
from ferraris.dlms.inspect.splitting import Splitter

SNRM = bytes.fromhex("7ea00703035380d77e")
UNITS = {
    "wrapper": [encode_wpdu(16, 1, b"\xc0" * n) for n in (1, 300, 2)],
    "hdlc": [SNRM, SNRM, SNRM],
}


@pytest.mark.parametrize("kind", UNITS)
@given(step=st.integers(1, 50))
def test_units_whatever_the_cuts(kind: str, step: int) -> None:
    splitter = Splitter()
    stream = b"".join(UNITS[kind])
    units = [
        unit
        for start in range(0, len(stream), step)
        for unit in splitter.feed(stream[start : start + step], whole=False)
    ]
    assert units == UNITS[kind]
    assert splitter.unfinished == b""


def test_frames_that_share_their_flags() -> None:
    units = Splitter().feed(SNRM + SNRM[1:], whole=False)
    assert [unit.strip(b"\x7e") for unit in units] == [SNRM.strip(b"\x7e")] * 2


def test_a_datagram_ends_what_it_begins() -> None:
    splitter = Splitter()
    assert splitter.feed(UNITS["wrapper"][1][:20], whole=True) == [UNITS["wrapper"][1][:20]]
    assert splitter.feed(SNRM, whole=True) == [SNRM]


def test_what_is_neither_comes_as_it_came() -> None:
    assert Splitter().feed(b"\xc0\x01", whole=False) == [b"\xc0\x01"]


def test_a_loss_forgets_what_was_begun() -> None:
    splitter = Splitter()
    splitter.feed(SNRM[:4], whole=False)
    splitter.lose()
    assert splitter.feed(SNRM, whole=False) == [SNRM]


@given(st.lists(st.binary(max_size=40), max_size=10))
def test_no_octets_hang_it_or_come_twice(chunks: list[bytes]) -> None:
    splitter = Splitter()
    units = [unit for chunk in chunks for unit in splitter.feed(chunk, whole=False)]
    assert sum(map(len, units)) + len(splitter.unfinished) <= sum(map(len, chunks))
