"""Types made of types: arrays, structures as dataclasses, choices, values that may be absent, values of any type."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any, Final, TypeVar, get_args, get_type_hints

from ferraris.codec import Data, Tag, decode_data, read_length, write_data, write_length
from ferraris.cosem.types.base import DataType, is_a, kind_of, misfit, read_tag, tag_name
from ferraris.kernel.errors import DecodeError

T = TypeVar("T")
S = TypeVar("S")


class Array(DataType[tuple[T, ...]]):
    """array: any number of elements of one type."""

    def __init__(self, item: DataType[T]) -> None:
        self.item = item
        self.name = f"array of {item.name}"

    def write(self, value: tuple[T, ...], out: bytearray) -> None:
        if not is_a(value, tuple | list):
            raise misfit(self.name, "a tuple", kind_of(value))
        out.append(Tag.ARRAY)
        write_length(len(value), out)
        for element in value:
            self.item.write(element, out)

    def read(self, octets: bytes, offset: int) -> tuple[tuple[T, ...], int]:
        count, content = read_count(octets, offset, Tag.ARRAY, self.name)
        values = []
        for _ in range(count):
            value, content = self.item.read(octets, content)
            values.append(value)
        return tuple(values), content

    def blank(self) -> tuple[T, ...]:
        return ()


class Structure(DataType[S]):
    """structure: a dataclass whose members are `Annotated` with their data types, in the standard's order."""

    def __init__(self, dataclass: type[S]) -> None:
        self.dataclass = dataclass
        self.name = f"structure {dataclass.__name__}"
        self.members = members_of(dataclass)
        self._build: Callable[..., S] = dataclass

    def write(self, value: S, out: bytearray) -> None:
        if not is_a(value, self.dataclass):
            raise misfit(self.name, self.dataclass.__name__, kind_of(value))
        out.append(Tag.STRUCTURE)
        write_length(len(self.members), out)
        for member, datatype in self.members:
            datatype.write(getattr(value, member), out)

    def read(self, octets: bytes, offset: int) -> tuple[S, int]:
        count, content = read_count(octets, offset, Tag.STRUCTURE, self.name)
        if count != len(self.members):
            raise DecodeError(f"not a {self.name}", expected=f"{len(self.members)} members", got=count, offset=offset)
        values = []
        for _, datatype in self.members:
            value, content = datatype.read(octets, content)
            values.append(value)
        return self._build(*values), content

    def blank(self) -> S:
        return self._build(*(datatype.blank() for _, datatype in self.members))


class Choice(DataType[Data]):
    """CHOICE: one of several types. The value keeps its tag, so that it is written as it came."""

    def __init__(self, *tags: Tag) -> None:
        self.tags = tags
        self.name = "choice of " + ", ".join(tag.standard_name for tag in tags)

    def write(self, value: Data, out: bytearray) -> None:
        if not is_a(value, Data):
            raise misfit(self.name, "Data(tag, value)", kind_of(value))
        if value.tag not in self.tags:
            raise misfit(self.name, "one of its types", tag_name(value.tag))
        write_data(value, out)

    def read(self, octets: bytes, offset: int) -> tuple[Data, int]:
        value, end = decode_data(octets, offset)
        if value.tag not in self.tags:
            raise DecodeError(f"not a {self.name}", expected="one of its types", got=tag_name(value.tag), offset=offset)
        return value, end

    def blank(self) -> Data:
        if Tag.NULL_DATA in self.tags:
            return Data(Tag.NULL_DATA, None)
        return blank_data(self.tags[0])


class AnyType(DataType[Data]):
    """A value of any type: the lossless tree of the codec."""

    name = "any type"

    def write(self, value: Data, out: bytearray) -> None:
        if not is_a(value, Data):
            raise misfit(self.name, "Data(tag, value)", kind_of(value))
        write_data(value, out)

    def read(self, octets: bytes, offset: int) -> tuple[Data, int]:
        return decode_data(octets, offset)

    def blank(self) -> Data:
        return Data(Tag.NULL_DATA, None)


class Row(DataType[tuple[Data, ...]]):
    """structure of values of any types: an entry of a profile's buffer, whose shape the capture objects give."""

    name = "row"

    def write(self, value: tuple[Data, ...], out: bytearray) -> None:
        if not is_a(value, tuple) or not all(isinstance(member, Data) for member in value):
            raise misfit(self.name, "a tuple of Data", kind_of(value))
        write_data(Data(Tag.STRUCTURE, value), out)

    def read(self, octets: bytes, offset: int) -> tuple[tuple[Data, ...], int]:
        read_tag(octets, offset, Tag.STRUCTURE, self.name)
        (_, members), end = decode_data(octets, offset)
        assert isinstance(members, tuple)  # what the codec gives for a structure
        return members, end

    def blank(self) -> tuple[Data, ...]:
        return ()


class Nullable(DataType[T | None]):
    """A value that may be absent: null-data stands for None."""

    def __init__(self, datatype: DataType[T]) -> None:
        self.datatype = datatype
        self.name = f"null-data or {datatype.name}"

    def write(self, value: T | None, out: bytearray) -> None:
        if value is None:
            out.append(Tag.NULL_DATA)
        else:
            self.datatype.write(value, out)

    def read(self, octets: bytes, offset: int) -> tuple[T | None, int]:
        if offset < len(octets) and octets[offset] == Tag.NULL_DATA:
            return None, offset + 1
        return self.datatype.read(octets, offset)

    def blank(self) -> T | None:
        return None


def members_of(dataclass: type[Any]) -> tuple[tuple[str, DataType[Any]], ...]:
    """Names and data types of a dataclass's members. Raises TypeError for a member that names no data type."""
    if not is_dataclass(dataclass):
        raise TypeError(f"{dataclass.__name__} is not a dataclass")
    hints = get_type_hints(dataclass, include_extras=True)
    members = []
    for member in fields(dataclass):
        datatypes = [extra for extra in get_args(hints[member.name])[1:] if isinstance(extra, DataType)]
        if len(datatypes) != 1:
            raise TypeError(f"{dataclass.__name__}.{member.name} must be Annotated with one data type")
        members.append((member.name, datatypes[0]))
    return tuple(members)


def read_count(octets: bytes, offset: int, tag: Tag, name: str) -> tuple[int, int]:
    """The count of elements of the array or structure at `offset`, and the offset of the first. Raises DecodeError."""
    count, content = read_length(octets, read_tag(octets, offset, tag, name))
    left = len(octets) - content
    if count > left:  # the shortest element takes one octet
        raise DecodeError("a count lies", expected=f"{count} elements", got=f"{left} octets", offset=offset)
    return count, content


def blank_data(tag: int) -> Data:
    """Zero, or nothing, of the type of `tag`."""
    zeros = bytes((tag,)) + bytes(12)
    value, _ = decode_data(zeros)
    return value


ANY: Final = AnyType()
ROW: Final = Row()
