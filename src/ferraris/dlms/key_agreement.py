"""Key agreement and signatures of security suites 1 and 2, as far as captured APDUs need them (Green Book 9.2.3.4).

Points are x || y without a prefix octet, signatures r || s. The key derivation function is one step of SHA over counter, shared
secret, algorithm id, and the system titles of both parties (NIST SP 800-56A). Which algorithm id goes in differs between
editions of the Green Book, so it is an argument.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from ferraris.kernel.errors import AuthenticationError, SecurityError

CLAUSE: Final = "Green Book 9.2.3.4"
AES_GCM_128: Final = bytes.fromhex("60857405080300")
"""2.16.756.5.8.3.0 as the later editions' worked example has it."""
AES_GCM_128_EDITION_8: Final = bytes.fromhex("60857406080300")
"""The same in the worked examples of edition 8."""
_UNCOMPRESSED: Final = b"\x04"
_COUNTER: Final = b"\x00\x00\x00\x01"


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve of NIST with the hash that its suite uses. `octets` is the size of a coordinate."""

    name: str
    octets: int
    parameters: ec.EllipticCurve
    digest: hashes.HashAlgorithm


CURVES: Final = (
    Curve("P-256", 32, ec.SECP256R1(), hashes.SHA256()),
    Curve("P-384", 48, ec.SECP384R1(), hashes.SHA384()),
)


def curve_of(point: bytes) -> Curve:
    """The curve whose points have this size. Raises SecurityError."""
    for curve in CURVES:
        if len(point) == 2 * curve.octets:
            return curve
    raise SecurityError("no curve has points of this size", expected="64 or 96 octets", got=len(point), clause=CLAUSE)


def is_on_curve(point: bytes) -> bool:
    """Whether the octets are a point of their curve: a chance of one in 2^128 or less for octets that are none."""
    try:
        _public_key(point)
    except SecurityError:
        return False
    return True


def shared_secret(private_key: bytes, peer_public_key: bytes) -> bytes:
    """The Diffie-Hellman secret Z. Raises SecurityError for a point that is not on the curve or a key out of range."""
    private = _private_key(private_key, curve_of(peer_public_key))
    return private.exchange(ec.ECDH(), _public_key(peer_public_key))


def public_key_of(private_key: bytes, curve: Curve) -> bytes:
    """The point that belongs to a private key. Raises SecurityError."""
    numbers = _private_key(private_key, curve).public_key().public_numbers()
    return numbers.x.to_bytes(curve.octets, "big") + numbers.y.to_bytes(curve.octets, "big")


def derive_key(secret: bytes, algorithm_id: bytes, party_u: bytes, party_v: bytes) -> bytes:
    """The 16-octet key of suite 1 that both ends derive; `party_u` is who started the agreement."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(_COUNTER + secret + algorithm_id + party_u + party_v)
    return digest.finalize()[:16]


def verify_signature(public_key: bytes, signature: bytes, message: bytes) -> Curve:
    """The curve, when the ECDSA signature verifies. Raises AuthenticationError otherwise."""
    curve = curve_of(public_key)
    if len(signature) != 2 * curve.octets:
        raise AuthenticationError(
            "a signature has a wrong size", expected=2 * curve.octets, got=len(signature), clause=CLAUSE
        )
    r, s = (int.from_bytes(part, "big") for part in (signature[: curve.octets], signature[curve.octets :]))
    try:
        _public_key(public_key).verify(utils.encode_dss_signature(r, s), message, ec.ECDSA(curve.digest))
    except InvalidSignature:
        raise AuthenticationError(
            "a signature does not verify", expected="a signature by this public key", clause=CLAUSE
        ) from None
    return curve


def _private_key(octets: bytes, curve: Curve) -> ec.EllipticCurvePrivateKey:
    try:
        return ec.derive_private_key(int.from_bytes(octets, "big"), curve.parameters)
    except ValueError:
        raise SecurityError("not a private key of this curve", expected=curve.name, clause=CLAUSE) from None


def _public_key(point: bytes) -> ec.EllipticCurvePublicKey:
    curve = curve_of(point)
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(curve.parameters, _UNCOMPRESSED + point)
    except ValueError:
        raise SecurityError("a point is not on its curve", expected=curve.name, clause=CLAUSE) from None
