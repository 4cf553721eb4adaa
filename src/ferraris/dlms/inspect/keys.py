"""The keys that whoever inspects a capture has: named as the command line and JSON lines name them, never shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ferraris.dlms.certificates import Certificate
from ferraris.kernel.errors import LocalProtocolError

NAMES: Final = {
    "ek": "encryption_key",
    "ak": "authentication_key",
    "system_title": "system_title",
    "dedicated": "dedicated_key",
    "kek": "key_encrypting_key",
    "server_static_private": "static_private_key",
    "kdf_algorithm_id": "kdf_algorithm_id",
    "signing_public": "signing_public_key",
    "signing_certificate": "signing_certificate",
    "agreement_public": "agreement_public_key",
}


@dataclass(frozen=True, slots=True, repr=False)
class InspectionKeys:
    """What is known; empty octets for what is not. `system_title` is the sender's, where the APDU does not name it."""

    encryption_key: bytes = b""
    authentication_key: bytes = b""
    system_title: bytes = b""
    dedicated_key: bytes = b""
    key_encrypting_key: bytes = b""
    static_private_key: bytes = b""
    kdf_algorithm_id: bytes = b""
    signing_public_key: bytes = b""
    signing_certificate: bytes = b""
    """In DER; taken at its word, since whoever inspects gives it."""
    agreement_public_key: bytes = b""
    """The originator's static one."""
    signers: Mapping[bytes, bytes] = field(default_factory=dict)
    """Keys that verify signatures, by the system titles of those who sign."""

    @classmethod
    def of(cls, named: Mapping[str, object]) -> InspectionKeys:
        """From hexadecimal texts by short name; other names are left alone. Raises LocalProtocolError."""
        known = {NAMES[name]: octets_of(name, text) for name, text in named.items() if name in NAMES and text}
        return cls(**known)  # type: ignore[arg-type]  # none of the names is that of the signers

    def signing_point(self, system_title: bytes) -> bytes:
        """The key that verifies the sender's signatures; empty when none is known. Raises SecurityError for no certificate."""
        if system_title in self.signers:
            return self.signers[system_title]
        if self.signing_certificate:
            return Certificate.parse(self.signing_certificate).point
        return self.signing_public_key

    def __repr__(self) -> str:
        return "InspectionKeys(hidden)"


def octets_of(name: str, text: object) -> bytes:
    """The octets that `text` spells in hexadecimal, blanks allowed. Raises LocalProtocolError, without the text."""
    if isinstance(text, str):
        try:
            return bytes.fromhex(text)
        except ValueError:
            pass
    raise LocalProtocolError(f"{name} is not hexadecimal", expected="pairs of hexadecimal digits", clause="input")
