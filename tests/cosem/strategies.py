"""Hypothesis strategies made from declarations: `values_of(datatype)` draws any value that a data type can carry.

For every package's tests: an attribute's values are `values_of(Register.value.datatype)`.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

from hypothesis import strategies as st

from ferraris.codec import BitString, Data, Tag
from ferraris.cosem import CosemDate, CosemDateTime, CosemTime, Obis, types
from ferraris.cosem.date_time import DEVIATION_MIN_MAX, Moment, TaggedDateTime
from ferraris.cosem.plain import SIMPLE_TYPES

OCTETS_MAX = 40
ITEMS_MAX = 3

logical_names = st.binary(min_size=6, max_size=6).map(Obis)


def _open_or(low: int, high: int, *special: int) -> st.SearchStrategy[int | None]:
    return st.one_of(st.none(), st.integers(low, high), st.sampled_from(special) if special else st.nothing())


_DATE_FIELDS = {
    "year": _open_or(0, 0xFFFE),
    "month": _open_or(1, 12, 0xFD, 0xFE),
    "day_of_month": _open_or(1, 31, 0xFD, 0xFE),
    "day_of_week": _open_or(1, 7),
}
_TIME_FIELDS = {
    "hour": _open_or(0, 23),
    "minute": _open_or(0, 59),
    "second": _open_or(0, 59),
    "hundredths": _open_or(0, 99),
}
_CLOCK_FIELDS = {
    "deviation_min": _open_or(-DEVIATION_MIN_MAX, DEVIATION_MIN_MAX),
    "clock_status": _open_or(0, 0xFE),
}

dates = st.builds(CosemDate, **_DATE_FIELDS)
times = st.builds(CosemTime, **_TIME_FIELDS)
date_times = st.builds(CosemDateTime, **_DATE_FIELDS, **_TIME_FIELDS, **_CLOCK_FIELDS)
instants_ms = st.integers(0, 4_102_444_800_000)
"""Instants of the years 1970 to 2099."""


@singledispatch
def values_of(datatype: types.DataType[Any]) -> st.SearchStrategy[Any]:
    """Any value of `datatype`."""
    raise NotImplementedError(f"no strategy for {datatype!r}")


@values_of.register
def _(datatype: types.NullData) -> st.SearchStrategy[None]:
    return st.none()


@values_of.register
def _(datatype: types.Boolean) -> st.SearchStrategy[bool]:
    return st.booleans()


@values_of.register
def _(datatype: types.WholeNumber) -> st.SearchStrategy[int]:
    edges = st.sampled_from((datatype.minimum, datatype.maximum))
    return st.one_of(edges, st.integers(datatype.minimum, datatype.maximum))


@values_of.register
def _(datatype: types.RealNumber) -> st.SearchStrategy[float]:
    return st.floats(width=32 if datatype.name == "float32" else 64, allow_nan=False)


@values_of.register
def _(datatype: types.OctetString) -> st.SearchStrategy[bytes]:
    if datatype.length is None:
        return st.one_of(st.binary(max_size=OCTETS_MAX), st.binary(min_size=128, max_size=300))
    return st.binary(min_size=datatype.length, max_size=datatype.length)


@values_of.register
def _(datatype: types.Text) -> st.SearchStrategy[str]:
    codec = "latin-1" if datatype.name == "visible-string" else "utf-8"
    return st.text(st.characters(codec=codec), max_size=OCTETS_MAX)


@values_of.register
def _(datatype: types.Bits) -> st.SearchStrategy[BitString]:
    lengths = st.integers(0, 40) if datatype.length is None else st.just(datatype.length)
    return lengths.flatmap(
        lambda length: st.integers(0, (1 << length) - 1).map(lambda number: _bits_of(number, length))
    )


def _bits_of(number: int, length: int) -> BitString:
    """The bits of a number, with nothing in those that only fill the last octet."""
    octets = (length + 7) // 8
    return BitString(length, (number << 8 * octets - length).to_bytes(octets, "big"))


@values_of.register
def _(datatype: types.Enumerated) -> st.SearchStrategy[Any]:  # type: ignore[type-arg]
    named = st.sampled_from(list(datatype.enumeration))
    if issubclass(datatype.enumeration, types.OpenEnum):
        return st.one_of(named, st.integers(0, 0xFF).map(datatype.enumeration))
    return named


@values_of.register(types.Flags)
@values_of.register(types.NamedBits)
def _(datatype: types.Flags[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, (1 << datatype.length) - 1).map(datatype.flags)


@values_of.register
def _(datatype: types.LogicalName) -> st.SearchStrategy[Obis]:
    return logical_names


@values_of.register(types.Tagged)
@values_of.register(types.InOctetString)
def _(datatype: types.Tagged[Moment]) -> st.SearchStrategy[Moment]:
    return {CosemDate: dates, CosemTime: times, CosemDateTime: date_times}[datatype.kind]


@values_of.register
def _(datatype: types.DateTimeInEitherForm) -> st.SearchStrategy[CosemDateTime]:
    return st.one_of(date_times, date_times.map(TaggedDateTime.from_octets))


@values_of.register
def _(datatype: types.Array) -> st.SearchStrategy[tuple[Any, ...]]:  # type: ignore[type-arg]
    return st.lists(values_of(datatype.item), max_size=ITEMS_MAX).map(tuple)


@values_of.register
def _(datatype: types.Structure) -> st.SearchStrategy[Any]:  # type: ignore[type-arg]
    return st.builds(datatype.dataclass, **{name: values_of(member) for name, member in datatype.members})


@values_of.register
def _(datatype: types.Nullable) -> st.SearchStrategy[Any]:  # type: ignore[type-arg]
    return st.one_of(st.none(), values_of(datatype.datatype))


_SIMPLE = [datatype for name, datatype in SIMPLE_TYPES.items() if name not in ("array", "structure")]
simple_data = st.one_of(
    values_of(datatype).map(lambda value, datatype=datatype: _data_of(datatype, value)) for datatype in _SIMPLE
)
"""A `Data` of any simple type."""
data_trees = st.recursive(
    simple_data,
    lambda inner: st.builds(
        Data,
        st.sampled_from((int(Tag.ARRAY), int(Tag.STRUCTURE))),
        st.lists(inner, max_size=ITEMS_MAX).map(tuple),
    ),
    max_leaves=6,
)
"""A `Data` of any type."""


@values_of.register
def _(datatype: types.AnyType) -> st.SearchStrategy[Data]:
    return data_trees


@values_of.register
def _(datatype: types.Row) -> st.SearchStrategy[tuple[Data, ...]]:
    return st.lists(data_trees, max_size=ITEMS_MAX).map(tuple)


@values_of.register
def _(datatype: types.Choice) -> st.SearchStrategy[Data]:
    return st.one_of([_of_tag(tag) for tag in datatype.tags])


def _of_tag(tag: Tag) -> st.SearchStrategy[Data]:
    if tag in (Tag.ARRAY, Tag.STRUCTURE):
        return st.lists(simple_data, max_size=ITEMS_MAX).map(lambda members: Data(int(tag), tuple(members)))
    datatype = SIMPLE_TYPES[tag.standard_name]
    return values_of(datatype).map(lambda value: _data_of(datatype, value))


def _data_of(datatype: types.DataType[Any], value: Any) -> Data:
    return types.ANY.decode(datatype.encode(value))
