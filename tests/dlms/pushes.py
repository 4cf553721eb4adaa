"""Data-notifications to push: a body, and a body of registers as meters send it."""

from __future__ import annotations

from ferraris.codec import Data, Tag, encode_data
from ferraris.dlms.apdu import DataNotification


def notification(body: Data, invoke_id: int = 1, date_time: bytes = b"") -> bytes:
    return DataNotification(invoke_id, date_time, encode_data(body)).encode()


def readings(*values: int) -> Data:
    """A push of registers: logical name, value, scaler and unit of each."""

    def reading(index: int, value: int) -> Data:
        name = Data(Tag.OCTET_STRING, bytes((1, 0, index, 8, 0, 255)))
        scaler_unit = Data(Tag.STRUCTURE, (Data(Tag.INTEGER, 0), Data(Tag.ENUM, 30)))
        return Data(Tag.STRUCTURE, (name, Data(Tag.DOUBLE_LONG_UNSIGNED, value), scaler_unit))

    return Data(Tag.ARRAY, tuple(reading(index, value) for index, value in enumerate(values, 1)))
