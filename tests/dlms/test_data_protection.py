"""Layers around COSEM data between two ends, and what must not pass for them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.codec import Data, Tag
from ferraris.cosem import SecuritySuite
from ferraris.cosem.classes.protection_parameters import (
    KeyInfo,
    KeyInfoType,
    ProtectionParameters,
    ProtectionType,
)
from ferraris.dlms import DataLayer, DataProtector, Layer, layers_of, parameters_for, strength_of
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import AuthenticationError, DecodeError, FerrarisError, SecurityError
from ferraris.kernel.limits import OTHER_INFORMATION_OCTETS_MAX, PROTECTION_DEPTH_MAX
from tests.dlms.bottle import CLIENT_TITLE, SERVER_TITLE
from tests.dlms.test_general_protection import SUITES, with_everything

BOTH = ProtectionType.AUTHENTICATION_AND_ENCRYPTION
KEYS = tuple(layer for layer in Layer if layer is not Layer.SIGNED)
SIGNED = DataLayer.signed()
NESTINGS = [
    *((DataLayer(BOTH, key),) for key in KEYS),
    *((SIGNED, DataLayer(BOTH, key)) for key in KEYS),
    *((DataLayer(BOTH, key), SIGNED) for key in KEYS),
    (DataLayer(ProtectionType.AUTHENTICATION),),
    (DataLayer(ProtectionType.ENCRYPTION), DataLayer(ProtectionType.AUTHENTICATION)),
    (SIGNED, DataLayer(BOTH), SIGNED),
]
DATA, NUMBER = b"\x06\x00\x00\x01\x90", b"\x00\x00\x00\x07"
each_suite = pytest.mark.parametrize("suite", SUITES)
each_nesting = pytest.mark.parametrize("layers", NESTINGS, ids=lambda nest: "-".join(x.key.name for x in nest))


def ends(suite: SecuritySuite = SecuritySuite.SUITE_1) -> tuple[DataProtector, DataProtector]:
    return tuple(
        DataProtector(with_everything(title, suite), SeededEntropy(title.hex()))
        for title in (CLIENT_TITLE, SERVER_TITLE)
    )  # type: ignore[return-value]


@each_suite
@each_nesting
def test_both_ways(suite: SecuritySuite, layers: tuple[DataLayer, ...]) -> None:
    client, server = ends(suite)
    request = client.protect(DATA, layers, SERVER_TITLE, NUMBER)
    assert server.open_request(*request) == DATA
    assert layers_of(request.parameters) == layers
    answer = server.protect(DATA, layers_of(request.parameters), CLIENT_TITLE, NUMBER)
    assert client.open_answer(*answer, SERVER_TITLE, NUMBER) == DATA
    assert (DATA in request.octets) == (not strength_of(layers) & 0x08)


@each_nesting
def test_a_request_holds_once_and_under_its_own_number(layers: tuple[DataLayer, ...]) -> None:
    client, server = ends()
    request = client.protect(DATA, layers, SERVER_TITLE, NUMBER)
    server.open_request(*request)
    with pytest.raises(SecurityError):
        server.open_request(*request)
    renumbered = tuple(with_options(one, transaction_id=b"\x00\x00\x00\x08") for one in request.parameters)
    with pytest.raises(AuthenticationError):
        server.open_request(renumbered, request.octets)


@each_nesting
def test_flipped_and_missing_octets_show(layers: tuple[DataLayer, ...]) -> None:
    client, server = ends()
    request = client.protect(DATA, layers, SERVER_TITLE, NUMBER)
    for place in range(0, len(request.octets), 3):
        flipped = bytearray(request.octets)
        flipped[place] ^= 0x01
        with pytest.raises(FerrarisError):
            server.open_request(request.parameters, bytes(flipped))
    for size in range(0, len(request.octets), 7):
        with pytest.raises(FerrarisError):
            server.open_request(request.parameters, request.octets[:size])
    assert server.open_request(*request) == DATA


def with_options(one: ProtectionParameters, **changes: object) -> ProtectionParameters:
    return replace(one, protection_options=replace(one.protection_options, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"transaction_id": b""}, DecodeError),
        ({"transaction_id": bytes(17)}, DecodeError),
        ({"originator_system_title": b""}, DecodeError),
        ({"originator_system_title": bytes(300)}, DecodeError),
        ({"originator_system_title": b"FERHES99"}, AuthenticationError),
        ({"recipient_system_title": CLIENT_TITLE}, AuthenticationError),
        ({"other_information": b"a"}, AuthenticationError),
        ({"other_information": bytes(OTHER_INFORMATION_OCTETS_MAX + 1)}, DecodeError),
        ({"key_info": KeyInfo(KeyInfoType.IDENTIFIED, Data(Tag.STRUCTURE, ()))}, DecodeError),
        ({"key_info": KeyInfo(KeyInfoType.WRAPPED, Data(Tag.STRUCTURE, (Data(Tag.ENUM, 0),)))}, DecodeError),
        ({"key_info": KeyInfo(KeyInfoType.IDENTIFIED, Data(Tag.STRUCTURE, (Data(Tag.ENUM, 7),)))}, SecurityError),
    ],
)
def test_other_parameters_than_it_was_protected_under(changes: dict[str, object], error: type[FerrarisError]) -> None:
    client, server = ends()
    request = client.protect(DATA, (DataLayer(BOTH),), SERVER_TITLE, NUMBER)
    with pytest.raises(error):
        server.open_request((with_options(request.parameters[0], **changes),), request.octets)


def test_no_agreement_of_another_kind() -> None:
    agreed = KeyInfo(
        KeyInfoType.AGREED, Data(Tag.STRUCTURE, (Data(Tag.OCTET_STRING, b"\x09"), Data(Tag.OCTET_STRING, b"")))
    )
    (one,) = parameters_for((DataLayer(BOTH),), SERVER_TITLE, NUMBER)
    with pytest.raises(SecurityError, match="no such key agreement"):
        layers_of((with_options(one, key_info=agreed),))


def test_a_layer_is_what_it_is_told_to_be() -> None:
    """Encrypted octets do not pass for authenticated ones, nor the other way round."""
    client, server = ends()
    request = client.protect(DATA, (DataLayer(ProtectionType.ENCRYPTION),), SERVER_TITLE, NUMBER)
    for kind in (ProtectionType.AUTHENTICATION, BOTH):
        told = (replace(request.parameters[0], protection_type=kind),)
        with pytest.raises(AuthenticationError, match="otherwise than told"):
            server.open_request(told, request.octets)
    with pytest.raises(AuthenticationError, match="nothing vouches"):
        server.open_request(*request)


def test_layers_of_one_transaction_only() -> None:
    client, server = ends()
    request = client.protect(DATA, (SIGNED, DataLayer(BOTH)), SERVER_TITLE, NUMBER)
    inner, outer = request.parameters
    with pytest.raises(DecodeError, match="different transactions"):
        server.open_request((with_options(inner, transaction_id=b"\x09"), outer), request.octets)


@pytest.mark.parametrize("count", [0, PROTECTION_DEPTH_MAX + 1])
def test_so_many_layers(count: int) -> None:
    _, server = ends()
    one = parameters_for((DataLayer(BOTH),), SERVER_TITLE, NUMBER)
    with pytest.raises(DecodeError, match="so many layers"):
        server.open_request(one * count, b"")


@given(octets=st.binary(max_size=80), nesting=st.sampled_from(NESTINGS))
def test_any_octets(octets: bytes, nesting: tuple[DataLayer, ...]) -> None:
    client, server = ends()
    told = client.protect(b"", nesting, SERVER_TITLE, NUMBER).parameters
    with pytest.raises(FerrarisError):
        server.open_request(told, octets)
