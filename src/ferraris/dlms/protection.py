"""The protection stage of an association: whole APDUs into ciphered ones and back, under the policy and the counters.

Service-specific ciphering has a tag of its own for each service (glo-get-request is 0xC8), general ciphering one tag for all
with the sender's system title in it. Each form exists for the global key and for the dedicated key, which the client invents
for one association. General ciphering with keys that come along, and signing, are `general_protection`'s.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from ferraris.codec import read_length, write_length
from ferraris.codec.ber import encode_element
from ferraris.dlms.apdu import DEDICATED_CIPHERED_TAGS, GLOBAL_CIPHERED_TAGS
from ferraris.dlms.ciphering import (
    HEADER_OCTETS,
    SUITE_BITS,
    SYSTEM_TITLE_OCTETS,
    TAG_OCTETS,
    CipherKeys,
    InvocationCounterGuard,
    SecurityControl,
    Unprotected,
)
from ferraris.dlms.general_protection import ENVELOPE_TAGS, EnvelopeProtection
from ferraris.dlms.settings import Ciphering, Envelope, Security
from ferraris.kernel.entropy import Entropy
from ferraris.kernel.errors import (
    AuthenticationError,
    DecodeError,
    InvocationCounterError,
    RemoteProtocolError,
    SecurityError,
)
from ferraris.kernel.limits import INVOCATION_COUNTER_MAX

GENERAL_GLOBAL: Final = 0xDB
_GLOBAL: Final = Ciphering.GLOBAL
GENERAL_DEDICATED: Final = 0xDC
GLOBAL_TAGS: Final = {plain: tag for tag, plain in GLOBAL_CIPHERED_TAGS.items()}
DEDICATED_TAGS: Final = {plain: tag for tag, plain in DEDICATED_CIPHERED_TAGS.items()}
_SERVICE_OF: Final = {
    **{tag: (plain, Ciphering.GLOBAL) for tag, plain in GLOBAL_CIPHERED_TAGS.items()},
    **{tag: (plain, Ciphering.DEDICATED) for tag, plain in DEDICATED_CIPHERED_TAGS.items()},
}
_ENVELOPES: Final = frozenset(bytes((tag,)) for tag in ENVELOPE_TAGS)
CIPHERED_TAGS: Final = frozenset(_SERVICE_OF) | {GENERAL_GLOBAL, GENERAL_DEDICATED} | ENVELOPE_TAGS
_USUAL_OCTETS_MIN: Final = 2 + HEADER_OCTETS + TAG_OCTETS
PROTECTION_OCTETS_MAX: Final = 1 + 9 + 5 + 5 + 12
"""What the widest protection adds to an APDU: tag, system title, length, header, authentication tag."""


class Opened(NamedTuple):
    """An APDU out of its protection."""

    apdu: bytes
    ciphering: Ciphering | Envelope
    """An envelope where more, or something else, protected it than the policy asks for."""


class VolatileCounter:
    """The invocation counters of a key that lives no longer than the association: they need no memory."""

    __slots__ = ("_next",)

    def __init__(self) -> None:
        self._next = 1

    def take(self) -> int:
        """The next counter. Raises SecurityError when there is none left."""
        if self._next > INVOCATION_COUNTER_MAX:
            raise SecurityError(
                "the invocation counter is used up", expected="a new association with a new dedicated key"
            )
        self._next += 1
        return self._next - 1


class VolatileGuard:
    """Refuses a received counter that is not above the last one, within one association."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last = -1

    def accept(self, system_title: bytes, received: int) -> None:
        """Raises InvocationCounterError for a replay."""
        del system_title
        if received <= self._last:
            raise InvocationCounterError("an invocation counter is repeated", expected=self._last + 1, got=received)
        self._last = received


class Protection:
    """What protects the APDUs of one association at one end."""

    __slots__ = (
        "_dedicated",
        "_dedicated_counters",
        "_dedicated_guard",
        "_entropy",
        "_envelopes",
        "_initiate_control",
        "_security",
        "_unauthenticated_guard",
        "peer_system_title",
    )

    def __init__(self, security: Security, entropy: Entropy | None = None) -> None:
        self.rekey(security)
        self._entropy = entropy
        self._envelopes: EnvelopeProtection | None = None
        self._initiate_control = 0
        self._dedicated: CipherKeys | None = None
        self._dedicated_counters: VolatileCounter | None = None
        self._dedicated_guard: VolatileGuard | None = None
        self._unauthenticated_guard: VolatileGuard | None = None
        """These three come when they are needed: most associations never do."""
        self.peer_system_title = security.peer_system_title or b""

    def rekey(self, security: Security) -> None:
        """Protect by other global keys from now on. The dedicated key stays."""
        self._security = security

    def dedicate(self, dedicated_key: bytes) -> None:
        """Take the dedicated key of the initiate request. The authentication key stays the global one."""
        self._dedicated = CipherKeys(dedicated_key, self._security.keys.authentication_key, self._security.suite)
        self._dedicated_counters, self._dedicated_guard = VolatileCounter(), VolatileGuard()

    def expect_from(self, system_title: bytes) -> None:
        """Take the system title that the peer names in its AARQ or AARE. Raises AuthenticationError for a wrong one."""
        self.peer_system_title = self._security.checked_title(system_title)

    def close_initiate(self, request: bytes, dedicated_key: bytes | None) -> bytes:
        """An initiate request, protected. One that carries the dedicated key is encrypted whatever the policy says, and
        authenticated where there is a key for that. Raises SecurityError when no counter is left.
        """
        control = self._security.closing_control
        if dedicated_key is not None:
            both = self._security.keys.authentication_key
            control |= SecurityControl.AUTHENTICATED_ENCRYPTED if both else SecurityControl.ENCRYPTED
        return self.close(request, _GLOBAL, control)

    def close_initiate_response(self, response: bytes) -> bytes:
        """An initiate response, protected at least as the request was. Raises SecurityError when no counter is left."""
        return self.close(response, Ciphering.GLOBAL, self._security.closing_control | self._initiate_control)

    def close(self, apdu: bytes, ciphering: Ciphering | Envelope, control: int | None = None) -> bytes:
        """`apdu` protected by the policy, or as `control` says, in the form `ciphering`.

        Raises SecurityError when no counter is left, or a key for it is missing.
        """
        security = self._security
        if isinstance(ciphering, Envelope):
            return self._envelope_protection().close(apdu, ciphering, self.peer_system_title)
        if ciphering.is_dedicated:
            keys = self._keys_of(ciphering)
            assert self._dedicated_counters is not None  # they came with the key
            counters = self._dedicated_counters.take()
        else:
            keys, counters = security.keys, security.counters.take()
        content = keys.protect(
            security.closing_control if control is None else control, security.system_title, counters, apdu
        )
        if ciphering.is_general or apdu[0] not in GLOBAL_TAGS:  # ACCESS and data-notifications have no tag of their own
            out = bytearray((GENERAL_DEDICATED if ciphering.is_dedicated else GENERAL_GLOBAL, SYSTEM_TITLE_OCTETS))
            out += security.system_title
            write_length(len(content), out)
            return bytes(out + content)
        return encode_element((DEDICATED_TAGS if ciphering.is_dedicated else GLOBAL_TAGS)[apdu[0]], content)

    def open_initiate(self, octets: bytes) -> bytes:
        """The initiate request or response in `octets`: never signed, whatever the policy says. Raises as `open`."""
        usual = self._open_usual(octets)
        if usual is not None:
            self._initiate_control = self._security.policy
            return usual
        if octets[0] in ENVELOPE_TAGS:
            raise RemoteProtocolError("an initiate APDU in general protection", got=f"{octets[0]:#04x}")
        apdu, ciphering = self.open(octets, layered=True)
        control = self.control_of(ciphering)
        self._check_policy(control, signed=True)
        self._initiate_control = control
        return apdu

    def strength_of(self, ciphering: Ciphering | Envelope) -> int:
        """How what came in this form was protected, in the bits of an access mode: authenticated, encrypted, signed request."""
        signed = isinstance(ciphering, Envelope) and ciphering.signed
        return (self.control_of(ciphering) & 0x30) >> 2 | 0x10 * signed

    def control_of(self, ciphering: Ciphering | Envelope) -> int:
        """Bits of the security control that what came in this form had."""
        return ciphering.control if isinstance(ciphering, Envelope) else self._security.policy

    def open(self, octets: bytes, *, layered: bool = False) -> Opened:
        """The APDU that `octets` protect; with `layered`, one layer of several, which the policy is not asked about.

        Raises DecodeError for a wrong form, AuthenticationError for a tag or signature that does not hold or a protection below
        the policy, InvocationCounterError for a counter that is not new, RemoteProtocolError for a service under another
        one's tag, SecurityError where a key is missing or a transaction id is repeated.
        """
        usual = self._open_usual(octets)
        if usual is not None:
            return Opened(usual, Ciphering.GLOBAL)
        tag = octets[0]
        if tag in _SERVICE_OF:
            service, ciphering = _SERVICE_OF[tag]
            content = _content(octets, 1)
        elif tag in ENVELOPE_TAGS:
            return self._open_envelope(octets)
        else:
            service, ciphering = -1, Ciphering.GENERAL_GLOBAL if tag == GENERAL_GLOBAL else Ciphering.GENERAL_DEDICATED
            title_octets, start = read_length(octets, 1)
            title = octets[start : start + title_octets]
            if title != self.peer_system_title and (title or not self._security.takes_empty_title):
                raise AuthenticationError(
                    "an APDU comes from another system title", expected=self.peer_system_title.hex()
                )
            content = _content(octets, start + title_octets)
        keys = self._keys_of(ciphering)
        if content[:1] >= b"\x40":
            keys = self._broadcast_keys(content[0], ciphering)
        unprotected = keys.unprotect(self.peer_system_title, content)
        control = unprotected.security_control
        nested = service < 0 and not layered and unprotected.apdu[:1] in _ENVELOPES
        if control != self._security.usual_control:
            if control & SUITE_BITS != self._security.suite:
                raise AuthenticationError(
                    "an APDU of another security suite", expected=int(self._security.suite), got=control & SUITE_BITS
                )
            if not layered and not nested:
                self._check_policy(control)
        self._check_counter(unprotected, ciphering)
        if service >= 0 and unprotected.apdu[:1] != bytes((service,)):
            raise _wrong_service(unprotected.apdu, service)
        if nested:
            return self._open_envelope(unprotected.apdu, (ciphering, control & ~SUITE_BITS))
        if control == self._security.usual_control:
            return Opened(unprotected.apdu, ciphering)
        return Opened(unprotected.apdu, Envelope((ciphering,), control & ~SUITE_BITS))

    def open_apdu(self, octets: bytes) -> bytes:
        """The APDU that `octets` protect, for an end that does not ask how. Raises as `open`."""
        usual = self._open_usual(octets)
        return self.open(octets).apdu if usual is None else usual

    def _open_usual(self, octets: bytes) -> bytes | None:
        """Nearly all: under the global keys, authenticated and encrypted as the policy asks. No step that the others need; None
        for them, of which nothing has been taken then."""
        service = GLOBAL_CIPHERED_TAGS.get(octets[0])
        if service is None:
            return None
        size, title = len(octets), self.peer_system_title
        if size < _USUAL_OCTETS_MIN or len(title) != SYSTEM_TITLE_OCTETS:
            return None
        security = self._security
        length, start = octets[1], 2
        if length >= 0x80:
            length, start = read_length(octets, 1)
        if start + length != size or octets[start : start + 1] != security.usual_start:
            return None
        apdu = security.keys.open_both(title, octets[start:])
        security.guard.accept(title, int.from_bytes(octets[start + 1 : start + HEADER_OCTETS], "big"))
        if not apdu or apdu[0] != service:
            raise _wrong_service(apdu, service)
        return apdu

    def _open_envelope(self, octets: bytes, outer: tuple[Ciphering, int] | None = None) -> Opened:
        """General protection, inside a layer `outer` of another form or without one."""
        apdu, envelope = self._envelope_protection().open(octets, self.peer_system_title, self._open_layer, outer)
        self._check_policy(envelope.control, signed=envelope.signed)
        return Opened(apdu, envelope)

    def _open_layer(self, octets: bytes) -> tuple[bytes, Ciphering, int]:
        """A layer that is not general protection's own: the APDU in it, its form and its control."""
        apdu, ciphering = self.open(octets, layered=True)
        form = ciphering.layers[0] if isinstance(ciphering, Envelope) else ciphering
        assert isinstance(form, Ciphering)
        return apdu, form, self.control_of(ciphering)

    def _envelope_protection(self) -> EnvelopeProtection:
        if self._envelopes is None:
            if self._entropy is None:
                raise SecurityError("general protection needs randomness", expected="entropy")
            self._envelopes = EnvelopeProtection(lambda: self._security, self._entropy, self.close)
        return self._envelopes

    def _check_policy(self, control: int, *, signed: bool = False) -> None:
        security = self._security
        if control & security.policy != security.policy or (security.signed and not signed):
            expected = f"{security.policy:#04x}" + " and a signature" * security.signed
            raise AuthenticationError(
                "an APDU is not protected as the policy asks", expected=expected, got=f"{control:#04x}"
            )

    def _check_counter(self, unprotected: Unprotected, ciphering: Ciphering) -> None:
        control = unprotected.security_control
        guard: InvocationCounterGuard
        if ciphering.is_dedicated:
            assert self._dedicated_guard is not None  # it came with the key
            guard = self._dedicated_guard
        elif not control & SecurityControl.AUTHENTICATED:
            # Whoever can flip bits could move a stored counter ahead and lock the true sender out: this one is not stored.
            guard = self._unauthenticated_guard = self._unauthenticated_guard or VolatileGuard()
        elif control & SecurityControl.BROADCAST_KEY and self._security.broadcast is not None:
            guard = self._security.broadcast.guard
        else:
            guard = self._security.guard
        guard.accept(self.peer_system_title, unprotected.invocation_counter)

    def _broadcast_keys(self, control: int, ciphering: Ciphering) -> CipherKeys:
        """The keys for a security control with one of its two upper bits set. Raises SecurityError, AuthenticationError."""
        if control & SecurityControl.COMPRESSED:
            raise SecurityError("compression is not supported", expected="bit 7 clear", got=control, clause="V.44")
        if ciphering.is_dedicated or self._security.broadcast is None:
            raise AuthenticationError(
                "an APDU under a broadcast key that nobody agreed on", expected="bit 6 clear", got=f"{control:#04x}"
            )
        return self._security.broadcast.keys

    def _keys_of(self, ciphering: Ciphering) -> CipherKeys:
        if not ciphering.is_dedicated:
            return self._security.keys
        if self._dedicated is None:
            raise SecurityError(
                "there is no dedicated key", expected="one in the initiate request", got=ciphering.value
            )
        return self._dedicated


def _wrong_service(apdu: bytes, service: int) -> RemoteProtocolError:
    return RemoteProtocolError("a service stands under another one's tag", expected=service, got=apdu[:1].hex())


def _content(octets: bytes, offset: int) -> bytes:
    length, start = read_length(octets, offset)
    if start + length != len(octets):
        raise DecodeError("a ciphered APDU's length lies", expected=length, got=len(octets) - start, offset=offset)
    return octets[start:]
