"""The protection stage of an association: whole APDUs into ciphered ones and back, under the policy and the counters.

Service-specific ciphering has a tag of its own for each service (glo-get-request is 0xC8), general ciphering one tag for all
with the sender's system title in it. Each form exists for the global key and for the dedicated key, which the client invents
for one association.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from ferraris.codec import read_length, write_length
from ferraris.dlms.apdu import DEDICATED_CIPHERED_TAGS, GLOBAL_CIPHERED_TAGS
from ferraris.dlms.ciphering import (
    SYSTEM_TITLE_OCTETS,
    CipherKeys,
    InvocationCounterGuard,
    SecurityControl,
    Unprotected,
)
from ferraris.dlms.settings import Ciphering, Security
from ferraris.kernel.errors import (
    AuthenticationError,
    DecodeError,
    InvocationCounterError,
    RemoteProtocolError,
    SecurityError,
)
from ferraris.kernel.limits import INVOCATION_COUNTER_MAX

GENERAL_GLOBAL: Final = 0xDB
GENERAL_DEDICATED: Final = 0xDC
GLOBAL_TAGS: Final = {plain: tag for tag, plain in GLOBAL_CIPHERED_TAGS.items()}
DEDICATED_TAGS: Final = {plain: tag for tag, plain in DEDICATED_CIPHERED_TAGS.items()}
_SERVICE_OF: Final = {
    **{tag: (plain, Ciphering.GLOBAL) for tag, plain in GLOBAL_CIPHERED_TAGS.items()},
    **{tag: (plain, Ciphering.DEDICATED) for tag, plain in DEDICATED_CIPHERED_TAGS.items()},
}
CIPHERED_TAGS: Final = frozenset(_SERVICE_OF) | {GENERAL_GLOBAL, GENERAL_DEDICATED}
PROTECTION_OCTETS_MAX: Final = 1 + 9 + 5 + 5 + 12
"""What the widest protection adds to an APDU: tag, system title, length, header, authentication tag."""


class Opened(NamedTuple):
    """An APDU out of its protection."""

    apdu: bytes
    ciphering: Ciphering


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
        "_security",
        "_unauthenticated_guard",
        "peer_system_title",
    )

    def __init__(self, security: Security) -> None:
        self._security = security
        self._dedicated: CipherKeys | None = None
        self._dedicated_counters = VolatileCounter()
        self._dedicated_guard = VolatileGuard()
        self._unauthenticated_guard = VolatileGuard()
        self.peer_system_title = security.peer_system_title or b""

    def dedicate(self, dedicated_key: bytes) -> None:
        """Take the dedicated key of the initiate request. The authentication key stays the global one."""
        self._dedicated = CipherKeys(dedicated_key, self._security.keys.authentication_key, self._security.suite)

    def expect_from(self, system_title: bytes) -> None:
        """Take the system title that the peer names in its AARQ or AARE. Raises AuthenticationError for a wrong one."""
        self.peer_system_title = self._security.checked_title(system_title)

    def close_initiate(self, request: bytes, dedicated_key: bytes | None) -> bytes:
        """An initiate request, protected. One that carries the dedicated key is encrypted whatever the policy says, and
        authenticated where there is a key for that. Raises SecurityError when no counter is left.
        """
        control = int(self._security.policy)
        if dedicated_key is not None:
            both = self._security.keys.authentication_key
            control |= SecurityControl.AUTHENTICATED_ENCRYPTED if both else SecurityControl.ENCRYPTED
        return self.close(request, Ciphering.GLOBAL, control)

    def close(self, apdu: bytes, ciphering: Ciphering, control: int | None = None) -> bytes:
        """`apdu` protected by the policy, or as `control` says, in the form `ciphering`.

        Raises SecurityError when no counter is left.
        """
        security = self._security
        if ciphering.is_dedicated:
            keys, counters = self._keys_of(ciphering), self._dedicated_counters.take()
        else:
            keys, counters = security.keys, security.counters.take()
        content = keys.protect(security.policy if control is None else control, security.system_title, counters, apdu)
        if ciphering.is_general or apdu[0] not in GLOBAL_TAGS:  # ACCESS and data-notifications have no tag of their own
            out = bytearray((GENERAL_DEDICATED if ciphering.is_dedicated else GENERAL_GLOBAL, SYSTEM_TITLE_OCTETS))
            out += security.system_title
        else:
            out = bytearray(((DEDICATED_TAGS if ciphering.is_dedicated else GLOBAL_TAGS)[apdu[0]],))
        write_length(len(content), out)
        return bytes(out + content)

    def open(self, octets: bytes) -> Opened:
        """The APDU that `octets` protect.

        Raises DecodeError for a wrong form, AuthenticationError for a tag that does not hold or a protection below the policy,
        InvocationCounterError for a counter that is not new, RemoteProtocolError for a service under another one's tag.
        """
        tag = octets[0]
        if tag in _SERVICE_OF:
            service, ciphering = _SERVICE_OF[tag]
            content = _content(octets, 1)
        else:
            service, ciphering = -1, Ciphering.GENERAL_GLOBAL if tag == GENERAL_GLOBAL else Ciphering.GENERAL_DEDICATED
            title_octets, start = read_length(octets, 1)
            if octets[start : start + title_octets] != self.peer_system_title:
                raise AuthenticationError(
                    "an APDU comes from another system title", expected=self.peer_system_title.hex()
                )
            content = _content(octets, start + title_octets)
        keys = self._keys_of(ciphering)
        unprotected = keys.unprotect(self.peer_system_title, content)
        self._check(unprotected, ciphering)
        if service >= 0 and unprotected.apdu[:1] != bytes((service,)):
            raise RemoteProtocolError(
                "a service stands under another one's tag", expected=service, got=unprotected.apdu[:1].hex()
            )
        return Opened(unprotected.apdu, ciphering)

    def _check(self, unprotected: Unprotected, ciphering: Ciphering) -> None:
        control, policy = unprotected.security_control, self._security.policy
        if control & policy != policy or control & ~0x30 != self._security.keys.suite:
            raise AuthenticationError(
                "an APDU is not protected as the policy asks", expected=f"{policy:#04x}", got=f"{control:#04x}"
            )
        if ciphering.is_dedicated:
            guard: InvocationCounterGuard = self._dedicated_guard
        elif control & SecurityControl.AUTHENTICATED:
            guard = self._security.guard
        else:
            # Whoever can flip bits could move a stored counter ahead and lock the true sender out: this one is not stored.
            guard = self._unauthenticated_guard
        guard.accept(self.peer_system_title, unprotected.invocation_counter)

    def _keys_of(self, ciphering: Ciphering) -> CipherKeys:
        if not ciphering.is_dedicated:
            return self._security.keys
        if self._dedicated is None:
            raise SecurityError(
                "there is no dedicated key", expected="one in the initiate request", got=ciphering.value
            )
        return self._dedicated


def _content(octets: bytes, offset: int) -> bytes:
    length, start = read_length(octets, offset)
    if start + length != len(octets):
        raise DecodeError("a ciphered APDU's length lies", expected=length, got=len(octets) - start, offset=offset)
    return octets[start:]
