"""What a server sends unasked: data-notification (push), event-notification (Green Book 9.5)."""

from __future__ import annotations

from typing import Final

from ferraris.codec import write_length
from ferraris.cosem import DATE_TIME_OCTETS
from ferraris.dlms.apdu.cursor import CLAUSE, Cursor, cut_short, refuse_trailing
from ferraris.dlms.apdu.descriptors import AttributeDescriptor, read_attribute_descriptor
from ferraris.kernel.errors import DecodeError
from ferraris.kernel.frozen import dataclass

DATA_NOTIFICATION: Final = 0x0F
DATA_NOTIFICATION_CONFIRM: Final = 0x10
EVENT_NOTIFICATION: Final = 0xC2
TAGGED_DATE_TIME: Final = b"\x09\x0c"


@dataclass(frozen=True, slots=True)
class DataNotification:
    """A push: `date_time` of 0 or 12 octets, and the encoded `body`.

    `tagged_date_time` says that the date-time came as a tagged octet-string (09 0C) where the standard has only the length,
    as Kaifa's meters send it. Unambiguous, since no date-time has 9 octets.
    """

    long_invoke_id_and_priority: int
    date_time: bytes
    body: bytes
    tagged_date_time: bool = False

    def encode(self) -> bytes:
        """The APDU's octets."""
        head = bytes((DATA_NOTIFICATION,)) + self.long_invoke_id_and_priority.to_bytes(4, "big")
        tag = b"\x09" if self.tagged_date_time else b""
        return head + tag + bytes((len(self.date_time),)) + self.date_time + self.body


@dataclass(frozen=True, slots=True)
class DataNotificationConfirm:
    """Confirms the push with the same long-invoke-id."""

    long_invoke_id_and_priority: int
    date_time: bytes

    def encode(self) -> bytes:
        """The APDU's octets."""
        head = bytes((DATA_NOTIFICATION_CONFIRM,)) + self.long_invoke_id_and_priority.to_bytes(4, "big")
        return head + bytes((len(self.date_time),)) + self.date_time


@dataclass(frozen=True, slots=True)
class EventNotification:
    """The value of one attribute, sent because something happened; `time` of 12 octets, if the server says when."""

    time: bytes | None
    descriptor: AttributeDescriptor
    value: bytes

    def encode(self) -> bytes:
        """The APDU's octets."""
        out = bytearray((EVENT_NOTIFICATION, self.time is not None))
        if self.time is not None:
            write_length(len(self.time), out)
            out += self.time
        return bytes(out) + self.descriptor.encode() + self.value


def decode_data_notification(octets: bytes) -> DataNotification:
    """A data-notification, from its tag on. Raises DecodeError."""
    size = len(octets)
    if size < 7:
        raise cut_short(octets, 7)
    start = 6
    tagged = octets.startswith(TAGGED_DATE_TIME, 5)
    if tagged:
        start = 7
    end = start + octets[start - 1]
    if end - start not in (0, DATE_TIME_OCTETS):
        raise _wrong_date_time(end - start, start - 1)
    if size <= end:
        raise cut_short(octets, end + 1)
    return DataNotification(int.from_bytes(octets[1:5], "big"), octets[start:end], octets[end:], tagged)


def decode_data_notification_confirm(octets: bytes) -> DataNotificationConfirm:
    """A data-notification-confirm, from its tag on. Raises DecodeError."""
    if len(octets) < 6:
        raise cut_short(octets, 6)
    if octets[5] not in (0, DATE_TIME_OCTETS):
        raise _wrong_date_time(octets[5], 5)
    end = 6 + octets[5]
    if len(octets) < end:
        raise cut_short(octets, end)
    refuse_trailing(octets, end)
    return DataNotificationConfirm(int.from_bytes(octets[1:5], "big"), octets[6:end])


def decode_event_notification(octets: bytes) -> EventNotification:
    """An event-notification, from its tag on. Raises DecodeError."""
    cursor = Cursor(octets, 1)
    time = None
    if cursor.present():
        time = cursor.octet_string()
        if len(time) != DATE_TIME_OCTETS:
            raise _wrong_date_time(len(time), 2)
    return EventNotification(time, read_attribute_descriptor(cursor), cursor.rest())


def _wrong_date_time(octets: int, offset: int) -> DecodeError:
    return DecodeError(
        "a date-time has a wrong size", expected="0 or 12 octets", got=octets, offset=offset, clause=CLAUSE
    )
