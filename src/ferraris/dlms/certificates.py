"""X.509 certificates of suites 1 and 2: what one must say to be believed, and where an end keeps those that it believes.

A certificate names its holder's system title, sixteen hexadecimal digits, as the subject's common name; its key usage is
either digital signature or key agreement; its key lies on the suite's curve; an authority that this end trusts has signed
it. An authority's own certificate has the key usage of signing certificates (Green Book 9.2.6). Whether it is still, or
already, valid is asked each time that its key is used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from hashlib import sha256
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from ferraris.dlms.ciphering import SYSTEM_TITLE_OCTETS
from ferraris.dlms.elliptic import Curve, PrivateKey, curve_of, point_of, public_key
from ferraris.kernel.errors import AuthenticationError, SecurityError
from ferraris.kernel.limits import CERTIFICATE_OCTETS_MAX, CERTIFICATES_MAX

CLAUSE: Final = "Green Book 9.2.6"
UNREADABLE: Final = (
    ValueError,
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.ExtensionNotFound,
    x509.DuplicateExtension,
)
"""What the library raises for octets that are no certificate, or none that it understands."""
_TITLE: Final = re.compile(r"[0-9A-Fa-f]{16}")


class KeyPurpose(Enum):
    """What the key of a certificate is for."""

    SIGNING = "digital signature"
    AGREEMENT = "key agreement"
    AUTHORITY = "signing certificates"


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate of the form that DLMS uses."""

    octets: bytes
    purpose: KeyPurpose
    point: bytes
    system_title: bytes
    """Of its holder; empty for an authority."""
    serial_number: int
    issuer: str
    subject: str

    @classmethod
    def parse(cls, octets: bytes) -> Certificate:
        """The certificate in DER. Raises AuthenticationError for one that DLMS has no use for."""
        if not 0 < len(octets) <= CERTIFICATE_OCTETS_MAX:
            raise _wrong("size", f"up to {CERTIFICATE_OCTETS_MAX} octets", len(octets))
        parsed = _parsed(octets)
        try:
            key, usage = parsed.public_key(), parsed.extensions.get_extension_for_class(x509.KeyUsage).value
            names = parsed.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
            issuer, subject = parsed.issuer.rfc4514_string(), parsed.subject.rfc4514_string()
            _lifetime(parsed)  # a year 0 shows here
        except UNREADABLE as error:
            raise _wrong("content", "an EC key and a key usage", str(error)) from None
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise _wrong("key", "an elliptic curve", type(key).__name__)
        purpose = _purpose(usage)
        name = str(names[0].value) if len(names) == 1 else ""
        if purpose is not KeyPurpose.AUTHORITY and not _TITLE.fullmatch(name):
            raise _wrong("subject", "a system title as 16 hexadecimal digits", name[:32])
        title = b"" if purpose is KeyPurpose.AUTHORITY else bytes.fromhex(name)
        return cls(octets, purpose, point_of(key), title, parsed.serial_number, issuer, subject)

    def check_issued_by(self, authority: Certificate) -> None:
        """Raises AuthenticationError unless the authority's key signed this certificate."""
        if authority.purpose is not KeyPurpose.AUTHORITY:
            raise _wrong("issuer", "an authority", authority.subject)
        try:
            _parsed(self.octets).verify_directly_issued_by(_parsed(authority.octets))
        except (*UNREADABLE, InvalidSignature):
            raise _wrong("signature", f"one of {authority.subject}", self.subject) from None

    def check_valid_at(self, now_s: int) -> None:
        """Raises AuthenticationError before and after its time."""
        parsed = _parsed(self.octets)
        begins, ends = _lifetime(parsed)
        if not begins.timestamp() <= now_s <= ends.timestamp():
            raise AuthenticationError(
                "a certificate is not valid now",
                expected=f"{begins} to {ends}",
                got=datetime.fromtimestamp(now_s, UTC),
                clause=CLAUSE,
            )


def _lifetime(parsed: x509.Certificate) -> tuple[datetime, datetime]:
    return parsed.not_valid_before_utc, parsed.not_valid_after_utc


def _parsed(octets: bytes) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(octets)
    except UNREADABLE:
        raise _wrong("form", "X.509 in DER", octets[:8].hex()) from None


def _purpose(usage: x509.KeyUsage) -> KeyPurpose:
    """The one purpose of the key: a key for two would let one of them be used against the other."""
    purposes = [
        purpose
        for purpose, there in (
            (KeyPurpose.SIGNING, usage.digital_signature),
            (KeyPurpose.AGREEMENT, usage.key_agreement),
            (KeyPurpose.AUTHORITY, usage.key_cert_sign),
        )
        if there
    ]
    if len(purposes) != 1:
        raise _wrong("key usage", "exactly one", ", ".join(purpose.value for purpose in purposes) or "none")
    return purposes[0]


def _wrong(what: str, expected: str, got: object) -> AuthenticationError:
    return AuthenticationError(f"a certificate has a wrong {what}", expected=expected, got=got, clause=CLAUSE)


class CertificateStore:
    """The certificates that one end believes, by holder and purpose: the newest one of each. Serves as `PublicKeys`."""

    __slots__ = ("_certificates", "_curve", "_now_s")

    def __init__(self, curve: Curve, authorities: Iterable[Certificate], now_s: Callable[[], int]) -> None:
        """`authorities` are believed as they are; everything else must descend from them."""
        self._curve = curve
        self._now_s = now_s
        self._certificates: list[Certificate] = list(authorities)

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        """All of them, in the order in which they came."""
        return tuple(self._certificates)

    def take(self, octets: bytes, *, checked: bool = True) -> Certificate:
        """Believe this certificate from now on. Raises AuthenticationError; without `checked` it was believed before."""
        certificate = Certificate.parse(octets)
        if checked:
            self._check(certificate)
        holder = certificate.system_title, certificate.purpose
        kept = [old for old in self._certificates if not old.system_title or (old.system_title, old.purpose) != holder]
        if len(kept) >= CERTIFICATES_MAX:
            raise SecurityError("too many certificates", expected=f"at most {CERTIFICATES_MAX}")
        self._certificates = [*kept, certificate]
        return certificate

    def _check(self, certificate: Certificate) -> None:
        if curve_of(certificate.point) is not self._curve:
            raise _wrong("curve", self._curve.name, curve_of(certificate.point).name)
        certificate.check_valid_at(self._now_s())
        if any(
            (old.serial_number, old.issuer) == (certificate.serial_number, certificate.issuer)
            for old in self._certificates
        ):
            raise _wrong("serial number", "one that its issuer has not given before", certificate.serial_number)
        authorities = [
            authority
            for authority in self._certificates
            if authority.purpose is KeyPurpose.AUTHORITY and authority.subject == certificate.issuer
        ]
        if not authorities:
            raise _wrong("issuer", "an authority that is trusted here", certificate.issuer)
        certificate.check_issued_by(authorities[0])
        authorities[0].check_valid_at(self._now_s())

    def remove(self, certificate: Certificate) -> None:
        """Believe it no longer."""
        self._certificates = [kept for kept in self._certificates if kept != certificate]

    def find(self, system_title: bytes, purpose: KeyPurpose) -> Certificate | None:
        """The certificate of this holder for this purpose."""
        for certificate in self._certificates:
            if (certificate.system_title, certificate.purpose) == (system_title, purpose):
                return certificate
        return None

    def signing_point(self, system_title: bytes) -> bytes:
        """The key that verifies the peer's signatures. Raises AuthenticationError when none is trusted now."""
        return self._point(system_title, KeyPurpose.SIGNING)

    def agreement_point(self, system_title: bytes) -> bytes:
        """The peer's static key for key agreement. Raises AuthenticationError when none is trusted now."""
        return self._point(system_title, KeyPurpose.AGREEMENT)

    def _point(self, system_title: bytes, purpose: KeyPurpose) -> bytes:
        certificate = self.find(system_title, purpose)
        if certificate is None or len(system_title) != SYSTEM_TITLE_OCTETS:
            raise AuthenticationError(
                "no certificate of this system title", expected=purpose.value, got=system_title.hex(), clause=CLAUSE
            )
        certificate.check_valid_at(self._now_s())
        return certificate.point


# Making certificates and requests for them


def certificate_request(key: PrivateKey, system_title: bytes) -> bytes:
    """A request for a certificate (PKCS#10 in DER) of the key of this system title."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(_name(system_title.hex().upper()))
    return builder.sign(key.key, key.curve.digest, ecdsa_deterministic=True).public_bytes(Encoding.DER)


def requested_point(octets: bytes, system_title: bytes) -> bytes:
    """The public key for which the holder of the system title requests a certificate. Raises AuthenticationError."""
    try:
        request = x509.load_der_x509_csr(octets)
        key, names = request.public_key(), request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        holds = request.is_signature_valid
    except UNREADABLE:
        raise _wrong("request", "PKCS#10 in DER", octets[:8].hex()) from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not holds:
        raise _wrong("request", "one signed with the key that it is for", "another")
    if [str(name.value).upper() for name in names] != [system_title.hex().upper()]:
        raise _wrong("request", system_title.hex(), request.subject.rfc4514_string())
    return point_of(key)


class CertificateAuthority:
    """Issues certificates: for laboratories, tests and fleets of virtual meters. What it certifies twice alike is the same."""

    __slots__ = ("_key", "certificate")

    def __init__(self, name: str, key: PrivateKey, from_s: int, days: int = 36_500) -> None:
        self._key = key
        self.certificate = Certificate.parse(
            self._issue(_name(name), _name(name), key.point, KeyPurpose.AUTHORITY, from_s, days)
        )

    def issue(self, system_title: bytes, point: bytes, purpose: KeyPurpose, from_s: int, days: int = 36_500) -> bytes:
        """A certificate in DER."""
        issuer = _parsed(self.certificate.octets).subject
        subject = _name(system_title.hex().upper())
        return self._issue(issuer, subject, point, purpose, from_s, days)

    def _issue(
        self, issuer: x509.Name, subject: x509.Name, point: bytes, purpose: KeyPurpose, from_s: int, days: int
    ) -> bytes:
        begins = datetime.fromtimestamp(from_s, UTC)
        # Of the content, so that an authority that is made again gives no number to two certificates.
        content = f"{subject.rfc4514_string()} {point.hex()} {purpose.value} {from_s} {days}".encode()
        serial = sha256(self._key.point + content).digest()[:16]
        builder = (
            x509.CertificateBuilder()
            .issuer_name(issuer)
            .subject_name(subject)
            .public_key(public_key(point))
            .serial_number(int.from_bytes(serial, "big") >> 1 | 1)
            .not_valid_before(begins)
            .not_valid_after(begins + timedelta(days=days))
            .add_extension(_usage(purpose), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(public_key(self._key.point)), critical=False
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key(point)), critical=False)
        )
        if purpose is KeyPurpose.AUTHORITY:
            builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        signed = builder.sign(self._key.key, self._key.curve.digest, ecdsa_deterministic=True)
        return signed.public_bytes(Encoding.DER)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _usage(purpose: KeyPurpose) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=purpose is KeyPurpose.SIGNING,
        key_agreement=purpose is KeyPurpose.AGREEMENT,
        key_cert_sign=purpose is KeyPurpose.AUTHORITY,
        crl_sign=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        encipher_only=False,
        decipher_only=False,
    )
