"""What a push setup takes of an attribute: the whole of it, one element, or the columns of a profile's rows.

Data index 0 means the whole, n the n-th element of an array or a structure. (Indices above 0x0FFF select rows of a profile in
a way that public sources do not tell completely; they take nothing here, nor does an element that is not there.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ferraris.codec import Data, Tag, decode_whole, encode_data
from ferraris.cosem import CaptureObject, PushObject
from ferraris.kernel.errors import DecodeError

NOTHING: Final = bytes((Tag.NULL_DATA,))
ELEMENTS: Final = range(1, 0x1000)
ROWS: Final = (Tag.ARRAY, Tag.STRUCTURE)


def element(octets: bytes, data_index: int) -> bytes:
    """One element of an encoded value, encoded; the whole for 0, null-data for one that is not there."""
    if not data_index:
        return octets
    members = _members(octets)
    if data_index not in ELEMENTS or data_index > len(members):
        return NOTHING
    return encode_data(members[data_index - 1])


def only_columns(octets: bytes, capture_objects: Sequence[CaptureObject], columns: Sequence[PushObject]) -> bytes:
    """The rows of an encoded buffer with these columns only, in this order; null-data for one that is not captured."""
    if not columns:
        return octets
    places = {(one.class_id, bytes(one.logical_name), one.attribute_index): n for n, one in enumerate(capture_objects)}
    wanted = [places.get((one.class_id, bytes(one.logical_name), one.attribute_index)) for one in columns]
    rows = tuple(Data(Tag.STRUCTURE, tuple(_member(row, place) for place in wanted)) for row in _members(octets))
    return encode_data(Data(Tag.ARRAY, rows))


def _member(row: Data, place: int | None) -> Data:
    members = row.value if row.tag in ROWS and isinstance(row.value, tuple) else ()
    if place is None or place >= len(members):
        return Data(Tag.NULL_DATA, None)
    member = members[place]
    assert isinstance(member, Data)
    return member


def _members(octets: bytes) -> tuple[Data, ...]:
    """The members of an array or a structure; none of anything else."""
    try:
        value = decode_whole(octets)
    except DecodeError:
        return ()
    members = value.value if value.tag in ROWS and isinstance(value.value, tuple) else ()
    return tuple(member for member in members if isinstance(member, Data))
