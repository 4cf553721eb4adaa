"""What opens and believes: ciphered APDUs in every form, pushes, wrapped and agreed keys, certificates and requests for them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from ferraris.cosem import KeyId, SecuritySuite
from ferraris.dlms import Ciphering, Envelope, Layer, PushReceiver, PushSecurity, protect_push, unwrap_key, wrap_key
from ferraris.dlms.apdu import DEDICATED_CIPHERED_TAGS, GLOBAL_CIPHERED_TAGS
from ferraris.dlms.certificates import (
    Certificate,
    CertificateAuthority,
    CertificateStore,
    KeyPurpose,
    certificate_request,
    requested_point,
)
from ferraris.dlms.elliptic import P_256, curve_of_suite
from ferraris.dlms.key_agreement import offer, offered_point, shared_secret
from tests.dlms.bottle import CLIENT_TITLE, GET_VALUE, KEYS, SERVER_TITLE, Counter, Guard
from tests.dlms.hls.ends import signing_key
from tests.dlms.pushes import notification, readings
from tests.dlms.test_general_protection import NESTINGS, ends
from tests.fuzz.seeds import seeds

FORMS: tuple[Ciphering | Envelope, ...] = (
    Ciphering.GLOBAL,
    Ciphering.GENERAL_GLOBAL,
    *(Envelope((layer,)) for layer in (Layer.IDENTIFIED, Layer.BROADCAST, Layer.WRAPPED, Layer.SIGNED)),
    *(Envelope(nesting) for nesting in NESTINGS),
)
PROTECTED = frozenset(
    bytes((tag,)) for tag in (*GLOBAL_CIPHERED_TAGS, *DEDICATED_CIPHERED_TAGS, 0xDB, 0xDC, 0xDD, 0xDF)
)
MASTER = bytes(range(16))
NOW_S = 1_800_000_000


def protection(octets: bytes) -> None:
    """An octet for the form, one for how many octets are changed and where, then the APDU: opened, it is what was closed, or
    refused."""
    if len(octets) < 3:
        return
    client, server = ends(SecuritySuite.SUITE_1)
    changes = octets[1] % 4
    places, apdu = octets[2 : 2 + 3 * changes], octets[2 + 3 * changes :]
    if not apdu:
        return
    sealed = bytearray(client.close(apdu, FORMS[octets[0] % len(FORMS)]))
    for place in range(0, len(places), 3):
        sealed[int.from_bytes(places[place : place + 2], "big") % len(sealed)] ^= places[place + 2]
    if bytes(sealed[:1]) in PROTECTED:
        assert server.open(bytes(sealed)).apdu == apdu


def opened_only(octets: bytes) -> None:
    """Octets that nobody closed, as far as their tag is one of a protected APDU."""
    if octets[:1] not in PROTECTED:
        return
    _, server = ends(SecuritySuite.SUITE_1)
    server.open(octets)


@cache
def protection_seeds() -> tuple[bytes, ...]:
    apdu = GET_VALUE.encode()
    return tuple(
        bytes((form, changes)) + bytes((0, place, 1)) * changes + apdu
        for form in range(len(FORMS))
        for changes, place in ((0, 0), (1, 1), (1, 12), (2, 30))
    )


@cache
def opened_seeds() -> tuple[bytes, ...]:
    client, _ = ends(SecuritySuite.SUITE_1)
    return tuple(client.close(GET_VALUE.encode(), form) for form in FORMS)


def push(octets: bytes) -> None:
    """By the first octet: a push as it came, or one that its meter has ciphered, whatever is in it."""
    receiver = PushReceiver({SERVER_TITLE: PushSecurity(KEYS, Guard())}.get)
    if octets[:1] == b"\x00":
        receiver.receive(octets[1:])
    else:
        receiver.receive(protect_push(octets[1:], SERVER_TITLE, KEYS, Counter()))


@cache
def push_seeds() -> tuple[bytes, ...]:
    plain = (*seeds()["notification"], notification(readings(1, 2, 3)))
    sealed = tuple(b"\x00" + protect_push(octets, SERVER_TITLE, KEYS, Counter()) for octets in plain)
    return (*sealed, *(b"\x01" + octets for octets in plain))


@cache
def _signer() -> bytes:
    return signing_key(CLIENT_TITLE, SecuritySuite.SUITE_1).point


def key_material(octets: bytes) -> None:
    """Wrapped keys, offers of a key agreement, points, and certificate requests, by the first octet."""
    readers: tuple[Callable[[bytes], object], ...] = (
        lambda given: unwrap_key(MASTER, given),
        lambda given: offered_point(KeyId.GLOBAL_UNICAST_ENCRYPTION_KEY, given, _signer()),
        lambda given: shared_secret(b"\x01" * 32, given),
        lambda given: requested_point(given, CLIENT_TITLE),
    )
    if octets:
        readers[octets[0] % len(readers)](octets[1:])


@cache
def key_material_seeds() -> tuple[bytes, ...]:
    key = signing_key(CLIENT_TITLE, SecuritySuite.SUITE_1)
    return (
        b"\x00" + wrap_key(MASTER, bytes(16)),
        b"\x01" + offer(KeyId.GLOBAL_UNICAST_ENCRYPTION_KEY, signing_key(SERVER_TITLE, SecuritySuite.SUITE_1), key),
        b"\x02" + key.point,
        b"\x03" + certificate_request(key, CLIENT_TITLE),
    )


@cache
def _authority() -> CertificateAuthority:
    return CertificateAuthority("a root", signing_key(b"ROOT0001", SecuritySuite.SUITE_1), NOW_S)


def certificate(octets: bytes) -> None:
    """Parsed, and taken into a store only with the authority's signature."""
    parsed = Certificate.parse(octets)
    store = CertificateStore(P_256, [_authority().certificate], lambda: NOW_S)
    store.take(octets)
    assert parsed.purpose is not KeyPurpose.AUTHORITY


@cache
def certificate_seeds() -> tuple[bytes, ...]:
    point = signing_key(CLIENT_TITLE, SecuritySuite.SUITE_1).point
    issued = [_authority().issue(CLIENT_TITLE, point, purpose, NOW_S) for purpose in list(KeyPurpose)[:2]]
    other = CertificateAuthority("another", signing_key(b"ROOT0002", SecuritySuite.SUITE_2), NOW_S)
    assert curve_of_suite(SecuritySuite.SUITE_1) is P_256
    return (*issued, other.certificate.octets)


@cache
def envelope_seeds() -> tuple[bytes, ...]:
    return tuple(octets for octets in opened_seeds() if octets[0] in (0xDD, 0xDF))


@cache
def public_key_seeds() -> tuple[bytes, ...]:
    """A point, a key and a certificate, in DER and in PEM."""
    key = signing_key(CLIENT_TITLE, SecuritySuite.SUITE_1)
    forms = [
        key.key.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
        for encoding in (Encoding.DER, Encoding.PEM)
    ]
    return (key.point, *forms, certificate_seeds()[0])


@cache
def private_key_seeds() -> tuple[bytes, ...]:
    key = signing_key(CLIENT_TITLE, SecuritySuite.SUITE_1).key
    return (key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),)
