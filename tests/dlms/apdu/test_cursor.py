"""Fields read one after the other, and what each says when its octets are not there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ferraris.dlms.apdu.cursor import Cursor, choose, cut_short, refuse_trailing
from ferraris.kernel.errors import DecodeError
from ferraris.kernel.limits import ATTRIBUTE_DESCRIPTORS_MAX


def test_fields_follow_one_another() -> None:
    cursor = Cursor(bytes.fromhex("ff 07 0102 01020304 01 00 01 02aabb 05 1203e8 0000ff"), 1)
    assert cursor.unsigned() == 7
    assert cursor.long_unsigned() == 0x0102
    assert cursor.double_long_unsigned() == 0x01020304
    assert cursor.boolean() is True
    assert cursor.present() is False
    assert cursor.choice(1, 2) == 1
    assert cursor.octet_string() == b"\xaa\xbb"
    assert cursor.count() == 5
    assert cursor.data() == b"\x12\x03\xe8"
    assert cursor.rest() == b"\x00\x00\xff"
    cursor.finish()


@pytest.mark.parametrize(
    ("octets", "step", "summary", "expected", "got", "offset"),
    [
        ("", Cursor.unsigned, "an APDU is cut short", "1 octet", 0, 0),
        ("01", Cursor.long_unsigned, "an APDU is cut short", "2 octets", 1, 0),
        ("010203", Cursor.double_long_unsigned, "an APDU is cut short", "4 octets", 3, 0),
        ("", Cursor.boolean, "an APDU is cut short", "1 octet", 0, 0),
        ("02", Cursor.present, "an optional field's flag is wrong", "0 or 1", 2, 0),
        ("03aa", Cursor.octet_string, "an APDU is cut short", "3 octets", 1, 1),
        ("84ffffffff", Cursor.octet_string, "an APDU is cut short", "4294967295 octets", 0, 5),
        ("820101", Cursor.count, "a list is too long", f"at most {ATTRIBUTE_DESCRIPTORS_MAX}", 257, 0),
        ("", Cursor.rest, "an APDU is cut short", "1 octets", 0, 0),
        ("00", Cursor.finish, "octets follow the APDU", 0, 1, 0),
    ],
)
def test_what_is_missing_is_said(
    octets: str, step: Callable[[Cursor], object], summary: str, expected: object, got: object, offset: int
) -> None:
    with pytest.raises(DecodeError) as caught:
        step(Cursor(bytes.fromhex(octets)))
    error = caught.value
    assert (error.summary, error.expected, error.got, error.offset) == (summary, expected, got, offset)


@pytest.mark.parametrize("octets", ["", "12", "1203", "0203aa", "09", "0905aa"])
def test_a_value_must_be_whole(octets: str) -> None:
    with pytest.raises(DecodeError):
        Cursor(bytes.fromhex(octets)).data()


def test_a_choice_names_those_there_are() -> None:
    with pytest.raises(DecodeError) as caught:
        Cursor(b"\x00\x03", 1).choice(0, 1)
    assert (caught.value.expected, caught.value.got, caught.value.offset) == ((0, 1), 3, 1)


def test_a_service_chooses_by_its_second_octet() -> None:
    forms = {1: len, 2: sum}
    assert choose(forms, b"\xc0\x01\x05") == 3
    assert choose(forms, b"\xc0\x02\x05") == 0xC0 + 2 + 5
    with pytest.raises(DecodeError) as caught:
        choose(forms, b"\xc0\x03")
    assert (caught.value.expected, caught.value.got, caught.value.offset) == ((1, 2), 3, 1)
    with pytest.raises(DecodeError):
        choose(forms, b"\xc0")


def test_the_end_must_be_the_end() -> None:
    refuse_trailing(b"abc", 3)
    for end in (2, 4):
        with pytest.raises(DecodeError):
            refuse_trailing(b"abc", end)


def test_a_short_apdu_says_how_many_octets_it_lacks() -> None:
    error = cut_short(b"\xc0\x01", 13)
    assert (error.expected, error.got, error.offset) == ("13 octets", 2, 2)
