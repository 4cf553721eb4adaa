"""HLS-ECDSA in a captured conversation: judged with the keys of both ends, one, none or another's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferraris.cosem import SecuritySuite
from ferraris.dlms import Associate, AssociationSettings, encode_wpdu
from ferraris.dlms.apdu import Mechanism
from ferraris.dlms.inspect import Conversation, InspectionKeys, Message
from ferraris.kernel.errors import AuthenticationError
from tests.dlms.bottle import CLIENT_TITLE, SERVER_TITLE, Bottle, serve
from tests.dlms.hls.ends import signing_key, suite_keys, suite_security

each_suite = pytest.mark.parametrize("suite", [SecuritySuite.SUITE_1, SecuritySuite.SUITE_2])


def said(suite: SecuritySuite, keys: InspectionKeys) -> list[Message]:
    """The messages of an association by HLS-ECDSA, as they are decoded from a capture."""
    client, server = (
        AssociationSettings(Mechanism.HLS_ECDSA, security=suite_security(title, suite))
        for title in (CLIENT_TITLE, SERVER_TITLE)
    )
    bottle = Bottle(client, server, serve)
    bottle.tell(Associate())
    conversation, messages = Conversation(keys), []
    for upwards, downwards in zip(bottle.to_server, bottle.to_client, strict=True):
        messages += conversation.feed("client", "meter", encode_wpdu(1, 16, upwards), datagram=False)
        messages += conversation.feed("meter", "client", encode_wpdu(16, 1, downwards), datagram=False)
    return messages


def keys_of(suite: SecuritySuite, **points: bytes) -> InspectionKeys:
    symmetric = suite_keys(suite)
    titles = {"client": CLIENT_TITLE, "meter": SERVER_TITLE}
    signers = {titles[name]: point for name, point in points.items()}
    return replace(InspectionKeys(symmetric.encryption_key, symmetric.authentication_key), signers=signers)


def judged(messages: list[Message]) -> list[tuple[object, object]]:
    layers = [layer for message in messages for layer in message.inspection.layers]
    return [(layer["of"], layer["verified"]) for layer in layers if layer["layer"] == "hls-ecdsa"]


@each_suite
def test_both_ends_prove_who_they_are(suite: SecuritySuite) -> None:
    points = {"client": signing_key(CLIENT_TITLE, suite).point, "meter": signing_key(SERVER_TITLE, suite).point}
    messages = said(suite, keys_of(suite, **points))
    assert [message.error for message in messages] == [None] * 4
    assert judged(messages) == [(CLIENT_TITLE.hex(), True), (SERVER_TITLE.hex(), True)]


@each_suite
def test_without_a_key_it_is_said(suite: SecuritySuite) -> None:
    messages = said(suite, keys_of(suite, meter=signing_key(SERVER_TITLE, suite).point))
    assert judged(messages) == [(CLIENT_TITLE.hex(), False), (SERVER_TITLE.hex(), True)]


@each_suite
def test_another_key_does_not_verify(suite: SecuritySuite) -> None:
    other = signing_key(CLIENT_TITLE, suite).point
    messages = said(suite, keys_of(suite, client=other, meter=other))
    assert isinstance(messages[-1].error, AuthenticationError)
    assert [message.error for message in messages[:-1]] == [None] * 3
