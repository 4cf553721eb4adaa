"""Confirmed pushes: the receiver answers a data-notification that asks for it, and the sender counts what is answered.

The confirmation carries the notification's long-invoke-id. It is ciphered like the push, under the receiver's own title and
counter: without that, anybody on the way could make a meter believe that its alarm was heard.
"""

from __future__ import annotations

from collections.abc import Iterable

from ferraris.dlms.apdu import CONFIRMED, LONG_INVOKE_ID_MASK, DataNotificationConfirm, decode_apdu
from ferraris.dlms.ciphering import SYSTEM_TITLE_OCTETS, CipherKeys, InvocationCounterSource, SecurityControl
from ferraris.dlms.protection import GENERAL_GLOBAL, Protection
from ferraris.dlms.push import ReceivedPush, protect_push
from ferraris.dlms.settings import Security
from ferraris.kernel.errors import RemoteProtocolError


def confirmation_of(
    push: ReceivedPush,
    system_title: bytes,
    keys: CipherKeys,
    counters: InvocationCounterSource,
    policy: SecurityControl = SecurityControl.AUTHENTICATED_ENCRYPTED,
) -> bytes | None:
    """The confirmation of a push, from `system_title`; None for a push that asks for none. Raises SecurityError without a counter."""
    number = push.notification.long_invoke_id_and_priority
    if not number & CONFIRMED:
        return None
    return protect_push(DataNotificationConfirm(number, b"").encode(), system_title, keys, counters, policy)


class AwaitedConfirmations:
    """What a sender of pushes still waits for."""

    def __init__(self, security: Security, numbers: Iterable[int]) -> None:
        """`numbers` are the long-invoke-ids sent; those that ask for no confirmation are not waited for."""
        self._security = security
        self._awaited = {number & LONG_INVOKE_ID_MASK for number in numbers if number & CONFIRMED}

    @property
    def complete(self) -> bool:
        """Nothing is waited for any more."""
        return not self._awaited

    def take(self, octets: bytes) -> None:
        """Take one APDU of the receiver.

        Raises RemoteProtocolError for anything but a confirmation, SecurityError for one that is not protected as the policy
        asks, or replayed.
        """
        if octets[:1] != bytes((GENERAL_GLOBAL,)):
            raise RemoteProtocolError("a confirmation is not ciphered", expected="general-glo-ciphering")
        protection = Protection(self._security)
        protection.expect_from(octets[2 : 2 + SYSTEM_TITLE_OCTETS])
        apdu = decode_apdu(protection.open(octets).apdu)
        if not isinstance(apdu, DataNotificationConfirm):
            raise RemoteProtocolError("no confirmation of a push", got=type(apdu).__name__)
        self._awaited.discard(apdu.long_invoke_id_and_priority & LONG_INVOKE_ID_MASK)
