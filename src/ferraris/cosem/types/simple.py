"""The simple data types: numbers, booleans, strings, bit-strings, enumerations, logical names."""

from __future__ import annotations

import operator
import struct
from enum import IntEnum, IntFlag
from typing import Final, TypeVar

from ferraris.codec import BitString, Tag, read_length, write_length
from ferraris.cosem.obis_code import OBIS_OCTETS, Obis
from ferraris.cosem.types.base import DataType, is_a, kind_of, misfit, read_tag
from ferraris.kernel.errors import DecodeError

E = TypeVar("E", bound=IntEnum)
F = TypeVar("F", bound=IntFlag)


class NullData(DataType[None]):
    """null-data: the value that says there is no value."""

    name = "null-data"

    def write(self, value: None, out: bytearray) -> None:
        if value is not None:
            raise misfit(self.name, None, kind_of(value))
        out.append(Tag.NULL_DATA)

    def read(self, octets: bytes, offset: int) -> tuple[None, int]:
        return None, read_tag(octets, offset, Tag.NULL_DATA, self.name)

    def blank(self) -> None:
        return None


class Boolean(DataType[bool]):
    """boolean: zero is false and any other octet is true; true is written as 1."""

    name = "boolean"

    def write(self, value: bool, out: bytearray) -> None:
        if not is_a(value, int) or value not in (False, True):
            raise misfit(self.name, "True or False", kind_of(value))
        out += bytes((Tag.BOOLEAN, value))

    def read(self, octets: bytes, offset: int) -> tuple[bool, int]:
        content = read_tag(octets, offset, Tag.BOOLEAN, self.name)
        return take(octets, content, 1, self.name)[0][0] != 0, content + 1

    def blank(self) -> bool:
        return False


class WholeNumber(DataType[int]):
    """A type of whole numbers within `minimum`..`maximum`."""

    def __init__(self, tag: Tag, number_format: str) -> None:
        self.tag = int(tag)
        self.name = tag.standard_name
        self._packing = struct.Struct(f">{number_format}")
        bits = 8 * self._packing.size
        signed = number_format.islower()
        self.minimum = -(1 << (bits - 1)) if signed else 0
        self.maximum = (1 << (bits - 1 if signed else bits)) - 1

    def write(self, value: int, out: bytearray) -> None:
        try:
            number = operator.index(value)
        except TypeError:
            raise misfit(self.name, "a whole number", kind_of(value)) from None
        if not self.minimum <= number <= self.maximum:
            raise misfit(self.name, f"{self.minimum}..{self.maximum}", number)
        out.append(self.tag)
        out += self._packing.pack(number)

    def read(self, octets: bytes, offset: int) -> tuple[int, int]:
        content = read_tag(octets, offset, self.tag, self.name)
        end = content + self._packing.size
        if end > len(octets):
            raise cut_short(self.name, self._packing.size, octets, content)
        return self._packing.unpack_from(octets, content)[0], end

    def blank(self) -> int:
        return 0


class RealNumber(DataType[float]):
    """float32 or float64, in IEEE 754 form. A value too large for float32 is refused, not turned into infinity."""

    def __init__(self, tag: Tag, number_format: str) -> None:
        self.tag = int(tag)
        self.name = tag.standard_name
        self._packing = struct.Struct(f">{number_format}")

    def write(self, value: float, out: bytearray) -> None:
        try:
            octets = self._packing.pack(value)
        except OverflowError:
            raise misfit(self.name, f"{8 * self._packing.size} bits", value) from None
        except struct.error:
            raise misfit(self.name, "a number", kind_of(value)) from None
        out.append(self.tag)
        out += octets

    def read(self, octets: bytes, offset: int) -> tuple[float, int]:
        content = read_tag(octets, offset, self.tag, self.name)
        end = content + self._packing.size
        if end > len(octets):
            raise cut_short(self.name, self._packing.size, octets, content)
        return self._packing.unpack_from(octets, content)[0], end

    def blank(self) -> float:
        return 0.0


class OctetString(DataType[bytes]):
    """octet-string, of any length or of exactly `length` octets."""

    def __init__(self, length: int | None = None) -> None:
        self.length = length
        self.name = "octet-string" if length is None else f"octet-string({length})"

    def write(self, value: bytes, out: bytearray) -> None:
        if not is_a(value, bytes | bytearray | memoryview) or self.length not in (None, len(value)):
            raise misfit(self.name, self.name, kind_of(value))
        write_string(Tag.OCTET_STRING, bytes(value), out)

    def read(self, octets: bytes, offset: int) -> tuple[bytes, int]:
        value, end = read_string(octets, offset, Tag.OCTET_STRING, self.name)
        if self.length not in (None, len(value)):
            raise DecodeError(f"not an {self.name}", expected=self.length, got=f"{len(value)} octets", offset=offset)
        return value, end

    def blank(self) -> bytes:
        return bytes(self.length or 0)


class Text(DataType[str]):
    """visible-string or utf8-string. Octets outside the character set survive the way there and back."""

    def __init__(self, tag: Tag, encoding: str, errors: str) -> None:
        self.tag = int(tag)
        self.name = tag.standard_name
        self._encoding = encoding
        self._errors = errors

    def write(self, value: str, out: bytearray) -> None:
        if not is_a(value, str):
            raise misfit(self.name, "text", kind_of(value))
        try:
            octets = value.encode(self._encoding, self._errors)
        except UnicodeEncodeError:
            raise misfit(self.name, f"characters of {self._encoding}", "others") from None
        write_string(self.tag, octets, out)

    def read(self, octets: bytes, offset: int) -> tuple[str, int]:
        value, end = read_string(octets, offset, self.tag, self.name)
        return value.decode(self._encoding, self._errors), end

    def blank(self) -> str:
        return ""


class Bits(DataType[BitString]):
    """bit-string, of any length or of exactly `length` bits."""

    def __init__(self, length: int | None = None) -> None:
        self.length = length
        self.name = "bit-string" if length is None else f"bit-string({length})"

    def write(self, value: BitString, out: bytearray) -> None:
        if not is_a(value, BitString) or len(value.octets) != (value.length + 7) // 8:
            raise misfit(self.name, "a BitString with an octet for every eight bits", kind_of(value))
        if self.length not in (None, value.length):
            raise misfit(self.name, self.length, f"{value.length} bits")
        out.append(Tag.BIT_STRING)
        write_length(value.length, out)
        out += value.octets

    def read(self, octets: bytes, offset: int) -> tuple[BitString, int]:
        length, content = read_length(octets, read_tag(octets, offset, Tag.BIT_STRING, self.name))
        if self.length not in (None, length):
            raise DecodeError(f"not a {self.name}", expected=self.length, got=f"{length} bits", offset=offset)
        value, end = take(octets, content, (length + 7) // 8, self.name)
        return BitString(length, value), end

    def blank(self) -> BitString:
        length = self.length or 0
        return BitString(length, bytes((length + 7) // 8))


class Enumerated(DataType[E]):
    """enum whose numbers have names. A number without a name is refused unless its enumeration is open (`OpenEnum`)."""

    def __init__(self, enumeration: type[E]) -> None:
        self.enumeration = enumeration
        self.name = f"enum {enumeration.__name__}"

    def write(self, value: E, out: bytearray) -> None:
        try:
            number = int(self.enumeration(value))
        except (ValueError, TypeError):
            raise misfit(self.name, self._permitted(), kind_of(value)) from None
        out += bytes((Tag.ENUM, number))

    def read(self, octets: bytes, offset: int) -> tuple[E, int]:
        content = read_tag(octets, offset, Tag.ENUM, self.name)
        number = take(octets, content, 1, self.name)[0][0]
        try:
            return self.enumeration(number), content + 1
        except ValueError:
            raise DecodeError(f"no such {self.name}", expected=self._permitted(), got=number, offset=content) from None

    def blank(self) -> E:
        return next(iter(self.enumeration))

    def _permitted(self) -> str:
        return ", ".join(f"{member.name.lower()} ({int(member)})" for member in self.enumeration)


class Flags(DataType[F]):
    """enum, unsigned or long-unsigned whose bits each have a meaning of their own."""

    def __init__(self, flags: type[F], tag: Tag = Tag.ENUM) -> None:
        self.flags = flags
        self.tag = int(tag)
        self.name = f"{tag.standard_name} {flags.__name__}"
        self.length = 16 if tag == Tag.LONG_UNSIGNED else 8

    def write(self, value: F, out: bytearray) -> None:
        if not is_a(value, int) or value < 0 or value >> self.length:
            raise misfit(self.name, f"{self.length} bits", kind_of(value))
        out.append(self.tag)
        out += int(value).to_bytes(self.length // 8, "big")

    def read(self, octets: bytes, offset: int) -> tuple[F, int]:
        content = read_tag(octets, offset, self.tag, self.name)
        bits, end = take(octets, content, self.length // 8, self.name)
        return self.flags(int.from_bytes(bits, "big")), end

    def blank(self) -> F:
        return self.flags(0)


class NamedBits(DataType[F]):
    """bit-string of `length` bits, each with a meaning: bit 0, the flag 1, is the first of the string.

    Meters send whole octets where the standard has fewer bits: any length is read. Bits behind the last with a meaning are not
    kept, bits that do not come are not set.
    """

    def __init__(self, flags: type[F], length: int) -> None:
        self.flags = flags
        self.length = length
        self.name = f"bit-string({length}) {flags.__name__}"

    def write(self, value: F, out: bytearray) -> None:
        if not is_a(value, int) or value < 0 or value >> self.length:
            raise misfit(self.name, f"{self.length} bits", kind_of(value))
        first_bit_first = f"{int(value):0{self.length}b}"[::-1].ljust((self.length + 7) // 8 * 8, "0")
        octets = int(first_bit_first, 2).to_bytes(len(first_bit_first) // 8, "big")
        BIT_STRING.write(BitString(self.length, octets), out)

    def read(self, octets: bytes, offset: int) -> tuple[F, int]:
        bits, end = BIT_STRING.read(octets, offset)
        meant = bits.octets[: (self.length + 7) // 8]
        first_bit_first = "".join(f"{octet:08b}" for octet in meant)[: min(bits.length, self.length)]
        return self.flags(int(first_bit_first[::-1] or "0", 2)), end

    def blank(self) -> F:
        return self.flags(0)


class LogicalName(DataType[Obis]):
    """octet-string(6) that names a COSEM object."""

    name = "logical name"

    def write(self, value: Obis, out: bytearray) -> None:
        if not is_a(value, bytes) or len(value) != OBIS_OCTETS:
            raise misfit(self.name, f"{OBIS_OCTETS} octets", kind_of(value))
        write_string(Tag.OCTET_STRING, value, out)

    def read(self, octets: bytes, offset: int) -> tuple[Obis, int]:
        value, end = read_string(octets, offset, Tag.OCTET_STRING, self.name)
        if len(value) != OBIS_OCTETS:
            raise DecodeError("not a logical name", expected=OBIS_OCTETS, got=f"{len(value)} octets", offset=offset)
        return Obis(value), end

    def blank(self) -> Obis:
        return Obis(bytes(OBIS_OCTETS))


def read_string(octets: bytes, offset: int, tag: int, name: str) -> tuple[bytes, int]:
    """The octets of the string at `offset` that `tag` opens, and the offset behind it. Raises DecodeError."""
    length, content = read_length(octets, read_tag(octets, offset, tag, name))
    return take(octets, content, length, name)


def write_string(tag: int, value: bytes, out: bytearray) -> None:
    """Append a string under `tag`."""
    out.append(tag)
    write_length(len(value), out)
    out += value


def take(octets: bytes, offset: int, count: int, name: str) -> tuple[bytes, int]:
    """`count` octets at `offset` and the offset behind them. Raises DecodeError when they are not all there."""
    end = offset + count
    if end > len(octets):
        raise cut_short(name, count, octets, offset)
    return bytes(octets[offset:end]), end


def cut_short(name: str, count: int, octets: bytes, offset: int) -> DecodeError:
    """The error for a value that ends too early."""
    return DecodeError(f"a {name} is cut short", expected=f"{count} octets", got=len(octets) - offset, offset=offset)


NULL_DATA: Final = NullData()
BOOLEAN: Final = Boolean()
BIT_STRING: Final = Bits()
DOUBLE_LONG: Final = WholeNumber(Tag.DOUBLE_LONG, "i")
DOUBLE_LONG_UNSIGNED: Final = WholeNumber(Tag.DOUBLE_LONG_UNSIGNED, "I")
OCTET_STRING: Final = OctetString()
VISIBLE_STRING: Final = Text(Tag.VISIBLE_STRING, "latin-1", "strict")
UTF8_STRING: Final = Text(Tag.UTF8_STRING, "utf-8", "surrogateescape")
BCD: Final = WholeNumber(Tag.BCD, "B")
INTEGER: Final = WholeNumber(Tag.INTEGER, "b")
LONG: Final = WholeNumber(Tag.LONG, "h")
UNSIGNED: Final = WholeNumber(Tag.UNSIGNED, "B")
LONG_UNSIGNED: Final = WholeNumber(Tag.LONG_UNSIGNED, "H")
LONG64: Final = WholeNumber(Tag.LONG64, "q")
LONG64_UNSIGNED: Final = WholeNumber(Tag.LONG64_UNSIGNED, "Q")
ENUM: Final = WholeNumber(Tag.ENUM, "B")
FLOAT32: Final = RealNumber(Tag.FLOAT32, "f")
FLOAT64: Final = RealNumber(Tag.FLOAT64, "d")
LOGICAL_NAME: Final = LogicalName()
