"""Bundles: how many attributes go into one request, and by which service, so that a read costs the fewest round trips.

A with-list GET names an attribute in 10 octets and is served wherever multiple references were negotiated; ACCESS takes 11 and
one octet more for each answer, so it is second choice. Without either, each attribute is a request of its own. A request is
never made longer than the server takes at once: cut into blocks it would cost a round trip for each. How long the answer gets
nobody knows beforehand; where a server that cannot cut it says so, bundles become half as large, and grow again when all that was
refused has come and it shows that a few long values were to blame.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import Final, TypeAlias, TypeVar

from ferraris.dlms import PROTECTION_OCTETS_MAX, ExceptionAnswerError
from ferraris.dlms.apdu import AttributeDescriptor, Conformance, DataAccessResult, ServiceErrorCode
from ferraris.kernel.limits import APDU_OCTETS_MAX, ATTRIBUTE_DESCRIPTORS_MAX

T = TypeVar("T")
Answer: TypeAlias = bytes | DataAccessResult

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


Reader: TypeAlias = Callable[[BundleService, Sequence[AttributeDescriptor]], Awaitable[list[Answer]]]


@dataclass(frozen=True, slots=True)
class BundlePlan:
    """How to read many attributes within one association."""

    service: BundleService
    size: int
    """Attributes in one request at most."""

    alone: BundleService = BundleService.SINGLE
    """What carries one read: a GET, whose answer can be cut into blocks, wherever the server knows it."""

    def service_for(self, count: int) -> BundleService:
        """What carries so many reads."""
        return self.service if count > 1 else self.alone


class Bundles:
    """The reads of many attributes within one association, which learn how much of a meter's answer comes whole."""

    def __init__(self, plan: BundlePlan, read: Reader) -> None:
        self._plan = plan
        self._read = read
        self._size = plan.size
        self._too_long_octets: int | None = None
        """Of the values in an answer that the meter could not give, as far as is known by now."""

    async def read(self, wanted: Sequence[AttributeDescriptor]) -> list[Answer]:
        """What is wanted, in order. Raises what reading raises, but for an answer to several that would be too long."""
        answers: list[Answer] = []
        refused = slice(0, 0)
        while len(answers) < len(wanted):
            bundle = bundles_of(wanted[len(answers) :], self._size)[0]
            try:
                answers += await self._read(self._plan.service_for(len(bundle)), bundle)
            except ExceptionAnswerError as error:
                if error.code != ServiceErrorCode.PDU_TOO_LONG or len(bundle) == 1:
                    raise
                refused = slice(len(answers), len(answers) + len(bundle))
                self._size = len(bundle) // 2
                continue
            if len(answers) < refused.stop:  # what was too long together may still lie ahead
                continue
            if refused.stop > refused.start:
                self._too_long_octets = min(_octets_of(answers[refused]), self._too_long_octets or APDU_OCTETS_MAX)
                refused = slice(0, 0)
            self._grow(answers[-len(bundle) :])
        return answers

    def _grow(self, answers: Sequence[Answer]) -> None:
        """Larger bundles again, where what made one too long was not their number: half of that is sure to come whole."""
        if self._too_long_octets is not None:
            size = self._too_long_octets * len(answers) // (2 * _octets_of(answers))
            self._size = max(self._size, min(self._plan.size, size))


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
        alone = BundleService.SINGLE if conformance & (Conformance.GET | Conformance.READ) else BundleService.ACCESS
        plan = BundlePlan(BundleService.ACCESS, _fitting(room, ACCESS_HEADER_OCTETS, ACCESS_ITEM_OCTETS), alone)
    else:
        plan = BundlePlan(BundleService.SINGLE, 1)
    return plan if plan.size > 1 else BundlePlan(plan.alone, 1, plan.alone)


def bundles_of(wanted: Sequence[T], size: int) -> list[Sequence[T]]:
    """`wanted` in order, in as few parts of at most `size` as there can be, all about as large."""
    count = -(-len(wanted) // size)
    edges = [len(wanted) * number // count for number in range(count + 1)] if count else []
    return [wanted[start:end] for start, end in pairwise(edges)]


def _fitting(room: int | None, header_octets: int, item_octets: int) -> int:
    if room is None:
        return ATTRIBUTE_DESCRIPTORS_MAX
    return max(1, min(ATTRIBUTE_DESCRIPTORS_MAX, (room - header_octets) // item_octets))


def _octets_of(answers: Sequence[Answer]) -> int:
    return sum(len(answer) if isinstance(answer, bytes) else 1 for answer in answers)
