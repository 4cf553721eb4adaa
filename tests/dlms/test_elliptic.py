"""Curves, points and signatures against the published examples, and refusals of what is none of them."""

from __future__ import annotations

import contextlib
import copy
import pickle

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cosem import SecuritySuite
from ferraris.dlms.elliptic import (
    CURVES,
    P_256,
    P_384,
    Curve,
    PrivateKey,
    curve_of,
    curve_of_suite,
    is_on_curve,
    point_of,
    verify_signature,
)
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import AuthenticationError, SecurityError
from tests.dlms.vectors import vectors

POINT = PrivateKey((7).to_bytes(32, "big"), P_256).point
curves = pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)


def key_of(curve: Curve, number: int) -> PrivateKey:
    return PrivateKey(number.to_bytes(curve.octets, "big"), curve)


@pytest.mark.parametrize("row", vectors("ecdsa-signature"), ids=lambda row: row["id"])
def test_published_signatures(row: dict) -> None:  # type: ignore[type-arg]
    point, signature = bytes.fromhex(row["keys"]["public"]), bytes.fromhex(row["hex"])
    message = bytes.fromhex(row["expected"]["message"])
    if row["expected"].get("valid", True):
        assert verify_signature(point, signature, message) is curve_of(point)
    else:
        with pytest.raises(AuthenticationError):
            verify_signature(point, signature, message)


def test_a_published_private_key_has_its_public_key() -> None:
    (row,) = [row for row in vectors("ecdsa-signature") if "private" in row["keys"]]
    key = PrivateKey(bytes.fromhex(row["keys"]["private"]), P_256)
    assert key.point.hex() == row["keys"]["public"]
    message = bytes.fromhex(row["expected"]["message"])
    verify_signature(key.point, key.sign(message), message)


@curves
def test_a_signature_verifies_for_its_message_and_key_only(curve: Curve) -> None:
    key, other = key_of(curve, 0xABCDEF), key_of(curve, 0xABCDEE)
    signature = key.sign(b"an ephemeral key")
    assert len(signature) == 2 * curve.octets
    assert verify_signature(key.point, signature, b"an ephemeral key") is curve
    for point, signed, message in (
        (key.point, signature, b"an ephemeral kez"),
        (other.point, signature, b"an ephemeral key"),
        (key.point, bytes((signature[0] ^ 1,)) + signature[1:], b"an ephemeral key"),
        (key.point, bytes(len(signature)), b"an ephemeral key"),
        (key.point, signature[:-1], b"an ephemeral key"),
    ):
        with pytest.raises(AuthenticationError):
            verify_signature(point, signed, message)


@curves
@given(st.binary(max_size=100), st.binary(max_size=200))
def test_any_octets_are_no_signature(curve: Curve, signature: bytes, message: bytes) -> None:
    with pytest.raises(AuthenticationError):
        verify_signature(key_of(curve, 5).point, signature, message)


@curves
def test_a_signature_tells_nothing_new_the_second_time(curve: Curve) -> None:
    assert key_of(curve, 77).sign(b"x") == key_of(curve, 77).sign(b"x")


def test_each_curve_has_the_hash_of_its_suite() -> None:
    assert [type(curve.digest) for curve in CURVES] == [hashes.SHA256, hashes.SHA384]
    assert curve_of_suite(SecuritySuite.SUITE_1) is P_256
    assert curve_of_suite(SecuritySuite.SUITE_2) is P_384
    with pytest.raises(SecurityError, match="suite 0"):
        curve_of_suite(SecuritySuite.SUITE_0)


@curves
def test_both_ends_find_the_same_secret(curve: Curve) -> None:
    ours, theirs = key_of(curve, 0x1234567), key_of(curve, 0xFEDCBA9)
    assert ours.shared_secret(theirs.point) == theirs.shared_secret(ours.point)
    assert curve_of(ours.point) is curve
    assert is_on_curve(ours.point)


def test_a_point_beside_the_curve_is_refused() -> None:
    beside = bytes((POINT[0] ^ 1,)) + POINT[1:]
    assert not is_on_curve(beside)
    for refused in (lambda: key_of(P_256, 9).shared_secret(beside), lambda: verify_signature(beside, bytes(64), b"")):
        with pytest.raises(SecurityError, match="a point is not on its curve"):
            refused()


def test_a_point_of_the_other_curve_is_refused() -> None:
    with pytest.raises(SecurityError, match="another curve"):
        key_of(P_256, 9).shared_secret(key_of(P_384, 9).point)
    foreign = ec.generate_private_key(ec.SECP521R1()).public_key()
    with pytest.raises(SecurityError, match="no suite has this curve"):
        point_of(foreign)


@pytest.mark.parametrize("octets", [0, 1, 63, 64, 65, 96, 128])
def test_points_of_no_curve_are_refused(octets: int) -> None:
    """All zero octets are no point of either curve; the point at infinity has no such form."""
    assert not is_on_curve(bytes(octets))


@given(st.binary(min_size=60, max_size=100))
def test_any_octets_are_points_or_refused(octets: bytes) -> None:
    with contextlib.suppress(SecurityError):
        assert len(key_of(P_256, 3).shared_secret(octets)) == 32


@pytest.mark.parametrize(
    "private", [b"", bytes(32), b"\xff" * 32, b"\xff" * 40], ids=["none", "zero", "too large", "too long"]
)
def test_numbers_that_are_no_private_key_are_refused(private: bytes) -> None:
    with pytest.raises(SecurityError, match="not a private key"):
        PrivateKey(private, P_256)


@curves
def test_generated_keys_differ_and_are_repeated_by_their_seed(curve: Curve) -> None:
    entropy = SeededEntropy(1)
    points = [PrivateKey.generate(curve, entropy).point for _ in range(5)]
    assert len(set(points)) == 5
    assert PrivateKey.generate(curve, SeededEntropy(1)).point == points[0]


def test_a_private_key_never_shows() -> None:
    key = key_of(P_256, 0x42)
    assert "42" not in repr(key)
    for leak in (pickle.dumps, copy.deepcopy):
        with pytest.raises(SecurityError):
            leak(key)
