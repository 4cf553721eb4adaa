"""Pushes: opened, checked, decoded; the layout remembered says the same as the general decoder."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.codec import Data, Tag
from ferraris.dlms import CipherKeys, PushReceiver, PushSecurity, SecurityControl, protect_push, push
from ferraris.kernel.errors import (
    AuthenticationError,
    DecodeError,
    FerrarisError,
    InvocationCounterError,
    RemoteProtocolError,
)
from ferraris.kernel.limits import PUSH_ENVELOPE_OCTETS_MAX, PUSH_ENVELOPES_MAX
from tests.dlms.bottle import KEYS, Counter, Guard
from tests.dlms.pushes import notification, readings

TITLE = b"FER00001"
SHORTCUT = push.receive_usual


@pytest.fixture(
    params=[
        pytest.param(
            SHORTCUT, id="shortcut", marks=pytest.mark.skipif(SHORTCUT is None, reason="built without a C compiler")
        ),
        pytest.param(None, id="own way"),
    ],
    autouse=True,
)
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it holds with the compiled shortcut and without."""
    monkeypatch.setattr(push, "receive_usual", request.param)


def receiver(
    guard: Guard | None = None, policy: SecurityControl = SecurityControl.AUTHENTICATED_ENCRYPTED
) -> PushReceiver:
    security = PushSecurity(KEYS, guard if guard is not None else Guard(), policy)
    return PushReceiver({TITLE: security}.get)


def test_a_push_is_opened_and_decoded() -> None:
    counters = Counter(next=7)
    octets = protect_push(notification(readings(100, 200), 5, bytes(12)), TITLE, KEYS, counters)
    received = receiver().receive(octets)
    assert (received.system_title, received.invocation_counter) == (TITLE, 7)
    assert received.notification.long_invoke_id_and_priority == 5
    assert received.notification.date_time == bytes(12)
    assert received.notification.values[1] == 100
    assert received.notification.tree() == readings(100, 200)


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
            received = pushes.receive(protect_push(notification(body), TITLE, KEYS, counters))
            assert received.notification.tree() == body
    assert len(pushes._envelopes) <= PUSH_ENVELOPES_MAX


@pytest.mark.parametrize("octets", range(17))
def test_content_too_short_for_counter_and_tag(octets: int) -> None:
    with pytest.raises((DecodeError, AuthenticationError)):
        receiver().receive(b"\xdb\x08" + TITLE + bytes((octets,)) + b"\x30" * octets)


class Alone:
    """What the shortcut is given, of which it may make nothing."""

    def __init__(self) -> None:
        self.guard = Guard()
        self.pushes = receiver(self.guard)
        self.counters = Counter()
        self.first = protect_push(notification(readings(1)), TITLE, KEYS, self.counters)
        self.pushes.receive(self.first)
        self.next = protect_push(notification(readings(2)), TITLE, KEYS, self.counters)

    def shortcut(self, octets: bytes) -> object:
        assert SHORTCUT is not None
        known = self.pushes
        return SHORTCUT(octets, known._envelopes, known._find, known._layouts, push.ReceivedPush)


def test_the_shortcut_changes_nothing_where_it_gives_up() -> None:
    if push.receive_usual is None:
        pytest.skip("without the shortcut")
    alone = Alone()
    before = dict(alone.guard.last)
    body = notification(readings(2))
    for octets in (
        b"",
        alone.next + b"\x00",
        alone.next[:-1] + bytes((alone.next[-1] ^ 1,)),
        alone.next[:2] + b"FER99999" + alone.next[10:],
        protect_push(body, TITLE, KEYS, Counter(next=99), SecurityControl.ENCRYPTED),
        protect_push(body + bytes(12), TITLE, KEYS, Counter(next=99), SecurityControl.ENCRYPTED),
        protect_push(notification(readings(2), 5, bytes(12)), TITLE, KEYS, Counter(next=99)),
    ):
        assert alone.shortcut(octets) is None
    assert alone.guard.last == before
    taken = alone.shortcut(alone.next)
    assert isinstance(taken, push.ReceivedPush)
    assert taken.notification.tree() == readings(2)
    assert alone.guard.last != before
    with pytest.raises(InvocationCounterError):
        alone.shortcut(alone.next)


def test_the_shortcut_takes_what_it_is_made_for() -> None:
    if push.receive_usual is None:
        pytest.skip("without the shortcut")
    alone = Alone()
    known = alone.pushes
    for arguments in (
        (),
        (bytearray(alone.next), {}, known._find, {}, push.ReceivedPush),
        (alone.next, [], known._find, {}, push.ReceivedPush),
        (alone.next, {}, known._find, [], push.ReceivedPush),
        (alone.next, {}, known._find, {}, dict),
        (alone.next, {}, known._find, {}, 5),
    ):
        with pytest.raises(TypeError):
            push.receive_usual(*arguments)

    def fails(_: bytes) -> object:
        raise LookupError("the file of keys is gone")

    with pytest.raises(LookupError):
        push.receive_usual(alone.next, known._envelopes, fails, known._layouts, push.ReceivedPush)
    for envelope in (
        lambda _: 5,
        lambda _: (1, 2),
        lambda _: (1, 2, 3, 4, 5),
        lambda _: (TITLE, 0x30, b"1234", b"", b""),
    ):
        envelopes = {len(alone.next): envelope}
        assert push.receive_usual(alone.next, envelopes, known._find, known._layouts, push.ReceivedPush) is None


@given(st.data())
def test_both_ways_say_the_same_of_damaged_pushes(data: st.DataObject) -> None:
    octets = bytearray(
        protect_push(notification(readings(1, 2)), TITLE, KEYS, Counter(next=data.draw(st.integers(1, 5))))
    )
    for _ in range(data.draw(st.integers(0, 2))):
        octets[data.draw(st.integers(0, len(octets) - 1))] ^= data.draw(st.integers(0, 255))
    said = []
    for way in (SHORTCUT, None):
        guard = Guard({TITLE: 2})
        pushes = receiver(guard)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(push, "receive_usual", way)
            pushes.receive(protect_push(notification(readings(7, 8)), TITLE, KEYS, Counter(next=3)))
            try:
                said.append((pushes.receive(bytes(octets)), guard.last))
            except FerrarisError as error:
                said.append((str(error), guard.last))  # type: ignore[arg-type]
    assert said[0] == said[1]
