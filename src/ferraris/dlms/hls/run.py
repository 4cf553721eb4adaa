"""One run of the four passes of HLS at one end: what all mechanisms have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final

from ferraris.codec import Tag
from ferraris.cosem import Obis
from ferraris.dlms.apdu import MethodDescriptor
from ferraris.kernel.entropy import Entropy
from ferraris.kernel.errors import AuthenticationError
from ferraris.kernel.limits import CHALLENGE_OCTETS_MAX, CHALLENGE_OCTETS_MIN

CURRENT_ASSOCIATION: Final = Obis.parse("0.0.40.0.0.255")
_OCTET_STRING: Final = int(Tag.OCTET_STRING)
REPLY_TO_HLS_AUTHENTICATION: Final = MethodDescriptor(15, CURRENT_ASSOCIATION, 1)


class HlsRun(ABC):
    """Challenges, and the answers to them. A mechanism adds `_response` and `_verify`."""

    __slots__ = ("challenge", "peer_challenge", "peer_system_title")

    def __init__(self, entropy: Entropy, challenge_octets: int) -> None:
        self.challenge = entropy.octets(challenge_octets)
        self.peer_challenge = b""
        self.peer_system_title = b""

    def take_challenge(self, challenge: bytes | None, peer_system_title: bytes) -> None:
        """The peer's challenge. Raises AuthenticationError when it is missing, too short, too long or our own come back."""
        if challenge is None or not CHALLENGE_OCTETS_MIN <= len(challenge) <= CHALLENGE_OCTETS_MAX:
            got = None if challenge is None else len(challenge)
            limits = f"{CHALLENGE_OCTETS_MIN} to {CHALLENGE_OCTETS_MAX} octets"
            raise AuthenticationError("an HLS challenge has a wrong size", expected=limits, got=got)
        if self._reflects(challenge):
            raise AuthenticationError("the peer reflects our own challenge", expected="another challenge")
        self.peer_challenge = challenge
        self.peer_system_title = peer_system_title

    def answer(self) -> bytes:
        """f(peer's challenge) as an encoded octet-string. Raises SecurityError when a key or a counter for it is missing."""
        response = self._response()
        return bytes((_OCTET_STRING, len(response))) + response

    def check(self, encoded: bytes) -> None:
        """Check the peer's f(our challenge), an encoded octet-string. Raises AuthenticationError."""
        if len(encoded) < 2 or encoded[0] != _OCTET_STRING or encoded[1] != len(encoded) - 2:
            raise AuthenticationError(
                "an HLS response has a wrong form", expected="an octet-string", got=encoded[:2].hex()
            )
        self._verify(encoded[2:])

    def _reflects(self, challenge: bytes) -> bool:
        """Whether our answer to `challenge` would tell the peer what we want to hear from it."""
        return challenge == self.challenge

    @abstractmethod
    def _response(self) -> bytes: ...

    @abstractmethod
    def _verify(self, response: bytes) -> None: ...
