"""Keys of elliptic curves in the forms in which people hand them over: PEM, DER and hexadecimal digits.

A private key is PEM without a password, or its number in hexadecimal, which has the size of its curve's coordinates. A public key
is a certificate as DLMS has it, in PEM or DER, a public key in either, or the two coordinates in hexadecimal, one behind the
other. No complaint repeats what it read.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    load_der_public_key,
    load_pem_private_key,
    load_pem_public_key,
)
from cryptography.x509 import load_der_x509_certificate, load_pem_x509_certificate

from ferraris.dlms.certificates import UNREADABLE, Certificate
from ferraris.dlms.elliptic import CURVES, PrivateKey, point_of, public_key
from ferraris.kernel.errors import SecurityError

PEM_HEAD: Final = b"-----BEGIN "


class HandedKey(NamedTuple):
    """A public key, and the certificate that it came in, where it came in one."""

    point: bytes
    certificate: Certificate | None = None


def private_key_from_pem(octets: bytes) -> PrivateKey:
    """The key in PEM. Raises SecurityError for a locked one, or one that no suite can use."""
    try:
        key = load_pem_private_key(octets, password=None)
    except UNREADABLE:
        raise SecurityError("not a private key", expected="PEM without a password") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise SecurityError("not a key of an elliptic curve", expected="P-256 or P-384", got=type(key).__name__)
    curve = next((curve for curve in CURVES if curve.parameters.name == key.curve.name), None)
    if curve is None:
        raise SecurityError("no suite has this curve", expected="P-256 or P-384", got=key.curve.name)
    return PrivateKey(key.private_numbers().private_value.to_bytes(curve.octets, "big"), curve)


def private_key_from_number(octets: bytes) -> PrivateKey:
    """The key of this number. Raises SecurityError for a size or a number that no curve's keys have."""
    for curve in CURVES:
        if len(octets) == curve.octets:
            return PrivateKey(octets, curve)
    sizes = " or ".join(str(curve.octets) for curve in CURVES)
    raise SecurityError("not the number of a private key", expected=f"{sizes} octets", got=len(octets))


def public_key_from_octets(octets: bytes) -> HandedKey:
    """The public key in a certificate or by itself, in PEM or DER, or as a bare point.

    Raises SecurityError for anything else, AuthenticationError for a certificate that DLMS has no use for.
    """
    if octets.lstrip().startswith(PEM_HEAD + b"CERTIFICATE"):
        return _certified(_der_of(octets))
    try:
        load_der_x509_certificate(octets)
    except UNREADABLE:
        return HandedKey(_point(octets))
    return _certified(octets)


def _certified(der: bytes) -> HandedKey:
    certificate = Certificate.parse(der)
    return HandedKey(certificate.point, certificate)


def _der_of(pem: bytes) -> bytes:
    try:
        return load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    except UNREADABLE:
        raise SecurityError("not a certificate", expected="X.509 in PEM or DER") from None


def _point(octets: bytes) -> bytes:
    if len(octets) in {2 * curve.octets for curve in CURVES}:
        public_key(octets)  # raises for a point beside its curve
        return octets
    load = load_pem_public_key if octets.lstrip().startswith(PEM_HEAD) else load_der_public_key
    try:
        key = load(octets)
    except UNREADABLE:
        raise SecurityError("not a public key", expected="a certificate, a public key or a point") from None
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise SecurityError("not a key of an elliptic curve", expected="P-256 or P-384", got=type(key).__name__)
    return point_of(key)
