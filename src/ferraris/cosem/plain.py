"""Plain values: what a person writes in a profile file or a form, and reads in JSON, for a value of any data type.

A plain value is made of numbers, truth values, text, lists and null. Octets are hex after `0x`, or text where they are
letters; a logical name is its six numbers with dots; an enumeration is its name in lower case, flags are a list of names; a
number without a name is `code_200`, a flag without one `bit_0`. A date-time is written as its twelve octets in hex and read
as people write dates; a structure is a list of its members in order, or a table by their names.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import IntEnum, IntFlag
from functools import reduce, singledispatch
from operator import or_
from typing import Any, Final

from ferraris.codec import BitString, Data, decode_whole
from ferraris.cosem import types
from ferraris.cosem.date_time import Moment
from ferraris.cosem.obis_code import Obis
from ferraris.cosem.types import DataType
from ferraris.kernel.errors import DecodeError, LocalProtocolError

SIMPLE_TYPES: dict[str, DataType[Any]] = {
    datatype.name: datatype
    for datatype in (
        types.NULL_DATA, types.BOOLEAN, types.BIT_STRING, types.DOUBLE_LONG, types.DOUBLE_LONG_UNSIGNED, types.OCTET_STRING,
        types.VISIBLE_STRING, types.UTF8_STRING, types.BCD, types.INTEGER, types.LONG, types.UNSIGNED, types.LONG_UNSIGNED,
        types.LONG64, types.LONG64_UNSIGNED, types.ENUM, types.FLOAT32, types.FLOAT64, types.DATE_TIME, types.DATE, types.TIME,
    )
} | {"array": types.Array(types.ANY), "structure": types.ROW}  # fmt: skip
"""The data types by the standard's names."""

_UNNAMED_NUMBER: Final = re.compile(r"CODE_(\d{1,3})")
_UNNAMED_BIT: Final = re.compile(r"BIT_(\d|1[0-5])")


def from_plain(datatype: DataType[Any], plain: object) -> Any:
    """The value of `datatype` that `plain` writes. Raises LocalProtocolError when it writes none."""
    try:
        value = _from_plain(datatype, plain)
    except (ValueError, TypeError, KeyError, DecodeError):
        raise LocalProtocolError(
            "not a plain value of its type", expected=datatype.name, got=repr(plain)[:60]
        ) from None
    datatype.encode(value)  # refuses what has the form of a plain value but does not fit the type
    return value


@singledispatch
def _from_plain(datatype: DataType[Any], plain: object) -> Any:
    return plain


@_from_plain.register
def _(datatype: types.OctetString, plain: object) -> bytes:
    return _octets(plain)


@_from_plain.register
def _(datatype: types.LogicalName, plain: object) -> Obis:
    return Obis.parse(str(plain))


@_from_plain.register
def _(datatype: types.Enumerated, plain: object) -> IntEnum:  # type: ignore[type-arg]
    return _member(datatype.enumeration, plain)


@_from_plain.register(types.Flags)
@_from_plain.register(types.NamedBits)
def _(datatype: types.Flags[Any] | types.NamedBits[Any], plain: object) -> IntFlag:
    if isinstance(plain, list):
        bits = reduce(or_, (_bit(datatype.flags, str(name).upper()) for name in plain), 0)
    else:
        bits = int(str(plain))
    if bits < 0 or bits >> datatype.length:
        raise ValueError(plain)
    return datatype.flags(bits)  # type: ignore[no-any-return]


@_from_plain.register(types.Tagged)
@_from_plain.register(types.InOctetString)
def _(datatype: types.Tagged[Moment], plain: object) -> Moment:
    return datatype.kind.from_octets(_octets(plain))


@_from_plain.register
def _(datatype: types.DateTimeInEitherForm, plain: object) -> Moment:
    return type(datatype.blank()).from_octets(_octets(plain))


@_from_plain.register
def _(datatype: types.Bits, plain: object) -> BitString:
    bits = str(plain)
    if set(bits) - {"0", "1"}:
        raise ValueError(plain)
    padded = bits.ljust(-len(bits) // 8 * -8, "0")
    return BitString(len(bits), bytes(int(padded[start : start + 8], 2) for start in range(0, len(padded), 8)))


@_from_plain.register
def _(datatype: types.Array, plain: object) -> tuple[Any, ...]:  # type: ignore[type-arg]
    if not isinstance(plain, list | tuple):
        raise TypeError(plain)
    return tuple(_from_plain(datatype.item, item) for item in plain)


@_from_plain.register
def _(datatype: types.Structure, plain: object) -> Any:  # type: ignore[type-arg]
    if isinstance(plain, dict):
        if len(plain) != len(datatype.members):
            raise TypeError(plain)
        plain = [plain[name] for name, _ in datatype.members]
    if not isinstance(plain, list | tuple) or len(plain) != len(datatype.members):
        raise TypeError(plain)
    members = [_from_plain(member, item) for (_, member), item in zip(datatype.members, plain, strict=True)]
    return datatype.dataclass(*members)


@_from_plain.register
def _(datatype: types.Nullable, plain: object) -> Any:  # type: ignore[type-arg]
    return None if plain is None else _from_plain(datatype.datatype, plain)


@_from_plain.register(types.AnyType)
@_from_plain.register(types.Choice)
def _(datatype: DataType[Data], plain: object) -> Data:
    """A value that keeps its type is written as a table of one entry: `{ long-unsigned = 5 }`; an empty one is no value."""
    if plain is None or plain == {}:
        return datatype.blank()
    if not isinstance(plain, dict) or len(plain) != 1:
        raise TypeError(plain)
    ((name, value),) = plain.items()
    return data_of(SIMPLE_TYPES[name], _from_plain(SIMPLE_TYPES[name], value))


@_from_plain.register
def _(datatype: types.Row, plain: object) -> tuple[Data, ...]:
    if not isinstance(plain, list | tuple):
        raise TypeError(plain)
    return tuple(_from_plain(types.ANY, member) for member in plain)


def data_of(datatype: DataType[Any], value: object) -> Data:
    """A typed value as a tree that keeps its type."""
    return decode_whole(datatype.encode(value))


def to_plain(value: object) -> Any:
    """What a person reads for a typed value, ready for JSON."""
    for kind, written in _WRITTEN:
        if isinstance(value, kind):
            return written(value)
    if hasattr(value, "__dataclass_fields__"):
        return {name: to_plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return value


def _octets(plain: object) -> bytes:
    if not isinstance(plain, str):
        raise TypeError(plain)
    return bytes.fromhex(plain[2:]) if plain.startswith("0x") else plain.encode()


def _member(enumeration: type[IntEnum], plain: object) -> IntEnum:
    if not isinstance(plain, str):
        return enumeration(int(str(plain)))
    unnamed = _UNNAMED_NUMBER.fullmatch(plain.upper())
    return enumeration[plain.upper()] if unnamed is None else enumeration(int(unnamed[1]))


def _bit(flags: type[IntFlag], name: str) -> int:
    unnamed = _UNNAMED_BIT.fullmatch(name)
    return int(flags[name]) if unnamed is None else 1 << int(unnamed[1])


def _flags_written(flags: IntFlag) -> list[str]:
    named = {int(flag): str(flag.name).lower() for flag in type(flags)}
    return [named.get(1 << bit, f"bit_{bit}") for bit in range(flags.bit_length()) if flags & 1 << bit]


def _bits_written(bits: BitString) -> str:
    return "".join(f"{octet:08b}" for octet in bits.octets)[: bits.length]


_WRITTEN: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (Obis, str),
    (Moment, str),
    (bytes, lambda octets: f"0x{octets.hex()}"),
    (IntFlag, _flags_written),
    (IntEnum, lambda member: member.name.lower()),
    (BitString, _bits_written),
    (Data, lambda data: to_plain(data.value)),
    (tuple, lambda items: [to_plain(item) for item in items]),
)
