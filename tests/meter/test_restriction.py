"""Restrictions of a profile's rows as selections, and those that are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.codec import Data, Tag
from ferraris.cosem import ENTRY_DESCRIPTOR, RANGE_DESCRIPTOR, EntryDescriptor
from ferraris.cosem.classes.restricted_attribute import Restriction, RestrictionType
from ferraris.kernel.errors import DecodeError
from ferraris.meter.restriction import selection_of


def structure(*members: Data) -> Data:
    return Data(Tag.STRUCTURE, members)


def number(value: int) -> Data:
    return Data(Tag.DOUBLE_LONG_UNSIGNED, value)


def test_no_restriction() -> None:
    assert selection_of(Restriction(RestrictionType.NONE, Data(Tag.NULL_DATA, None))) is None


@given(first=st.integers(0, 1 << 32), last=st.integers(0, 1 << 32))
def test_by_entries(first: int, last: int) -> None:
    first, last = first % (1 << 32), last % (1 << 32)
    selection = selection_of(Restriction(RestrictionType.ENTRY, structure(number(first), number(last))))
    assert selection is not None
    assert selection.selector == ENTRY_DESCRIPTOR.number
    assert ENTRY_DESCRIPTOR.datatype.decode(selection.parameters) == EntryDescriptor(first, last, 1, 0)


def test_by_dates() -> None:
    dates = [Data(Tag.OCTET_STRING, bytes.fromhex(f"07ea03{day:02x}ff000000ff800000")) for day in (2, 3)]
    selection = selection_of(Restriction(RestrictionType.DATE, structure(*dates)))
    assert selection is not None
    limits = RANGE_DESCRIPTOR.datatype.decode(selection.parameters)
    assert [limits.from_value, limits.to_value] == dates


@pytest.mark.parametrize("kind", [RestrictionType.DATE, RestrictionType.ENTRY])
@pytest.mark.parametrize(
    "value", [Data(Tag.NULL_DATA, None), structure(), structure(number(1)), structure(number(1), number(2), number(3))]
)
def test_without_two_limits(kind: RestrictionType, value: Data) -> None:
    with pytest.raises(DecodeError):
        selection_of(Restriction(kind, value))


def test_entries_are_numbers() -> None:
    with pytest.raises(DecodeError):
        selection_of(Restriction(RestrictionType.ENTRY, structure(number(1), Data(Tag.OCTET_STRING, b"2"))))
