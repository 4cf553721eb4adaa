"""Key agreement and signatures against the Green Book's examples, and refusals."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from ferraris.dlms.key_agreement import (
    AES_GCM_128,
    AES_GCM_128_EDITION_8,
    CURVES,
    Curve,
    curve_of,
    derive_key,
    is_on_curve,
    public_key_of,
    shared_secret,
    verify_signature,
)
from ferraris.kernel.errors import AuthenticationError, SecurityError

CLIENT, SERVER = bytes.fromhex("4d4d4d0000bc614e"), bytes.fromhex("4d4d4d0000000001")
SERVER_STATIC = bytes.fromhex("aad3fd0732e991cf52a74c66c1f2827ddc53522a2e0a169d7c4ffcc0fb5d6a4d")
CLIENT_EPHEMERAL = bytes.fromhex(
    "c323c2bd45711de4688637d919f92e9db8fb2dfc213a88d21c9dc8dcba917d8170511de1badb360d50058f794b0960ae11fa28d392cff907a62d13e3357b1dc0"
)
SECRET = bytes.fromhex("0d4385ba0dd756cbcab9887eb538396ee8f090a14c1079b4359f115b977f4615")


def keys_of(curve: Curve, number: int) -> tuple[bytes, bytes]:
    private = number.to_bytes(curve.octets, "big")
    return private, public_key_of(private, curve)


def sign(curve: Curve, private: bytes, message: bytes) -> bytes:
    key = ec.derive_private_key(int.from_bytes(private, "big"), curve.parameters)
    r, s = utils.decode_dss_signature(key.sign(message, ec.ECDSA(curve.digest)))
    return r.to_bytes(curve.octets, "big") + s.to_bytes(curve.octets, "big")


def test_the_worked_example_and_both_algorithm_ids() -> None:
    assert shared_secret(SERVER_STATIC, CLIENT_EPHEMERAL) == SECRET
    assert derive_key(SECRET, AES_GCM_128, CLIENT, SERVER).hex() == "59a71fd81c929a86a99438da17a66c05"
    assert derive_key(SECRET, AES_GCM_128_EDITION_8, CLIENT, SERVER).hex() == "8cd08ff02eac71712de8449dc8331833"


def test_the_parties_are_not_exchangeable() -> None:
    assert derive_key(SECRET, AES_GCM_128, CLIENT, SERVER) != derive_key(SECRET, AES_GCM_128, SERVER, CLIENT)


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_both_ends_find_the_same_secret(curve: Curve) -> None:
    (private_u, public_u), (private_v, public_v) = keys_of(curve, 0x1234567), keys_of(curve, 0xFEDCBA9)
    assert shared_secret(private_u, public_v) == shared_secret(private_v, public_u)
    assert curve_of(public_u) is curve
    assert is_on_curve(public_u)


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_a_signature_verifies_for_its_message_and_key_only(curve: Curve) -> None:
    private, public = keys_of(curve, 0xABCDEF)
    other = keys_of(curve, 0xABCDEE)[1]
    signature = sign(curve, private, b"an ephemeral key")
    assert verify_signature(public, signature, b"an ephemeral key") is curve
    for key, signed, message in (
        (public, signature, b"an ephemeral kez"),
        (other, signature, b"an ephemeral key"),
        (public, bytes((signature[0] ^ 1,)) + signature[1:], b"an ephemeral key"),
        (public, bytes(len(signature)), b"an ephemeral key"),
        (public, signature[:-1], b"an ephemeral key"),
    ):
        with pytest.raises(AuthenticationError):
            verify_signature(key, signed, message)


def test_each_curve_has_the_hash_of_its_suite() -> None:
    assert [type(curve.digest) for curve in CURVES] == [hashes.SHA256, hashes.SHA384]


def test_a_point_beside_the_curve_is_refused() -> None:
    beside = bytes((CLIENT_EPHEMERAL[0] ^ 1,)) + CLIENT_EPHEMERAL[1:]
    assert not is_on_curve(beside)
    for refused in (lambda: shared_secret(SERVER_STATIC, beside), lambda: verify_signature(beside, bytes(64), b"")):
        with pytest.raises(SecurityError) as caught:
            refused()
        assert caught.value.summary == "a point is not on its curve"


@pytest.mark.parametrize("octets", [0, 1, 63, 65, 128])
def test_points_of_no_curve_are_refused(octets: int) -> None:
    assert not is_on_curve(bytes(octets))
    with pytest.raises(SecurityError):
        curve_of(bytes(octets))


@pytest.mark.parametrize(
    "private", [b"", bytes(32), b"\xff" * 32, b"\xff" * 40], ids=["none", "zero", "too large", "too long"]
)
def test_numbers_that_are_no_private_key_are_refused(private: bytes) -> None:
    with pytest.raises(SecurityError):
        shared_secret(private, CLIENT_EPHEMERAL)
