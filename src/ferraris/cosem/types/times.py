"""Dates and times as data types: under tags of their own, and as octet-strings."""

from __future__ import annotations

from typing import Final, TypeVar

from ferraris.codec import Tag
from ferraris.cosem.date_time import (
    DATE_OCTETS,
    DATE_TIME_OCTETS,
    TIME_OCTETS,
    CosemDate,
    CosemDateTime,
    CosemTime,
    Moment,
    TaggedDateTime,
)
from ferraris.cosem.types.base import DataType, is_a, kind_of, misfit, read_tag
from ferraris.cosem.types.simple import read_string, take, write_string
from ferraris.kernel.errors import DecodeError

V = TypeVar("V", bound=Moment)


class Tagged(DataType[V]):
    """date-time, date or time under its own tag."""

    def __init__(self, tag: Tag, kind: type[V], length: int) -> None:
        self.tag = int(tag)
        self.kind = kind
        self.length = length
        self.name = tag.standard_name

    def write(self, value: V, out: bytearray) -> None:
        if not is_a(value, self.kind):
            raise misfit(self.name, self.kind.__name__, kind_of(value))
        out.append(self.tag)
        out += value.to_octets()

    def read(self, octets: bytes, offset: int) -> tuple[V, int]:
        content = read_tag(octets, offset, self.tag, self.name)
        value, end = take(octets, content, self.length, self.name)
        return self.kind.from_octets(value), end

    def blank(self) -> V:
        return self.kind()


class InOctetString(DataType[V]):
    """octet-string that holds a date or a time."""

    def __init__(self, kind: type[V], length: int) -> None:
        self.kind = kind
        self.length = length
        self.name = f"octet-string({length}) {kind.__name__}"

    def write(self, value: V, out: bytearray) -> None:
        if not is_a(value, self.kind):
            raise misfit(self.name, self.kind.__name__, kind_of(value))
        write_string(Tag.OCTET_STRING, value.to_octets(), out)

    def read(self, octets: bytes, offset: int) -> tuple[V, int]:
        value, end = read_string(octets, offset, Tag.OCTET_STRING, self.name)
        return self.kind.from_octets(value), end

    def blank(self) -> V:
        return self.kind()


class DateTimeInEitherForm(DataType[CosemDateTime]):
    """A date-time as the standard has it in attributes, octet-string(12), or under its own tag as some meters send it.

    It is written in the form in which it came; a new value is written as an octet-string.
    """

    name = "date-time in octet-string(12)"

    def write(self, value: CosemDateTime, out: bytearray) -> None:
        if not is_a(value, CosemDateTime):
            raise misfit(self.name, "CosemDateTime", kind_of(value))
        if isinstance(value, TaggedDateTime):
            out.append(Tag.DATE_TIME)
            out += value.to_octets()
        else:
            write_string(Tag.OCTET_STRING, value.to_octets(), out)

    def read(self, octets: bytes, offset: int) -> tuple[CosemDateTime, int]:
        if offset < len(octets) and octets[offset] == Tag.DATE_TIME:
            value, end = take(octets, offset + 1, DATE_TIME_OCTETS, self.name)
            return TaggedDateTime.from_octets(value), end
        value, end = read_string(octets, offset, Tag.OCTET_STRING, self.name)
        if len(value) != DATE_TIME_OCTETS:
            raise DecodeError(
                f"not a {self.name}", expected=DATE_TIME_OCTETS, got=f"{len(value)} octets", offset=offset
            )
        return CosemDateTime.from_octets(value), end

    def blank(self) -> CosemDateTime:
        return CosemDateTime()


DATE_TIME: Final = Tagged(Tag.DATE_TIME, CosemDateTime, DATE_TIME_OCTETS)
DATE: Final = Tagged(Tag.DATE, CosemDate, DATE_OCTETS)
TIME: Final = Tagged(Tag.TIME, CosemTime, TIME_OCTETS)
DATE_TIME_STRING: Final = DateTimeInEitherForm()
DATE_STRING: Final = InOctetString(CosemDate, DATE_OCTETS)
TIME_STRING: Final = InOctetString(CosemTime, TIME_OCTETS)
