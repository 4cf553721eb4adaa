"""Pushes: data-notifications under general-glo-ciphering, which name their sender by its system title.

A push opens no association, so nothing but the key, the invocation counter and the policy stands between the head-end and
whoever can reach its port. Order: find the key by the system title, check the tag, ask the guard for the counter, decode.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ferraris.codec import read_length, write_length
from ferraris.codec.records import RecordLayout
from ferraris.dlms.apdu import GENERAL_CIPHERING, GENERAL_SIGNING
from ferraris.dlms.ciphering import (
    HEADER_OCTETS,
    SYSTEM_TITLE_OCTETS,
    TAG_OCTETS,
    CipherKeys,
    InvocationCounterGuard,
    InvocationCounterSource,
    SecurityControl,
    wrong_tag,
)
from ferraris.dlms.notification_layout import Notification, NotificationDecoder
from ferraris.dlms.protection import GENERAL_GLOBAL
from ferraris.dlms.push_layers import sender_of
from ferraris.kernel.errors import AuthenticationError, DecodeError, RemoteProtocolError
from ferraris.kernel.limits import PUSH_ENVELOPE_OCTETS_MAX, PUSH_ENVELOPES_MAX

SUITE_FIELD: Final = 0x0F
"""The security suite in a security control."""
receive_usual: Callable[..., ReceivedPush | None] | None = None
"""The compiled shortcut: a push as nearly all are, None for any other; not there without a C compiler."""
if not TYPE_CHECKING:
    with suppress(ImportError):
        from ferraris.dlms._pushes import receive_usual
_NEW_TUPLE: Final = tuple.__new__
"""A named tuple made this way costs half; there is one for every push."""
PROTECTED_OCTETS: Final = HEADER_OCTETS + TAG_OCTETS
_LAYERED: Final = (bytes((GENERAL_CIPHERING,)), bytes((GENERAL_SIGNING,)))
_NAMED_SENDER: Final = bytes((GENERAL_GLOBAL, SYSTEM_TITLE_OCTETS))


@dataclass(frozen=True, slots=True)
class PushSecurity:
    """What a receiver knows of one sender."""

    keys: CipherKeys = field(repr=False)
    guard: InvocationCounterGuard = field(repr=False)
    policy: SecurityControl = SecurityControl.AUTHENTICATED_ENCRYPTED
    any_suite: bool = False
    """Whether the sender may name another security suite than that of the keys."""
    open_layers: Callable[[bytes], bytes] | None = field(default=None, repr=False)
    """Opens what comes in layers of general protection, and asks the policy and for replays; None: nothing may come so."""


class ReceivedPush(NamedTuple):
    """A push whose tag and counter hold."""

    system_title: bytes
    invocation_counter: int
    notification: Notification


class PushReceiver:
    """Opens and decodes the pushes of many meters."""

    __slots__ = ("_decode", "_envelopes", "_find", "_layouts")

    def __init__(self, find: Callable[[bytes], PushSecurity | None]) -> None:
        self._find = find
        decoder = NotificationDecoder()
        self._decode, self._layouts = decoder.decode, decoder.layouts
        self._envelopes: dict[int, Callable[[bytes], tuple[Any, ...] | None]] = {}

    def receive(self, octets: bytes) -> ReceivedPush:
        """The push in one APDU.

        Raises RemoteProtocolError for an APDU that is not ciphered, DecodeError for a wrong form, AuthenticationError
        for an unknown sender, a wrong tag or too weak a protection, InvocationCounterError for a replay.
        """
        if receive_usual is not None:
            push = receive_usual(octets, self._envelopes, self._find, self._layouts, ReceivedPush)
            if push is not None:
                return push
        envelope = self._envelopes.get(len(octets))
        parts = None if envelope is None else envelope(octets)
        if parts is None:
            return self._receive_in_other_form(octets)
        system_title, control, counter, sealed, tag = parts
        security = self._find(system_title)
        if security is None:
            raise AuthenticationError("a push from an unknown system title", got=system_title.hex())
        keys, size = security.keys, len(sealed)
        if control != keys.both_control:
            return self._receive_in_general(system_title, octets[-size - PROTECTED_OCTETS :], security)
        # Nearly all: authenticated and encrypted, which satisfies every policy, in a layout that was met before. Opened and
        # matched here, where the octets stand: calls to do it would cost a sixth of the whole.
        encrypt, aad, vector = keys.encrypt, keys.both_aad, system_title + counter
        plain = encrypt(vector, sealed, aad)[:size]
        if not compare_digest(encrypt(vector, plain, aad)[size:-4], tag):
            raise wrong_tag()
        invocation_counter = int.from_bytes(counter, "big")
        security.guard.accept(system_title, invocation_counter)
        for unpack in self._layouts.get(size, ()):
            notification = unpack(plain)
            if notification is not None:
                break
        else:
            notification = self._decode(plain)
        return _NEW_TUPLE(ReceivedPush, (system_title, invocation_counter, notification))

    def _receive_in_other_form(self, octets: bytes) -> ReceivedPush:
        """A push of so many octets that none before it had, or with a header in another form than theirs."""
        if octets[:2] != _NAMED_SENDER:
            return self._receive_in_layers(octets)
        system_title = octets[2:10]
        length, start = read_length(octets, 10)
        if len(octets) != start + length:
            raise DecodeError("a ciphered APDU's length lies", expected=length, got=len(octets) - start, offset=10)
        if length >= PROTECTED_OCTETS and self._keep_envelope(octets, start):
            return self.receive(octets)
        security = self._find(system_title)
        if security is None:
            raise AuthenticationError("a push from an unknown system title", got=system_title.hex())
        return self._receive_in_general(system_title, octets[start:], security)

    def _keep_envelope(self, octets: bytes, start: int) -> bool:
        """Remember where the parts of a push of so many octets stand; False for one too long or with a length in a longer form
        than the shortest, which nobody but a stranger sends.
        """
        size = len(octets)
        header = bytearray(_NAMED_SENDER + bytes(SYSTEM_TITLE_OCTETS))
        write_length(size - start, header)
        if size > PUSH_ENVELOPE_OCTETS_MAX or len(header) != start or size in self._envelopes:
            return False
        if len(self._envelopes) == PUSH_ENVELOPES_MAX:
            self._envelopes.clear()
        codes = f">2x{SYSTEM_TITLE_OCTETS}s{start - 10}xB4s{size - start - PROTECTED_OCTETS}s{TAG_OCTETS}s"
        mask = b"\xff\xff" + bytes(SYSTEM_TITLE_OCTETS) + b"\xff" * (start - 10)
        rest = bytes(size - start)
        self._envelopes[size] = RecordLayout(codes, bytes(header) + rest, mask + rest).unpack
        return True

    def _receive_in_layers(self, octets: bytes) -> ReceivedPush:
        """A push in general-ciphering or general-signing, where the sender may send such."""
        if octets[:1] not in _LAYERED:
            raise RemoteProtocolError("a push is not ciphered", expected="general-glo-ciphering", got=octets[:2].hex())
        system_title = sender_of(octets)
        security = self._find(system_title)
        if security is None or security.open_layers is None:
            raise AuthenticationError("a push from an unknown system title", got=system_title.hex())
        return ReceivedPush(system_title, 0, self._decode(security.open_layers(octets)))

    def _receive_in_general(self, system_title: bytes, octets: bytes, security: PushSecurity) -> ReceivedPush:
        """A push that is protected in another way, or not enough."""
        control, counter, apdu = security.keys.unprotect(system_title, octets)
        policy = security.policy
        suite = control & SUITE_FIELD if security.any_suite else security.keys.suite
        if control & policy != policy or control & ~0x30 != suite:
            raise AuthenticationError(
                "a push is not protected as the policy asks", expected=f"{policy:#04x}", got=f"{control:#04x}"
            )
        security.guard.accept(system_title, counter)
        return ReceivedPush(system_title, counter, self._decode(apdu))


def protect_push(
    apdu: bytes,
    system_title: bytes,
    keys: CipherKeys,
    counters: InvocationCounterSource,
    policy: SecurityControl = SecurityControl.AUTHENTICATED_ENCRYPTED,
) -> bytes:
    """The sender's side: a plain data-notification as a general-glo-ciphering APDU. Raises SecurityError without a counter."""
    content = keys.protect(policy, system_title, counters.take(), apdu)
    out = bytearray(_NAMED_SENDER + system_title)
    write_length(len(content), out)
    return bytes(out + content)
