"""Ciphering of all security suites: AES-GCM with a 12-octet tag over APDUs, and the GMAC of HLS authentication.

Suites 0 and 1 have keys of 16 octets, suite 2 of 32; the suite's number stands in the security control octet.

A protected APDU is `security_control || invocation_counter || ciphertext || tag`. The initialization vector is the sender's
system title and its invocation counter, so one counter used twice under one key breaks the key. The additional
authenticated data are the security control octet and the authentication key, and the APDU itself when it is authenticated
but not encrypted (IEC 62056-5-3 clause 5, Green Book "Security suite 0").
"""

from __future__ import annotations

from copy import copy
from enum import IntEnum
from hmac import compare_digest
from typing import Final, NamedTuple, Protocol, runtime_checkable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from ferraris.cosem import SecuritySuite
from ferraris.kernel.errors import AuthenticationError, DecodeError, FerrarisError, LocalProtocolError, SecurityError

CLAUSE: Final = "IEC 62056-5-3, security suites"
TAG_OCTETS: Final = 12
HEADER_OCTETS: Final = 5
KEY_OCTETS: Final = 16
KEY_OCTETS_OF: Final = {SecuritySuite.SUITE_0: 16, SecuritySuite.SUITE_1: 16, SecuritySuite.SUITE_2: 32}
SYSTEM_TITLE_OCTETS: Final = 8


class SecurityControl(IntEnum):
    """The security control octet: bits 0 to 3 name the suite, the others what protects the APDU.

    No flag type: these bits are tested for every APDU, and a flag type makes a new member for each test.
    """

    NONE = 0x00
    AUTHENTICATED = 0x10
    ENCRYPTED = 0x20
    AUTHENTICATED_ENCRYPTED = 0x30
    BROADCAST_KEY = 0x40
    COMPRESSED = 0x80


SUITE_BITS: Final = 0x0F


class InvocationCounterSource(Protocol):
    """Gives the invocation counters that this end sends with one key. Each value is persisted as used before it is given."""

    def take(self) -> int:
        """The next counter. Raises SecurityError when the key has none left."""
        ...


@runtime_checkable
class RaisableCounterSource(InvocationCounterSource, Protocol):
    """One that can leave values out, for a peer that has seen higher ones than we remember."""

    @property
    def last_taken(self) -> int:
        """The highest value that may have been used."""
        ...

    def raise_to(self, minimum: int) -> None:
        """Give no value below `minimum` from now on. Raises InvocationCounterError where that would use up the key."""
        ...


class InvocationCounterGuard(Protocol):
    """Remembers the highest invocation counter accepted from each sender, over restarts."""

    def accept(self, system_title: bytes, received: int) -> None:
        """Persist `received`. Raises InvocationCounterError unless it is above the last one accepted."""
        ...


class Unprotected(NamedTuple):
    """A deciphered APDU with the header that protected it."""

    security_control: int
    invocation_counter: int
    apdu: bytes


class CipherKeys:
    """An encryption key with the authentication key that goes with it. Never shows either.

    One AES-GCM object serves all APDUs under the key. Its tag has 16 octets where DLMS sends the first 12, so a received
    tag is checked by encrypting the recovered text again.
    """

    __slots__ = (
        "_authenticated_aad",
        "_both_start",
        "_suite_bits",
        "authentication_key",
        "both_aad",
        "both_control",
        "encrypt",
        "encryption_key",
        "suite",
    )

    def __init__(
        self,
        encryption_key: bytes,
        authentication_key: bytes = b"",
        suite: SecuritySuite = SecuritySuite.SUITE_0,
    ) -> None:
        octets = KEY_OCTETS_OF[suite]
        if len(encryption_key) != octets or len(authentication_key) not in (0, octets):
            raise LocalProtocolError("a key has a wrong size", expected=f"{octets} octets", clause=CLAUSE)
        self.encryption_key = encryption_key
        self.authentication_key = authentication_key
        self.suite = suite
        self.both_control = 0x30 | int(suite)
        """The security control of what is authenticated and encrypted under these keys, and its additional data."""
        self._both_start = bytes((self.both_control,))
        self.encrypt = AESGCM(encryption_key).encrypt
        self._suite_bits = int(suite)
        self.both_aad = self._both_start + authentication_key
        self._authenticated_aad = bytes((0x10 | suite,)) + authentication_key

    def __repr__(self) -> str:
        return "CipherKeys(hidden)"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise SecurityError("keys are not serialised", expected="keys stay in memory")

    def bound_to(self, header: bytes) -> CipherKeys:
        """The same keys with tags that cover `header`, too: what stands in the clear before the protected octets."""
        bound = copy(self)
        bound._bind(header)  # noqa: SLF001 - of this class
        return bound

    def __copy__(self) -> CipherKeys:
        other = CipherKeys.__new__(CipherKeys)
        for name in CipherKeys.__slots__:
            setattr(other, name, getattr(self, name))
        return other

    def _bind(self, header: bytes) -> None:
        self.authentication_key += header
        self._authenticated_aad += header
        self.both_aad += header

    def protect(self, control: int, system_title: bytes, invocation_counter: int, apdu: bytes) -> bytes:
        """`apdu` protected as `control` says: header, ciphertext and tag. Raises LocalProtocolError for a title of a wrong size."""
        if len(system_title) != SYSTEM_TITLE_OCTETS:
            raise _wrong_size(LocalProtocolError, system_title)
        counter = invocation_counter.to_bytes(4, "big")
        control |= self._suite_bits
        vector = system_title + counter
        if control == self.both_control:  # nearly all: no step that the others need
            return self._both_start + counter + self.encrypt(vector, apdu, self.both_aad)[:-4]
        header = control.to_bytes(1, "big") + counter
        kind = control & 0x30
        if kind == 0x30:
            return header + self.encrypt(vector, apdu, self._aad(control))[:-4]
        if kind == 0x20:
            return header + self.encrypt(vector, apdu, None)[: len(apdu)]
        if kind == 0x10:
            return header + apdu + self.encrypt(vector, b"", self._aad(control) + apdu)[:TAG_OCTETS]
        return header + apdu

    def unprotect(self, system_title: bytes, octets: bytes) -> Unprotected:
        """The APDU in `octets` (header, ciphertext, tag) sent by `system_title`.

        Raises DecodeError for octets too few, AuthenticationError for a tag that does not hold or a system title of a wrong
        size, SecurityError for a compression that is not supported. Whether the counter is new is for the caller to ask,
        after this.
        """
        if len(system_title) != SYSTEM_TITLE_OCTETS:
            raise _wrong_size(AuthenticationError, system_title)
        if len(octets) < HEADER_OCTETS:
            raise DecodeError("a protected APDU is cut short", expected=HEADER_OCTETS, got=len(octets), clause=CLAUSE)
        control = octets[0]
        if control == 0x30 and not self._suite_bits:  # nearly all: no step that the others need
            return Unprotected(control, int.from_bytes(octets[1:5], "big"), self.open_both(system_title, octets))
        if control & SecurityControl.COMPRESSED:
            raise SecurityError(
                "compression is not supported", expected="bit 7 clear", got=f"{control:#04x}", clause="V.44"
            )
        counter = int.from_bytes(octets[1:5], "big")
        vector = system_title + octets[1:5]
        kind = control & 0x30
        if kind == 0x30:
            return Unprotected(control, counter, self.open_both(system_title, octets, self._aad(control)))
        if kind == 0x20:
            body = octets[HEADER_OCTETS:]
            return Unprotected(control, counter, self.encrypt(vector, body, None)[: len(body)])
        if kind == 0x10:
            body = self._body(octets)
            tag = self.encrypt(vector, b"", self._aad(control) + body)[:TAG_OCTETS]
            _check_tag(tag, octets)
            return Unprotected(control, counter, body)
        return Unprotected(control, counter, octets[HEADER_OCTETS:])

    def open_both(self, system_title: bytes, octets: bytes, aad: bytes | None = None) -> bytes:
        """The APDU protected in `octets`, known to be authenticated and encrypted.

        `aad` is that of both protections in the keys' suite unless given. Raises DecodeError, AuthenticationError.
        """
        size = len(octets) - HEADER_OCTETS - TAG_OCTETS
        if size < 0:
            expected = HEADER_OCTETS + TAG_OCTETS
            raise DecodeError("a tag is cut short", expected=expected, got=len(octets), clause=CLAUSE)
        if aad is None:
            aad = self.both_aad
        vector = system_title + octets[1:HEADER_OCTETS]
        encrypt = self.encrypt
        plain = encrypt(vector, octets[HEADER_OCTETS:-TAG_OCTETS], aad)[:size]
        if not compare_digest(encrypt(vector, plain, aad)[size:-4], octets[-TAG_OCTETS:]):
            raise wrong_tag()
        return plain

    def gmac(self, system_title: bytes, invocation_counter: int, challenge: bytes) -> bytes:
        """f(challenge) of HLS-GMAC: security control 0x10 with the suite, the counter, and the tag over the challenge.

        Raises LocalProtocolError for a system title of a wrong size.
        """
        if len(system_title) != SYSTEM_TITLE_OCTETS:
            raise _wrong_size(LocalProtocolError, system_title)
        counter = invocation_counter.to_bytes(4, "big")
        tag = self.encrypt(system_title + counter, b"", self._authenticated_aad + challenge)[:TAG_OCTETS]
        return bytes((0x10 | self._suite_bits,)) + counter + tag

    def check_gmac(self, system_title: bytes, response: bytes, challenge: bytes) -> int:
        """Check f(challenge) as received and return its invocation counter. Raises AuthenticationError."""
        size = HEADER_OCTETS + TAG_OCTETS
        control = 0x10 | self._suite_bits
        if len(response) != size or response[0] != control:
            expected = f"{control:#04x} and {size} octets"
            raise AuthenticationError("an HLS response has a wrong form", expected=expected, got=len(response))
        if len(system_title) != SYSTEM_TITLE_OCTETS:
            raise _wrong_size(AuthenticationError, system_title)
        counter = int.from_bytes(response[1:5], "big")
        if not compare_digest(self.gmac(system_title, counter, challenge), response):
            raise AuthenticationError("an HLS-GMAC response does not verify", expected="the tag of our challenge")
        return counter

    def _aad(self, control: int) -> bytes:
        if control == 0x30 | self._suite_bits:
            return self.both_aad
        if control == 0x10 | self._suite_bits:
            return self._authenticated_aad
        return control.to_bytes(1, "big") + self.authentication_key

    def _body(self, octets: bytes) -> bytes:
        if len(octets) < HEADER_OCTETS + TAG_OCTETS:
            raise DecodeError("a tag is cut short", expected=HEADER_OCTETS + TAG_OCTETS, got=len(octets), clause=CLAUSE)
        return octets[HEADER_OCTETS:-TAG_OCTETS]


def _wrong_size(kind: type[FerrarisError], system_title: bytes) -> FerrarisError:
    """A title of another size would make an initialization vector that no DLMS peer uses, or none at all."""
    return kind(
        "a system title has a wrong size",
        expected=f"{SYSTEM_TITLE_OCTETS} octets",
        got=len(system_title),
        clause=CLAUSE,
    )


def wrong_tag() -> AuthenticationError:
    """The error for octets that were not sent as they are, or not under this key."""
    return AuthenticationError(
        "an authentication tag does not verify", expected="the tag of these octets", clause=CLAUSE
    )


def _check_tag(tag: bytes, octets: bytes) -> None:
    if not compare_digest(tag, octets[-TAG_OCTETS:]):
        raise wrong_tag()


def wrap_key(master_key: bytes, key: bytes) -> bytes:
    """`key` wrapped under the master key for key transfer (RFC 3394)."""
    return aes_key_wrap(master_key, key)


def unwrap_key(master_key: bytes, wrapped: bytes) -> bytes:
    """The key in `wrapped`. Raises AuthenticationError when it was not wrapped under this master key (RFC 3394)."""
    try:
        return aes_key_unwrap(master_key, wrapped)
    except (InvalidUnwrap, InvalidTag, ValueError) as error:
        raise AuthenticationError(
            "a wrapped key does not verify", expected="a key wrapped under this master key"
        ) from error
