"""HLS-GMAC, mechanism 5: f is the GMAC of the challenge under the global keys, with the sender's title and a counter."""

from __future__ import annotations

from ferraris.dlms.hls.run import HlsRun
from ferraris.dlms.settings import Security
from ferraris.kernel.entropy import Entropy


class HlsGmac(HlsRun):
    """One run of mechanism 5."""

    __slots__ = ("_security",)

    def __init__(self, security: Security, entropy: Entropy, challenge_octets: int) -> None:
        super().__init__(entropy, challenge_octets)
        self._security = security

    def _response(self) -> bytes:
        security = self._security
        return security.keys.gmac(security.system_title, security.counters.take(), self.peer_challenge)

    def _verify(self, response: bytes) -> None:
        """Its invocation counter is not asked to be new: our challenge is, and the APDU around it was checked already."""
        self._security.keys.check_gmac(self.peer_system_title, response, self.challenge)
