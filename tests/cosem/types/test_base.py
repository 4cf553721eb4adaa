"""What every data type does alike, shown with one made for the purpose."""

from __future__ import annotations

import pytest

from ferraris.codec import Tag
from ferraris.cosem.types import DataType
from ferraris.cosem.types.base import is_a, kind_of, misfit, read_tag, tag_name
from ferraris.kernel.errors import DecodeError, LocalProtocolError


class Mark(DataType[str]):
    """One letter under the tag of an unsigned."""

    name = "mark"

    def write(self, value: str, out: bytearray) -> None:
        if len(value) != 1:
            raise misfit(self.name, "one letter", kind_of(value))
        out += bytes((Tag.UNSIGNED, ord(value)))

    def read(self, octets: bytes, offset: int) -> tuple[str, int]:
        content = read_tag(octets, offset, Tag.UNSIGNED, self.name)
        return chr(octets[content]), content + 1

    def blank(self) -> str:
        return " "


MARK = Mark()


def test_encode_and_decode_come_from_write_and_read() -> None:
    assert MARK.encode("x") == b"\x11x"
    assert MARK.decode(b"\x11x") == "x"
    assert repr(MARK) == "mark"


def test_octets_behind_the_value_are_refused() -> None:
    with pytest.raises(DecodeError, match="octets follow a mark, expected 2, got 3, at octet 2"):
        MARK.decode(b"\x11xy")


TAGS = [
    # octets        offset  words
    (b"",           0,      "a mark is missing, expected unsigned, got no octets, at octet 0"),
    (b"\x11x",      2,      "a mark is missing, expected unsigned, got no octets, at octet 2"),
    (b"\x12x",      0,      "not a mark, expected unsigned, got long-unsigned, at octet 0"),
    (b"\x11x\xc8x", 2,      "not a mark, expected unsigned, got tag 200, at octet 2"),
]  # fmt: skip


@pytest.mark.parametrize(("octets", "offset", "words"), TAGS)
def test_another_tag_is_named_with_its_place(octets: bytes, offset: int, words: str) -> None:
    with pytest.raises(DecodeError) as caught:
        MARK.read(octets, offset)
    assert str(caught.value) == words


def test_a_value_that_does_not_fit_is_the_callers_fault() -> None:
    with pytest.raises(LocalProtocolError, match="a value does not fit mark, expected one letter, got str"):
        MARK.encode("xy")


def test_kinds_are_named_without_content() -> None:
    assert [kind_of(value) for value in (b"secret", "secret", 5, None)] == ["6 octets", "str", "int", "NoneType"]
    assert [tag_name(tag) for tag in (0, 19, 255, 254)] == ["null-data", "compact-array", "dont-care", "tag 254"]
    assert is_a(5, int | str)
    assert not is_a(5, bytes)
