"""BER elements and object identifiers, as ACSE uses them."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.codec.ber import (
    OCTET_STRING,
    Element,
    decode_object_identifier,
    encode_element,
    encode_object_identifier,
    read_element,
    read_only,
)
from ferraris.kernel.errors import DecodeError

TAGS = st.integers(0, 255).filter(lambda tag: tag & 0x1F != 0x1F)
ARCS = st.one_of(
    st.tuples(st.integers(0, 1), st.integers(0, 39)), st.tuples(st.just(2), st.integers(0, 1 << 20))
).flatmap(lambda first: st.lists(st.integers(0, 1 << 40), max_size=6).map(lambda more: (*first, *more)))


@given(TAGS, st.binary(max_size=300))
def test_element_round_trip(tag: int, content: bytes) -> None:
    octets = encode_element(tag, content)
    element = read_element(octets, 0, len(octets))
    assert (element.tag, octets[element.start : element.end], element.end) == (tag, content, len(octets))


def test_a_long_length_reads_as_the_short_one() -> None:
    assert read_element(bytes.fromhex("04820002aabb"), 0, 6) == Element(OCTET_STRING, 4, 6)


@pytest.mark.parametrize(
    ("octets", "limit", "summary", "offset"),
    [
        ("", 0, "an element is missing", 0),
        ("04", 1, "a length is missing", 1),
        ("0480aa0000", 5, "a length has a wrong form", 1),  # indefinite
        ("0485aaaaaaaaaa", 7, "a length has a wrong form", 1),
        ("0482ff", 3, "a length is cut short", 1),
        ("0403aabb", 4, "an element exceeds its place", 2),
        ("0401aabb", 2, "an element exceeds its place", 2),
        ("0484ffffffff", 6, "an element exceeds its place", 6),
        ("1f8101", 3, "a tag has more than one octet", 0),
        ("bf1e00", 3, "a tag has more than one octet", 0),
    ],
)
def test_refused_elements(octets: str, limit: int, summary: str, offset: int) -> None:
    with pytest.raises(DecodeError) as caught:
        read_element(bytes.fromhex(octets), 0, limit)
    assert (caught.value.summary, caught.value.offset) == (summary, offset)


@pytest.mark.parametrize(
    ("octets", "summary"),
    [("0401aabb", "octets follow an element"), ("0201aa", "an element has a wrong tag"), ("", "an element is missing")],
)
def test_read_only_wants_one_element_of_its_tag(octets: str, summary: str) -> None:
    content = bytes.fromhex(octets)
    with pytest.raises(DecodeError) as caught:
        read_only(content, 0, len(content), OCTET_STRING)
    assert caught.value.summary == summary


@pytest.mark.parametrize(
    ("arcs", "octets"),
    [
        ((2, 16, 756, 5, 8, 1, 1), "60857405080101"),
        ((2, 16, 756, 5, 8, 2, 5), "60857405080205"),
        ((1, 2, 840, 113549), "2a864886f70d"),
        ((2, 999, 3), "883703"),
    ],
)
def test_object_identifiers(arcs: tuple[int, ...], octets: str) -> None:
    assert encode_object_identifier(arcs).hex() == octets
    assert decode_object_identifier(bytes.fromhex(octets)) == arcs


@given(ARCS)
def test_object_identifier_round_trip(arcs: tuple[int, ...]) -> None:
    assert decode_object_identifier(encode_object_identifier(arcs)) == arcs


@pytest.mark.parametrize("octets", ["", "e0", "6085", "608001"])
def test_refused_object_identifiers(octets: str) -> None:
    with pytest.raises(DecodeError):
        decode_object_identifier(bytes.fromhex(octets))


@given(st.binary(max_size=60))
def test_any_octets_only_raise_decode_error(octets: bytes) -> None:
    for attempt in (lambda: read_element(octets, 0, len(octets)), lambda: decode_object_identifier(octets)):
        with contextlib.suppress(DecodeError):
            attempt()
