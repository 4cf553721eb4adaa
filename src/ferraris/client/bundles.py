"""Bundles: how many attributes go into one request, and by which service, so that a read costs the fewest round trips.

A with-list GET names an attribute in 10 octets and is served wherever multiple references were negotiated; ACCESS takes 11 and
one octet more for each answer, so it is second choice. Without either, each attribute is a request of its own. A request is
never made longer than the server takes at once: cut into blocks it would cost a round trip for each. How long the answer gets
nobody knows beforehand; a server that cannot cut it says so, and the next bundles are half as large.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import Final, TypeVar

from ferraris.dlms import PROTECTION_OCTETS_MAX
from ferraris.dlms.apdu import Conformance
from ferraris.kernel.limits import ATTRIBUTE_DESCRIPTORS_MAX

T = TypeVar("T")

LIST_HEADER_OCTETS: Final = 3 + 3
"""Tag, choice, invoke id, count."""
LIST_ITEM_OCTETS: Final = 9 + 1
"""Attribute descriptor, no selection."""
ACCESS_HEADER_OCTETS: Final = 1 + 4 + 1 + 3 + 3
"""Tag, long-invoke-id, no date-time, two counts."""
ACCESS_ITEM_OCTETS: Final = 1 + 9 + 1
"""Choice, attribute descriptor, null-data."""


class BundleService(Enum):
    """What carries several reads."""

    SINGLE = "a GET for each"
    WITH_LIST = "GET with-list"
    """By short names: a READ of several variables."""
    ACCESS = "ACCESS"


@dataclass(frozen=True, slots=True)
class BundlePlan:
    """How to read many attributes within one association."""

    service: BundleService
    size: int
    """Attributes in one request at most."""

    def halved(self) -> BundlePlan:
        """For a server whose answer to this many would be too long."""
        if self.size <= 3:
            return BundlePlan(BundleService.SINGLE, 1)
        return BundlePlan(self.service, self.size // 2)


def plan_of(conformance: Conformance, server_pdu_size: int, *, ciphered: bool) -> BundlePlan:
    """The plan for what was negotiated; `server_pdu_size` of 0 is no limit."""
    room = server_pdu_size - PROTECTION_OCTETS_MAX * ciphered if server_pdu_size else None
    listed, accessed = Conformance.GET | Conformance.MULTIPLE_REFERENCES, Conformance.ACCESS
    if ciphered:  # ACCESS has no ciphered form of its own
        accessed |= Conformance.GENERAL_PROTECTION
    by_short_names = Conformance.READ | Conformance.MULTIPLE_REFERENCES
    if conformance & listed == listed or conformance & by_short_names == by_short_names:
        plan = BundlePlan(BundleService.WITH_LIST, _fitting(room, LIST_HEADER_OCTETS, LIST_ITEM_OCTETS))
    elif conformance & accessed == accessed:
        plan = BundlePlan(BundleService.ACCESS, _fitting(room, ACCESS_HEADER_OCTETS, ACCESS_ITEM_OCTETS))
    else:
        plan = BundlePlan(BundleService.SINGLE, 1)
    if plan.size < 2 and conformance & (Conformance.GET | Conformance.READ):
        return BundlePlan(BundleService.SINGLE, 1)
    return plan


def bundles_of(wanted: Sequence[T], size: int) -> list[Sequence[T]]:
    """`wanted` in order, in as few parts of at most `size` as there can be, all about as large."""
    count = -(-len(wanted) // size)
    edges = [len(wanted) * number // count for number in range(count + 1)] if count else []
    return [wanted[start:end] for start, end in pairwise(edges)]


def _fitting(room: int | None, header_octets: int, item_octets: int) -> int:
    if room is None:
        return ATTRIBUTE_DESCRIPTORS_MAX
    return max(1, min(ATTRIBUTE_DESCRIPTORS_MAX, (room - header_octets) // item_octets))
