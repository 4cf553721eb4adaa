"""HLS-ECDSA, mechanism 7: f is the signature of who answers, over both system titles and both challenges.

The standard wants challenges of 32 octets and more. Ours are; a peer's shorter one is taken, since Gurux sends such, and
since the peer alone has the harm of it: what we sign has our own challenge in it as well.
"""

from __future__ import annotations

from typing import Final

from ferraris.dlms.elliptic import PrivateKey, curve_of_suite, verify_signature
from ferraris.dlms.hls.run import HlsRun
from ferraris.dlms.key_pairs import KeyPairs
from ferraris.dlms.settings import Security
from ferraris.kernel.entropy import Entropy
from ferraris.kernel.errors import AuthenticationError, LocalProtocolError

OWN_CHALLENGE_OCTETS_MIN: Final = 32


class HlsEcdsa(HlsRun):
    """One run of mechanism 7."""

    __slots__ = ("_key", "_pairs", "_security")

    def __init__(self, security: Security, entropy: Entropy, challenge_octets: int) -> None:
        """Raises LocalProtocolError without a signing key of the suite's curve."""
        super().__init__(entropy, max(challenge_octets, OWN_CHALLENGE_OCTETS_MIN))
        self._security = security
        self._pairs, self._key = signing_pair(security)

    def _response(self) -> bytes:
        titles = self._security.system_title + self.peer_system_title
        return self._key.sign(titles + self.peer_challenge + self.challenge)

    def _verify(self, response: bytes) -> None:
        point = self._pairs.peers.signing_point(self.peer_system_title)
        if len(point) != len(self._key.point):
            raise AuthenticationError(
                "the peer's signing key is of another suite", expected=self._key.curve.name, got=len(point)
            )
        titles = self.peer_system_title + self._security.system_title
        verify_signature(point, response, titles + self.challenge + self.peer_challenge)


def signing_pair(security: Security) -> tuple[KeyPairs, PrivateKey]:
    """What signs and verifies. Raises LocalProtocolError, SecurityError when the settings have no such thing."""
    pairs = security.key_pairs
    if pairs is None or pairs.signing is None:
        raise LocalProtocolError("HLS-ECDSA without a signing key", expected="key pairs")
    if pairs.signing.curve is not curve_of_suite(security.keys.suite):
        raise LocalProtocolError("the signing key is of another suite", got=pairs.signing.curve.name)
    return pairs, pairs.signing
