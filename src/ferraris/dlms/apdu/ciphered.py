"""APDUs that carry protected APDUs: service-specific and general ciphering, general signing (Green Book 9.5).

Their `octets` are the security header, the text and the tag as they came; `ferraris.dlms.ciphering` opens them.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from ferraris.codec import write_length
from ferraris.dlms.apdu.cursor import Cursor
from ferraris.kernel.frozen import dataclass

GENERAL_GLOBAL_CIPHERING: Final = 0xDB
GENERAL_DEDICATED_CIPHERING: Final = 0xDC
GENERAL_CIPHERING: Final = 0xDD
GENERAL_SIGNING: Final = 0xDF

GLOBAL_CIPHERED_TAGS: Final = {
    0x21: 0x01,  # initiate-request
    0x25: 0x05,  # read-request
    0x26: 0x06,  # write-request
    0x28: 0x08,  # initiate-response
    0x2C: 0x0C,  # read-response
    0x2D: 0x0D,  # write-response
    0x2E: 0x0E,  # confirmed-service-error
    0x36: 0x16,  # unconfirmed-write-request
    0x38: 0x18,  # information-report-request
    0xC8: 0xC0,  # get-request
    0xC9: 0xC1,  # set-request
    0xCA: 0xC2,  # event-notification
    0xCB: 0xC3,  # action-request
    0xCC: 0xC4,  # get-response
    0xCD: 0xC5,  # set-response
    0xCF: 0xC7,  # action-response
}
"""glo- APDU tags and the tag of what each carries."""

DEDICATED_CIPHERED_TAGS: Final = {
    0x41: 0x01,
    0x45: 0x05,
    0x46: 0x06,
    0x48: 0x08,
    0x4C: 0x0C,
    0x4D: 0x0D,
    0x4E: 0x0E,
    0x56: 0x16,
    0x58: 0x18,
    0xD0: 0xC0,
    0xD1: 0xC1,
    0xD2: 0xC2,
    0xD3: 0xC3,
    0xD4: 0xC4,
    0xD5: 0xC5,
    0xD7: 0xC7,
}
"""ded- APDU tags and the tag of what each carries."""


@dataclass(frozen=True, slots=True)
class ServiceCiphered:
    """A glo- or ded- APDU: `tag` names the service and the kind of key."""

    tag: int
    octets: bytes

    @property
    def dedicated(self) -> bool:
        """Whether the dedicated key protects it."""
        return self.tag in DEDICATED_CIPHERED_TAGS

    @property
    def plain_tag(self) -> int:
        """The tag that the APDU inside must have."""
        return GLOBAL_CIPHERED_TAGS.get(self.tag) or DEDICATED_CIPHERED_TAGS[self.tag]

    def encode(self) -> bytes:
        """The APDU's octets."""
        out = bytearray((self.tag,))
        return _finish(out, self.octets)


@dataclass(frozen=True, slots=True)
class GeneralGlobalCiphering:
    """A general-glo-ciphering APDU: it names its sender."""

    system_title: bytes
    octets: bytes

    def encode(self) -> bytes:
        """The APDU's octets."""
        return _finish(_strings(GENERAL_GLOBAL_CIPHERING, self.system_title), self.octets)


@dataclass(frozen=True, slots=True)
class GeneralDedicatedCiphering:
    """A general-ded-ciphering APDU: it names its sender."""

    system_title: bytes
    octets: bytes

    def encode(self) -> bytes:
        """The APDU's octets."""
        return _finish(_strings(GENERAL_DEDICATED_CIPHERING, self.system_title), self.octets)


@dataclass(frozen=True, slots=True)
class IdentifiedKey:
    """The key is one that both know: 0 global unicast, 1 global broadcast."""

    key_id: int

    def encode(self) -> bytes:
        """Choice and key id."""
        return bytes((0, self.key_id))


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """The key comes along, wrapped under a key-encrypting key (0 is the master key)."""

    kek_id: int
    key_ciphered_data: bytes

    def encode(self) -> bytes:
        """Choice, key id and wrapped key."""
        return _finish(bytearray((1, self.kek_id)), self.key_ciphered_data)


@dataclass(frozen=True, slots=True)
class AgreedKey:
    """The key is agreed by Diffie-Hellman; parameters 01 is C(1e, 1s), 02 is C(0e, 2s)."""

    key_parameters: bytes
    key_ciphered_data: bytes

    def encode(self) -> bytes:
        """Choice, parameters and data."""
        return _finish(_strings(2, self.key_parameters), self.key_ciphered_data)


KeyInfo: TypeAlias = IdentifiedKey | WrappedKey | AgreedKey


@dataclass(frozen=True, slots=True)
class GeneralCiphering:
    """A general-ciphering APDU: names both ends, and how the key is known."""

    transaction_id: bytes
    originator_system_title: bytes
    recipient_system_title: bytes
    date_time: bytes
    other_information: bytes
    key_info: KeyInfo | None
    octets: bytes

    def encode(self) -> bytes:
        """The APDU's octets."""
        out = _strings(
            GENERAL_CIPHERING,
            self.transaction_id,
            self.originator_system_title,
            self.recipient_system_title,
            self.date_time,
            self.other_information,
        )
        out += b"\x00" if self.key_info is None else b"\x01" + self.key_info.encode()
        return _finish(out, self.octets)


@dataclass(frozen=True, slots=True)
class GeneralSigning:
    """A general-signing APDU: an APDU and its ECDSA signature."""

    transaction_id: bytes
    originator_system_title: bytes
    recipient_system_title: bytes
    date_time: bytes
    other_information: bytes
    content: bytes
    signature: bytes

    def encode(self) -> bytes:
        """The APDU's octets."""
        out = _strings(
            GENERAL_SIGNING,
            self.transaction_id,
            self.originator_system_title,
            self.recipient_system_title,
            self.date_time,
            self.other_information,
            self.content,
        )
        return _finish(out, self.signature)


def decode_service_ciphered(octets: bytes) -> ServiceCiphered:
    """A glo- or ded- APDU, from its tag on. Raises DecodeError."""
    cursor = Cursor(octets, 1)
    apdu = ServiceCiphered(octets[0], cursor.octet_string())
    cursor.finish()
    return apdu


def decode_general_global_ciphering(octets: bytes) -> GeneralGlobalCiphering:
    """A general-glo-ciphering APDU, from its tag on. Raises DecodeError."""
    cursor = Cursor(octets, 1)
    apdu = GeneralGlobalCiphering(cursor.octet_string(), cursor.octet_string())
    cursor.finish()
    return apdu


def decode_general_dedicated_ciphering(octets: bytes) -> GeneralDedicatedCiphering:
    """A general-ded-ciphering APDU, from its tag on. Raises DecodeError."""
    cursor = Cursor(octets, 1)
    apdu = GeneralDedicatedCiphering(cursor.octet_string(), cursor.octet_string())
    cursor.finish()
    return apdu


def decode_general_ciphering(octets: bytes) -> GeneralCiphering:
    """A general-ciphering APDU, from its tag on. Raises DecodeError."""
    cursor = Cursor(octets, 1)
    heads = [cursor.octet_string() for _ in range(5)]
    key_info = _read_key_info(cursor) if cursor.present() else None
    apdu = GeneralCiphering(heads[0], heads[1], heads[2], heads[3], heads[4], key_info, cursor.octet_string())
    cursor.finish()
    return apdu


def decode_general_signing(octets: bytes) -> GeneralSigning:
    """A general-signing APDU, from its tag on. Raises DecodeError."""
    cursor = Cursor(octets, 1)
    parts = [cursor.octet_string() for _ in range(7)]
    cursor.finish()
    return GeneralSigning(*parts)


def _read_key_info(cursor: Cursor) -> KeyInfo:
    choice = cursor.choice(0, 1, 2)
    if choice == 0:
        return IdentifiedKey(cursor.unsigned())
    if choice == 1:
        return WrappedKey(cursor.unsigned(), cursor.octet_string())
    return AgreedKey(cursor.octet_string(), cursor.octet_string())


def _strings(tag: int, *strings: bytes) -> bytearray:
    out = bytearray((tag,))
    for string in strings:
        write_length(len(string), out)
        out += string
    return out


def _finish(out: bytearray, string: bytes) -> bytes:
    write_length(len(string), out)
    out += string
    return bytes(out)
