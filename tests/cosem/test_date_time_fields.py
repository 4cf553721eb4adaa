"""Date-times at their edges: every wildcard, special months and days, deviations, leap days, the hour that comes twice."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cosem import (
    NOT_A_TIME,
    ClockStatus,
    CosemDate,
    CosemDateTime,
    CosemTime,
    epoch_s_from_octets,
    octets_from_epoch_s,
)
from ferraris.cosem.date_time import DEVIATION_MIN_MAX
from ferraris.kernel.errors import DecodeError, LocalProtocolError

WHOLE = bytes.fromhex("07e8010f010c1e2d32ffc400")
WHOLE_MS = 1_705_318_245_500
"""Monday, 15 January 2024, 12:30:45.50 in Central Europe."""

OCTETS = """
    field          at   open    needed for an instant
    year           0    ffff    yes
    month          2    ff      yes
    day_of_month   3    ff      yes
    day_of_week    4    ff      no
    hour           5    ff      yes
    minute         6    ff      yes
    second         7    ff      yes
    hundredths     8    ff      no
    deviation_min  9    8000    yes
    clock_status   11   ff      no
"""
FIELDS = [line.split() for line in OCTETS.strip().splitlines()[1:]]
NAMES = [field for field, *_ in FIELDS]


def with_open(*names: str) -> CosemDateTime:
    """The date-time above with some fields left open."""
    octets = bytearray(WHOLE)
    for field, at, wildcard, _ in FIELDS:
        if field in names:
            value = bytes.fromhex(wildcard)
            octets[int(at) : int(at) + len(value)] = value
    return CosemDateTime.from_octets(bytes(octets))


@pytest.mark.parametrize(("field", "at", "wildcard", "needed"), FIELDS)
def test_one_field_left_open(field: str, at: str, wildcard: str, needed: str) -> None:
    moment = with_open(field)
    assert {name for name in NAMES if getattr(moment, name) is None} == {field}
    assert moment.to_octets()[int(at) :].startswith(bytes.fromhex(wildcard))
    instant_ms = moment.to_epoch_ms()
    expected_ms = WHOLE_MS - 500 if field == "hundredths" else WHOLE_MS
    assert instant_ms == (None if needed == "yes" else expected_ms)
    assert CosemDateTime(**{name: getattr(moment, name) for name in NAMES}) == moment


@given(st.sets(st.sampled_from(NAMES)))
def test_any_fields_left_open(names: set[str]) -> None:
    moment = with_open(*names)
    assert {name for name in NAMES if getattr(moment, name) is None} == names
    needed = {field for field, _, _, needed in FIELDS if needed == "yes"}
    assert (moment.to_epoch_ms() is None) == bool(names & needed)
    assert (moment.date.year is None, moment.time.hour is None) == ("year" in names, "hour" in names)
    assert str(moment).count("*") == len(names & {"year", "month", "day_of_month", "hour", "minute", "second"})


LEGAL = [
    # field           octet at  legal octets
    ("month",         2,        {*range(1, 13), 0xFD, 0xFE, 0xFF}),
    ("day of month",  3,        {*range(1, 32), 0xFD, 0xFE, 0xFF}),
    ("day of week",   4,        {*range(1, 8), 0xFF}),
    ("hour",          5,        {*range(24), 0xFF}),
    ("minute",        6,        {*range(60), 0xFF}),
    ("second",        7,        {*range(60), 0xFF}),
    ("hundredths",    8,        {*range(100), 0xFF}),
    ("status",        11,       set(range(256))),
]  # fmt: skip


@pytest.mark.parametrize(("field", "at", "legal"), LEGAL)
def test_each_of_the_256_octets_of_a_field(field: str, at: int, legal: set[int]) -> None:
    """A leap second, 23:59:60, is none of them: COSEM's seconds end at 59."""
    for octet in range(256):
        octets = WHOLE[:at] + bytes([octet]) + WHOLE[at + 1 :]
        if octet in legal:
            assert CosemDateTime.from_octets(octets).to_octets() == octets
            continue
        with pytest.raises(DecodeError) as caught:
            CosemDateTime.from_octets(octets)
        assert (caught.value.summary, caught.value.got, caught.value.offset) == (f"no such {field}", octet, at)


@pytest.mark.parametrize("month", [0xFD, 0xFE])
@pytest.mark.parametrize("day", [1, 31, 0xFD, 0xFE])
def test_special_months_and_days_are_kept_and_are_no_instant(month: int, day: int) -> None:
    for fields in ({"month": month, "day_of_month": 15}, {"month": 6, "day_of_month": day}):
        moment = CosemDateTime(2024, **fields, hour=2, minute=0, second=0, deviation_min=0)
        assert (moment.month, moment.day_of_month) == (fields["month"], fields["day_of_month"])
        exists = fields["month"] == 6 and fields["day_of_month"] == 1
        assert (moment.to_epoch_ms() is not None) == exists


DEVIATIONS = [
    # minutes  octets   place
    (-840,     "fcb8",  "Line Islands, 14 hours ahead of UTC"),
    (-780,     "fcf4",  "New Zealand, summer"),
    (-769,     "fcff",  "nowhere, but legal"),
    (-768,     "fd00",  "nowhere, but legal"),
    (-345,     "fea7",  "Nepal"),
    (-330,     "feb6",  "India"),
    (-120,     "ff88",  "Central Europe, summer"),
    (-60,      "ffc4",  "Central Europe, winter"),
    (-1,       "ffff",  "nowhere, but legal"),
    (0,        "0000",  "Iceland"),
    (210,      "00d2",  "Newfoundland"),
    (300,      "012c",  "New York, winter"),
    (720,      "02d0",  "Baker Island, 12 hours behind UTC"),
    (767,      "02ff",  "nowhere, but legal"),
    (768,      "0300",  "nowhere, but legal"),
    (840,      "0348",  "a meter that turns the sign round"),
]  # fmt: skip


@pytest.mark.parametrize(("minutes", "octets", "place"), DEVIATIONS)
def test_deviations(minutes: int, octets: str, place: str) -> None:
    """UTC is local time plus the deviation, one value at a time and by the column."""
    whole = WHOLE[:9] + bytes.fromhex(octets) + WHOLE[11:]
    moment = CosemDateTime.from_octets(whole)
    assert moment.deviation_min == minutes, place
    local = datetime(2024, 1, 15, 12, 30, 45, tzinfo=UTC)
    expected_s = int(local.timestamp()) + 60 * minutes
    assert moment.to_epoch_ms() == 1000 * expected_s + 500
    column = np.frombuffer(whole, np.uint8).reshape(1, -1)
    assert epoch_s_from_octets(column).tolist() == [expected_s]
    assert octets_from_epoch_s(np.array([expected_s]), minutes, 0, 50).tobytes() == whole


@pytest.mark.parametrize("minutes", [-32_767, -1024, -1023, -841, 841, 1023, 1024, 32_767])
def test_farther_away_is_nowhere(minutes: int) -> None:
    octets = WHOLE[:9] + minutes.to_bytes(2, "big", signed=True) + WHOLE[11:]
    with pytest.raises(DecodeError, match=f"no such deviation, expected -840..840 min, got {minutes}"):
        CosemDateTime.from_octets(octets)
    with pytest.raises(LocalProtocolError, match="no such deviation"):
        CosemDateTime(deviation_min=minutes)
    assert epoch_s_from_octets(np.frombuffer(octets, np.uint8).reshape(1, -1)).tolist() == [NOT_A_TIME]


# The nights on which Central Europe changes its clocks: what a meter shows, hour by hour of UTC.
NIGHTS = """
    instant, UTC          octets of local time       shows
    2024-03-31 00:59:59   07e8031f07013b3b00ffc400   01:59:59 winter
    2024-03-31 01:00:00   07e8031f0703000000ff8880   03:00:00 summer
    2024-03-31 02:00:00   07e8031f0704000000ff8880   04:00:00 summer
    2024-10-27 00:00:00   07e80a1b0702000000ff8880   02:00:00 summer
    2024-10-27 00:59:59   07e80a1b07023b3b00ff8880   02:59:59 summer
    2024-10-27 01:00:00   07e80a1b0702000000ffc400   02:00:00 winter, the second time
    2024-10-27 01:59:59   07e80a1b07023b3b00ffc400   02:59:59 winter
    2024-10-27 02:00:00   07e80a1b0703000000ffc400   03:00:00 winter
"""


@pytest.mark.parametrize("line", NIGHTS.strip().splitlines()[1:])
def test_the_hours_around_a_change_of_clocks(line: str) -> None:
    day, time, octets, shown, season, *_ = line.split()
    instant_ms = int(datetime.fromisoformat(f"{day} {time}+00:00").timestamp() * 1000)
    deviation_min, status = (-120, ClockStatus.DAYLIGHT_SAVING) if season == "summer" else (-60, ClockStatus(0))
    moment = CosemDateTime.from_epoch_ms(instant_ms, deviation_min, status)
    assert moment.to_octets().hex() == octets
    assert str(moment.time) == shown
    assert CosemDateTime.from_octets(bytes.fromhex(octets)).to_epoch_ms() == instant_ms


def test_quarters_of_an_hour_of_a_long_day_are_all_different() -> None:
    """25 hours have 100 quarters: with their deviations, no two are the same octets and none is lost."""
    zone = ZoneInfo("Europe/Amsterdam")
    first_s = int(datetime(2024, 10, 27, tzinfo=zone).timestamp())
    instants = np.arange(first_s, first_s + 25 * 3600, 900)
    offsets = [datetime.fromtimestamp(second, zone).utcoffset() for second in instants.tolist()]
    deviations = np.array([-int(offset.total_seconds() // 60) for offset in offsets if offset is not None])
    octets = octets_from_epoch_s(instants, deviations, np.where(deviations == -120, 0x80, 0))
    assert len({bytes(row) for row in octets}) == 100
    assert len({bytes(row[:9]) for row in octets}) == 96
    assert epoch_s_from_octets(octets).tolist() == instants.tolist()
    assert {bytes(row[:4]).hex() for row in octets} == {"07e80a1b"}


LEAP_DAYS = [
    # year   29 February
    (1900,   False),
    (1996,   True),
    (2000,   True),
    (2023,   False),
    (2024,   True),
    (2100,   False),
    (2300,   False),
]  # fmt: skip


@pytest.mark.parametrize(("year", "exists"), LEAP_DAYS)
def test_leap_days(year: int, exists: bool) -> None:
    moment = CosemDateTime(year, 2, 29, None, 0, 0, 0, 0, 0, 0)
    assert (moment.to_epoch_ms() is not None) == exists
    [second] = epoch_s_from_octets(np.frombuffer(moment, np.uint8).reshape(1, -1)).tolist()
    assert (second != NOT_A_TIME) == exists


@pytest.mark.parametrize(("month", "days"), list(enumerate((31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), 1)))
def test_every_month_of_a_leap_year_has_its_days(month: int, days: int) -> None:
    moments = [CosemDateTime(2024, month, day, None, 0, 0, 0, 0, 0, 0) for day in range(1, 32)]
    assert [moment.to_epoch_ms() is not None for moment in moments] == [day <= days for day in range(1, 32)]
    column = np.frombuffer(b"".join(moments), np.uint8).reshape(-1, 12)
    assert (epoch_s_from_octets(column) != NOT_A_TIME).tolist() == [day <= days for day in range(1, 32)]


@given(st.lists(st.binary(min_size=12, max_size=12), min_size=1, max_size=12))
def test_a_column_says_what_one_value_says_of_any_octets(rows: list[bytes]) -> None:
    """But for weekday and hundredths, at which a column does not look: here they are left open."""
    rows = [row[:4] + b"\xff" + row[5:8] + b"\xff" + row[9:] for row in rows]
    assert by_the_column(rows) == [one_by_one(row) for row in rows]


NEARLY = st.builds(
    lambda octets, at, octet: octets[:at] + bytes([octet]) + octets[at + 1 :],
    st.builds(
        lambda second, deviation: CosemDateTime.from_epoch_ms(1000 * second, deviation).to_octets(),
        st.integers(0, 4_000_000_000),
        st.integers(-DEVIATION_MIN_MAX, DEVIATION_MIN_MAX),
    ),
    st.sampled_from([0, 1, 2, 3, 5, 6, 7, 9, 10, 11]),
    st.integers(0, 255),
)
"""A date-time of our time with one octet changed."""


@given(st.lists(NEARLY, min_size=1, max_size=12))
def test_a_column_says_what_one_value_says_with_an_octet_changed(rows: list[bytes]) -> None:
    assert by_the_column(rows) == [one_by_one(row) for row in rows]


def by_the_column(rows: list[bytes]) -> list[int]:
    return epoch_s_from_octets(np.frombuffer(b"".join(rows), np.uint8).reshape(-1, 12)).tolist()  # type: ignore[no-any-return]


def one_by_one(octets: bytes) -> int:
    try:
        moment = CosemDateTime.from_octets(octets)
    except DecodeError:
        return NOT_A_TIME
    instant_ms = moment.to_epoch_ms()
    return NOT_A_TIME if instant_ms is None or not 1792 <= (moment.year or 0) <= 2303 else instant_ms // 1000


@pytest.mark.parametrize(("at", "octet"), [*product([4], (0, 3, 8, 254)), *product([8], (0, 99, 100, 254))])
def test_a_wrong_weekday_or_hundredths_leave_the_instant_what_it_is(at: int, octet: int) -> None:
    octets = WHOLE[:at] + bytes([octet]) + WHOLE[at + 1 :]
    assert by_the_column([octets]) == [WHOLE_MS // 1000]


PATTERNS = [
    # value                                                 written
    (CosemDate(),                                           "*-*-*"),
    (CosemDate(month=12, day_of_month=25),                  "*-12-25"),
    (CosemDate(2024, 0xFE, 0xFD, 7),                        "2024-254-253"),
    (CosemTime(),                                           "*:*:*"),
    (CosemTime(minute=0, second=0),                         "*:00:00"),
    (CosemTime(23, 59, 59, 99),                             "23:59:59"),
    (CosemDateTime(2024, 1, 1, 1, 0, 0, 0, 0, 330),         "2024-01-01 00:00:00 +330 min to UTC"),
    (CosemDateTime(hour=6),                                 "*-*-* 06:*:*"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "written"), PATTERNS)
def test_what_a_person_reads(value: object, written: str) -> None:
    assert str(value) == written
    assert repr(value) == f"{type(value).__name__}({written})"
