"""HLS authentication: challenges both ways in AARQ and AARE, then reply_to_hls_authentication both ways.

The client proves itself with f(server's challenge) as the argument of the method, the server with f(client's challenge) in
the result (Green Book, "HLS authentication"). What f is, each mechanism says for itself: one file each.
"""

from ferraris.dlms.hls.digests import HlsMd5, HlsSha1, HlsSha256
from ferraris.dlms.hls.ecdsa import HlsEcdsa
from ferraris.dlms.hls.gmac import HlsGmac
from ferraris.dlms.hls.manufacturer import HlsManufacturer
from ferraris.dlms.hls.mechanisms import HLS_MECHANISMS, SECRET_MECHANISMS, hls_of
from ferraris.dlms.hls.run import CURRENT_ASSOCIATION, REPLY_TO_HLS_AUTHENTICATION, HlsRun

__all__ = [
    "CURRENT_ASSOCIATION",
    "HLS_MECHANISMS",
    "REPLY_TO_HLS_AUTHENTICATION",
    "SECRET_MECHANISMS",
    "HlsEcdsa",
    "HlsGmac",
    "HlsManufacturer",
    "HlsMd5",
    "HlsRun",
    "HlsSha1",
    "HlsSha256",
    "hls_of",
]
