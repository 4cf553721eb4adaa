"""The key pairs of one end in suites 1 and 2, and where it finds the public keys of others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ferraris.dlms.elliptic import PrivateKey
from ferraris.dlms.key_agreement import AlgorithmArcs
from ferraris.kernel.errors import AuthenticationError, SecurityError


class PublicKeys(Protocol):
    """The public keys of peers, by system title: out of certificates, or known otherwise."""

    def signing_point(self, system_title: bytes) -> bytes:
        """The key that verifies the peer's signatures. Raises AuthenticationError when none is trusted."""
        ...

    def agreement_point(self, system_title: bytes) -> bytes:
        """The peer's static key for key agreement. Raises AuthenticationError when none is trusted."""
        ...


class KnownPoints:
    """Public keys that were handed over some other way than by a certificate."""

    __slots__ = ("_agreement", "_signing")

    def __init__(self, signing: Mapping[bytes, bytes], agreement: Mapping[bytes, bytes] | None = None) -> None:
        self._signing = dict(signing)
        self._agreement = dict(agreement or {})

    def signing_point(self, system_title: bytes) -> bytes:
        """The key that verifies the peer's signatures. Raises AuthenticationError when there is none."""
        return _found(self._signing, system_title)

    def agreement_point(self, system_title: bytes) -> bytes:
        """The peer's static key for key agreement. Raises AuthenticationError when there is none."""
        return _found(self._agreement, system_title)


def _found(points: Mapping[bytes, bytes], system_title: bytes) -> bytes:
    point = points.get(system_title)
    if point is None:
        raise AuthenticationError("no public key of this system title", expected="one", got=system_title.hex())
    return point


@dataclass(frozen=True, slots=True)
class KeyPairs:
    """What one end has beside its symmetric keys."""

    peers: PublicKeys
    signing: PrivateKey | None = field(default=None, repr=False)
    agreement: PrivateKey | None = field(default=None, repr=False)
    algorithm_arcs: AlgorithmArcs = AlgorithmArcs.LATER

    @property
    def own_signing(self) -> PrivateKey:
        """The key that signs. Raises SecurityError when there is none."""
        return _own(self.signing, "digital signature")

    @property
    def own_agreement(self) -> PrivateKey:
        """The static key for key agreement. Raises SecurityError when there is none."""
        return _own(self.agreement, "key agreement")


def _own(key: PrivateKey | None, purpose: str) -> PrivateKey:
    if key is None:
        raise SecurityError("this end has no key pair of this kind", expected=purpose)
    return key
