"""HLS authentication by GMAC: challenges both ways in AARQ and AARE, then reply_to_hls_authentication both ways.

The client proves itself with f(server's challenge) as the argument of the method, the server with f(client's challenge) in
the result (Green Book "HLS authentication", mechanism 5).
"""

from __future__ import annotations

from ferraris.codec import Tag
from ferraris.cosem import Obis
from ferraris.dlms.apdu import MethodDescriptor
from ferraris.dlms.settings import Security
from ferraris.kernel.entropy import Entropy
from ferraris.kernel.errors import AuthenticationError
from ferraris.kernel.limits import CHALLENGE_OCTETS_MAX, CHALLENGE_OCTETS_MIN

CURRENT_ASSOCIATION = Obis.parse("0.0.40.0.0.255")
REPLY_TO_HLS_AUTHENTICATION = MethodDescriptor(15, CURRENT_ASSOCIATION, 1)


class HlsGmac:
    """One run of the four passes at one end."""

    __slots__ = ("_security", "challenge", "peer_challenge")

    def __init__(self, security: Security, entropy: Entropy, challenge_octets: int) -> None:
        self._security = security
        self.challenge = entropy.octets(challenge_octets)
        self.peer_challenge = b""

    def take_challenge(self, challenge: bytes | None) -> None:
        """The peer's challenge. Raises AuthenticationError when it is missing, too short, too long or our own come back."""
        if challenge is None or not CHALLENGE_OCTETS_MIN <= len(challenge) <= CHALLENGE_OCTETS_MAX:
            got = None if challenge is None else len(challenge)
            limits = f"{CHALLENGE_OCTETS_MIN} to {CHALLENGE_OCTETS_MAX} octets"
            raise AuthenticationError("an HLS challenge has a wrong size", expected=limits, got=got)
        if challenge == self.challenge:
            raise AuthenticationError("the peer reflects our own challenge", expected="another challenge")
        self.peer_challenge = challenge

    def answer(self) -> bytes:
        """f(peer's challenge) as an encoded octet-string."""
        security = self._security
        response = security.keys.gmac(security.system_title, security.counters.take(), self.peer_challenge)
        return bytes((Tag.OCTET_STRING, len(response))) + response

    def check(self, encoded: bytes, peer_system_title: bytes) -> None:
        """Check the peer's f(our challenge), an encoded octet-string. Raises AuthenticationError.

        Its invocation counter is not asked to be new: our challenge is, and the APDU around it was checked already.
        """
        if len(encoded) < 2 or encoded[0] != Tag.OCTET_STRING or encoded[1] != len(encoded) - 2:
            raise AuthenticationError(
                "an HLS response has a wrong form", expected="an octet-string", got=encoded[:2].hex()
            )
        self._security.keys.check_gmac(peer_system_title, encoded[2:], self.challenge)
