"""Compact data: templates and buffers, both ways, and templates that do not fit."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.codec import Data, Tag
from ferraris.cosem import CLOCK_TIME, CaptureObject, Obis
from ferraris.cosem.compact_buffer import pack, template_of, unpack, unpack_captured
from ferraris.kernel.errors import DecodeError

IMPORT = CaptureObject(3, Obis.parse("1.0.1.8.0.255"), 2)
VALUES = (
    Data(int(Tag.OCTET_STRING), bytes.fromhex("07ea0b1600050c0000ffc400")),
    Data(int(Tag.DOUBLE_LONG_UNSIGNED), 1_000_000),
)
TEMPLATE = bytes.fromhex("0202 09 06")
BUFFER = bytes.fromhex("0c 07ea0b1600050c0000ffc400 000f4240")


def test_known_octets() -> None:
    assert template_of(VALUES) == TEMPLATE
    assert pack(VALUES) == BUFFER
    assert unpack(TEMPLATE, BUFFER) == [VALUES]
    assert unpack(TEMPLATE, b"") == []


def test_values_come_with_what_they_were_captured_from() -> None:
    captures = (CLOCK_TIME, IMPORT)
    expected = list(zip(captures, VALUES, strict=True))
    assert unpack_captured(TEMPLATE, BUFFER * 3, captures) == [expected] * 3


def test_parts_within_a_value_survive() -> None:
    scaled = Data(int(Tag.STRUCTURE), (Data(int(Tag.INTEGER), -3), Data(int(Tag.ENUM), 30)))
    table = Data(int(Tag.ARRAY), (scaled, scaled))
    template = template_of((table, scaled))
    assert template == bytes.fromhex("0202 01 0002 0202 0f16 0202 0f16")
    assert unpack(template, pack((table, scaled))) == [(table, scaled)]


@pytest.mark.parametrize(
    ("template", "buffer", "summary"),
    [
        (TEMPLATE, BUFFER[:-1], "a number is cut short"),
        (TEMPLATE, BUFFER + b"\x00", "a number is cut short"),
        (TEMPLATE + b"\x11", BUFFER, "octets follow a template"),
        (b"\x06", BUFFER, "a template is no structure"),
        (b"", BUFFER, "octets are missing"),
    ],
)
def test_what_does_not_fit_is_refused(template: bytes, buffer: bytes, summary: str) -> None:
    with pytest.raises(DecodeError) as caught:
        unpack(template, buffer)
    assert caught.value.summary == summary


def test_a_template_for_other_captures_is_refused() -> None:
    with pytest.raises(DecodeError, match="other captures"):
        unpack_captured(TEMPLATE, BUFFER, (CLOCK_TIME,))


@given(st.binary(max_size=20), st.binary(max_size=40))
def test_any_octets_only_raise_decode_error(template: bytes, buffer: bytes) -> None:
    with contextlib.suppress(DecodeError):
        for entry in unpack(template, buffer):
            assert len(pack(entry)) <= len(buffer)
