"""HLS by a digest over challenge and shared secret: MD5 (mechanism 3), SHA-1 (4) and SHA-256 (6).

The first two digest the challenge, then the secret: nothing in that says who answers, so a peer that may pose one challenge
of its choice to another end that has the same secret gets a valid answer from it. SHA-256 digests secret, the system titles
of who answers and who asked, then both challenges in the same order.
"""

from __future__ import annotations

import hashlib
from hmac import compare_digest

from ferraris.dlms.hls.run import HlsRun
from ferraris.kernel.entropy import Entropy
from ferraris.kernel.errors import AuthenticationError


class _HlsDigest(HlsRun):
    """Challenge and secret through a digest."""

    __slots__ = ("_secret",)

    digest_name = ""

    def __init__(self, secret: bytes, entropy: Entropy, challenge_octets: int) -> None:
        super().__init__(entropy, challenge_octets)
        self._secret = secret

    def _response(self) -> bytes:
        return self._digest(self.peer_challenge + self._secret)

    def _verify(self, response: bytes) -> None:
        self._compare(response, self.challenge + self._secret)

    def _compare(self, response: bytes, message: bytes) -> None:
        if not compare_digest(self._digest(message), response):
            raise AuthenticationError("an HLS response does not verify", expected="the digest of our challenge")

    def _digest(self, message: bytes) -> bytes:
        return hashlib.new(self.digest_name, message, usedforsecurity=False).digest()


class HlsMd5(_HlsDigest):
    """One run of mechanism 3."""

    __slots__ = ()

    digest_name = "md5"


class HlsSha1(_HlsDigest):
    """One run of mechanism 4."""

    __slots__ = ()

    digest_name = "sha1"


class HlsSha256(_HlsDigest):
    """One run of mechanism 6."""

    __slots__ = ("_system_title",)

    digest_name = "sha256"

    def __init__(self, secret: bytes, system_title: bytes, entropy: Entropy, challenge_octets: int) -> None:
        super().__init__(secret, entropy, challenge_octets)
        self._system_title = system_title

    def _response(self) -> bytes:
        titles = self._system_title + self.peer_system_title
        return self._digest(self._secret + titles + self.peer_challenge + self.challenge)

    def _verify(self, response: bytes) -> None:
        titles = self.peer_system_title + self._system_title
        self._compare(response, self._secret + titles + self.challenge + self.peer_challenge)
