"""What a restricted attribute leaves of a profile's rows, as the selection that a client would read them with."""

from __future__ import annotations

from ferraris.codec import Data
from ferraris.cosem import CLOCK_TIME, ENTRY_DESCRIPTOR, RANGE_DESCRIPTOR, EntryDescriptor, RangeDescriptor
from ferraris.cosem.classes.restricted_attribute import Restriction, RestrictionType
from ferraris.dlms.apdu import SelectiveAccess
from ferraris.kernel.errors import DecodeError


def selection_of(restriction: Restriction) -> SelectiveAccess | None:
    """The rows between two dates, or so many of the newest; None for all. Raises DecodeError for what is neither."""
    if restriction.restriction_type is RestrictionType.NONE:
        return None
    members = restriction.restriction_value.value
    limits = [one for one in members if isinstance(one, Data)] if isinstance(members, tuple) else []
    if len(limits) != 2:
        raise DecodeError("a restriction without its two limits", expected=2, got=len(limits))
    first, last = limits
    if restriction.restriction_type is RestrictionType.DATE:
        dates = RangeDescriptor(CLOCK_TIME, first, last, ())
        return SelectiveAccess(RANGE_DESCRIPTOR.number, RANGE_DESCRIPTOR.datatype.encode(dates))
    if not isinstance(first.value, int) or not isinstance(last.value, int):
        raise DecodeError("a restriction by entries without numbers", expected="two numbers")
    entries = EntryDescriptor(first.value, last.value, 1, 0)
    return SelectiveAccess(ENTRY_DESCRIPTOR.number, ENTRY_DESCRIPTOR.datatype.encode(entries))
