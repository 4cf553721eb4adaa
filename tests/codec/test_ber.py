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


# An AARQ as the Green Book writes one, LLS with the secret 12345678, taken apart element by element.
AARQ = bytes.fromhex(
    "6036a1090607608574050801018a0207808b0760857405080201ac0a80083132333435363738be10040e01000000065f1f0400007e1fffff"
)
ELEMENTS = [
    # tag   content                                what it is
    (0xA1,  "060760857405080101",                  "application-context-name"),
    (0x8A,  "0780",                                "sender-acse-requirements"),
    (0x8B,  "60857405080201",                      "mechanism-name"),
    (0xAC,  "80083132333435363738",                "calling-authentication-value"),
    (0xBE,  "040e01000000065f1f0400007e1fffff",    "user-information"),
]  # fmt: skip


def test_a_published_association_request_is_a_row_of_elements() -> None:
    whole = read_element(AARQ, 0, len(AARQ))
    assert (whole.tag, whole.start, whole.end) == (0x60, 2, len(AARQ))
    offset, found = whole.start, []
    while offset < whole.end:
        element = read_element(AARQ, offset, whole.end)
        found.append((element.tag, AARQ[element.start : element.end].hex()))
        offset = element.end
    assert found == [(tag, content) for tag, content, _ in ELEMENTS]
    rebuilt = b"".join(encode_element(tag, bytes.fromhex(content)) for tag, content, _ in ELEMENTS)
    assert encode_element(0x60, rebuilt) == AARQ


def test_elements_within_elements_are_read_by_their_bounds() -> None:
    context, _, _, secret, user = (bytes.fromhex(content) for _, content, _ in ELEMENTS)
    assert decode_object_identifier(read_only(context, 0, len(context), 0x06)) == (2, 16, 756, 5, 8, 1, 1)
    assert read_only(secret, 0, len(secret), 0x80) == b"12345678"
    assert len(read_only(user, 0, len(user), OCTET_STRING)) == 14


@pytest.mark.parametrize("cut", range(len(AARQ)))
def test_an_element_cut_anywhere_is_refused(cut: int) -> None:
    with pytest.raises(DecodeError):
        read_element(AARQ[:cut], 0, cut)


LENGTHS = [
    # octets of content  length as written
    (0,                  "00"),
    (1,                  "01"),
    (127,                "7f"),
    (128,                "8180"),
    (255,                "81ff"),
    (256,                "820100"),
    (65_535,             "82ffff"),
    (65_536,             "8400010000"),
]  # fmt: skip


@pytest.mark.parametrize(("count", "length"), LENGTHS)
def test_lengths_take_one_two_or_four_octets_behind_their_count(count: int, length: str) -> None:
    octets = encode_element(OCTET_STRING, bytes(count))
    assert octets[: len(octets) - count].hex() == f"04{length}"
    element = read_element(octets, 0, len(octets))
    assert element.end - element.start == count


IDENTIFIERS = """
    60857405080101  2.16.756.5.8.1.1  logical names, no ciphering
    60857405080102  2.16.756.5.8.1.2  short names, no ciphering
    60857405080103  2.16.756.5.8.1.3  logical names, ciphering
    60857405080104  2.16.756.5.8.1.4  short names, ciphering
    60857405080200  2.16.756.5.8.2.0  lowest
    60857405080201  2.16.756.5.8.2.1  LLS
    60857405080202  2.16.756.5.8.2.2  HLS, the manufacturer's own
    60857405080203  2.16.756.5.8.2.3  HLS, MD5
    60857405080204  2.16.756.5.8.2.4  HLS, SHA-1
    60857405080205  2.16.756.5.8.2.5  HLS, GMAC
    60857405080206  2.16.756.5.8.2.6  HLS, SHA-256
    60857405080207  2.16.756.5.8.2.7  HLS, ECDSA
    2a8648ce3d0201  1.2.840.10045.2.1 a public key on an elliptic curve
    2b0e0302        1.3.14.3.2        algorithms
    00              0.0               the first of all
    7f              2.47              one octet's end
    8100            2.48              two octets' beginning
"""


@pytest.mark.parametrize("line", IDENTIFIERS.strip().splitlines())
def test_the_names_of_dlms_and_others(line: str) -> None:
    octets, dotted, _ = line.split(maxsplit=2)
    arcs = tuple(map(int, dotted.split(".")))
    assert decode_object_identifier(bytes.fromhex(octets)) == arcs
    assert encode_object_identifier(arcs).hex() == octets


@pytest.mark.parametrize(
    ("tag", "constructed"), [(0x60, True), (0x61, True), (0x80, False), (0xA1, True), (0xBE, True)]
)
def test_a_tags_bit_six_says_whether_elements_are_inside(tag: int, constructed: bool) -> None:
    assert bool(read_element(encode_element(tag, b""), 0, 2).tag & 0x20) == constructed
