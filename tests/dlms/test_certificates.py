"""Certificates: what is believed, and every way in which one may be wrong."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from ferraris.dlms.certificates import (
    Certificate,
    CertificateAuthority,
    CertificateStore,
    KeyPurpose,
    certificate_request,
    requested_point,
)
from ferraris.dlms.elliptic import P_256, P_384, Curve, PrivateKey
from ferraris.kernel.errors import AuthenticationError, SecurityError
from ferraris.kernel.limits import CERTIFICATE_OCTETS_MAX, CERTIFICATES_MAX
from tests.dlms.bottle import CLIENT_TITLE, SERVER_TITLE

NOW_S = 1_800_000_000
DAY_S = 86_400


def key(number: int, curve: Curve = P_256) -> PrivateKey:
    return PrivateKey(number.to_bytes(curve.octets, "big"), curve)


def authority(
    name: str = "a root", number: int = 11, curve: Curve = P_256, from_s: int = NOW_S
) -> CertificateAuthority:
    return CertificateAuthority(name, key(number, curve), from_s)


ROOT = authority()


class Clock:
    now_s = NOW_S

    def __call__(self) -> int:
        return self.now_s


def store(*authorities: CertificateAuthority, curve: Curve = P_256, clock: Clock | None = None) -> CertificateStore:
    certificates = [one.certificate for one in authorities or (ROOT,)]
    return CertificateStore(curve, certificates, clock or Clock())


def issued(
    title: bytes = SERVER_TITLE, purpose: KeyPurpose = KeyPurpose.SIGNING, number: int = 12, from_s: int = NOW_S
) -> bytes:
    return ROOT.issue(title, key(number).point, purpose, from_s)


@pytest.mark.parametrize("purpose", [KeyPurpose.SIGNING, KeyPurpose.AGREEMENT])
@pytest.mark.parametrize("curve", [P_256, P_384], ids=["P-256", "P-384"])
def test_a_certificate_says_whose_key_it_is_and_what_for(purpose: KeyPurpose, curve: Curve) -> None:
    issuer = authority(curve=curve)
    octets = issuer.issue(SERVER_TITLE, key(12, curve).point, purpose, NOW_S)
    held = store(issuer, curve=curve)
    certificate = held.take(octets)
    assert (certificate.system_title, certificate.purpose) == (SERVER_TITLE, purpose)
    assert (certificate.issuer, certificate.subject) == ("CN=a root", f"CN={SERVER_TITLE.hex().upper()}")
    assert certificate.octets == octets
    find = held.signing_point if purpose is KeyPurpose.SIGNING else held.agreement_point
    assert find(SERVER_TITLE) == key(12, curve).point


def test_a_key_serves_its_purpose_only() -> None:
    held = store()
    held.take(issued())
    with pytest.raises(AuthenticationError, match="no certificate"):
        held.agreement_point(SERVER_TITLE)
    with pytest.raises(AuthenticationError, match="no certificate"):
        held.signing_point(CLIENT_TITLE)
    with pytest.raises(AuthenticationError, match="no certificate"):
        held.signing_point(b"")


def test_a_newer_certificate_takes_the_older_ones_place() -> None:
    held = store()
    held.take(issued())
    held.take(issued(number=13))
    assert held.signing_point(SERVER_TITLE) == key(13).point
    assert len(held.certificates) == 2


def test_what_is_removed_is_believed_no_longer() -> None:
    held = store()
    held.remove(held.take(issued()))
    assert held.find(SERVER_TITLE, KeyPurpose.SIGNING) is None


# What is not believed


def test_an_unknown_authority_is_refused() -> None:
    with pytest.raises(AuthenticationError, match="wrong issuer"):
        store().take(authority("another", 21).issue(SERVER_TITLE, key(12).point, KeyPurpose.SIGNING, NOW_S))


def test_an_authority_of_the_same_name_with_another_key_is_refused() -> None:
    with pytest.raises(AuthenticationError, match="wrong signature"):
        store().take(authority(number=21).issue(SERVER_TITLE, key(12).point, KeyPurpose.SIGNING, NOW_S))


def test_a_strangers_own_authority_is_refused() -> None:
    with pytest.raises(AuthenticationError, match="wrong issuer"):
        store().take(authority("another", 21).certificate.octets)
    with pytest.raises(AuthenticationError, match="wrong signature"):
        store().take(authority(number=21).certificate.octets)


def test_a_holder_is_no_authority() -> None:
    """A meter's certificate does not make the meter an issuer of further ones."""
    held = store()
    meter = held.take(issued())
    with pytest.raises(AuthenticationError, match="wrong issuer"):
        Certificate.parse(issued(CLIENT_TITLE)).check_issued_by(meter)


@pytest.mark.parametrize("begins_s", [NOW_S + DAY_S, NOW_S - 3 * DAY_S])
def test_a_certificate_before_and_after_its_time_is_refused(begins_s: int) -> None:
    with pytest.raises(AuthenticationError, match="not valid now"):
        store().take(ROOT.issue(SERVER_TITLE, key(12).point, KeyPurpose.SIGNING, begins_s, days=2))


def test_a_certificate_that_has_run_out_since_is_believed_no_longer() -> None:
    clock = Clock()
    held = store(clock=clock)
    held.take(ROOT.issue(SERVER_TITLE, key(12).point, KeyPurpose.SIGNING, NOW_S, days=1))
    assert held.signing_point(SERVER_TITLE) == key(12).point
    clock.now_s = NOW_S + 2 * DAY_S
    with pytest.raises(AuthenticationError, match="not valid now"):
        held.signing_point(SERVER_TITLE)


def test_an_authority_that_has_run_out_vouches_for_nobody() -> None:
    old = CertificateAuthority("old", key(11), NOW_S - 10 * DAY_S, days=5)
    with pytest.raises(AuthenticationError, match="not valid now"):
        store(old).take(old.issue(SERVER_TITLE, key(12).point, KeyPurpose.SIGNING, NOW_S - DAY_S))


def test_a_certificate_of_another_curve_is_refused() -> None:
    octets = ROOT.issue(SERVER_TITLE, key(12, P_384).point, KeyPurpose.SIGNING, NOW_S)
    with pytest.raises(AuthenticationError, match="wrong curve"):
        store().take(octets)


def test_the_same_certificate_twice_is_refused() -> None:
    held = store()
    octets = issued()
    held.take(octets)
    with pytest.raises(AuthenticationError, match="wrong serial number"):
        held.take(octets)


def test_there_is_room_for_so_many() -> None:
    held = store()
    for number in range(CERTIFICATES_MAX - 1):
        held.take(issued(number.to_bytes(8, "big")))
    with pytest.raises(SecurityError, match="too many"):
        held.take(issued(b"\xff" * 8))


USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def made(name: str = SERVER_TITLE.hex(), usage: tuple[str, ...] = ("digital_signature",), **changes: object) -> bytes:
    """A certificate by hand, with what no authority of ours would issue."""
    signer = ec.generate_private_key(ec.SECP256R1())
    flags = dict.fromkeys(USAGES, False)
    begins = datetime.fromtimestamp(NOW_S, UTC)
    names = [x509.NameAttribute(NameOID.COMMON_NAME, one) for one in name.split(",") if one]
    builder = (
        x509.CertificateBuilder()
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a root")]))
        .subject_name(x509.Name(names))
        .public_key(changes.get("key", signer.public_key()))  # type: ignore[arg-type]
        .serial_number(7)
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=1))
    )
    if usage:
        builder = builder.add_extension(x509.KeyUsage(**{**flags, **dict.fromkeys(usage, True)}), critical=True)
    return builder.sign(signer, hashes.SHA256()).public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    "name", ["", "a meter", "46455230303030", "4645523030303031FF", "4645523030303031,4645523030303032"]
)
def test_a_subject_that_is_no_system_title_is_refused(name: str) -> None:
    with pytest.raises(AuthenticationError, match="wrong subject"):
        Certificate.parse(made(name))


@pytest.mark.parametrize(
    "usage",
    [(), ("key_encipherment",), ("digital_signature", "key_agreement"), ("digital_signature", "key_cert_sign")],
)
def test_a_key_must_have_exactly_one_purpose(usage: tuple[str, ...]) -> None:
    with pytest.raises(AuthenticationError, match=r"key usage|wrong content"):
        Certificate.parse(made(usage=usage))


def test_another_kind_of_key_is_refused() -> None:
    with pytest.raises(AuthenticationError, match="wrong key"):
        Certificate.parse(made(key=rsa.generate_private_key(65537, 2048).public_key()))
    with pytest.raises(SecurityError, match="no suite has this curve"):
        Certificate.parse(made(key=ec.generate_private_key(ec.SECP521R1()).public_key()))


@given(st.binary(max_size=200))
def test_any_octets_are_refused(octets: bytes) -> None:
    with pytest.raises(SecurityError):
        Certificate.parse(octets)


ISSUED = issued()


@given(st.data())
def test_a_flipped_bit_is_noticed(data: st.DataObject) -> None:
    octets = bytearray(ISSUED)
    bit = data.draw(st.integers(0, 8 * len(octets) - 1))
    octets[bit // 8] ^= 1 << bit % 8
    with contextlib.suppress(SecurityError):
        # The count of unused bits before the signature is covered by nothing, and says nothing.
        taken = store().take(bytes(octets))
        assert replace(taken, octets=ISSUED) == Certificate.parse(ISSUED)


def test_a_certificate_too_long_is_not_looked_at() -> None:
    with pytest.raises(AuthenticationError, match="wrong size"):
        Certificate.parse(bytes(CERTIFICATE_OCTETS_MAX + 1))


# Requests


@pytest.mark.parametrize("curve", [P_256, P_384], ids=["P-256", "P-384"])
def test_a_request_proves_that_the_key_is_held(curve: Curve) -> None:
    octets = certificate_request(key(5, curve), SERVER_TITLE)
    assert requested_point(octets, SERVER_TITLE) == key(5, curve).point
    with pytest.raises(AuthenticationError):
        requested_point(octets, CLIENT_TITLE)


@given(st.data())
def test_a_changed_request_is_refused(data: st.DataObject) -> None:
    octets = bytearray(certificate_request(key(5), SERVER_TITLE))
    bit = data.draw(st.integers(0, 8 * len(octets) - 1))
    octets[bit // 8] ^= 1 << bit % 8
    with contextlib.suppress(SecurityError):
        # A point at infinity in the signature's encoding aside, nothing but the same request may pass.
        assert requested_point(bytes(octets), SERVER_TITLE) == key(5).point


@given(st.binary(max_size=200))
def test_any_octets_are_no_request(octets: bytes) -> None:
    with pytest.raises(AuthenticationError):
        requested_point(octets, SERVER_TITLE)


def test_a_lifetime_that_no_calendar_has_is_refused() -> None:
    octets = bytearray(issued())
    place = octets.rindex(b"Z")  # the end of its time
    year = octets.rindex(b"\x18\x0f", 0, place) + 2
    octets[year : year + 4] = b"0000"
    with pytest.raises(AuthenticationError, match="content"):
        Certificate.parse(bytes(octets))
