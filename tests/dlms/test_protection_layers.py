"""One layer at a time: what its tag or signature covers, and whether counters are asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferraris.dlms.apdu import GeneralCiphering, GeneralSigning
from ferraris.dlms.protection_layers import Header, ProtectionLayers, header_octets
from ferraris.dlms.settings import Layer
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import AuthenticationError, InvocationCounterError
from tests.dlms.bottle import CLIENT_TITLE, SERVER_TITLE
from tests.dlms.test_general_protection import with_everything

NUMBER = b"\x07"


def layers(title: bytes, *, counted: bool = True, covers: bool = True) -> ProtectionLayers:
    security = with_everything(title, tag_covers_header=covers)
    return ProtectionLayers(lambda: security, SeededEntropy(title.hex()), counted=counted)


def made(kind: Layer, *, covers: bool = True) -> Header:
    client = layers(CLIENT_TITLE, covers=covers)
    if kind is Layer.SIGNED:
        return client.sign(b"content", NUMBER, SERVER_TITLE, b"other")
    return client.encipher(b"content", kind, 0x30, NUMBER, SERVER_TITLE, b"other")


@pytest.mark.parametrize("kind", Layer)
def test_a_layer_opens_as_what_it_was_made(kind: Layer) -> None:
    content, layer, _ = layers(SERVER_TITLE).open(made(kind))
    assert (content, layer) == (b"content", kind)


@pytest.mark.parametrize("kind", Layer)
@pytest.mark.parametrize("field", ["transaction_id", "recipient_system_title", "date_time", "other_information"])
def test_the_header_is_covered(kind: Layer, field: str) -> None:
    with pytest.raises(AuthenticationError):
        layers(SERVER_TITLE).open(replace(made(kind), **{field: b"otherwise"}))


def test_a_tag_that_does_not_cover_the_header() -> None:
    changed = replace(made(Layer.WRAPPED, covers=False), other_information=b"otherwise")
    assert layers(SERVER_TITLE, covers=False).open(changed)[0] == b"content"


def test_counters_are_asked_only_where_they_count() -> None:
    layer = made(Layer.IDENTIFIED)
    counted, uncounted = layers(SERVER_TITLE), layers(SERVER_TITLE, counted=False)
    counted.open(layer)
    with pytest.raises(InvocationCounterError):
        counted.open(layer)
    assert uncounted.open(layer) == uncounted.open(layer)


def test_header_octets() -> None:
    fields = (b"\x01", b"AAAAAAAA", b"BBBBBBBB", b"", b"xy")
    expected = b"\x01\x01\x08AAAAAAAA\x08BBBBBBBB\x00\x02xy"
    assert header_octets(GeneralCiphering(*fields, None, b"octets")) == expected
    assert header_octets(GeneralSigning(*fields, b"content", b"signature")) == expected
