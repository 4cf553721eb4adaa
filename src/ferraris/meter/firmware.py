"""The firmware images of virtual meters: a version, a payload and the manufacturer's signature over both.

    "FERFW1" | version: length, UTF-8 | payload | ECDSA P-256 signature, 64 octets

The manufacturer's key follows from a fleet's seed, like the meters' keys: it is no secret, and stands for one.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from functools import cache
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from ferraris.kernel.errors import AuthenticationError, DecodeError, LocalProtocolError

MAGIC: Final = b"FERFW1"
SIGNATURE_OCTETS: Final = 64
VERSION_OCTETS_MAX: Final = 32
_CURVE: Final = ec.SECP256R1()
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True, slots=True)
class Firmware:
    """What an image holds."""

    version: str
    payload: bytes


def manufacturer_key(seed: int) -> ec.EllipticCurvePublicKey:
    """What the meters of the fleet of `seed` check an image with."""
    return signing_key(seed).public_key()


@cache
def signing_key(seed: int) -> ec.EllipticCurvePrivateKey:
    """The key that signs the firmware of the fleet of `seed`."""
    digest = hmac.digest(f"virtual meters {seed}".encode(), b"firmware", hashlib.sha256)
    return ec.derive_private_key(int.from_bytes(digest, "big") % (_ORDER - 1) + 1, _CURVE)


def build_image(firmware: Firmware, key: ec.EllipticCurvePrivateKey) -> bytes:
    """The image, signed. Raises LocalProtocolError for a version that is empty or too long."""
    version = firmware.version.encode()
    if not 0 < len(version) <= VERSION_OCTETS_MAX:
        expected = f"1 to {VERSION_OCTETS_MAX} octets"
        raise LocalProtocolError("a firmware's version has a wrong size", expected=expected, got=len(version))
    signed = MAGIC + bytes((len(version),)) + version + firmware.payload
    r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(hashes.SHA256())))
    return signed + r.to_bytes(32, "big") + s.to_bytes(32, "big")


def open_image(image: bytes, key: ec.EllipticCurvePublicKey) -> Firmware:
    """The firmware in an image. Raises DecodeError for what is no image, AuthenticationError for a wrong signature."""
    head = len(MAGIC) + 1
    if len(image) < head + SIGNATURE_OCTETS or not image.startswith(MAGIC):
        raise DecodeError("this is no firmware image", expected=MAGIC.decode(), got=image[: len(MAGIC)].hex(), offset=0)
    signed, signature = image[:-SIGNATURE_OCTETS], image[-SIGNATURE_OCTETS:]
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    try:
        key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise AuthenticationError(
            "a firmware image is not signed by the manufacturer", expected="its signature"
        ) from None
    end = head + signed[head - 1]
    if end > len(signed):
        raise DecodeError("a firmware image's version is cut short", expected=end, got=len(signed), offset=head - 1)
    try:
        return Firmware(signed[head:end].decode(), signed[end:])
    except UnicodeDecodeError as error:
        raise DecodeError("a firmware's version is no text", expected="UTF-8", offset=head) from error
