"""The suites: the Green Book's worked examples, and what must never verify."""

from __future__ import annotations

import contextlib
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cosem import SecuritySuite
from ferraris.dlms import CipherKeys, unwrap_key, wrap_key
from ferraris.dlms.ciphering import Unprotected
from ferraris.kernel.errors import AuthenticationError, DecodeError, LocalProtocolError, SecurityError
from tests.dlms.bottle import AUTHENTICATION_KEY, ENCRYPTION_KEY, KEYS

TITLE = bytes.fromhex("4d4d4d0000bc614e")
PLAIN = bytes.fromhex("c0010000080000010000ff0200")
GREEN_BOOK_TABLE_40 = {
    0x30: "3001234567411312ff935a47566827c467bc7d825c3be4a77c3fcc056b6b",
    0x20: "2001234567411312ff935a47566827c467bc",
    0x10: "1001234567c0010000080000010000ff020006725d910f9221d263877516",
}
CONTROLS = st.sampled_from([0x00, 0x10, 0x20, 0x30, 0x50, 0x70])


@pytest.mark.parametrize("control", GREEN_BOOK_TABLE_40)
def test_the_green_books_examples(control: int) -> None:
    octets = bytes.fromhex(GREEN_BOOK_TABLE_40[control])
    assert KEYS.protect(control, TITLE, 0x01234567, PLAIN) == octets
    assert KEYS.unprotect(TITLE, octets) == (control, 0x01234567, PLAIN)


@pytest.mark.parametrize(
    ("title", "counter", "challenge", "response"),
    [
        ("4d4d4d0000bc614e", 0x01234567, "4b35366956616759", "1001234567fe1466afb3dbcd4f9389e2b7"),
        ("4d4d4d0000000001", 1, "503677524a323146", "10000000011a52fe7dd3e72748973c1e28"),
    ],
)
def test_the_green_books_hls_responses(title: str, counter: int, challenge: str, response: str) -> None:
    gmac = KEYS.gmac(bytes.fromhex(title), counter, bytes.fromhex(challenge))
    assert gmac.hex() == response
    assert KEYS.check_gmac(bytes.fromhex(title), gmac, bytes.fromhex(challenge)) == counter


@given(CONTROLS, st.integers(0, 2**32 - 1), st.binary(max_size=400))
def test_what_is_protected_comes_back(control: int, counter: int, apdu: bytes) -> None:
    octets = KEYS.protect(control, TITLE, counter, apdu)
    assert KEYS.unprotect(TITLE, octets) == (control, counter, apdu)


@given(st.sampled_from([0x10, 0x30, 0x70]), st.binary(max_size=60), st.data())
def test_any_flipped_bit_of_an_authenticated_apdu_is_noticed(control: int, apdu: bytes, data: st.DataObject) -> None:
    octets = bytearray(KEYS.protect(control, TITLE, 7, apdu))
    bit = data.draw(st.integers(0, 8 * len(octets) - 1))
    octets[bit // 8] ^= 1 << bit % 8
    changed = bytes(octets)
    if changed[0] & 0x30 == 0x30 or changed[0] & 0x10:
        with pytest.raises(SecurityError):
            KEYS.unprotect(TITLE, changed)


@pytest.mark.parametrize("keys", [CipherKeys(bytes(16), AUTHENTICATION_KEY), CipherKeys(ENCRYPTION_KEY, bytes(16))])
def test_a_wrong_key_is_noticed(keys: CipherKeys) -> None:
    for control in (0x10, 0x30):
        with pytest.raises(AuthenticationError):
            keys.unprotect(TITLE, bytes.fromhex(GREEN_BOOK_TABLE_40[control]))


@given(st.binary(max_size=16))
def test_too_few_octets_are_refused(octets: bytes) -> None:
    if len(octets) < 5 or octets[0] & 0x10:
        with pytest.raises((DecodeError, SecurityError)):
            KEYS.unprotect(TITLE, octets)


def test_compression_is_refused_by_name() -> None:
    with pytest.raises(SecurityError, match="compression"):
        KEYS.unprotect(TITLE, b"\xb0" + bytes(30))


@pytest.mark.parametrize("response", [b"", b"\x10" + bytes(16), b"\x30" + bytes(16), b"\x10" + bytes(20)])
def test_an_hls_response_of_a_wrong_form_or_tag_is_refused(response: bytes) -> None:
    with pytest.raises(AuthenticationError):
        KEYS.check_gmac(TITLE, response, b"a challenge")


def test_keys_of_a_wrong_size_are_refused() -> None:
    for keys in ((b"short", b""), (bytes(16), b"short"), (bytes(32), bytes(16))):
        with pytest.raises(LocalProtocolError):
            CipherKeys(*keys)


def test_keys_never_show() -> None:
    assert ENCRYPTION_KEY.hex() not in repr(KEYS)
    with pytest.raises(SecurityError):
        pickle.dumps(KEYS)


def test_key_wrap() -> None:
    master_key = bytes.fromhex("000102030405060708090a0b0c0d0e0f")
    wrapped = bytes.fromhex("1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5")
    key = bytes.fromhex("00112233445566778899aabbccddeeff")
    assert wrap_key(master_key, key) == wrapped
    assert unwrap_key(master_key, wrapped) == key
    for wrong in (wrapped[:-1] + b"\x00", wrapped[:-1], b""):
        with pytest.raises(AuthenticationError):
            unwrap_key(master_key, wrong)


@pytest.mark.parametrize("title", [b"", b"MMM0000", b"MMM000001", bytes(12)])
def test_a_system_title_of_a_wrong_size_is_refused_by_name(title: bytes) -> None:
    """Of our own it is our defect, of the peer's a failed authentication; never an error of the cipher below."""
    with pytest.raises(LocalProtocolError, match="system title"):
        KEYS.protect(0x30, title, 1, PLAIN)
    with pytest.raises(LocalProtocolError, match="system title"):
        KEYS.gmac(title, 1, b"a challenge")
    for octets in GREEN_BOOK_TABLE_40.values():
        with pytest.raises(AuthenticationError, match="system title") as caught:
            KEYS.unprotect(title, bytes.fromhex(octets))
        assert caught.value.got == len(title)
    response = KEYS.gmac(TITLE, 1, b"a challenge")
    with pytest.raises(AuthenticationError, match="system title"):
        KEYS.check_gmac(title, response, b"a challenge")


@given(st.binary(max_size=20), st.binary(max_size=60))
def test_any_title_and_any_octets_only_raise_our_errors(title: bytes, octets: bytes) -> None:
    with contextlib.suppress(DecodeError, SecurityError):
        opened = KEYS.unprotect(title, octets)
        assert len(title) == 8
        assert not opened.security_control & 0x10, "a tag held by chance"


@given(st.binary(min_size=8, max_size=8), st.binary(min_size=8, max_size=8), st.binary(max_size=60))
def test_what_one_sender_protects_opens_for_no_other_name(sender: bytes, other: bytes, apdu: bytes) -> None:
    octets = KEYS.protect(0x30, sender, 9, apdu)
    if sender == other:
        assert KEYS.unprotect(other, octets).apdu == apdu
        return
    with pytest.raises(AuthenticationError):
        KEYS.unprotect(other, octets)


@given(st.binary(min_size=1, max_size=80), st.integers(0, 2**32 - 2))
def test_two_counters_give_two_ciphertexts(apdu: bytes, counter: int) -> None:
    first, second = (KEYS.protect(0x30, TITLE, number, apdu) for number in (counter, counter + 1))
    assert first[5:] != second[5:]


@pytest.mark.parametrize("control", [0x10, 0x30])
@pytest.mark.parametrize("octets", range(5, 17))
def test_a_tag_cut_short_is_a_decode_error(control: int, octets: int) -> None:
    with pytest.raises(DecodeError, match="tag is cut short") as caught:
        KEYS.unprotect(TITLE, bytes((control,)) + bytes(octets - 1))
    assert (caught.value.expected, caught.value.got) == (17, octets)


def test_without_an_authentication_key_only_encryption_protects() -> None:
    keys = CipherKeys(ENCRYPTION_KEY)
    octets = keys.protect(0x20, TITLE, 1, PLAIN)
    assert keys.unprotect(TITLE, octets).apdu == KEYS.unprotect(TITLE, octets).apdu == PLAIN
    assert len(octets) == len(PLAIN) + 5


SUITE_KEYS = {
    SecuritySuite.SUITE_0: KEYS,
    SecuritySuite.SUITE_1: CipherKeys(bytes(range(16)), bytes(range(16, 32)), SecuritySuite.SUITE_1),
    SecuritySuite.SUITE_2: CipherKeys(bytes(range(32)), bytes(range(32, 64)), SecuritySuite.SUITE_2),
}


@pytest.mark.parametrize("suite", SecuritySuite)
@given(control=st.sampled_from((0x00, 0x10, 0x20, 0x30)), apdu=st.binary(max_size=100))
def test_each_suite_protects_and_names_itself(suite: SecuritySuite, control: int, apdu: bytes) -> None:
    keys = SUITE_KEYS[suite]
    octets = keys.protect(control, TITLE, 7, apdu)
    assert octets[0] == control | suite
    assert keys.unprotect(TITLE, octets) == Unprotected(control | suite, 7, apdu)


@pytest.mark.parametrize("suite", SecuritySuite)
@pytest.mark.parametrize("other", SecuritySuite)
def test_a_changed_suite_breaks_the_tag(suite: SecuritySuite, other: SecuritySuite) -> None:
    """The same keys under another suite's number are another additional authenticated data."""
    octets = SUITE_KEYS[suite].protect(0x30, TITLE, 7, b"apdu")
    changed = bytes((0x30 | other,)) + octets[1:]
    if suite is other:
        assert SUITE_KEYS[suite].unprotect(TITLE, changed).apdu == b"apdu"
    else:
        with pytest.raises(AuthenticationError):
            SUITE_KEYS[suite].unprotect(TITLE, changed)


@pytest.mark.parametrize("suite", SecuritySuite)
def test_each_suite_has_its_gmac(suite: SecuritySuite) -> None:
    response = SUITE_KEYS[suite].gmac(TITLE, 9, b"challenge")
    assert response[0] == 0x10 | suite
    assert SUITE_KEYS[suite].check_gmac(TITLE, response, b"challenge") == 9
    for other in SecuritySuite:
        if other is not suite:
            with pytest.raises(AuthenticationError):
                SUITE_KEYS[other].check_gmac(TITLE, response, b"challenge")


@pytest.mark.parametrize(("suite", "octets"), [(0, 32), (1, 32), (2, 16), (2, 24)])
def test_a_key_of_another_suites_size_is_refused(suite: int, octets: int) -> None:
    with pytest.raises(LocalProtocolError, match="wrong size"):
        CipherKeys(bytes(octets), b"", SecuritySuite(suite))
