"""Key derivation against the Green Book's examples, the key data of an agreement, and refusals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cosem import KeyId, SecuritySuite
from ferraris.dlms.elliptic import P_256, P_384, PrivateKey, verify_signature
from ferraris.dlms.key_agreement import (
    AES_GCM_128,
    AES_GCM_128_EDITION_8,
    AlgorithmArcs,
    algorithm_id,
    derive_key,
    offer,
    offered_point,
    shared_secret,
    split_signed_point,
    static_party_u,
)
from ferraris.kernel.errors import AuthenticationError, SecurityError
from tests.dlms.vectors import vectors

CLIENT, SERVER = bytes.fromhex("4d4d4d0000bc614e"), bytes.fromhex("4d4d4d0000000001")
SERVER_STATIC = bytes.fromhex("aad3fd0732e991cf52a74c66c1f2827ddc53522a2e0a169d7c4ffcc0fb5d6a4d")
CLIENT_EPHEMERAL = bytes.fromhex(
    "c323c2bd45711de4688637d919f92e9db8fb2dfc213a88d21c9dc8dcba917d8170511de1badb360d50058f794b0960ae11fa28d392cff907a62d13e3357b1dc0"
)
SECRET = bytes.fromhex("0d4385ba0dd756cbcab9887eb538396ee8f090a14c1079b4359f115b977f4615")
SIGNER = PrivateKey((0xABCDEF).to_bytes(32, "big"), P_256)
EPHEMERAL = PrivateKey((0x1234567).to_bytes(32, "big"), P_256)


@pytest.mark.parametrize("row", vectors("key-agreement"), ids=lambda row: row["id"])
def test_the_examples_of_edition_8(row: dict) -> None:  # type: ignore[type-arg]
    keys, expected = row["keys"], row["expected"]
    secret = bytes.fromhex(expected["shared_secret"])
    for name in keys:
        if not name.endswith("private"):
            continue
        points = [bytes.fromhex(value) for other, value in keys.items() if other.endswith("public")]
        points.append(bytes.fromhex(row["hex"]))
        assert secret in [shared_secret(bytes.fromhex(keys[name]), point) for point in points]
    party_u, party_v = bytes.fromhex(keys["system_title_u"]), bytes.fromhex(keys["system_title_v"])
    derived = derive_key(secret, AES_GCM_128_EDITION_8, party_u, party_v)
    assert derived.hex() == (expected.get("derived_key") or expected["derived_guek"])


def test_the_later_example_has_the_other_algorithm_id() -> None:
    assert shared_secret(SERVER_STATIC, CLIENT_EPHEMERAL) == SECRET
    assert derive_key(SECRET, AES_GCM_128, CLIENT, SERVER).hex() == "59a71fd81c929a86a99438da17a66c05"
    assert derive_key(SECRET, AES_GCM_128_EDITION_8, CLIENT, SERVER).hex() == "8cd08ff02eac71712de8449dc8331833"


def test_the_signed_key_that_an_agreement_offers_is_the_published_one() -> None:
    """Key id 0, then the ephemeral key: what the published signature is over."""
    (row,) = [row for row in vectors("ecdsa-signature") if "private" in row["keys"]]
    signer, message = bytes.fromhex(row["keys"]["public"]), bytes.fromhex(row["expected"]["message"])
    key_data = message[1:] + bytes.fromhex(row["hex"])
    assert offered_point(KeyId.GLOBAL_UNICAST_ENCRYPTION_KEY, key_data, signer) == message[1:]
    with pytest.raises(AuthenticationError):
        offered_point(KeyId.GLOBAL_AUTHENTICATION_KEY, key_data, signer)


@pytest.mark.parametrize(
    ("suite", "key_id", "last"),
    [
        (SecuritySuite.SUITE_1, None, 0),
        (SecuritySuite.SUITE_1, KeyId.GLOBAL_AUTHENTICATION_KEY, 0),
        (SecuritySuite.SUITE_1, KeyId.MASTER_KEY, 2),
        (SecuritySuite.SUITE_2, KeyId.GLOBAL_UNICAST_ENCRYPTION_KEY, 1),
        (SecuritySuite.SUITE_2, KeyId.MASTER_KEY, 3),
    ],
)
@pytest.mark.parametrize("arcs", AlgorithmArcs)
def test_algorithm_ids(suite: SecuritySuite, key_id: KeyId | None, last: int, arcs: AlgorithmArcs) -> None:
    assert algorithm_id(suite, arcs, key_id) == arcs.value + bytes((last,))


def test_suite_0_agrees_nothing() -> None:
    with pytest.raises(SecurityError, match="suite 0"):
        algorithm_id(SecuritySuite.SUITE_0, AlgorithmArcs.LATER)


def test_a_key_has_the_size_of_its_suite() -> None:
    assert len(derive_key(SECRET, AES_GCM_128, CLIENT, SERVER, SecuritySuite.SUITE_1)) == 16
    assert len(derive_key(SECRET, AES_GCM_128, CLIENT, SERVER, SecuritySuite.SUITE_2)) == 32


def test_the_parties_are_not_exchangeable() -> None:
    assert derive_key(SECRET, AES_GCM_128, CLIENT, SERVER) != derive_key(SECRET, AES_GCM_128, SERVER, CLIENT)


@given(st.binary(max_size=8), st.binary(max_size=8))
def test_each_transaction_has_its_own_static_party(one: bytes, other: bytes) -> None:
    assert (static_party_u(CLIENT, one) == static_party_u(CLIENT, other)) == (one == other)


@pytest.mark.parametrize("key_id", KeyId)
def test_an_offer_comes_back_and_holds_for_its_key_and_signer_only(key_id: KeyId) -> None:
    key_data = offer(key_id, EPHEMERAL, SIGNER)
    assert offered_point(key_id, key_data, SIGNER.point) == EPHEMERAL.point
    verify_signature(SIGNER.point, key_data[64:], bytes((key_id,)) + EPHEMERAL.point)
    for other in KeyId:
        if other is not key_id:
            with pytest.raises(AuthenticationError):
                offered_point(other, key_data, SIGNER.point)
    with pytest.raises(AuthenticationError):
        offered_point(key_id, key_data, EPHEMERAL.point)
    with pytest.raises(AuthenticationError):
        offered_point(key_id, key_data, PrivateKey((5).to_bytes(48, "big"), P_384).point)


@given(st.binary(max_size=200))
def test_any_octets_are_no_offer(octets: bytes) -> None:
    with pytest.raises(SecurityError):
        offered_point(KeyId.MASTER_KEY, octets, SIGNER.point)


@pytest.mark.parametrize("octets", [0, 64, 127, 129, 191, 193])
def test_a_signed_key_has_one_of_two_sizes(octets: int) -> None:
    with pytest.raises(AuthenticationError, match="no signed public key"):
        split_signed_point(bytes(octets))
