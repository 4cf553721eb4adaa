"""OBIS codes: six octets, written in two ways."""

from __future__ import annotations

import contextlib
import copy
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.cosem import Obis
from ferraris.kernel.errors import DecodeError, LocalProtocolError
from tests.cosem.strategies import logical_names

WRITTEN = [
    # text                  octets
    ("1.0.1.8.0.255",       "0100010800ff"),
    ("1-0:1.8.0*255",       "0100010800ff"),
    ("1-0:1.8.0.255",       "0100010800ff"),
    ("1-0:1.8.0",           "0100010800ff"),
    ("1-0:1.8.0*1",         "010001080001"),
    ("0-0:96.1.0*255",      "0000600100ff"),
    ("255.255.255.255.255.255", "ffffffffffff"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "octets"), WRITTEN)
def test_texts_that_name_an_object(text: str, octets: str) -> None:
    assert Obis.parse(text).hex() == octets


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1.8.0",
        "1.0.1.8.0",
        "1.0.1.8.0.256",
        "1.0.1.8.0.255.1",
        "1-0:1.8",
        "-1.0.1.8.0.255",
        "a.b.c.d.e.f",
        "1.0.1.8.0.255 ",
    ],
)
def test_texts_that_name_none(text: str) -> None:
    with pytest.raises(LocalProtocolError, match="not an OBIS code"):
        Obis.parse(text)


def test_the_six_numbers() -> None:
    code = Obis.of(1, 2, 3, 4, 5)
    assert (code.a, code.b, code.c, code.d, code.e, code.f) == (1, 2, 3, 4, 5, 255)
    assert (str(code), repr(code)) == ("1.2.3.4.5.255", "Obis(1.2.3.4.5.255)")
    with pytest.raises(LocalProtocolError, match=r"six numbers 0\.\.255"):
        Obis.of(1, 0, 256, 8, 0)


@pytest.mark.parametrize("length", [0, 5, 7])
def test_other_lengths_are_refused(length: int) -> None:
    with pytest.raises(DecodeError, match=f"expected 6 octets, got {length}"):
        Obis(bytes(length))


@settings(deadline=None)
@given(logical_names)
def test_text_there_and_back(code: Obis) -> None:
    assert Obis.parse(str(code)) == code
    assert type(copy.deepcopy(code)) is type(pickle.loads(pickle.dumps(code))) is Obis
    assert {bytes(code): 1}[code] == 1  # it is its octets, also as a key


@settings(deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_a_code_or_refused(text: str) -> None:
    with contextlib.suppress(LocalProtocolError):
        assert len(Obis.parse(text)) == 6
