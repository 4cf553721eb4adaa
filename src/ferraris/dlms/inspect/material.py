"""Cryptographic material that travels beside APDUs: wrapped keys, HLS-GMAC responses, signatures, agreed keys.

Which of them a row of JSON holds is told by its `kind`, or else by the names of its keys. What is checked against (a
challenge, a signed message) stands in the row itself or in its `expected`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ferraris.dlms.ciphering import KEY_OCTETS, SYSTEM_TITLE_OCTETS, CipherKeys, unwrap_key
from ferraris.dlms.elliptic import PrivateKey, curve_of, verify_signature
from ferraris.dlms.inspect.keys import InspectionKeys, octets_of
from ferraris.dlms.inspect.tree import Json
from ferraris.dlms.key_agreement import AES_GCM_128, AES_GCM_128_EDITION_8, derive_key, shared_secret
from ferraris.kernel.errors import LocalProtocolError

Row = Mapping[str, object]

KEY_WRAP: Final = "key-wrap"
HLS_GMAC: Final = "hls-gmac"
SIGNATURE: Final = "ecdsa-signature"
KEY_AGREEMENT: Final = "key-agreement"
PRIVATE_KEYS: Final = (
    "server_ephemeral_private",
    "client_ephemeral_private",
    "server_static_private",
    "client_static_private",
)
PUBLIC_KEYS: Final = (
    "client_ephemeral_public",
    "server_ephemeral_public",
    "server_static_public",
    "client_static_public",
)


def material_kind(row: Row, named: Row) -> str | None:
    """Which kind of material the row holds; None when it holds a frame or an APDU."""
    kind = row.get("kind")
    if isinstance(kind, str) and kind in _ANSWERS:
        return kind
    if "public" in named:
        return SIGNATURE
    if "challenge" in row:
        return HLS_GMAC
    return None


def answer_material(kind: str, octets: bytes, row: Row, named: Row) -> Json:
    """What the material says. Raises SecurityError for what does not verify, LocalProtocolError for what is missing."""
    return _ANSWERS[kind](octets, row, named)


def _key_wrap(octets: bytes, _row: Row, named: Row) -> Json:
    return {"unwrapped": unwrap_key(octets_of("kek", named.get("kek")), octets).hex()}


def _hls_gmac(octets: bytes, row: Row, named: Row) -> Json:
    keys = InspectionKeys.of(named)
    challenge = octets_of("challenge", _asked(row, "challenge"))
    if len(keys.encryption_key) != KEY_OCTETS or len(keys.system_title) != SYSTEM_TITLE_OCTETS:
        raise LocalProtocolError(
            "a key or the system title is missing", expected="ek, ak and system_title", clause="input"
        )
    counter = CipherKeys(keys.encryption_key, keys.authentication_key).check_gmac(keys.system_title, octets, challenge)
    return {"valid": True, "challenge": challenge.hex(), "invocation_counter": counter, "tag": octets[5:].hex()}


def _signature(octets: bytes, row: Row, named: Row) -> Json:
    message = octets_of("message", _asked(row, "message"))
    curve = verify_signature(octets_of("public", named.get("public")), octets, message)
    return {
        "valid": True,
        "curve": curve.name,
        "hash": "SHA-256" if curve.octets == 32 else "SHA-384",
        "message": message.hex(),
    }


def _key_agreement(octets: bytes, _row: Row, named: Row) -> Json:
    private, public = _pair(octets, named)
    party_u, party_v = (octets_of(name, named.get(name)) for name in ("system_title_u", "system_title_v"))
    secret = shared_secret(private, public)
    algorithms = [octets_of("kdf_algorithm_id", named["kdf_algorithm_id"])] if "kdf_algorithm_id" in named else []
    derived = {
        algorithm.hex(): derive_key(secret, algorithm, party_u, party_v).hex()
        for algorithm in algorithms or (AES_GCM_128, AES_GCM_128_EDITION_8)
    }
    return {"curve": curve_of(public).name, "shared_secret": secret.hex(), "derived_keys": derived}


def _asked(row: Row, name: str) -> object:
    expected = row.get("expected")
    return row.get(name, expected.get(name) if isinstance(expected, Mapping) else None)


def _pair(octets: bytes, named: Row) -> tuple[bytes, bytes]:
    """One end's private key and the other end's public key: of the points at hand, the one that is not its own."""
    private = next((octets_of(name, named[name]) for name in PRIVATE_KEYS if name in named), None)
    if private is None:
        raise LocalProtocolError(
            "a key of the agreement is missing", expected=" or ".join(PRIVATE_KEYS), clause="input"
        )
    own = PrivateKey(private, curve_of(octets)).point
    points = [octets_of(name, named[name]) for name in PUBLIC_KEYS if name in named]
    for point in (*points, octets):
        if point != own:
            return private, point
    raise LocalProtocolError("a key of the agreement is missing", expected=" or ".join(PUBLIC_KEYS), clause="input")


_ANSWERS: Final[dict[str, Callable[[bytes, Row, Row], Json]]] = {
    KEY_WRAP: _key_wrap,
    HLS_GMAC: _hls_gmac,
    SIGNATURE: _signature,
    KEY_AGREEMENT: _key_agreement,
}
