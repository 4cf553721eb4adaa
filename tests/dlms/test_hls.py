"""HLS-GMAC: the four passes, and every form that must not pass for one of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.codec import Tag, decode_whole
from ferraris.dlms import CipherKeys
from ferraris.dlms.hls import CURRENT_ASSOCIATION, REPLY_TO_HLS_AUTHENTICATION, HlsGmac
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import AuthenticationError
from ferraris.kernel.limits import CHALLENGE_OCTETS_MAX, CHALLENGE_OCTETS_MIN
from tests.dlms.bottle import CLIENT_TITLE, KEYS, SERVER_TITLE, Counter, security


def ends(challenge_octets: int = 16, server_keys: CipherKeys = KEYS) -> tuple[HlsGmac, HlsGmac]:
    """Client's and server's run, with their challenges exchanged."""
    client = HlsGmac(security(CLIENT_TITLE), SeededEntropy(1), challenge_octets)
    server = HlsGmac(security(SERVER_TITLE, keys=server_keys), SeededEntropy(2), challenge_octets)
    client.take_challenge(server.challenge)
    server.take_challenge(client.challenge)
    return client, server


@given(st.integers(CHALLENGE_OCTETS_MIN, CHALLENGE_OCTETS_MAX))
def test_both_ends_prove_themselves(challenge_octets: int) -> None:
    client, server = ends(challenge_octets)
    server.check(client.answer(), CLIENT_TITLE)
    client.check(server.answer(), SERVER_TITLE)


def test_an_answer_is_an_octet_string_of_control_counter_and_tag() -> None:
    client, server = ends()
    answer = decode_whole(client.answer())
    assert answer.tag == Tag.OCTET_STRING
    assert answer.value == KEYS.gmac(CLIENT_TITLE, 1, server.challenge)


def test_each_answer_takes_a_counter_of_its_own() -> None:
    counters = Counter(next=40)
    run = HlsGmac(security(CLIENT_TITLE, counters=counters), SeededEntropy(1), 16)
    run.take_challenge(bytes(16))
    assert run.answer() != run.answer()
    assert counters.taken == [40, 41]


def test_challenges_differ_from_run_to_run() -> None:
    entropy = SeededEntropy(3)
    challenges = {HlsGmac(security(CLIENT_TITLE), entropy, 16).challenge for _ in range(50)}
    assert len(challenges) == 50


@pytest.mark.parametrize("challenge", [None, b"", bytes(CHALLENGE_OCTETS_MIN - 1), bytes(CHALLENGE_OCTETS_MAX + 1)])
def test_a_challenge_of_a_wrong_size_is_refused(challenge: bytes | None) -> None:
    run = HlsGmac(security(CLIENT_TITLE), SeededEntropy(1), 16)
    with pytest.raises(AuthenticationError, match="wrong size") as caught:
        run.take_challenge(challenge)
    assert caught.value.got == (None if challenge is None else len(challenge))
    assert run.peer_challenge == b""


@pytest.mark.parametrize("octets", [CHALLENGE_OCTETS_MIN, CHALLENGE_OCTETS_MAX])
def test_the_smallest_and_the_largest_challenge_are_taken(octets: int) -> None:
    run = HlsGmac(security(CLIENT_TITLE), SeededEntropy(1), 16)
    run.take_challenge(bytes(octets))
    assert run.peer_challenge == bytes(octets)


def test_our_own_challenge_sent_back_is_refused() -> None:
    run = HlsGmac(security(CLIENT_TITLE), SeededEntropy(1), 16)
    with pytest.raises(AuthenticationError, match="reflects"):
        run.take_challenge(run.challenge)


def test_our_own_answer_sent_back_proves_nothing() -> None:
    client, _ = ends()
    with pytest.raises(AuthenticationError):
        client.check(client.answer(), SERVER_TITLE)


def test_an_answer_under_another_title_key_or_challenge_does_not_verify() -> None:
    client, server = ends()
    with pytest.raises(AuthenticationError):
        client.check(server.answer(), b"FER00002")
    _, impostor = ends(server_keys=CipherKeys(bytes(16), bytes(16)))
    with pytest.raises(AuthenticationError):
        client.check(impostor.answer(), SERVER_TITLE)
    server.take_challenge(b"another challenge")
    with pytest.raises(AuthenticationError):
        client.check(server.answer(), SERVER_TITLE)


@pytest.mark.parametrize("title", [b"", b"FER0000", b"FER000011"])
def test_a_peer_without_a_system_title_proves_nothing(title: bytes) -> None:
    client, server = ends()
    with pytest.raises(AuthenticationError):
        client.check(server.answer(), title)


@given(st.binary(max_size=40))
def test_any_octets_verify_never(octets: bytes) -> None:
    client, _ = ends()
    with pytest.raises(AuthenticationError):
        client.check(octets, SERVER_TITLE)


@given(st.data())
def test_a_changed_answer_never_verifies(data: st.DataObject) -> None:
    client, server = ends()
    octets = bytearray(server.answer())
    bit = data.draw(st.integers(0, 8 * len(octets) - 1))
    octets[bit // 8] ^= 1 << bit % 8
    with pytest.raises(AuthenticationError):
        client.check(bytes(octets), SERVER_TITLE)


@pytest.mark.parametrize("cut", range(19))
def test_a_truncated_answer_never_verifies(cut: int) -> None:
    client, server = ends()
    with pytest.raises(AuthenticationError):
        client.check(server.answer()[:cut], SERVER_TITLE)


def test_the_method_is_the_one_of_the_current_association() -> None:
    assert str(CURRENT_ASSOCIATION) == "0.0.40.0.0.255"
    descriptor = REPLY_TO_HLS_AUTHENTICATION
    assert (descriptor.class_id, descriptor.logical_name, descriptor.method_id) == (15, CURRENT_ASSOCIATION, 1)
