"""Keys come as PEM, as DER, as certificates and as digits; what is none of them is refused without being repeated."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509 import load_der_x509_certificate
from hypothesis import given
from hypothesis import strategies as st

from ferraris.dlms import CertificateAuthority, KeyPurpose, PrivateKey
from ferraris.dlms.elliptic import P_256, P_384, Curve
from ferraris.dlms.key_encodings import private_key_from_number, private_key_from_pem, public_key_from_octets
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import AuthenticationError, SecurityError

TITLE = b"FERMETER"
CURVES = pytest.mark.parametrize("curve", [P_256, P_384], ids=lambda curve: curve.name)
PEM, DER = Encoding.PEM, Encoding.DER


def key_on(curve: Curve) -> PrivateKey:
    return PrivateKey.generate(curve, SeededEntropy(curve.name))


def certificate_on(curve: Curve) -> bytes:
    authority = CertificateAuthority("Works", PrivateKey.generate(curve, SeededEntropy("works")), 0)
    return authority.issue(TITLE, key_on(curve).point, KeyPurpose.SIGNING, 0)


@CURVES
@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_a_private_key_in_pem(curve: Curve, form: PrivateFormat) -> None:
    pem = key_on(curve).key.private_bytes(PEM, form, NoEncryption())
    read = private_key_from_pem(pem)
    assert (read.octets, read.curve) == (key_on(curve).octets, curve)


@CURVES
def test_a_private_key_by_its_number(curve: Curve) -> None:
    assert private_key_from_number(key_on(curve).octets).point == key_on(curve).point


@CURVES
@pytest.mark.parametrize("encoding", [PEM, DER])
def test_a_public_key_by_itself(curve: Curve, encoding: Encoding) -> None:
    key = key_on(curve)
    octets = key.key.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
    assert public_key_from_octets(octets) == (key.point, None)
    assert public_key_from_octets(key.point) == (key.point, None)


@CURVES
def test_a_certificate_names_its_holder(curve: Curve) -> None:
    der = certificate_on(curve)
    pem = load_der_x509_certificate(der).public_bytes(PEM)
    for octets in (der, pem):
        handed = public_key_from_octets(octets)
        assert handed.point == key_on(curve).point
        assert handed.certificate is not None
        assert (handed.certificate.system_title, handed.certificate.purpose) == (TITLE, KeyPurpose.SIGNING)


@pytest.mark.parametrize(
    ("key", "complaint"),
    [
        (ec.derive_private_key(5, ec.SECP521R1()), "no suite has this curve"),
        (ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)), "not a key of an elliptic curve"),
    ],
)
def test_other_kinds_of_keys(key: ec.EllipticCurvePrivateKey, complaint: str) -> None:
    with pytest.raises(SecurityError, match=complaint):
        private_key_from_pem(key.private_bytes(PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(SecurityError, match=complaint):
        public_key_from_octets(key.public_key().public_bytes(DER, PublicFormat.SubjectPublicKeyInfo))


def test_a_locked_key() -> None:
    pem = key_on(P_256).key.private_bytes(PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"lock"))
    with pytest.raises(SecurityError, match="without a password"):
        private_key_from_pem(pem)


@pytest.mark.parametrize("octets", [b"", bytes(31), bytes(32), b"\xff" * 48])
def test_no_number_of_a_key(octets: bytes) -> None:
    with pytest.raises(SecurityError, match="private key"):
        private_key_from_number(octets)


def test_a_point_beside_its_curve() -> None:
    with pytest.raises(SecurityError, match="not on its curve"):
        public_key_from_octets(bytes(64))


@given(st.binary(max_size=200) | st.binary(max_size=80).map(lambda rest: b"-----BEGIN CERTIFICATE-----\n" + rest))
def test_any_octets(octets: bytes) -> None:
    with pytest.raises(SecurityError):
        private_key_from_pem(octets)
    with pytest.raises((SecurityError, AuthenticationError)):
        public_key_from_octets(octets)
