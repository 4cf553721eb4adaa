"""Every APDU: octets and back, cut anywhere, lengthened, and any octets at all."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.dlms.apdu import Apdu, decode_apdu, has_apdu_tag
from ferraris.kernel.errors import DecodeError
from ferraris.kernel.limits import BLOCK_TRANSFER_OCTETS_MAX
from tests.dlms.apdu import strategies


@settings(max_examples=600)
@given(strategies.apdus)
def test_what_is_encoded_decodes_to_the_same(apdu: Apdu) -> None:
    octets = apdu.encode()
    assert decode_apdu(octets) == apdu
    assert decode_apdu(octets).encode() == octets
    assert has_apdu_tag(octets)


@settings(max_examples=300)
@given(strategies.apdus, st.data())
def test_a_cut_apdu_is_refused_or_is_what_it_says(apdu: Apdu, data: st.DataObject) -> None:
    """Only an APDU that ends with an encoded value may lose octets unseen here: the value's type sees it.

    A refused ACTION may lack the octet that says there is no data: Gurux servers leave it out.
    """
    octets = apdu.encode()
    cut = octets[: data.draw(st.integers(0, len(octets) - 1))]
    with contextlib.suppress(DecodeError):
        decoded = decode_apdu(cut)
        lacks_flag = cut[:2] == b"\xc7\x01" and len(cut) == 4 and cut[3] != 0
        assert decoded.encode() == (cut + b"\x00" if lacks_flag else cut)


ENDS_WITH_A_VALUE = "GetResponseNormal SetRequestNormal ActionRequestNormal ActionResponseNormal DataNotification EventNotification".split()


@settings(max_examples=300)
@given(strategies.apdus, st.binary(min_size=1, max_size=3))
def test_octets_behind_an_apdu_are_refused(apdu: Apdu, more: bytes) -> None:
    longer = apdu.encode() + more
    if type(apdu).__name__ in ENDS_WITH_A_VALUE:
        with contextlib.suppress(DecodeError):
            assert decode_apdu(longer).encode() == longer
    else:
        with pytest.raises(DecodeError):
            decode_apdu(longer)


@settings(max_examples=500)
@given(st.binary(max_size=120))
def test_any_octets_only_raise_decode_error(octets: bytes) -> None:
    with contextlib.suppress(DecodeError):
        decode_apdu(octets)


@settings(max_examples=500)
@given(strategies.apdus, st.data())
def test_flipped_bits_only_raise_decode_error(apdu: Apdu, data: st.DataObject) -> None:
    octets = bytearray(apdu.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        octets[data.draw(st.integers(0, len(octets) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with contextlib.suppress(DecodeError):
        again = decode_apdu(bytes(octets))
        assert decode_apdu(again.encode()) == again


def test_every_tag_without_an_apdu_is_refused() -> None:
    for tag in range(256):
        if has_apdu_tag(bytes((tag,))):
            continue
        with pytest.raises(DecodeError) as caught:
            decode_apdu(bytes((tag,)) + bytes(40))
        assert (caught.value.got, caught.value.offset) == (f"{tag:#04x}", 0)


def test_nothing_is_no_apdu() -> None:
    assert not has_apdu_tag(b"")
    with pytest.raises(DecodeError) as caught:
        decode_apdu(b"")
    assert caught.value.summary == "an APDU is empty"


def test_too_much_is_refused_before_it_is_looked_at() -> None:
    with pytest.raises(DecodeError) as caught:
        decode_apdu(b"\xc4\x01\xc1\x00" + bytes(BLOCK_TRANSFER_OCTETS_MAX))
    assert caught.value.summary == "an APDU is too long"
