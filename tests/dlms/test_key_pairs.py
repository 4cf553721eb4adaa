"""Key pairs: who is known by which key, and what is said when one is missing."""

from __future__ import annotations

import pytest

from ferraris.dlms.elliptic import P_256, PrivateKey
from ferraris.dlms.key_agreement import AlgorithmArcs
from ferraris.dlms.key_pairs import KeyPairs, KnownPoints
from ferraris.kernel.errors import AuthenticationError, SecurityError

KEY, OTHER = (PrivateKey(bytes((number,)), P_256) for number in (3, 4))
KNOWN = KnownPoints({b"FER00001": KEY.point}, {b"FER00001": OTHER.point})


def test_a_peer_is_known_by_its_title_and_the_keys_purpose() -> None:
    assert KNOWN.signing_point(b"FER00001") == KEY.point
    assert KNOWN.agreement_point(b"FER00001") == OTHER.point


def test_a_stranger_has_no_key() -> None:
    for find in (KNOWN.signing_point, KNOWN.agreement_point):
        with pytest.raises(AuthenticationError, match="no public key"):
            find(b"FER00002")


def test_a_missing_key_is_said_by_its_purpose() -> None:
    pairs = KeyPairs(KNOWN, signing=KEY)
    assert pairs.own_signing is KEY
    with pytest.raises(SecurityError, match="key agreement"):
        _ = pairs.own_agreement
    with pytest.raises(SecurityError, match="digital signature"):
        _ = KeyPairs(KNOWN).own_signing


def test_the_later_editions_algorithm_ids_are_the_default_and_no_key_shows() -> None:
    pairs = KeyPairs(KNOWN, KEY, OTHER)
    assert pairs.algorithm_arcs is AlgorithmArcs.LATER
    assert "PrivateKey" not in repr(pairs)
