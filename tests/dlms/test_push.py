"""Pushes: opened, checked, decoded; the layout remembered says the same as the general decoder."""

from __future__ import annotations

import pytest

from ferraris.codec import Data, Tag
from ferraris.dlms import CipherKeys, PushReceiver, PushSecurity, SecurityControl, protect_push
from ferraris.kernel.errors import (
    AuthenticationError,
    DecodeError,
    InvocationCounterError,
    RemoteProtocolError,
)
from ferraris.kernel.limits import PUSH_ENVELOPE_OCTETS_MAX, PUSH_ENVELOPES_MAX
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


def with_length(octets: bytes, form: bytes) -> bytes:
    """A push whose length is written in another form; the length itself stays."""
    return octets[:10] + form + octets[11:]


def test_a_length_in_a_longer_form_is_read_and_not_remembered() -> None:
    """A stranger could send it before anybody else, so that all others would be taken apart anew."""
    counters = Counter()
    pushes = receiver()
    ten, twelve = (Data(Tag.OCTET_STRING, bytes(size)) for size in (10, 12))
    for _ in range(3):
        octets = protect_push(notification(ten), TITLE, KEYS, counters)
        longer = with_length(octets, bytes((0x82, 0, octets[10])))
        assert pushes.receive(longer).notification.tree() == ten
        usual = protect_push(notification(twelve), TITLE, KEYS, counters)
        assert len(usual) == len(longer)
        assert pushes.receive(usual).notification.tree() == twelve


def test_pushes_of_one_size_and_two_headers() -> None:
    """The envelope remembered is of the usual header; one of the same size with another is refused as before."""
    pushes = receiver()
    first = protect_push(notification(readings(1)), TITLE, KEYS, Counter())
    pushes.receive(first)
    with pytest.raises(DecodeError, match="length lies"):
        pushes.receive(with_length(first, bytes((first[10] - 1,))))
    with pytest.raises(RemoteProtocolError):
        pushes.receive(b"\xdb\x07" + first[2:])
    with pytest.raises(AuthenticationError, match="unknown system title"):
        pushes.receive(first[:2] + b"FER99999" + first[10:])


@pytest.mark.parametrize("control", [SecurityControl.AUTHENTICATED, SecurityControl.ENCRYPTED, SecurityControl.NONE])
def test_weaker_protection_in_an_envelope_that_is_known(control: SecurityControl) -> None:
    guard = Guard()
    pushes = receiver(guard)
    body = notification(readings(1))
    strong = protect_push(body, TITLE, KEYS, Counter())
    pushes.receive(strong)
    for padding in (b"", bytes(12)):
        weak = protect_push(body + padding, TITLE, KEYS, Counter(next=50), control)
        with pytest.raises(AuthenticationError, match="policy"):
            pushes.receive(weak)
    assert guard.last == {TITLE: int.from_bytes(strong[12:16], "big")}


def test_long_pushes_and_pushes_of_many_sizes() -> None:
    pushes = receiver()
    counters = Counter()
    for size in (PUSH_ENVELOPE_OCTETS_MAX, *range(PUSH_ENVELOPES_MAX + 10), PUSH_ENVELOPE_OCTETS_MAX, 3):
        body = Data(Tag.OCTET_STRING, bytes(size))
        for _ in range(2):
            push = pushes.receive(protect_push(notification(body), TITLE, KEYS, counters))
            assert push.notification.tree() == body
    assert len(pushes._envelopes) <= PUSH_ENVELOPES_MAX


@pytest.mark.parametrize("octets", range(17))
def test_content_too_short_for_counter_and_tag(octets: int) -> None:
    with pytest.raises((DecodeError, AuthenticationError)):
        receiver().receive(b"\xdb\x08" + TITLE + bytes((octets,)) + b"\x30" * octets)
