"""Records of one form: octets that are the same in each, and fields between them, taken to Python values in one step.

The rows of a load profile are such records, and so are the pushes of meters of one kind. This is the innermost loop of a
head-end, so it exists twice: below in Python, and in `_records.c` and `_arrays.c`, which do the same and are taken where they
were built (decision 11). `COMPILED` says which one serves.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

INSTANT_OCTETS: Final = 12
INT64_MAX: Final = 2**63 - 1
_CODES: Final = re.compile(r">?(?:\d{1,8}[xs]|[xsBbHhIiQqfdT])+")


class InterpretedInstants:
    """What the 12 octets of a date-time stand for. Belongs to `known`, which its owner fills and empties."""

    __slots__ = ("known",)

    def __init__(self, known: dict[bytes, Any]) -> None:
        self.known = known


def _dtype_of(codes: str, octets: int) -> np.dtype[np.void]:
    """The fields of a record as NumPy has them; whatever is no number as octets."""
    formats, offsets, at = [], [], 0
    for repeat, code in re.findall(r"(\d*)([xsBbHhIiQqfdT])", codes):
        size = INSTANT_OCTETS if code == "T" else struct.calcsize(f">{repeat}{code}")
        if code != "x":
            formats.append(f">{code}" if code in "BbHhIiQqfd" else f"V{size}")
            offsets.append(at)
        at += size
    names = [f"c{index}" for index in range(len(formats))]
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": octets})


class InterpretedRecordLayout:
    """Where the fields of a record stand.

    `codes` are a format of `struct`, big-endian, in the codes x s B b H h I i Q q f d, and T: 12 octets, shown as what `instants`
    know of them. `fixed` are the octets that every record has where the bits of `mask` are set. One record unpacks to the
    tuple of its fields or, where a `kind` of tuple is given, to one of that kind: the `leading` fields, a tuple of the others,
    and `last`. Raises ValueError where these don't go together.
    """

    __slots__ = (
        "_dtype", "_fixed", "_instants", "_kind", "_last", "_leading", "_mask", "_run", "_unpack_from", "_whens", "octets"
    )  # fmt: skip

    def __init__(
        self,
        codes: str,
        fixed: bytes,
        mask: bytes,
        instants: InterpretedInstants | None = None,
        kind: type[tuple[Any, ...]] = tuple,
        leading: int = 0,
        last: object = None,
    ) -> None:
        if _CODES.fullmatch(codes) is None:
            raise ValueError(f"a record's format has {codes!r} where codes of struct or T are expected")
        codes = codes.removeprefix(">")
        record = struct.Struct(">" + codes.replace("T", f"{INSTANT_OCTETS}s"))
        self.octets = record.size
        """Octets of a record."""
        if not record.size or len(fixed) != record.size or len(mask) != record.size:
            raise ValueError(
                f"a record of {record.size} octets has {len(fixed)} fixed octets and a mask of {len(mask)}"
            )
        if "T" in codes and instants is None:
            raise ValueError("a record with T needs instants")
        fields = re.findall(r"[sBbHhIiQqfdT]", codes)
        self._dtype = _dtype_of(codes, record.size)
        if not 0 <= leading <= len(fields):
            raise ValueError("a record unpacks to a tuple of a kind, with as many leading fields as it has")
        self._kind, self._leading, self._last = kind, leading, last
        self._whens = tuple(place for place, code in enumerate(fields) if code == "T")
        self._unpack_from = record.unpack_from
        self._mask = int.from_bytes(mask, "big")
        self._fixed = int.from_bytes(fixed, "big") & self._mask
        self._instants = instants
        self._run: tuple[int, npt.NDArray[np.uint8], bytes] = (0, np.empty(0, np.uint8), b"")

    def unpack(self, octets: bytes) -> Any:
        """The one record that `octets` are; None when they are none. Raises KeyError for an unknown instant."""
        if len(octets) != self.octets or int.from_bytes(octets, "big") & self._mask != self._fixed:
            return None
        fields = self._shown(self._unpack_from(octets))
        if self._kind is tuple:
            return fields
        leading = self._leading
        return tuple.__new__(self._kind, (*fields[:leading], fields[leading:], self._last))

    def match(self, octets: bytes, offset: int, count: int) -> bool:
        """Whether `count` records stand one after another at `offset`."""
        if offset < 0 or count < 0 or len(octets) - offset < count * self.octets:
            return False
        known, mask, fixed = self._run
        if known != count:
            mask = np.tile(np.frombuffer(self._mask.to_bytes(self.octets, "big"), np.uint8), count)
            fixed = self._fixed.to_bytes(self.octets, "big") * count
            self._run = count, mask, fixed
        return (np.frombuffer(octets, np.uint8, len(mask), offset) & mask).tobytes() == fixed if count else True

    def rows(self, array: InterpretedRecordArray) -> list[tuple[Any, ...]]:
        """The fields of an array's records, which are known to match.

        Raises ValueError where the array has fewer octets than its records, KeyError for an unknown instant.
        """
        octets, start, size = array.octets, array.start, self.octets
        end = self._end_of(array)
        unpack = self._unpack_from
        rows = [unpack(octets, at) for at in range(start, end, size)]
        return list(map(self._shown, rows)) if self._whens else rows

    def integers(self, array: InterpretedRecordArray) -> bytes:
        """The integers of an array's records, which are known to match: field by field, 64 bits with a sign each in the
        machine's order; zeros for fields that are no integers.

        Raises ValueError where the array has fewer octets than its records, OverflowError for a number too large.
        """
        self._end_of(array)
        records = np.frombuffer(array.octets, self._dtype, array.count, array.start)
        out = bytearray()
        for name in self._dtype.names or ():
            column = records[name]
            kind = column.dtype.kind
            if kind == "u" and (column > INT64_MAX).any():
                raise OverflowError("a number is too large for 64 bits with a sign")
            out += (column.astype(np.int64) if kind in "iu" else np.zeros(array.count, np.int64)).tobytes()
        return bytes(out)

    def _end_of(self, array: InterpretedRecordArray) -> int:
        end = array.start + array.count * self.octets
        if end > len(array.octets):
            raise ValueError("an array has fewer octets than its records")
        return end

    def _shown(self, fields: tuple[Any, ...]) -> tuple[Any, ...]:
        if not self._whens or self._instants is None:
            return fields
        shown = list(fields)
        for place in self._whens:
            shown[place] = self._instants.known[shown[place]]
        return tuple(shown)


class InterpretedRecordArray:
    """Records of one form that stand one after another in octets. What form that is, its `layout` says, in its maker's words."""

    __slots__ = ("count", "layout", "octets", "start")

    def __init__(self, layout: Any, octets: bytes, start: int, count: int) -> None:
        if start < 0 or count < 0:
            raise ValueError("an array starts at an octet and has a count of records")
        self.layout = layout
        """What its maker has to say of its form."""
        self.octets = octets
        """The octets that hold it."""
        self.start = start
        """Where its first record begins."""
        self.count = count
        """How many records it has."""

    def __len__(self) -> int:
        return self.count


class MetArray(NamedTuple):
    """An array met before."""

    header: bytes
    """The octets before its first record."""
    number_of_records: int
    records: InterpretedRecordLayout
    """What each of them must have."""
    layout: Any
    """What its maker has to say of its form."""


Array = TypeVar("Array", bound=InterpretedRecordArray)


def interpreted_find_array(met: Mapping[int, MetArray], kind: type[Array], octets: bytes) -> Array | None:
    """The array that `octets` are, whole, as one of a `kind`: when `met` has one under their count that they are like."""
    known = met.get(len(octets))
    if known is None:
        return None
    header, count, records, layout = known
    start = len(header)
    if not octets.startswith(header) or not records.match(octets, start, count):
        return None
    return kind(layout, octets, start, count)


Instants = InterpretedInstants
RecordLayout = InterpretedRecordLayout
RecordArray = InterpretedRecordArray
find_array = interpreted_find_array
if not TYPE_CHECKING:
    with suppress(ImportError):
        from ferraris.codec._records import Instants, RecordArray, RecordLayout, find_array  # noqa: F401 - re-exported

COMPILED: Final[bool] = RecordLayout is not InterpretedRecordLayout
"""Whether the compiled twin serves."""
