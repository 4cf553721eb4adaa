"""Confirmed pushes: what is asked for is confirmed and counted; nobody else's word counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.dlms import (
    AwaitedConfirmations,
    CipherKeys,
    PushReceiver,
    PushSecurity,
    ReceivedPush,
    Security,
    confirmation_of,
    protect_push,
)
from ferraris.dlms.apdu import CONFIRMED, DataNotification, DataNotificationConfirm
from ferraris.kernel.errors import FerrarisError, InvocationCounterError, RemoteProtocolError, SecurityError
from ferraris.keys import CounterGuard, ReservedCounter

METER, HEADEND = b"FER00001", b"FERHES01"
BODY = b"\x02\x01\x11\x07"


def keys(last: int = 15) -> CipherKeys:
    return CipherKeys(bytes(range(15)) + bytes((last,)), bytes(range(16, 32)))


def guard() -> CounterGuard:
    return CounterGuard({}, lambda title, value: None)


def counters() -> ReservedCounter:
    return ReservedCounter(0, lambda up_to: None)


def meter() -> Security:
    return Security(METER, keys(), counters(), guard())


def received(number: int) -> ReceivedPush:
    apdu = DataNotification(number, b"", BODY).encode()
    receiver = PushReceiver({METER: PushSecurity(keys(), guard())}.get)
    return receiver.receive(protect_push(apdu, METER, keys(), counters()))


def confirmed(number: int, from_keys: CipherKeys | None = None, sent: ReservedCounter | None = None) -> bytes:
    confirmation = confirmation_of(received(number), HEADEND, from_keys or keys(), sent or counters())
    assert confirmation is not None
    return confirmation


def test_a_push_that_asks_for_nothing_gets_nothing() -> None:
    assert confirmation_of(received(7), HEADEND, keys(), counters()) is None
    assert AwaitedConfirmations(meter(), [7, 8]).complete


def test_each_push_is_confirmed_by_its_number() -> None:
    awaited = AwaitedConfirmations(meter(), [7 | CONFIRMED, 8 | CONFIRMED, 9])
    sent = counters()
    awaited.take(confirmed(8 | CONFIRMED, sent=sent))
    assert not awaited.complete
    awaited.take(confirmed(99 | CONFIRMED, sent=sent))
    assert not awaited.complete, "another push's confirmation"
    awaited.take(confirmed(7 | CONFIRMED, sent=sent))
    assert awaited.complete


def test_a_confirmation_in_the_clear_is_none() -> None:
    awaited = AwaitedConfirmations(meter(), [7 | CONFIRMED])
    with pytest.raises(RemoteProtocolError, match="not ciphered"):
        awaited.take(DataNotificationConfirm(7 | CONFIRMED, b"").encode())
    assert not awaited.complete


def test_a_confirmation_under_other_keys_is_refused() -> None:
    awaited = AwaitedConfirmations(meter(), [7 | CONFIRMED])
    with pytest.raises(SecurityError):
        awaited.take(confirmed(7 | CONFIRMED, keys(99)))
    assert not awaited.complete


def test_an_old_confirmation_does_not_count_for_a_new_push() -> None:
    security, recorded = meter(), confirmed(7 | CONFIRMED)
    AwaitedConfirmations(security, [7 | CONFIRMED]).take(recorded)
    again = AwaitedConfirmations(security, [7 | CONFIRMED])
    with pytest.raises(InvocationCounterError):
        again.take(recorded)
    assert not again.complete


def test_our_own_push_sent_back_is_no_confirmation() -> None:
    security = meter()
    push = protect_push(DataNotification(7 | CONFIRMED, b"", BODY).encode(), METER, keys(), counters())
    with pytest.raises(SecurityError, match="our own"):
        AwaitedConfirmations(security, [7 | CONFIRMED]).take(push)


def test_another_apdu_is_no_confirmation() -> None:
    other = protect_push(DataNotification(7 | CONFIRMED, b"", BODY).encode(), HEADEND, keys(), counters())
    with pytest.raises(RemoteProtocolError, match="DataNotification"):
        AwaitedConfirmations(meter(), [7 | CONFIRMED]).take(other)


@given(st.binary(max_size=60))
def test_any_octets_only_raise_our_errors(octets: bytes) -> None:
    awaited = AwaitedConfirmations(meter(), [7 | CONFIRMED])
    with pytest.raises(FerrarisError):
        awaited.take(b"\xdb\x08" + octets)
