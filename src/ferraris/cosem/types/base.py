"""What every data type of COSEM can do: write a value as A-XDR octets and read it back (IEC 62056-6-2, common data types)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import UnionType
from typing import Final, Generic, TypeVar

from ferraris.codec import Tag
from ferraris.kernel.errors import DecodeError, LocalProtocolError

T = TypeVar("T")

KNOWN_TAGS: Final = frozenset(int(tag) for tag in Tag)


class DataType(ABC, Generic[T]):
    """The translation between the octets of one type and the Python values `T` that stand for it.

    `name` is the standard's spelling. Reading raises DecodeError for octets that are not of the type, writing raises
    LocalProtocolError for a value that does not fit it. No error repeats the content of strings: they may be secret.
    """

    name: str

    @abstractmethod
    def write(self, value: T, out: bytearray) -> None:
        """Append the octets of `value`, tag included."""

    @abstractmethod
    def read(self, octets: bytes, offset: int) -> tuple[T, int]:
        """The value whose tag stands at `offset`, and the offset behind it."""

    @abstractmethod
    def blank(self) -> T:
        """The value of an attribute that nobody has set yet."""

    def encode(self, value: T) -> bytes:
        """The octets of `value`, tag included."""
        out = bytearray()
        self.write(value, out)
        return bytes(out)

    def decode(self, octets: bytes) -> T:
        """The one value that `octets` hold; octets behind it are refused."""
        value, end = self.read(octets, 0)
        if end != len(octets):
            raise DecodeError(f"octets follow a {self.name}", expected=end, got=len(octets), offset=end)
        return value

    def __repr__(self) -> str:
        return self.name


def tag_name(tag: int) -> str:
    """How a tag is called in errors: the standard's name, or its number."""
    return Tag(tag).standard_name if tag in KNOWN_TAGS else f"tag {tag}"


def read_tag(octets: bytes, offset: int, expected: int, name: str) -> int:
    """The offset behind the tag octet at `offset`. Raises DecodeError unless that tag is `expected`."""
    if offset >= len(octets):
        raise DecodeError(f"a {name} is missing", expected=tag_name(expected), got="no octets", offset=offset)
    tag = octets[offset]
    if tag != expected:
        raise DecodeError(f"not a {name}", expected=tag_name(expected), got=tag_name(tag), offset=offset)
    return offset + 1


def misfit(name: str, expected: object, got: object) -> LocalProtocolError:
    """The error for a value that a type cannot carry."""
    return LocalProtocolError(f"a value does not fit {name}", expected=expected, got=got)


def is_a(value: object, kind: type | UnionType) -> bool:
    """Whether `value` is of `kind`; for callers that no type checker has seen."""
    return isinstance(value, kind)


def kind_of(value: object) -> str:
    """How a value of a wrong kind is called in errors: by its kind, never by its content."""
    return f"{len(value)} octets" if isinstance(value, bytes) else type(value).__name__
