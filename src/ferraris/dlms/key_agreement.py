"""Keys out of a shared secret, and what the schemes of key agreement sign and derive from (Green Book 9.2.3.4).

The key derivation function is one step of the suite's hash over a counter, the shared secret, the algorithm id of the key to
be made, and what names both parties (NIST SP 800-56A). Which arcs the algorithm ids stand under differs between editions of
the Green Book, so that is a setting. In the static unified model the secret is always the same, and the transaction id
keeps the keys apart: it stands, with its length octet, behind the originator's system title, as British meters and Gurux
have it.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from cryptography.hazmat.primitives import hashes

from ferraris.cosem import KeyId, SecuritySuite
from ferraris.dlms.ciphering import KEY_OCTETS_OF
from ferraris.dlms.elliptic import CLAUSE, PrivateKey, curve_of, curve_of_suite, verify_signature
from ferraris.kernel.errors import AuthenticationError, SecurityError

_COUNTER: Final = b"\x00\x00\x00\x01"


class AlgorithmArcs(Enum):
    """What the algorithm ids begin with: an object identifier in BER, all but its last arc."""

    LATER = bytes.fromhex("608574050803")
    """2.16.756.5.8.3 as the worked examples of later editions have it, and Gurux."""
    EDITION_8 = bytes.fromhex("608574060803")
    """The same in the worked examples of edition 8."""


AES_GCM_128: Final = AlgorithmArcs.LATER.value + b"\x00"
AES_GCM_128_EDITION_8: Final = AlgorithmArcs.EDITION_8.value + b"\x00"
_AES_GCM: Final = {SecuritySuite.SUITE_1: 0, SecuritySuite.SUITE_2: 1}
_AES_WRAP: Final = {SecuritySuite.SUITE_1: 2, SecuritySuite.SUITE_2: 3}


def algorithm_id(suite: SecuritySuite, arcs: AlgorithmArcs, key_id: KeyId | None = None) -> bytes:
    """What a key is derived for: AES key wrap for the master key, AES-GCM for all others. Raises SecurityError for suite 0."""
    last = (_AES_WRAP if key_id is KeyId.MASTER_KEY else _AES_GCM).get(suite)
    if last is None:
        raise SecurityError("security suite 0 agrees no keys", expected="suite 1 or 2", clause=CLAUSE)
    return arcs.value + bytes((last,))


def derive_key(
    secret: bytes,
    algorithm: bytes,
    party_u: bytes,
    party_v: bytes,
    suite: SecuritySuite = SecuritySuite.SUITE_1,
) -> bytes:
    """The key that both ends derive; `party_u` is who started the agreement."""
    digest = hashes.Hash(curve_of_suite(suite).digest)
    digest.update(_COUNTER + secret + algorithm + party_u + party_v)
    return digest.finalize()[: KEY_OCTETS_OF[suite]]


def shared_secret(private_key: bytes, peer_point: bytes) -> bytes:
    """The Diffie-Hellman secret Z. Raises SecurityError for a point that is not on the curve or a key out of range."""
    return PrivateKey(private_key, curve_of(peer_point)).shared_secret(peer_point)


def static_party_u(system_title: bytes, transaction_id: bytes) -> bytes:
    """Party U of the static unified model: its system title and the transaction id as an octet-string."""
    return system_title + bytes((len(transaction_id),)) + transaction_id


def offer(key_id: KeyId, ephemeral: PrivateKey, signing_key: PrivateKey) -> bytes:
    """Key data of `key_agreement`, C(2e, 0s): the ephemeral public key, and the signature over key id and key."""
    return ephemeral.point + signing_key.sign(bytes((key_id,)) + ephemeral.point)


def offered_point(key_id: KeyId, key_data: bytes, signer_point: bytes) -> bytes:
    """The ephemeral public key in key data that its sender signed. Raises AuthenticationError, SecurityError."""
    point, signature = split_signed_point(key_data)
    verify_signature(signer_point, signature, bytes((key_id,)) + point)
    return point


def split_signed_point(octets: bytes) -> tuple[bytes, bytes]:
    """A public key and the signature behind it, both of one curve. Raises AuthenticationError for octets of another size."""
    half = len(octets) // 2
    if len(octets) not in (128, 192):
        raise AuthenticationError(
            "no signed public key", expected="128 or 192 octets of key and signature", got=len(octets), clause=CLAUSE
        )
    return octets[:half], octets[half:]
