"""Pushes: opened, checked, decoded; the layout remembered says the same as the general decoder."""

from __future__ import annotations

import pytest

from ferraris.dlms import CipherKeys, PushReceiver, PushSecurity, SecurityControl, protect_push
from ferraris.kernel.errors import (
    AuthenticationError,
    InvocationCounterError,
    RemoteProtocolError,
)
from tests.dlms.bottle import KEYS, Counter, Guard
from tests.dlms.pushes import notification, readings

TITLE = b"FER00001"


def receiver(
    guard: Guard | None = None, policy: SecurityControl = SecurityControl.AUTHENTICATED_ENCRYPTED
) -> PushReceiver:
    security = PushSecurity(KEYS, guard if guard is not None else Guard(), policy)
    return PushReceiver({TITLE: security}.get)


def test_a_push_is_opened_and_decoded() -> None:
    counters = Counter(next=7)
    octets = protect_push(notification(readings(100, 200), 5, bytes(12)), TITLE, KEYS, counters)
    push = receiver().receive(octets)
    assert (push.system_title, push.invocation_counter) == (TITLE, 7)
    assert push.notification.long_invoke_id_and_priority == 5
    assert push.notification.date_time == bytes(12)
    assert push.notification.values[1] == 100
    assert push.notification.tree() == readings(100, 200)


def test_a_replayed_push_is_refused() -> None:
    pushes = receiver()
    octets = protect_push(notification(readings(1)), TITLE, KEYS, Counter())
    pushes.receive(octets)
    with pytest.raises(InvocationCounterError):
        pushes.receive(octets)


def test_a_push_that_does_not_verify_moves_no_counter() -> None:
    guard = Guard()
    octets = protect_push(notification(readings(1)), TITLE, KEYS, Counter(next=1000))
    with pytest.raises(AuthenticationError):
        receiver(guard).receive(octets[:-1] + bytes((octets[-1] ^ 1,)))
    assert guard.last == {}


def test_a_push_below_the_policy_is_refused() -> None:
    for control in (SecurityControl.NONE, SecurityControl.AUTHENTICATED, SecurityControl.ENCRYPTED):
        octets = protect_push(notification(readings(1)), TITLE, KEYS, Counter(), control)
        with pytest.raises(AuthenticationError, match="policy"):
            receiver().receive(octets)


def test_an_unknown_sender_and_a_wrong_key_are_refused() -> None:
    with pytest.raises(AuthenticationError, match="unknown system title"):
        receiver().receive(protect_push(notification(readings(1)), b"FER99999", KEYS, Counter()))
    with pytest.raises(AuthenticationError):
        receiver().receive(protect_push(notification(readings(1)), TITLE, CipherKeys(bytes(16)), Counter()))


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x0f",
        notification(readings(1)),
        b"\xdb\x08" + TITLE,
        b"\xdb\x08" + TITLE + b"\x82",
        b"\xdb\x08" + TITLE + b"\x82\x01",
        b"\xdb\x07" + TITLE + b"\x00",
        b"\xdb\x08" + TITLE + b"\x7f\x30",
    ],
)
def test_what_is_no_push_is_refused(octets: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        receiver().receive(octets)
