"""Clock, class 8: local time, its deviation, daylight saving, and the orders that set it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ferraris.cosem import Attribute, Clock, ClockBase, ClockStatus, CosemDateTime, Method, load_profile
from ferraris.cosem.classes.clock import PresetTime
from ferraris.cosem.date_time import DAY_LAST_OF_MONTH
from ferraris.kernel.errors import DecodeError, LocalProtocolError
from ferraris.kernel.units import Unit
from tests.cosem.known_octets import assert_holds

ATTRIBUTES = [
    # attribute                          octets                           plain
    (Clock.logical_name,                 "0906 0000010000ff",             "0.0.1.0.0.255"),
    (Clock.time,                         "090c 07e70706040a362600ff8880", "2023-07-06 10:54:38 -120 min to UTC"),
    (Clock.time,                         "090c 07e70a19030b122900ff8880", "2023-10-25 11:18:41 -120 min to UTC"),
    (Clock.time,                         "19 07e70a19030b122900ff8880",   "2023-10-25 11:18:41 -120 min to UTC"),
    (Clock.time,                         "090c 07e0ffff ff ffffff ff 8000 ff", "2016-*-* *:*:*"),
    (Clock.time_zone,                    "10 ffc4",                       -60),
    (Clock.time_zone,                    "10 012c",                       300),
    (Clock.status,                       "11 00",                         []),
    (Clock.status,                       "11 80",                         ["daylight_saving"]),
    (Clock.status,                       "11 83",                         ["invalid", "doubtful", "daylight_saving"]),
    (Clock.status,                       "11 8f",                         ["invalid", "doubtful", "different_clock_base",
                                                                           "invalid_status", "daylight_saving"]),
    (Clock.status,                       "11 50",                         ["bit_4", "bit_6"]),
    (Clock.daylight_savings_begin,       "090c ffff03fe0702000000ffc400", "*-03-254 02:00:00 -60 min to UTC"),
    (Clock.daylight_savings_end,         "090c ffff0afe0703000000ff8880", "*-10-254 03:00:00 -120 min to UTC"),
    (Clock.daylight_savings_deviation,   "0f 3c",                         60),
    (Clock.daylight_savings_deviation,   "0f c4",                         -60),
    (Clock.daylight_savings_enabled,     "03 01",                         True),
    (Clock.daylight_savings_enabled,     "03 00",                         False),
    (Clock.clock_base,                   "16 01",                         "internal_crystal"),
    (Clock.clock_base,                   "16 05",                         "radio_controlled"),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "plain"), ATTRIBUTES)
def test_known_octets(attribute: Attribute[Any], octets: str, plain: object) -> None:
    assert_holds(attribute.datatype, octets, plain)


NOON = "090c 07e8010f010c000000ffc400"
NOON_READ = "2024-01-15 12:00:00 -60 min to UTC"

ORDERS = [
    # method                            octets of the argument              plain
    (Clock.adjust_to_quarter,           "0f 00",                            0),
    (Clock.adjust_to_measuring_period,  "0f 00",                            0),
    (Clock.adjust_to_minute,            "0f 00",                            0),
    (Clock.adjust_to_preset_time,       "0f 00",                            0),
    (Clock.preset_adjusting_time,       f"02 03 {NOON} {NOON} {NOON}",      {"preset_time": NOON_READ,
                                                                             "validity_interval_start": NOON_READ,
                                                                             "validity_interval_end": NOON_READ}),
    (Clock.shift_time,                  "10 fc7c",                          -900),
    (Clock.shift_time,                  "10 0384",                          900),
]  # fmt: skip


@pytest.mark.parametrize(("method", "octets", "plain"), ORDERS)
def test_known_octets_of_orders(method: Method[Any, Any], octets: str, plain: object) -> None:
    assert_holds(method.argument, octets, plain)
    assert method.result is None


REFUSED = [
    # attribute                          octets                           words
    (Clock.time,                         "0909 07e7070604 0a3626 00",     "expected 12, got 9 octets"),
    (Clock.time,                         "090c 07e70d06040a362600ff8880", "no such month"),
    (Clock.time,                         "0900",                          "expected 12"),
    (Clock.time_zone,                    "0f c4",                         "expected long, got integer"),
    (Clock.status,                       "16 00",                         "expected unsigned, got enum"),
    (Clock.daylight_savings_deviation,   "10 003c",                       "expected integer, got long"),
    (Clock.clock_base,                   "16 06",                         "no such enum ClockBase"),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "words"), REFUSED)
def test_refused_octets(attribute: Attribute[Any], octets: str, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        attribute.datatype.decode(bytes.fromhex(octets))


def test_minutes_are_the_unit_of_deviations() -> None:
    units = {attribute.name: attribute.unit for attribute in Clock.attributes() if attribute.unit is not None}
    assert units == {"time_zone": Unit.MINUTE, "daylight_savings_deviation": Unit.MINUTE}


def test_a_shift_is_at_most_nine_hours() -> None:
    Clock.shift_time.argument.encode(32_767)
    with pytest.raises(LocalProtocolError, match=r"-32768\.\.32767"):
        Clock.shift_time.argument.encode(32_768)


def test_a_preset_time_needs_all_three_moments() -> None:
    moment = CosemDateTime.from_epoch_ms(0)
    octets = Clock.preset_adjusting_time.argument.encode(PresetTime(moment, moment, moment))
    with pytest.raises(DecodeError, match="3 members"):
        Clock.preset_adjusting_time.argument.decode(b"\x02\x02" + octets[2:-14])


DAYLIGHT_SAVING = [
    # year  begins, UTC           ends, UTC
    (2023,  "2023-03-26 01:00",   "2023-10-29 01:00"),
    (2024,  "2024-03-31 01:00",   "2024-10-27 01:00"),
    (2025,  "2025-03-30 01:00",   "2025-10-26 01:00"),
    (2026,  "2026-03-29 01:00",   "2026-10-25 01:00"),
]  # fmt: skip


def last_weekday(pattern: CosemDateTime, year: int) -> datetime:
    """The moment in `year`, UTC, of a pattern such as "the last Sunday of March, 02:00": by the rule of the standard."""
    assert (pattern.year, pattern.day_of_month) == (None, DAY_LAST_OF_MONTH)
    days = [
        CosemDateTime(year, pattern.month, day, None, pattern.hour, pattern.minute, 0, 0, pattern.deviation_min, 0)
        for day in range(25, 32)
    ]
    instants_ms = [(day, day.to_epoch_ms()) for day in days]
    local = [
        ms
        for day, ms in instants_ms
        if ms is not None
        and datetime(year, day.month or 0, day.day_of_month or 0, tzinfo=UTC).isoweekday() == pattern.day_of_week
    ]
    return datetime.fromtimestamp(local[-1] / 1000, UTC)


@pytest.mark.parametrize(("year", "begins", "ends"), DAYLIGHT_SAVING)
@pytest.mark.parametrize("meter", ["smr5_single_phase", "smr5_three_phase"])
def test_the_meters_switch_with_the_european_union(meter: str, year: int, begins: str, ends: str) -> None:
    rules = load_profile(meter).object("CLOCK").attributes
    begin, end = (Clock.time.datatype.decode(rules[number].initial) for number in (5, 6))
    assert f"{last_weekday(begin, year):%Y-%m-%d %H:%M}" == begins
    assert f"{last_weekday(end, year):%Y-%m-%d %H:%M}" == ends


def test_statuses_and_bases_have_the_numbers_of_the_standard() -> None:
    assert [(flag.name, int(flag)) for flag in ClockStatus] == [
        ("INVALID", 0x01),
        ("DOUBTFUL", 0x02),
        ("DIFFERENT_CLOCK_BASE", 0x04),
        ("INVALID_STATUS", 0x08),
        ("DAYLIGHT_SAVING", 0x80),
    ]
    assert [base.name.lower() for base in ClockBase] == [
        "not_defined",
        "internal_crystal",
        "mains_50_hz",
        "mains_60_hz",
        "gps",
        "radio_controlled",
    ]
