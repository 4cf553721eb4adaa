"""The layout of a data-notification: recognised once for a kind of meter, then one unpack and one compare a push.

Meters of one kind push the same objects in the same order, so their notifications differ in numbers and texts, not in where
these stand. The general decoder reads the first one and yields a layout: a record over the whole APDU, with the octets
(tags, counts, lengths) that the next ones must repeat. One that does not is decoded in general and yields a layout of
its own.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple, cast

from ferraris.codec import (
    EMPTY_TAGS,
    FIXED_OCTETS,
    NUMBER_FORMATS,
    STRING_TAGS,
    Data,
    Tag,
    write_length,
)
from ferraris.codec.records import RecordLayout
from ferraris.dlms.apdu import DataNotification, decode_apdu
from ferraris.dlms.untagged import DESCRIPTOR_OCTETS, UNTAGGED_DESCRIPTOR, read_value
from ferraris.kernel.errors import RemoteProtocolError
from ferraris.kernel.limits import LAYOUTS_PER_SIZE_MAX, NOTIFICATION_LAYOUTS_MAX

_WITHOUT_VALUE: Final = EMPTY_TAGS | {UNTAGGED_DESCRIPTOR}
"""What is the same in every push of a layout: nothing, and the names that stand among the values."""
HEADER: Final = struct.Struct(">xI")
"""The tag and the long-invoke-id-and-priority, before the date-time's length."""


class Notification(NamedTuple):
    """A decoded push. `values` are its simple values in the order of the octets; `tree` puts them into their places."""

    long_invoke_id_and_priority: int
    date_time: bytes
    """0 or 12 octets, as sent."""
    values: tuple[object, ...]
    """int, float, bytes, BitString or CompactArray: one for each simple value but null-data."""
    body: Data
    """A body of the same shape and tags, not of the same values."""

    def tree(self) -> Data:
        """The body with this notification's values in their places."""
        return _fill(self.body, iter(self.values))


NotificationLayout = Callable[[bytes], Notification | None]
"""Gives the notification in an APDU, None for one of another layout."""


class NotificationDecoder:
    """Decodes data-notifications and keeps the layouts it met; beyond the limit the oldest are dropped."""

    __slots__ = ("_count", "layouts")

    def __init__(self) -> None:
        self.layouts: dict[int, list[NotificationLayout]] = {}
        """By octets of the whole APDU."""
        self._count = 0

    def decode(self, octets: bytes) -> Notification:
        """The data-notification in `octets`, a whole plain APDU. Raises DecodeError or RemoteProtocolError."""
        notification = _matched(octets, self.layouts.get(len(octets), ()))
        return self._decode_in_general(octets) if notification is None else notification

    def _decode_in_general(self, octets: bytes) -> Notification:
        apdu = decode_apdu(octets)
        if not isinstance(apdu, DataNotification):
            raise RemoteProtocolError("no data-notification", expected="tag 15", got=type(apdu).__name__)
        body = read_value(apdu.body).data
        notification = Notification(apdu.long_invoke_id_and_priority, apdu.date_time, tuple(_values_of(body)), body)
        layout = _layout_of(octets, notification)
        if layout is not None:
            self._keep(len(octets), layout)
        return notification

    def _keep(self, size: int, layout: NotificationLayout) -> None:
        layouts = self.layouts.setdefault(size, [])
        layouts.append(layout)
        self._count += 1
        if len(layouts) > LAYOUTS_PER_SIZE_MAX:
            del layouts[0]
            self._count -= 1
        if self._count > NOTIFICATION_LAYOUTS_MAX:
            oldest = next(iter(self.layouts))
            self._count -= len(self.layouts.pop(oldest))


def _layout_of(octets: bytes, notification: Notification) -> NotificationLayout | None:
    """The layout that `octets` show, or None when a value in them cannot be unpacked by `struct`."""
    builder = _Builder(octets, HEADER.size)
    builder.put_string(notification.date_time)
    if not builder.put(notification.body):
        return None
    if len(builder.mask) != len(octets) or builder.offset != len(octets):
        return None
    record = RecordLayout(
        builder.format, octets, bytes(builder.mask), kind=Notification, leading=2, last=notification.body
    )
    # A length in a longer form than the shortest would shift everything: such a push keeps to the general decoder.
    return record.unpack if record.unpack(octets) == notification else None


def _matched(octets: bytes, layouts: Sequence[NotificationLayout]) -> Notification | None:
    """The notification in an APDU by the first of the layouts (all of as many octets) that it has; None when it has none."""
    for unpack in layouts:
        notification = unpack(octets)
        if notification is not None:
            return notification
    return None


class _Builder:
    """Walks a body beside its octets and writes down which of them are values."""

    __slots__ = ("format", "mask", "offset")

    def __init__(self, octets: bytes, offset: int) -> None:
        self.format = HEADER.format
        self.mask = bytearray(b"\xff" * len(octets))
        self.mask[1:offset] = bytes(offset - 1)
        self.offset = offset

    def put_fixed(self, count: int) -> None:
        self.format += f"{count}x"
        self.offset += count

    def put_value(self, count: int, code: str) -> None:
        self.mask[self.offset : self.offset + count] = bytes(count)
        self.format += code
        self.offset += count

    def put_string(self, octets: bytes) -> None:
        self.put_fixed(_length_octets(len(octets)))
        self.put_value(len(octets), f"{len(octets)}s")

    def put(self, data: Data) -> bool:
        """Add one value and all that it holds; False when `struct` cannot unpack one of them."""
        tag, value = data
        if tag == UNTAGGED_DESCRIPTOR:
            self.put_fixed(DESCRIPTOR_OCTETS)
            return True
        self.put_fixed(1)
        number = NUMBER_FORMATS.get(tag)
        if number is not None:
            self.put_value(number.size, number.format[1:])
        elif tag in STRING_TAGS:
            self.put_string(cast("bytes", value))
        elif tag in FIXED_OCTETS:
            self.put_value(FIXED_OCTETS[tag], f"{FIXED_OCTETS[tag]}s")
        elif tag in (Tag.ARRAY, Tag.STRUCTURE):
            members = cast("tuple[Data, ...]", value)
            self.put_fixed(_length_octets(len(members)))
            return all(map(self.put, members))
        return tag in EMPTY_TAGS or tag not in (Tag.BIT_STRING, Tag.COMPACT_ARRAY)


def _length_octets(length: int) -> int:
    out = bytearray()
    write_length(length, out)
    return len(out)


def _values_of(data: Data) -> Iterator[object]:
    if data.tag in (Tag.ARRAY, Tag.STRUCTURE):
        for member in cast("tuple[Data, ...]", data.value):
            yield from _values_of(member)
    elif data.tag not in _WITHOUT_VALUE:
        yield data.value


def _fill(data: Data, values: Iterator[object]) -> Data:
    if data.tag in (Tag.ARRAY, Tag.STRUCTURE):
        return Data(data.tag, tuple(_fill(member, values) for member in cast("tuple[Data, ...]", data.value)))
    return data if data.tag in _WITHOUT_VALUE else Data(data.tag, next(values))
