"""HLS by MD5, SHA-1 and SHA-256: what is digested, in which order."""

from __future__ import annotations

import hashlib

import pytest

from ferraris.codec import decode_whole
from ferraris.dlms.apdu import Mechanism
from ferraris.kernel.errors import AuthenticationError
from tests.dlms.bottle import CLIENT_TITLE, SERVER_TITLE
from tests.dlms.hls.ends import SECRET, runs


@pytest.mark.parametrize(("mechanism", "name"), [(Mechanism.HLS_MD5, "md5"), (Mechanism.HLS_SHA1, "sha1")])
def test_the_challenge_goes_before_the_secret(mechanism: Mechanism, name: str) -> None:
    client, server = runs(mechanism)
    assert decode_whole(client.answer()).value == hashlib.new(name, server.challenge + SECRET).digest()
    assert decode_whole(server.answer()).value == hashlib.new(name, client.challenge + SECRET).digest()


def test_sha256_goes_over_secret_titles_and_both_challenges() -> None:
    client, server = runs(Mechanism.HLS_SHA256)
    upwards = SECRET + CLIENT_TITLE + SERVER_TITLE + server.challenge + client.challenge
    downwards = SECRET + SERVER_TITLE + CLIENT_TITLE + client.challenge + server.challenge
    assert decode_whole(client.answer()).value == hashlib.sha256(upwards).digest()
    assert decode_whole(server.answer()).value == hashlib.sha256(downwards).digest()


@pytest.mark.parametrize("mechanism", [Mechanism.HLS_MD5, Mechanism.HLS_SHA1, Mechanism.HLS_SHA256])
def test_another_secret_does_not_verify(mechanism: Mechanism) -> None:
    client, _ = runs(mechanism)
    _, impostor = runs(mechanism, secret=b"another secret")
    with pytest.raises(AuthenticationError, match="does not verify"):
        client.check(impostor.answer())
