"""Which mechanisms of HLS there are, and the run that an end's settings ask for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ferraris.dlms.apdu import Mechanism
from ferraris.dlms.hls.digests import HlsMd5, HlsSha1, HlsSha256
from ferraris.dlms.hls.ecdsa import HlsEcdsa
from ferraris.dlms.hls.gmac import HlsGmac
from ferraris.dlms.hls.manufacturer import HlsManufacturer
from ferraris.dlms.hls.run import HlsRun
from ferraris.dlms.settings import AssociationSettings, Security
from ferraris.kernel.entropy import Entropy
from ferraris.kernel.errors import LocalProtocolError

SECRET_MECHANISMS: Final[dict[Mechanism, Callable[[bytes, Entropy, int], HlsRun]]] = {
    Mechanism.HLS: HlsManufacturer,
    Mechanism.HLS_MD5: HlsMd5,
    Mechanism.HLS_SHA1: HlsSha1,
}
"""Those that need a secret and nothing else."""
SECURITY_MECHANISMS: Final[dict[Mechanism, Callable[[Security, Entropy, int], HlsRun]]] = {
    Mechanism.HLS_GMAC: HlsGmac,
    Mechanism.HLS_ECDSA: HlsEcdsa,
}
"""Those that need keys or key pairs and no secret."""
HLS_MECHANISMS: Final = frozenset(mechanism for mechanism in Mechanism if mechanism > Mechanism.LLS)


def hls_of(settings: AssociationSettings, entropy: Entropy) -> HlsRun | None:
    """The run of the settings' mechanism, None for lowest and LLS."""
    mechanism, security = settings.mechanism, settings.security
    if mechanism not in HLS_MECHANISMS:
        return None
    by_security = SECURITY_MECHANISMS.get(mechanism)
    if by_security is not None and security is not None:
        return by_security(security, entropy, settings.challenge_octets)
    by_secret = SECRET_MECHANISMS.get(mechanism)
    if by_secret is not None:
        return by_secret(settings.secret, entropy, settings.challenge_octets)
    if security is None:
        raise LocalProtocolError("an HLS mechanism without keys", expected="security", got=mechanism.name)
    return HlsSha256(settings.secret, security.system_title, entropy, settings.challenge_octets)
