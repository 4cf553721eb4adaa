"""Both ends' runs of each HLS mechanism, with the secrets and keys that it needs."""

from __future__ import annotations

from dataclasses import replace

from ferraris.cosem import SecuritySuite
from ferraris.dlms import AssociationSettings, CipherKeys, Security
from ferraris.dlms.apdu import Mechanism
from ferraris.dlms.elliptic import PrivateKey, curve_of_suite
from ferraris.dlms.hls import HlsRun, hls_of
from ferraris.dlms.key_pairs import KeyPairs, KnownPoints
from ferraris.kernel.entropy import SeededEntropy
from tests.dlms.bottle import CLIENT_TITLE, SERVER_TITLE, security

SECRET = b"0123456789abcdef"


def suite_keys(suite: SecuritySuite) -> CipherKeys:
    """Symmetric keys of the suite, the same at both ends."""
    octets = 32 if suite is SecuritySuite.SUITE_2 else 16
    return CipherKeys(bytes(range(octets)), bytes(range(0xD0, 0xD0 + octets)), suite)


def signing_key(title: bytes, suite: SecuritySuite) -> PrivateKey:
    """The key that the end of this system title signs with."""
    return PrivateKey.generate(curve_of_suite(suite), SeededEntropy(f"signing {title.hex()}"))


def agreement_key(title: bytes, suite: SecuritySuite) -> PrivateKey:
    """The static key for key agreement of the end of this system title."""
    return PrivateKey.generate(curve_of_suite(suite), SeededEntropy(f"agreement {title.hex()}"))


def suite_security(title: bytes, suite: SecuritySuite = SecuritySuite.SUITE_1, **changes: object) -> Security:
    """Keys of the suite, and key pairs that both ends know of one another."""
    base = security(title, keys=suite_keys(suite))
    if suite is not SecuritySuite.SUITE_0:
        titles = (CLIENT_TITLE, SERVER_TITLE)
        peers = KnownPoints(
            {one: signing_key(one, suite).point for one in titles},
            {one: agreement_key(one, suite).point for one in titles},
        )
        pairs = KeyPairs(peers, signing_key(title, suite), agreement_key(title, suite))
        base = replace(base, key_pairs=pairs)
    return replace(base, **changes)  # type: ignore[arg-type]


def end_settings(
    title: bytes, mechanism: Mechanism, suite: SecuritySuite = SecuritySuite.SUITE_1, **changes: object
) -> AssociationSettings:
    """Settings of one end for any mechanism and suite."""
    base = AssociationSettings(mechanism=mechanism, secret=SECRET, security=suite_security(title, suite))
    return replace(base, **changes)  # type: ignore[arg-type]


def run_of(title: bytes, mechanism: Mechanism, seed: int, **changes: object) -> HlsRun:
    """One end's run."""
    run = hls_of(end_settings(title, mechanism, **changes), SeededEntropy(seed))  # type: ignore[arg-type]
    assert run is not None
    return run


def runs(mechanism: Mechanism, **changes: object) -> tuple[HlsRun, HlsRun]:
    """Client's and server's run, with their challenges exchanged."""
    client = run_of(CLIENT_TITLE, mechanism, 1, **changes)
    server = run_of(SERVER_TITLE, mechanism, 2, **changes)
    client.take_challenge(server.challenge, SERVER_TITLE)
    server.take_challenge(client.challenge, CLIENT_TITLE)
    return client, server
