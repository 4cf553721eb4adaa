"""HLS-ECDSA: what is signed, whose key it takes, in both suites that have one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferraris.codec import decode_whole
from ferraris.cosem import SecuritySuite
from ferraris.dlms.apdu import Mechanism
from ferraris.dlms.elliptic import verify_signature
from ferraris.dlms.hls import HlsEcdsa
from ferraris.dlms.key_pairs import KeyPairs, KnownPoints
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import AuthenticationError, LocalProtocolError, SecurityError
from tests.dlms.bottle import CLIENT_TITLE, SERVER_TITLE
from tests.dlms.hls.ends import runs, signing_key, suite_security

WITH_ECDSA = (SecuritySuite.SUITE_1, SecuritySuite.SUITE_2)


@pytest.mark.parametrize("suite", WITH_ECDSA)
def test_the_signature_goes_over_titles_and_both_challenges(suite: SecuritySuite) -> None:
    client, server = runs(Mechanism.HLS_ECDSA, suite=suite)
    signature = decode_whole(client.answer()).value
    assert isinstance(signature, bytes)
    message = CLIENT_TITLE + SERVER_TITLE + server.challenge + client.challenge
    verify_signature(signing_key(CLIENT_TITLE, suite).point, signature, message)
    server.check(client.answer())
    client.check(server.answer())


def test_our_challenges_have_at_least_32_octets() -> None:
    run = HlsEcdsa(suite_security(CLIENT_TITLE), SeededEntropy(1), 16)
    assert len(run.challenge) == 32
    run.take_challenge(bytes(16), SERVER_TITLE)
    assert run.peer_challenge == bytes(16)


def test_a_stranger_has_no_key_to_verify_with() -> None:
    client, server = runs(Mechanism.HLS_ECDSA)
    client.peer_system_title = b"FER00009"
    with pytest.raises(AuthenticationError, match="no public key"):
        client.check(server.answer())


def test_a_peers_key_of_another_suite_is_refused() -> None:
    own = suite_security(CLIENT_TITLE)
    points = {SERVER_TITLE: signing_key(SERVER_TITLE, SecuritySuite.SUITE_2).point}
    pairs = KeyPairs(KnownPoints(points), signing_key(CLIENT_TITLE, SecuritySuite.SUITE_1))
    run = HlsEcdsa(replace(own, key_pairs=pairs), SeededEntropy(1), 32)
    run.take_challenge(bytes(32), SERVER_TITLE)
    with pytest.raises(AuthenticationError, match="another suite"):
        run.check(b"\x09\x60" + bytes(96))


def test_a_key_of_another_suite_or_none_at_all_is_no_setting() -> None:
    own = suite_security(CLIENT_TITLE)
    foreign = KeyPairs(KnownPoints({}), signing_key(CLIENT_TITLE, SecuritySuite.SUITE_2))
    for pairs in (None, KeyPairs(KnownPoints({})), foreign):
        with pytest.raises(LocalProtocolError):
            HlsEcdsa(replace(own, key_pairs=pairs), SeededEntropy(1), 32)
    with pytest.raises(SecurityError, match="suite 0"):
        HlsEcdsa(suite_security(CLIENT_TITLE, SecuritySuite.SUITE_0, key_pairs=foreign), SeededEntropy(1), 32)
