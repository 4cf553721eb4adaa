"""HLS of the manufacturer's own kind, mechanism 2, as it is found in the field: AES-128 of the challenge under the secret.

The standard leaves f open. Peers (Gurux among them) fill challenge and secret up with zeros to whole blocks and encrypt in
CBC mode from a vector of zeros. Two traps lie in that: challenges that differ in trailing zeros only have the same answer, and
the answer to a challenge that begins with the blocks of ours begins with the answer that we want. Both are reflections.
"""

from __future__ import annotations

from hmac import compare_digest
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import CBC

from ferraris.dlms.hls.run import HlsRun
from ferraris.kernel.entropy import Entropy
from ferraris.kernel.errors import AuthenticationError, LocalProtocolError

BLOCK_OCTETS: Final = 16
SECRET_OCTETS_MAX: Final = 16


class HlsManufacturer(HlsRun):
    """One run of mechanism 2."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes, entropy: Entropy, challenge_octets: int) -> None:
        """Raises LocalProtocolError for a secret that is no AES-128 key even when filled up."""
        super().__init__(entropy, challenge_octets)
        if not 0 < len(secret) <= SECRET_OCTETS_MAX:
            raise LocalProtocolError(
                "an HLS secret has a wrong size", expected=f"1 to {SECRET_OCTETS_MAX} octets", got=len(secret)
            )
        self._secret = _filled(secret)

    def _reflects(self, challenge: bytes) -> bool:
        return _filled(challenge)[:BLOCK_OCTETS] == _filled(self.challenge)[:BLOCK_OCTETS]

    def _response(self) -> bytes:
        return self._encrypted(self.peer_challenge)

    def _verify(self, response: bytes) -> None:
        if not compare_digest(self._encrypted(self.challenge), response):
            raise AuthenticationError("an HLS response does not verify", expected="our challenge, encrypted")

    def _encrypted(self, challenge: bytes) -> bytes:
        encryptor = Cipher(AES128(self._secret), CBC(bytes(BLOCK_OCTETS))).encryptor()
        return encryptor.update(_filled(challenge)) + encryptor.finalize()


def _filled(octets: bytes) -> bytes:
    return octets.ljust(-(-len(octets) // BLOCK_OCTETS) * BLOCK_OCTETS, b"\0")
