"""Key pairs that a file of keys names: each a file beside it, or the digits themselves."""

from __future__ import annotations

import re
import stat
import time
from pathlib import Path
from typing import Final

from ferraris.dlms import (
    HandedKey,
    KeyPurpose,
    KnownPoints,
    PrivateKey,
    curve_of,
    private_key_from_number,
    private_key_from_pem,
    public_key_from_octets,
)
from ferraris.kernel.errors import ConfigError, SecurityError
from ferraris.kernel.limits import CERTIFICATE_OCTETS_MAX

FILE_OCTETS_MAX: Final = 2 * CERTIFICATE_OCTETS_MAX
"""A certificate in PEM, with words before it."""
_DIGITS: Final = re.compile(r"(?:[0-9A-Fa-f]{2})+")


def private_key(beside: Path, name: str, text: str) -> PrivateKey | None:
    """The private key that `text` names in the file `beside`; None for no text. Raises ConfigError, which never repeats it."""
    if not text:
        return None
    try:
        if _DIGITS.fullmatch(text):
            return private_key_from_number(bytes.fromhex(text))
        path = _named(beside, name, text)
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            raise ConfigError(f"{path} may be read by others than its owner", expected="mode 0600", got=f"{mode:04o}")
        return private_key_from_pem(_read(path))
    except SecurityError as error:
        raise ConfigError(f"{name} in {beside}: {error}") from None


def public_key(beside: Path, name: str, text: str) -> HandedKey:
    """The public key that `text` names. Raises ConfigError for what is none, and for a certificate that is not valid now."""
    try:
        octets = bytes.fromhex(text) if _DIGITS.fullmatch(text) else _read(_named(beside, name, text))
        handed = public_key_from_octets(octets)
        if handed.certificate is not None:
            handed.certificate.check_valid_at(int(time.time()))
    except SecurityError as error:
        raise ConfigError(f"{name} in {beside}: {error}") from None
    return handed


class MeterPoints:
    """The public keys of one meter, with the system title that they go with."""

    def __init__(self, title: bytes | None) -> None:
        self.title = title
        self._points: dict[KeyPurpose, bytes] = {}

    def take(self, path: Path, name: str, handed: HandedKey, purpose: KeyPurpose) -> None:
        """Another key. Raises ConfigError where it is another meter's, for another purpose, or nobody says whose it is."""
        certificate = handed.certificate
        if certificate is not None:
            if certificate.purpose is not purpose:
                raise ConfigError(
                    f"{name} in {path}", expected=f"a certificate of {purpose.value}", got=certificate.purpose.value
                )
            if self.title not in (None, certificate.system_title):
                expected = f"the meter's certificate, of {self.title.hex() if self.title else 'one'}"
                raise ConfigError(f"{name} in {path}", expected=expected, got=certificate.system_title.hex())
            self.title = certificate.system_title
        if self.title is None:
            raise ConfigError(f"{name} in {path} is nobody's", expected="meter_system_title, or a certificate")
        self._points[purpose] = handed.point

    @property
    def curves(self) -> set[str]:
        """The names of the curves that they lie on."""
        return {curve_of(point).name for point in self._points.values()}

    @property
    def known(self) -> KnownPoints:
        """What the engine looks them up in."""

        def of(purpose: KeyPurpose) -> dict[bytes, bytes]:
            point = self._points.get(purpose)
            return {} if point is None or self.title is None else {self.title: point}

        return KnownPoints(of(KeyPurpose.SIGNING), of(KeyPurpose.AGREEMENT))


def _named(beside: Path, name: str, text: str) -> Path:
    """The file of that name. What is none may be a key that was mistyped, so it is not shown."""
    path = beside.parent / text
    if not path.is_file():
        raise ConfigError(
            f"{name} in {beside}", expected="hexadecimal digits, or the name of a file", got="something else"
        )
    return path


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        octets = file.read(FILE_OCTETS_MAX + 1)
    if len(octets) > FILE_OCTETS_MAX:
        raise ConfigError(f"{path} is too long for a key", expected=f"at most {FILE_OCTETS_MAX} octets")
    return octets
