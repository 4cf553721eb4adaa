"""Ciphered APDUs opened with all, some, wrong or no keys."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferraris.cosem import SecuritySuite
from ferraris.dlms import CertificateAuthority, KeyPurpose
from ferraris.dlms.apdu import (
    AgreedKey,
    CipheredApdu,
    GeneralCiphering,
    GeneralDedicatedCiphering,
    GeneralGlobalCiphering,
    GeneralSigning,
    IdentifiedKey,
    ServiceCiphered,
    WrappedKey,
    decode_general_ciphering,
    decode_general_signing,
)
from ferraris.dlms.ciphering import CipherKeys, wrap_key
from ferraris.dlms.elliptic import CURVES, PrivateKey
from ferraris.dlms.inspect.keys import InspectionKeys
from ferraris.dlms.inspect.protection import Opened, key_info_text, open_ciphered, split_key_material
from ferraris.dlms.key_agreement import derive_key, shared_secret
from ferraris.dlms.settings import Envelope
from ferraris.dlms.settings import Layer as EnvelopeLayer
from ferraris.kernel.errors import AuthenticationError, DecodeError, SecurityError
from tests.dlms.bottle import CLIENT_TITLE, SERVER_TITLE
from tests.dlms.hls.ends import agreement_key, signing_key, suite_keys
from tests.dlms.test_general_protection import ends

EK, AK, DEDICATED, KEK = (bytes((n,)) * 16 for n in (1, 2, 3, 4))
TITLE, PEER = b"FERHES01", b"FER\x00\x00\x00\x00\x01"
PLAIN = bytes.fromhex("c001c1 0008 0000010000ff 02 00")
KEYS = InspectionKeys(EK, AK, TITLE, DEDICATED, KEK)


def protect(control: int, key: bytes = EK, plain: bytes = PLAIN) -> bytes:
    return CipherKeys(key, AK).protect(control, TITLE, 7, plain)


def general(key_info: object, octets: bytes) -> GeneralCiphering:
    return GeneralCiphering(b"\x01", TITLE, PEER, b"", b"", key_info, octets)  # type: ignore[arg-type]


ALL_WAYS: list[CipheredApdu] = [
    ServiceCiphered(0xC8, protect(0x30)),
    ServiceCiphered(0xC8, protect(0x20)),
    ServiceCiphered(0xC8, protect(0x10)),
    ServiceCiphered(0xD0, protect(0x30, DEDICATED)),
    GeneralGlobalCiphering(TITLE, protect(0x30)),
    GeneralGlobalCiphering(b"", protect(0x30)),
    GeneralDedicatedCiphering(TITLE, protect(0x30, DEDICATED)),
    general(None, protect(0x30)),
    general(IdentifiedKey(0), protect(0x30)),
    general(WrappedKey(0, wrap_key(KEK, b"\x09" * 16)), protect(0x30, b"\x09" * 16)),
]


@pytest.mark.parametrize("apdu", ALL_WAYS, ids=lambda apdu: f"{type(apdu).__name__} {apdu.octets[0]:02x}")
def test_every_way_opens_with_its_keys(apdu: CipheredApdu) -> None:
    layer, plain = open_ciphered(apdu, KEYS)
    assert plain == PLAIN
    assert layer["plain"] == PLAIN.hex()
    assert layer["invocation_counter"] == 7
    assert layer["verified"] == (layer["security_control"] != "20")
    assert layer["warnings"] == []
    assert ("tag" in layer) == layer["verified"]


@pytest.mark.parametrize("apdu", ALL_WAYS, ids=lambda apdu: f"{type(apdu).__name__} {apdu.octets[0]:02x}")
def test_without_keys_it_stays_closed_with_a_warning(apdu: CipheredApdu) -> None:
    opened = open_ciphered(apdu, InspectionKeys())
    [warning] = [text for text in opened.layer["warnings"] if "signature" not in text]
    if opened.layer["security_control"] == "10":
        assert (opened.plain, opened.layer["verified"]) == (PLAIN, False)
        assert "not verified" in warning
    else:
        assert opened.plain is None
        assert "not deciphered" in warning


@pytest.mark.parametrize("apdu", [ALL_WAYS[0], ALL_WAYS[4], ALL_WAYS[8]], ids=lambda apdu: type(apdu).__name__)
def test_without_the_authentication_key_it_is_read_but_not_verified(apdu: CipheredApdu) -> None:
    layer, plain = open_ciphered(apdu, replace(KEYS, authentication_key=b""))
    assert plain == PLAIN
    assert layer["verified"] is False
    assert layer["warnings"] == ["no authentication key: the authentication tag was not verified"]


@pytest.mark.parametrize("keys", [KEYS, InspectionKeys()], ids=["keys", "none"])
def test_an_apdu_that_nothing_protects_is_read_as_it_is(keys: InspectionKeys) -> None:
    layer, plain = open_ciphered(ServiceCiphered(0xC8, bytes(5) + PLAIN), keys)
    assert plain == PLAIN
    assert (layer["verified"], layer["security_control"]) == (False, "00")


def test_a_key_without_a_system_title_opens_nothing() -> None:
    layer, plain = open_ciphered(ALL_WAYS[0], replace(KEYS, system_title=b""))
    assert plain is None
    assert layer["warnings"] == ["no system title of the sender: not deciphered"]


@pytest.mark.parametrize("name", ["encryption_key", "authentication_key", "system_title"])
def test_a_wrong_key_is_refused(name: str) -> None:
    wrong = replace(KEYS, **{name: b"\xff" * len(getattr(KEYS, name))})
    with pytest.raises(AuthenticationError):
        open_ciphered(ALL_WAYS[0], wrong)


def test_a_wrong_key_encrypting_key_is_refused() -> None:
    with pytest.raises(AuthenticationError):
        open_ciphered(ALL_WAYS[-1], replace(KEYS, key_encrypting_key=b"\xff" * 16))


@pytest.mark.parametrize("title", [b"x", b"1234567", b"123456789", bytes(200)])
def test_a_system_title_of_another_size_is_refused(title: bytes) -> None:
    with pytest.raises(SecurityError):
        open_ciphered(GeneralGlobalCiphering(title, protect(0x30)), KEYS)


@pytest.mark.parametrize("octets", [b"", b"\x30", b"\x30\x00\x00\x00"])
def test_a_cut_header_is_refused(octets: bytes) -> None:
    with pytest.raises(DecodeError):
        open_ciphered(ServiceCiphered(0xC8, octets), KEYS)


@pytest.mark.parametrize(
    "keys", [KEYS, replace(KEYS, authentication_key=b""), InspectionKeys()], ids=["all", "no ak", "none"]
)
@pytest.mark.parametrize("control", [0x30, 0x10])
def test_a_cut_tag_is_refused(control: int, keys: InspectionKeys) -> None:
    octets = bytes((control, 0, 0, 0, 1)) + bytes(11)
    if control == 0x30 and not keys.encryption_key:
        assert open_ciphered(ServiceCiphered(0xC8, octets), keys).plain is None
        return
    with pytest.raises(DecodeError):
        open_ciphered(ServiceCiphered(0xC8, octets), keys)


CURVE = CURVES[0]
STATIC = b"\x11" * 32
EPHEMERAL = b"\x22" * 32


def agreed(parameters: bytes = b"\x01", material: bytes | None = None) -> GeneralCiphering:
    point = PrivateKey(EPHEMERAL, CURVE).point
    secret = shared_secret(EPHEMERAL, PrivateKey(STATIC, CURVE).point)
    key = derive_key(secret, bytes.fromhex("60857405080300"), TITLE, PEER)
    return general(AgreedKey(parameters, point + bytes(64) if material is None else material), protect(0x30, key))


def test_an_agreed_key_is_derived_from_the_static_private_key() -> None:
    layer, plain = open_ciphered(agreed(), InspectionKeys(authentication_key=AK, static_private_key=STATIC))
    assert plain == PLAIN
    assert layer["verified"] is True
    assert layer["kdf_algorithm_id"] == "60857405080300"
    assert layer["warnings"] == ["the signature of the ephemeral key was not verified"]


def test_another_algorithm_id_derives_another_key() -> None:
    keys = InspectionKeys(
        authentication_key=AK, static_private_key=STATIC, kdf_algorithm_id=bytes.fromhex("60857406080300")
    )
    with pytest.raises(AuthenticationError):
        open_ciphered(agreed(), keys)


@pytest.mark.parametrize(
    ("apdu", "static"),
    [(agreed(), b""), (agreed(b"\x02"), STATIC), (agreed(material=b""), STATIC), (agreed(material=bytes(128)), STATIC)],
    ids=["no private key", "other parameters", "no material", "no point"],
)
def test_an_agreement_that_cannot_be_followed_stays_closed(apdu: GeneralCiphering, static: bytes) -> None:
    opened = open_ciphered(apdu, InspectionKeys(authentication_key=AK, static_private_key=static))
    assert opened.plain is None
    assert "no private key for this key agreement" in opened.layer["warnings"]


def test_no_key_is_ever_in_a_layer() -> None:
    opened: list[Opened] = [open_ciphered(apdu, KEYS) for apdu in ALL_WAYS]
    opened.append(open_ciphered(agreed(), InspectionKeys(authentication_key=AK, static_private_key=STATIC)))
    shown = repr([layer for layer, _ in opened])
    for key in (EK, AK, DEDICATED, KEK, STATIC):
        assert key.hex() not in shown


def test_a_signed_apdu_is_shown_unverified() -> None:
    layer, plain = open_ciphered(GeneralSigning(b"\x01", TITLE, PEER, b"", b"", PLAIN, bytes(64)), KEYS)
    assert plain == PLAIN
    assert (layer["verified"], layer["signature"]) == (False, bytes(64).hex())


@pytest.mark.parametrize(
    ("info", "text"),
    [
        (IdentifiedKey(0), "identified-key, global unicast"),
        (IdentifiedKey(1), "identified-key, global broadcast"),
        (IdentifiedKey(9), "identified-key, 9"),
        (WrappedKey(0, b""), "wrapped-key, under key 0"),
        (AgreedKey(b"\x01", b""), "agreed-key, parameters 01"),
    ],
)
def test_key_info_in_words(info: IdentifiedKey | WrappedKey | AgreedKey, text: str) -> None:
    assert key_info_text(info) == text


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_key_material_is_split_where_its_key_is_a_point(curve: object) -> None:
    point = PrivateKey(b"\x07", curve).point  # type: ignore[arg-type]
    size = len(point)
    assert split_key_material(point + b"s" * size) == {
        "curve": curve.name,  # type: ignore[attr-defined]
        "ephemeral_public_key": point.hex(),
        "signature": (b"s" * size).hex(),
    }
    assert split_key_material(bytes(2 * size)) == {}
    assert split_key_material(point + b"s" * (size - 1)) == {}
    assert split_key_material(point) == {}


# Suites 1 and 2, headers under the tag, signatures


def keys_of(suite: SecuritySuite) -> InspectionKeys:
    """All that the recipient of a request knows."""
    symmetric = suite_keys(suite)
    return InspectionKeys(
        symmetric.encryption_key,
        symmetric.authentication_key,
        CLIENT_TITLE,
        key_encrypting_key=b"M" * len(symmetric.encryption_key),
        static_private_key=agreement_key(SERVER_TITLE, suite).octets,
        signing_public_key=signing_key(CLIENT_TITLE, suite).point,
        agreement_public_key=agreement_key(CLIENT_TITLE, suite).point,
    )


def request_in(layer: EnvelopeLayer, suite: SecuritySuite, *, covers: bool = True) -> CipheredApdu:
    client, _ = ends(suite, tag_covers_header=covers)
    octets = client.close(PLAIN, Envelope((layer,)))
    decode = decode_general_signing if layer is EnvelopeLayer.SIGNED else decode_general_ciphering
    return decode(octets)


OPENED = [layer for layer in EnvelopeLayer if layer is not EnvelopeLayer.BROADCAST]
each_suite = pytest.mark.parametrize("suite", [SecuritySuite.SUITE_1, SecuritySuite.SUITE_2])


@each_suite
@pytest.mark.parametrize("kind", OPENED)
@pytest.mark.parametrize("covers", [True, False])
def test_suites_with_curves(suite: SecuritySuite, kind: EnvelopeLayer, *, covers: bool) -> None:
    layer, plain = open_ciphered(request_in(kind, suite, covers=covers), keys_of(suite))
    assert (plain, layer["verified"], layer["warnings"]) == (PLAIN, True, [])
    assert layer.get("tag_covers_header", False) == (covers and kind is not EnvelopeLayer.SIGNED)


@each_suite
@pytest.mark.parametrize("kind", OPENED)
def test_a_changed_header_does_not_verify(suite: SecuritySuite, kind: EnvelopeLayer) -> None:
    changed = replace(request_in(kind, suite), other_information=b"otherwise")  # type: ignore[call-arg]
    with pytest.raises(AuthenticationError):
        open_ciphered(changed, keys_of(suite))


@each_suite
@pytest.mark.parametrize("kind", [EnvelopeLayer.SIGNED, EnvelopeLayer.ONE_PASS])
def test_signatures_without_with_a_wrong_and_with_a_certified_key(suite: SecuritySuite, kind: EnvelopeLayer) -> None:
    apdu, keys = request_in(kind, suite), keys_of(suite)
    unknown, plain = open_ciphered(apdu, replace(keys, signing_public_key=b""))
    assert plain == PLAIN
    assert "not verified" in unknown["warnings"][0]
    with pytest.raises(AuthenticationError, match="signature"):
        open_ciphered(apdu, replace(keys, signing_public_key=signing_key(SERVER_TITLE, suite).point))
    authority = CertificateAuthority("Test", signing_key(SERVER_TITLE, suite), 0)
    certificate = authority.issue(CLIENT_TITLE, keys.signing_public_key, KeyPurpose.SIGNING, 0)
    certified = replace(keys, signing_public_key=b"", signing_certificate=certificate)
    assert open_ciphered(apdu, certified).layer["warnings"] == []
    with pytest.raises(SecurityError):
        open_ciphered(apdu, replace(certified, signing_certificate=b"no certificate"))


@each_suite
def test_a_static_agreement_needs_both_keys(suite: SecuritySuite) -> None:
    apdu = request_in(EnvelopeLayer.STATIC_UNIFIED, suite)
    for lacking in ("static_private_key", "agreement_public_key"):
        layer, plain = open_ciphered(apdu, replace(keys_of(suite), **{lacking: b""}))
        assert plain is None
        assert "no private key for this key agreement" in layer["warnings"]


def test_a_key_of_suite_2_opens_without_its_authentication_key() -> None:
    apdu, keys = request_in(EnvelopeLayer.IDENTIFIED, SecuritySuite.SUITE_2), keys_of(SecuritySuite.SUITE_2)
    layer, plain = open_ciphered(apdu, replace(keys, authentication_key=b""))
    assert (plain, layer["verified"]) == (PLAIN, False)
