"""One sample value of every data type: neither blank nor extreme, the same at every run."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

from ferraris.codec import BitString, Data, Tag
from ferraris.cosem import CosemDate, CosemDateTime, CosemTime, Obis, types

A_TIME = CosemDateTime(2024, 1, 15, 1, 12, 0, 0, None, 0, 0)
A_NUMBER = Data(Tag.DOUBLE_LONG, 3)
OCTETS = b"ghijklmnopqrstuv"
"""As many as an IPv6 address has, and no hexadecimal digits."""


@singledispatch
def sample(datatype: types.DataType[Any]) -> Any:
    """A value of the type."""
    raise NotImplementedError(f"no sample of {datatype!r}")


@sample.register
def _(datatype: types.WholeNumber) -> int:
    return 3


@sample.register
def _(datatype: types.Boolean) -> bool:
    return True


@sample.register
def _(datatype: types.NullData) -> None:
    return None


@sample.register
def _(datatype: types.RealNumber) -> float:
    return 1.5


@sample.register
def _(datatype: types.OctetString) -> bytes:
    return OCTETS if datatype.length is None else bytes(range(1, datatype.length + 1))


@sample.register
def _(datatype: types.Text) -> str:
    return "text"


@sample.register
def _(datatype: types.Bits) -> BitString:
    return (
        BitString(8, b"\xa0")
        if datatype.length is None
        else BitString(datatype.length, bytes((datatype.length + 7) // 8))
    )


@sample.register
def _(datatype: types.Enumerated) -> Any:  # type: ignore[type-arg]
    return list(datatype.enumeration)[1]  # type: ignore[call-overload]


@sample.register(types.Flags)
@sample.register(types.NamedBits)
def _(datatype: Any) -> Any:
    return datatype.flags(1)


@sample.register
def _(datatype: types.LogicalName) -> Obis:
    return Obis.parse("1.0.1.8.0.255")


@sample.register(types.DateTimeInEitherForm)
def _(datatype: Any) -> CosemDateTime:
    return A_TIME


@sample.register(types.Tagged)
@sample.register(types.InOctetString)
def _(datatype: Any) -> Any:
    return {CosemDateTime: A_TIME, CosemDate: CosemDate(2024, 1, 15, 1), CosemTime: CosemTime(12, 0, 0, None)}[
        datatype.kind
    ]


@sample.register
def _(datatype: types.Array) -> tuple[Any, ...]:  # type: ignore[type-arg]
    return (sample(datatype.item), sample(datatype.item))


@sample.register
def _(datatype: types.Structure) -> Any:  # type: ignore[type-arg]
    return datatype.dataclass(*(sample(member) for _, member in datatype.members))


@sample.register
def _(datatype: types.Nullable) -> Any:  # type: ignore[type-arg]
    return sample(datatype.datatype)


@sample.register
def _(datatype: types.Choice) -> Data:
    if Tag.DOUBLE_LONG in datatype.tags:
        return A_NUMBER
    tag = next(tag for tag in datatype.tags if tag is not Tag.NULL_DATA)
    return {
        Tag.STRUCTURE: Data(Tag.STRUCTURE, (Data(Tag.OCTET_STRING, OCTETS), Data(Tag.OCTET_STRING, OCTETS))),
        Tag.OCTET_STRING: Data(Tag.OCTET_STRING, OCTETS),
        Tag.BIT_STRING: Data(Tag.BIT_STRING, BitString(8, b"\xa0")),
    }.get(tag, Data(tag, 3))


@sample.register
def _(datatype: types.AnyType) -> Data:
    return A_NUMBER


@sample.register
def _(datatype: types.Row) -> tuple[Data, ...]:
    return (Data(Tag.UNSIGNED, 3), Data(Tag.LONG_UNSIGNED, 4))
