"""The curves of security suites 1 and 2: points, private keys and ECDSA signatures as DLMS writes them.

A point is x || y without a prefix octet, a signature r || s, a private key its number; each of the size of the curve's
coordinates (Green Book 9.2.3.4). Suite 1 has P-256 with SHA-256, suite 2 P-384 with SHA-384.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from ferraris.cosem import SecuritySuite
from ferraris.kernel.entropy import Entropy
from ferraris.kernel.errors import AuthenticationError, SecurityError
from ferraris.kernel.limits import PUBLIC_KEYS_MAX

CLAUSE: Final = "Green Book 9.2.3.4"
_UNCOMPRESSED: Final = b"\x04"


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve of NIST with the hash that its suite uses. `octets` is the size of a coordinate."""

    name: str
    octets: int
    parameters: ec.EllipticCurve
    digest: hashes.SHA256 | hashes.SHA384


P_256: Final = Curve("P-256", 32, ec.SECP256R1(), hashes.SHA256())
P_384: Final = Curve("P-384", 48, ec.SECP384R1(), hashes.SHA384())
CURVES: Final = (P_256, P_384)


def curve_of_suite(suite: SecuritySuite) -> Curve:
    """The curve of a suite. Raises SecurityError for suite 0, which has none."""
    if suite is SecuritySuite.SUITE_0:
        raise SecurityError("security suite 0 has no elliptic curve", expected="suite 1 or 2", clause=CLAUSE)
    return P_256 if suite is SecuritySuite.SUITE_1 else P_384


def curve_of(point: bytes) -> Curve:
    """The curve whose points have this size. Raises SecurityError."""
    for curve in CURVES:
        if len(point) == 2 * curve.octets:
            return curve
    raise SecurityError("no curve has points of this size", expected="64 or 96 octets", got=len(point), clause=CLAUSE)


def is_on_curve(point: bytes) -> bool:
    """Whether the octets are a point of their curve: a chance of one in 2^128 or less for octets that are none."""
    try:
        public_key(point)
    except SecurityError:
        return False
    return True


def point_of(key: ec.EllipticCurvePublicKey) -> bytes:
    """The octets of a public key. Raises SecurityError for a curve that no suite has."""
    curve = next((curve for curve in CURVES if curve.parameters.name == key.curve.name), None)
    if curve is None:
        raise SecurityError("no suite has this curve", expected="P-256 or P-384", got=key.curve.name, clause=CLAUSE)
    numbers = key.public_numbers()
    return numbers.x.to_bytes(curve.octets, "big") + numbers.y.to_bytes(curve.octets, "big")


@lru_cache(PUBLIC_KEYS_MAX)
def public_key(point: bytes) -> ec.EllipticCurvePublicKey:
    """The key in these octets. Raises SecurityError for a point beside its curve."""
    curve = curve_of(point)
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(curve.parameters, _UNCOMPRESSED + point)
    except ValueError:
        raise SecurityError("a point is not on its curve", expected=curve.name, clause=CLAUSE) from None


class PrivateKey:
    """A private key of one curve. Never shows its number, but to who asks for it by name to keep it."""

    __slots__ = ("curve", "key", "octets", "point")

    def __init__(self, octets: bytes, curve: Curve) -> None:
        """Raises SecurityError for a number that is none of the curve's keys."""
        try:
            self.key = ec.derive_private_key(int.from_bytes(octets, "big"), curve.parameters)
        except ValueError:
            raise SecurityError("not a private key of this curve", expected=curve.name, clause=CLAUSE) from None
        self.curve = curve
        self.octets = octets
        self.point = point_of(self.key.public_key())

    @classmethod
    def generate(cls, curve: Curve, entropy: Entropy) -> PrivateKey:
        """A new key. Eight octets more than needed are drawn, so that no number is likelier than another (FIPS 186-5, A.2.1)."""
        order = _ORDERS[curve.name]
        number = int.from_bytes(entropy.octets(curve.octets + 8), "big") % (order - 1) + 1
        return cls(number.to_bytes(curve.octets, "big"), curve)

    def __repr__(self) -> str:
        return "PrivateKey(hidden)"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise SecurityError("keys are not serialised", expected="keys stay in memory")

    def sign(self, message: bytes) -> bytes:
        """The signature, r || s. The same message has the same signature (RFC 6979): no randomness can fail here."""
        size = self.curve.octets
        r, s = utils.decode_dss_signature(self.key.sign(message, ec.ECDSA(self.curve.digest, True)))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")

    def shared_secret(self, peer_point: bytes) -> bytes:
        """The Diffie-Hellman secret Z. Raises SecurityError for a point that is not on the curve."""
        if len(peer_point) != 2 * self.curve.octets:
            raise SecurityError(
                "a point of another curve", expected=2 * self.curve.octets, got=len(peer_point), clause=CLAUSE
            )
        return self.key.exchange(ec.ECDH(), public_key(peer_point))


def verify_signature(point: bytes, signature: bytes, message: bytes) -> Curve:
    """The curve, when the ECDSA signature verifies. Raises AuthenticationError otherwise."""
    curve = curve_of(point)
    if len(signature) != 2 * curve.octets:
        raise AuthenticationError(
            "a signature has a wrong size", expected=2 * curve.octets, got=len(signature), clause=CLAUSE
        )
    r, s = (int.from_bytes(part, "big") for part in (signature[: curve.octets], signature[curve.octets :]))
    try:
        public_key(point).verify(utils.encode_dss_signature(r, s), message, ec.ECDSA(curve.digest))
    except InvalidSignature:
        raise AuthenticationError(
            "a signature does not verify", expected="a signature by this public key", clause=CLAUSE
        ) from None
    return curve


_ORDERS: Final = {
    "P-256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "P-384": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
}
"""How many points each curve's generator has: private keys are below."""
