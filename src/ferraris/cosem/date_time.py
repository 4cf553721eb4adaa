"""Dates and times of COSEM: every field may be left open, and what came is kept exactly (IEC 62056-6-2, date and time formats).

A value is its octets; the fields are read out of them, None for "not specified". The deviation is in minutes from local time
to UTC: UTC = local + deviation, so Central European winter time has -60. A date may also name the start or end of daylight
saving in place of a month, and the last or the last but one day of a month.
"""

from __future__ import annotations

from datetime import date
from enum import IntFlag
from typing import Final, Self

from ferraris.kernel.errors import DecodeError, LocalProtocolError

MONTH_DAYLIGHT_SAVING_END: Final = 0xFD
MONTH_DAYLIGHT_SAVING_BEGIN: Final = 0xFE
DAY_SECOND_LAST_OF_MONTH: Final = 0xFD
DAY_LAST_OF_MONTH: Final = 0xFE

DATE_OCTETS: Final = 5
TIME_OCTETS: Final = 4
DATE_TIME_OCTETS: Final = 12
DEVIATION_MIN_MAX: Final = 840
"""The farthest time zone is 14 hours away; the sign is met both ways in the field, so both are carried."""

_OPEN: Final = 0xFF
_OPEN_YEAR: Final = 0xFFFF
_OPEN_DEVIATION: Final = -0x8000
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_MS_PER_DAY: Final = 86_400_000
_CLAUSE: Final = "IEC 62056-6-2, date and time formats"

_MONTH: Final = ("month", bytes((*range(1, 13), MONTH_DAYLIGHT_SAVING_END, MONTH_DAYLIGHT_SAVING_BEGIN, _OPEN)))
_DAY: Final = ("day of month", bytes((*range(1, 32), DAY_SECOND_LAST_OF_MONTH, DAY_LAST_OF_MONTH, _OPEN)))
_DAY_OF_WEEK: Final = ("day of week", bytes((*range(1, 8), _OPEN)))
_HOUR: Final = ("hour", bytes((*range(24), _OPEN)))
_MINUTE: Final = ("minute", bytes((*range(60), _OPEN)))
_SECOND: Final = ("second", bytes((*range(60), _OPEN)))
_HUNDREDTHS: Final = ("hundredths", bytes((*range(100), _OPEN)))
_TIME_FIELDS: Final = (_HOUR, _MINUTE, _SECOND, _HUNDREDTHS)
_DATE_FIELDS: Final = (_MONTH, _DAY, _DAY_OF_WEEK)
_DATE_TIME_FIELDS: Final = (*_DATE_FIELDS, *_TIME_FIELDS)


class ClockStatus(IntFlag):
    """What a clock says of the time it gives. 0xFF as a whole means: not specified (None in a `CosemDateTime`)."""

    INVALID = 0x01
    DOUBTFUL = 0x02
    DIFFERENT_CLOCK_BASE = 0x04
    INVALID_STATUS = 0x08
    DAYLIGHT_SAVING = 0x80


def _check(octets: bytes, start: int, legal: tuple[tuple[str, bytes], ...]) -> None:
    """Raises DecodeError for the first octet from `start` on that its field cannot have."""
    for offset, (name, values) in enumerate(legal, start):
        if octets[offset] not in values:
            low, high = values[0], max(value for value in values if value < 0xFD)
            raise DecodeError(
                f"no such {name}", expected=f"{low}..{high}", got=octets[offset], offset=offset, clause=_CLAUSE
            )


def _check_length(octets: bytes, count: int, name: str) -> None:
    if len(octets) != count:
        raise DecodeError(f"a {name} has a wrong length", expected=f"{count} octets", got=len(octets), clause=_CLAUSE)


def _packed(*fields: int | None) -> bytes:
    """One octet for each field, 0xFF for an open one. Raises LocalProtocolError for a number above 255."""
    try:
        return bytes(_OPEN if value is None else value for value in fields)
    except ValueError:
        raise LocalProtocolError("not a date or time", expected="fields 0..255", got=fields, clause=_CLAUSE) from None


def _packed_year(year: int | None) -> bytes:
    if year is None:
        return b"\xff\xff"
    if not 0 <= year < _OPEN_YEAR:
        raise LocalProtocolError("no such year", expected="0..65534", got=year, clause=_CLAUSE)
    return year.to_bytes(2, "big")


def _field(octet: int) -> int | None:
    return None if octet == _OPEN else octet


class Moment(bytes):
    """What dates, times and date-times share: they are their octets, checked."""

    __slots__ = ()

    @classmethod
    def from_octets(cls, octets: bytes) -> Self:
        """Raises DecodeError for a wrong length or a field out of range."""
        raise NotImplementedError

    @classmethod
    def _from_fields(cls, octets: bytes) -> Self:
        """What `from_octets` gives; a fault is the caller's here."""
        try:
            return cls.from_octets(octets)
        except DecodeError as fault:
            raise LocalProtocolError(fault.summary, expected=fault.expected, got=fault.got, clause=_CLAUSE) from None

    def to_octets(self) -> bytes:
        """The plain octets."""
        return bytes(self)

    def __reduce__(self) -> tuple[object, tuple[bytes]]:
        return type(self).from_octets, (bytes(self),)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self!s})"


class _DateFields(Moment):
    """The first four fields of dates and date-times."""

    __slots__ = ()

    @property
    def year(self) -> int | None:
        """0..65534."""
        year = self[0] << 8 | self[1]
        return None if year == _OPEN_YEAR else year

    @property
    def month(self) -> int | None:
        """1..12, or a `MONTH_` constant."""
        return _field(self[2])

    @property
    def day_of_month(self) -> int | None:
        """1..31, or a `DAY_` constant."""
        return _field(self[3])

    @property
    def day_of_week(self) -> int | None:
        """1 for Monday to 7 for Sunday."""
        return _field(self[4])


class CosemDate(_DateFields):
    """A date of five octets: year, month, day of month, day of week."""

    __slots__ = ()

    def __new__(
        cls,
        year: int | None = None,
        month: int | None = None,
        day_of_month: int | None = None,
        day_of_week: int | None = None,
    ) -> Self:
        """Raises LocalProtocolError for a field out of range."""
        return cls._from_fields(_packed_year(year) + _packed(month, day_of_month, day_of_week))

    @classmethod
    def from_octets(cls, octets: bytes) -> Self:
        """Raises DecodeError for a wrong length or a field out of range."""
        _check_length(octets, DATE_OCTETS, "date")
        _check(octets, 2, _DATE_FIELDS)
        return bytes.__new__(cls, octets)

    def __str__(self) -> str:
        return f"{_written(self.year)}-{_written(self.month)}-{_written(self.day_of_month)}"


class CosemTime(Moment):
    """A time of day of four octets: hour, minute, second, hundredths."""

    __slots__ = ()

    def __new__(
        cls,
        hour: int | None = None,
        minute: int | None = None,
        second: int | None = None,
        hundredths: int | None = None,
    ) -> Self:
        """Raises LocalProtocolError for a field out of range."""
        return cls._from_fields(_packed(hour, minute, second, hundredths))

    @classmethod
    def from_octets(cls, octets: bytes) -> Self:
        """Raises DecodeError for a wrong length or a field out of range."""
        _check_length(octets, TIME_OCTETS, "time")
        _check(octets, 0, _TIME_FIELDS)
        return bytes.__new__(cls, octets)

    @property
    def hour(self) -> int | None:
        """0..23."""
        return _field(self[0])

    @property
    def minute(self) -> int | None:
        """0..59."""
        return _field(self[1])

    @property
    def second(self) -> int | None:
        """0..59."""
        return _field(self[2])

    @property
    def hundredths(self) -> int | None:
        """0..99."""
        return _field(self[3])

    def __str__(self) -> str:
        return f"{_written(self.hour)}:{_written(self.minute)}:{_written(self.second)}"


class CosemDateTime(_DateFields):
    """A date, a time of day, the deviation from local time to UTC, and what the clock says of itself: twelve octets."""

    __slots__ = ()

    def __new__(
        cls,
        year: int | None = None,
        month: int | None = None,
        day_of_month: int | None = None,
        day_of_week: int | None = None,
        hour: int | None = None,
        minute: int | None = None,
        second: int | None = None,
        hundredths: int | None = None,
        deviation_min: int | None = None,
        clock_status: int | None = None,
    ) -> Self:
        """Raises LocalProtocolError for a field out of range."""
        deviation = _OPEN_DEVIATION if deviation_min is None else deviation_min
        if not -0x8000 <= deviation <= 0x7FFF:
            raise LocalProtocolError("no such deviation", expected=f"up to {DEVIATION_MIN_MAX} min", got=deviation)
        return cls._from_fields(
            _packed_year(year)
            + _packed(month, day_of_month, day_of_week, hour, minute, second, hundredths)
            + deviation.to_bytes(2, "big", signed=True)
            + _packed(clock_status)
        )

    @classmethod
    def from_octets(cls, octets: bytes) -> Self:
        """Raises DecodeError for a wrong length or a field out of range."""
        _check_length(octets, DATE_TIME_OCTETS, "date-time")
        _check(octets, 2, _DATE_TIME_FIELDS)
        deviation = int.from_bytes(octets[9:11], "big", signed=True)
        if not -DEVIATION_MIN_MAX <= deviation <= DEVIATION_MIN_MAX and deviation != _OPEN_DEVIATION:
            expected = f"-{DEVIATION_MIN_MAX}..{DEVIATION_MIN_MAX} min"
            raise DecodeError("no such deviation", expected=expected, got=deviation, offset=9, clause=_CLAUSE)
        return bytes.__new__(cls, octets)

    @classmethod
    def from_epoch_ms(
        cls, now_ms: int, deviation_min: int = 0, status: int | None = 0, *, hundredths: bool = True
    ) -> Self:
        """The local date and time of an instant, in milliseconds since 1970-01-01 UTC, at a deviation in minutes.

        Without `hundredths` they are left open. Raises LocalProtocolError for an instant outside the years 1 to 9999.
        """
        days, ms = divmod(now_ms - deviation_min * 60_000, _MS_PER_DAY)
        try:
            day = date.fromordinal(_EPOCH_DAY + days)
        except (ValueError, OverflowError):
            raise LocalProtocolError("an instant cannot be written", expected="years 1 to 9999", got=now_ms) from None
        minutes, ms = divmod(ms, 60_000)
        fraction = ms % 1000 // 10 if hundredths else None
        clock = (minutes // 60, minutes % 60, ms // 1000, fraction)
        return cls(day.year, day.month, day.day, day.isoweekday(), *clock, deviation_min, status)

    def to_epoch_ms(self, deviation_min: int | None = None) -> int | None:
        """Milliseconds since 1970-01-01 UTC, or None when this is no one instant.

        It is one when year to second are specified and exist in the calendar; open hundredths count as none.
        `deviation_min` serves where the value itself gives no deviation.
        """
        deviation = self.deviation_min if self.deviation_min is not None else deviation_min
        if deviation is None or _OPEN in self[5:8]:
            return None
        try:
            days = date(self[0] << 8 | self[1], self[2], self[3]).toordinal() - _EPOCH_DAY
        except ValueError:
            return None
        seconds = days * 86_400 + self[5] * 3600 + (self[6] + deviation) * 60 + self[7]
        return seconds * 1000 + (self.hundredths or 0) * 10

    def with_deviation_reversed(self) -> Self:
        """The same with the deviation's sign turned: what a meter means that counts from UTC to local time."""
        if self.deviation_min is None:
            return self
        return self.from_octets(self[:9] + (-self.deviation_min).to_bytes(2, "big", signed=True) + self[11:])

    @property
    def date(self) -> CosemDate:
        """The first five octets."""
        return CosemDate.from_octets(self[:DATE_OCTETS])

    @property
    def time(self) -> CosemTime:
        """The four octets of the time of day."""
        return CosemTime.from_octets(self[DATE_OCTETS : DATE_OCTETS + TIME_OCTETS])

    @property
    def hour(self) -> int | None:
        """0..23."""
        return _field(self[5])

    @property
    def minute(self) -> int | None:
        """0..59."""
        return _field(self[6])

    @property
    def second(self) -> int | None:
        """0..59."""
        return _field(self[7])

    @property
    def hundredths(self) -> int | None:
        """0..99."""
        return _field(self[8])

    @property
    def deviation_min(self) -> int | None:
        """Minutes from local time to UTC."""
        deviation = int.from_bytes(self[9:11], "big", signed=True)
        return None if deviation == _OPEN_DEVIATION else deviation

    @property
    def clock_status(self) -> ClockStatus | None:
        """The status bits."""
        return None if self[11] == _OPEN else ClockStatus(self[11])

    def __str__(self) -> str:
        """Local time as written, `*` for each open field, with the deviation."""
        deviation = "" if self.deviation_min is None else f" {self.deviation_min:+} min to UTC"
        return f"{self.date} {self.time}{deviation}"


class TaggedDateTime(CosemDateTime):
    """A date-time that came under its own tag where the standard has an octet-string. Equal to one that did not."""

    __slots__ = ()


def _written(value: int | None) -> str:
    return "*" if value is None else f"{value:02}"
