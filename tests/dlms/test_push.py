"""Pushes: opened, checked, decoded; the layout remembered says the same as the general decoder."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.codec import BitString, Data, Tag, decode_whole, encode_data
from ferraris.dlms import CipherKeys, NotificationDecoder, PushReceiver, PushSecurity, SecurityControl, protect_push
from ferraris.dlms.apdu import DataNotification
from ferraris.kernel.errors import (
    AuthenticationError,
    DecodeError,
    FerrarisError,
    InvocationCounterError,
    RemoteProtocolError,
)
from ferraris.kernel.limits import NOTIFICATION_LAYOUTS_MAX
from tests.codec.test_axdr import TREES
from tests.dlms.bottle import KEYS, Counter, Guard

TITLE = b"FER00001"


def notification(body: Data, invoke_id: int = 1, date_time: bytes = b"") -> bytes:
    return DataNotification(invoke_id, date_time, encode_data(body)).encode()


def readings(*values: int) -> Data:
    """A push of registers: logical name, value, scaler and unit of each."""

    def reading(index: int, value: int) -> Data:
        name = Data(Tag.OCTET_STRING, bytes((1, 0, index, 8, 0, 255)))
        scaler_unit = Data(Tag.STRUCTURE, (Data(Tag.INTEGER, 0), Data(Tag.ENUM, 30)))
        return Data(Tag.STRUCTURE, (name, Data(Tag.DOUBLE_LONG_UNSIGNED, value), scaler_unit))

    return Data(Tag.ARRAY, tuple(reading(index, value) for index, value in enumerate(values, 1)))


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


@given(st.lists(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=4), min_size=1, max_size=12))
def test_a_remembered_layout_says_what_the_general_decoder_says(pushes: list[list[int]]) -> None:
    decoder = NotificationDecoder()
    for values in pushes * 2:
        decoded = decoder.decode(notification(readings(*values)))
        assert decoded.tree() == readings(*values)


@given(TREES, TREES)
def test_any_two_bodies_through_one_decoder(first: Data, second: Data) -> None:
    decoder = NotificationDecoder()
    for body in (first, second, first, second):
        assert decoder.decode(notification(body, 9)).tree() == body


def test_a_layout_is_remembered() -> None:
    decoder = NotificationDecoder()
    decoder.decode(notification(readings(1, 2)))
    assert len(decoder._layouts) == 1
    decoder.decode(notification(readings(3, 4)))
    assert len(decoder._layouts) == 1
    decoder.decode(notification(Data(Tag.STRUCTURE, (Data(Tag.BIT_STRING, BitString(3, b"\xe0")),))))
    assert len(decoder._layouts) == 1, "struct cannot unpack a bit-string"


def test_the_memory_for_layouts_is_bounded() -> None:
    decoder = NotificationDecoder()
    for size in range(NOTIFICATION_LAYOUTS_MAX + 50):
        decoder.decode(notification(Data(Tag.OCTET_STRING, bytes(size))))
    assert decoder._count == sum(map(len, decoder._layouts.values())) == NOTIFICATION_LAYOUTS_MAX
    for tag in range(100):
        body = tuple(Data(Tag.UNSIGNED if tag >> bit & 1 else Tag.INTEGER, 1) for bit in range(7))
        assert decoder.decode(notification(Data(Tag.STRUCTURE, body))).tree().value == body


def test_a_length_in_a_longer_form_keeps_to_the_general_decoder() -> None:
    octets = b"\x0f\x00\x00\x00\x01\x00\x02\x02\x09\x81\x02\xab\xcd\x11\x07"
    decoder = NotificationDecoder()
    for _ in range(2):
        assert decoder.decode(octets).values == (b"\xab\xcd", 7)


@given(st.binary(max_size=80))
def test_any_octets_decode_or_raise_our_error(octets: bytes) -> None:
    decoder = NotificationDecoder()
    decoder.decode(notification(readings(1)))
    try:
        decoder.decode(b"\x0f" + octets)
    except FerrarisError:
        return


def test_octets_behind_the_body_are_refused() -> None:
    with pytest.raises(DecodeError):
        NotificationDecoder().decode(notification(decode_whole(b"\x11\x05")) + b"\x00")
