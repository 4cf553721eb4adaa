"""Key material beside APDUs: what it is, whether it verifies, and what is missing."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.dlms.ciphering import CipherKeys, wrap_key
from ferraris.dlms.elliptic import CURVES, PrivateKey
from ferraris.dlms.inspect.material import answer_material, material_kind
from ferraris.kernel.errors import AuthenticationError, LocalProtocolError, SecurityError

KEK, KEY = bytes(range(16)), bytes(range(16, 32))
TITLE = b"FERHES01"
CHALLENGE = b"P6wRJ21F"
HLS_KEYS = {"ek": bytes(16).hex(), "ak": KEK.hex(), "system_title": TITLE.hex()}
RESPONSE = CipherKeys(bytes(16), KEK).gmac(TITLE, 5, CHALLENGE)
PRIVATE, OTHER = b"\x05" * 32, b"\x06" * 32
POINT, OTHER_POINT = (PrivateKey(private, CURVES[0]).point for private in (PRIVATE, OTHER))
TITLES = {"system_title_u": "01" * 8, "system_title_v": "02" * 8}


@pytest.mark.parametrize(
    ("row", "keys", "kind"),
    [
        ({"kind": "key-wrap"}, {}, "key-wrap"),
        ({"kind": "hls-gmac"}, {}, "hls-gmac"),
        ({"challenge": "00"}, {}, "hls-gmac"),
        ({"kind": "ecdsa-signature"}, {}, "ecdsa-signature"),
        ({}, {"public": "00"}, "ecdsa-signature"),
        ({"kind": "key-agreement"}, {}, "key-agreement"),
        ({"kind": "apdu-aarq"}, {}, None),
        ({}, {"ek": "00"}, None),
        ({"kind": 5}, {}, None),
        ({"kind": []}, {}, None),
    ],
)
def test_kinds(row: dict[str, Any], keys: dict[str, Any], kind: str | None) -> None:
    assert material_kind(row, keys) == kind


def test_a_wrapped_key() -> None:
    wrapped = wrap_key(KEK, KEY)
    assert answer_material("key-wrap", wrapped, {}, {"kek": KEK.hex()}) == {"unwrapped": KEY.hex()}
    for octets, kek in ((wrapped, KEY), (bytes(24), KEK), (wrapped[:-1], KEK), (b"", KEK)):
        with pytest.raises(AuthenticationError):
            answer_material("key-wrap", octets, {}, {"kek": kek.hex()})
    with pytest.raises(LocalProtocolError):
        answer_material("key-wrap", wrapped, {}, {})


@pytest.mark.parametrize("row", [{"challenge": CHALLENGE.hex()}, {"expected": {"challenge": CHALLENGE.hex()}}])
def test_an_hls_response(row: dict[str, Any]) -> None:
    found = answer_material("hls-gmac", RESPONSE, row, HLS_KEYS)
    assert found == {"valid": True, "challenge": CHALLENGE.hex(), "invocation_counter": 5, "tag": RESPONSE[5:].hex()}


@pytest.mark.parametrize("octets", [RESPONSE[:-1], RESPONSE[:-1] + b"\x00", b"\x30" + RESPONSE[1:], b""])
def test_an_hls_response_that_does_not_verify(octets: bytes) -> None:
    with pytest.raises(AuthenticationError):
        answer_material("hls-gmac", octets, {"challenge": CHALLENGE.hex()}, HLS_KEYS)


def test_an_hls_response_needs_its_challenge() -> None:
    for row in ({}, {"expected": None}, {"expected": {}}):
        with pytest.raises(LocalProtocolError):
            answer_material("hls-gmac", RESPONSE, row, HLS_KEYS)


@pytest.mark.parametrize("name", ["ek", "system_title"])
@pytest.mark.parametrize("text", ["", "00", "00" * 200])
def test_an_hls_response_needs_its_keys(name: str, text: str) -> None:
    with pytest.raises(LocalProtocolError):
        answer_material("hls-gmac", RESPONSE, {"challenge": CHALLENGE.hex()}, {**HLS_KEYS, name: text})


def test_an_agreement_takes_the_point_that_is_not_its_own() -> None:
    there = answer_material(
        "key-agreement",
        POINT,
        {},
        {"client_ephemeral_private": PRIVATE.hex(), "server_static_public": OTHER_POINT.hex(), **TITLES},
    )
    back = answer_material(
        "key-agreement",
        POINT,
        {},
        {"server_static_private": OTHER.hex(), "server_static_public": OTHER_POINT.hex(), **TITLES},
    )
    assert there == back
    assert set(there["derived_keys"]) == {"60857405080300", "60857406080300"}


def test_an_agreement_with_the_algorithm_id_given() -> None:
    keys = {"client_static_private": PRIVATE.hex(), "kdf_algorithm_id": "60857405080300", **TITLES}
    assert set(answer_material("key-agreement", OTHER_POINT, {}, keys)["derived_keys"]) == {"60857405080300"}


@pytest.mark.parametrize(
    ("octets", "keys", "error"),
    [
        (POINT, TITLES, LocalProtocolError),
        (POINT, {"client_static_private": PRIVATE.hex(), **TITLES}, LocalProtocolError),
        (OTHER_POINT, {"client_static_private": PRIVATE.hex()}, LocalProtocolError),
        (bytes(64), {"client_static_private": PRIVATE.hex(), **TITLES}, SecurityError),
        (b"", {"client_static_private": PRIVATE.hex(), **TITLES}, SecurityError),
    ],
    ids=["no private key", "only its own point", "no titles", "no point", "nothing"],
)
def test_an_agreement_that_cannot_be(octets: bytes, keys: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        answer_material("key-agreement", octets, {}, keys)
