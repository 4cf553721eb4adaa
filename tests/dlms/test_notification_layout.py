"""Layouts of pushes: a remembered layout says what the general decoder says, or steps aside."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.codec import BitString, CompactArray, Data, Tag, decode_whole
from ferraris.dlms import NotificationDecoder
from ferraris.dlms.apdu import DataNotification
from ferraris.kernel.errors import DecodeError, FerrarisError, RemoteProtocolError
from ferraris.kernel.limits import LAYOUTS_PER_SIZE_MAX, NOTIFICATION_LAYOUTS_MAX
from tests.codec.test_axdr import TREES
from tests.dlms.bottle import GET_VALUE
from tests.dlms.pushes import notification, readings


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
    assert len(decoder.layouts) == 1
    decoder.decode(notification(readings(3, 4)))
    assert len(decoder.layouts) == 1
    decoder.decode(notification(Data(Tag.STRUCTURE, (Data(Tag.BIT_STRING, BitString(3, b"\xe0")),))))
    assert len(decoder.layouts) == 1, "struct cannot unpack a bit-string"


def test_the_memory_for_layouts_is_bounded() -> None:
    decoder = NotificationDecoder()
    for size in range(NOTIFICATION_LAYOUTS_MAX + 50):
        decoder.decode(notification(Data(Tag.OCTET_STRING, bytes(size))))
    assert decoder._count == sum(map(len, decoder.layouts.values())) == NOTIFICATION_LAYOUTS_MAX
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


EVERY_TYPE = [
    # value                                        in the layout    values told
    (Data(Tag.NULL_DATA, None), True, ()),
    (Data(Tag.DONT_CARE, None), True, ()),
    (Data(Tag.BOOLEAN, 1), True, (1,)),
    (Data(Tag.BIT_STRING, BitString(3, b"\xe0")), False, (BitString(3, b"\xe0"),)),
    (Data(Tag.DOUBLE_LONG, -5), True, (-5,)),
    (Data(Tag.DOUBLE_LONG_UNSIGNED, 2**32 - 1), True, (2**32 - 1,)),
    (Data(Tag.OCTET_STRING, b"\x01\x02"), True, (b"\x01\x02",)),
    (Data(Tag.OCTET_STRING, b""), True, (b"",)),
    (Data(Tag.OCTET_STRING, bytes(200)), True, (bytes(200),)),
    (Data(Tag.OCTET_STRING, bytes(300)), True, (bytes(300),)),
    (Data(Tag.VISIBLE_STRING, b"FER"), True, (b"FER",)),
    (Data(Tag.UTF8_STRING, "é".encode()), True, ("é".encode(),)),
    (Data(Tag.BCD, 0x42), True, (0x42,)),
    (Data(Tag.INTEGER, -1), True, (-1,)),
    (Data(Tag.LONG, -300), True, (-300,)),
    (Data(Tag.UNSIGNED, 255), True, (255,)),
    (Data(Tag.LONG_UNSIGNED, 65_535), True, (65_535,)),
    (Data(Tag.COMPACT_ARRAY, CompactArray(b"\x11", b"\x01")), False, (CompactArray(b"\x11", b"\x01"),)),
    (Data(Tag.LONG64, -(2**63)), True, (-(2**63),)),
    (Data(Tag.LONG64_UNSIGNED, 2**64 - 1), True, (2**64 - 1,)),
    (Data(Tag.ENUM, 30), True, (30,)),
    (Data(Tag.FLOAT32, 0.5), True, (0.5,)),
    (Data(Tag.FLOAT64, 0.1), True, (0.1,)),
    (Data(Tag.DATE_TIME, bytes(12)), True, (bytes(12),)),
    (Data(Tag.DATE, bytes(5)), True, (bytes(5),)),
    (Data(Tag.TIME, bytes(4)), True, (bytes(4),)),
    (Data(Tag.DELTA_LONG, -7), True, (-7,)),
    (Data(Tag.STRUCTURE, ()), True, ()),
    (Data(Tag.ARRAY, (Data(Tag.UNSIGNED, 1), Data(Tag.UNSIGNED, 2))), True, (1, 2)),
]


@pytest.mark.parametrize(("value", "fast", "told"), EVERY_TYPE)
@pytest.mark.parametrize("date_time", [b"", bytes(12)])
def test_every_type_comes_out_the_same_the_second_time(
    value: Data, fast: bool, told: tuple[object, ...], date_time: bytes
) -> None:
    decoder = NotificationDecoder()
    octets = notification(Data(Tag.STRUCTURE, (value, Data(Tag.UNSIGNED, 9))), 0x4000_0001, date_time)
    first, second = decoder.decode(octets), decoder.decode(octets)
    assert first == second
    assert second.values == (*told, 9)
    assert second.date_time == date_time
    assert second.long_invoke_id_and_priority == 0x4000_0001
    assert second.tree() == Data(Tag.STRUCTURE, (value, Data(Tag.UNSIGNED, 9)))
    assert bool(decoder.layouts) == fast


def test_a_value_that_is_no_number_is_never_met_by_a_compare() -> None:
    """NaN equals nothing: the layout is not taken up, and every such push is decoded in general."""
    decoder = NotificationDecoder()
    octets = b"\x0f\x00\x00\x00\x01\x00\x17\x7f\xc0\x00\x00"
    for _ in range(2):
        (value,) = decoder.decode(octets).values
        assert value != value  # NaN is the one value that is not itself


@pytest.mark.parametrize("place", [5, 6, 7, 8, 10])
def test_an_octet_that_says_another_layout_is_seen(place: int) -> None:
    decoder = NotificationDecoder()
    octets = notification(Data(Tag.STRUCTURE, (Data(Tag.UNSIGNED, 1), Data(Tag.UNSIGNED, 2))))
    decoder.decode(octets)
    changed = octets[:place] + bytes((octets[place] ^ 0x1D,)) + octets[place + 1 :]
    fresh = NotificationDecoder()
    try:
        expected = fresh.decode(changed)
    except FerrarisError as error:
        with pytest.raises(type(error)):
            decoder.decode(changed)
        return
    assert decoder.decode(changed) == expected


def test_layouts_of_one_size_are_bounded_and_each_is_still_decoded() -> None:
    decoder = NotificationDecoder()
    kinds = [
        Data(Tag.STRUCTURE, tuple(Data(Tag.UNSIGNED if n >> bit & 1 else Tag.INTEGER, bit) for bit in range(6)))
        for n in range(LAYOUTS_PER_SIZE_MAX + 5)
    ]
    for _ in range(2):
        for kind in kinds:
            assert decoder.decode(notification(kind)).tree() == kind
    assert len(decoder.layouts) <= LAYOUTS_PER_SIZE_MAX


@pytest.mark.parametrize(
    "octets", [b"", GET_VALUE.encode(), b"\x0f", b"\x0f\x00\x00\x00\x01\x05", b"\x0f\x00\x00\x00\x01\x00"]
)
def test_what_is_no_data_notification_is_refused(octets: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        NotificationDecoder().decode(octets)


def test_numbers_of_one_push_never_show_in_the_next() -> None:
    decoder = NotificationDecoder()
    first = decoder.decode(notification(readings(1, 2), 1))
    second = decoder.decode(notification(readings(3, 4), 2))
    assert (first.values[1], second.values[1]) == (1, 3)
    assert first.tree() == readings(1, 2)
    assert second.tree() == readings(3, 4)


@given(st.lists(st.tuples(TREES, st.sampled_from([b"", bytes(12)])), min_size=1, max_size=5), st.randoms())
def test_any_pushes_in_any_order_through_one_decoder(pushes: list[tuple[Data, bytes]], order: object) -> None:
    decoder = NotificationDecoder()
    many = pushes * 3
    order.shuffle(many)  # type: ignore[attr-defined]
    for body, date_time in many:
        decoded = decoder.decode(DataNotification(5, date_time, notification(body)[6:]).encode())
        assert decoded.tree() == body
        assert decoded.date_time == date_time
