"""Dates and times: every field and every open field kept exactly, instants there and back, and what is no date."""

from __future__ import annotations

import contextlib
import copy
import pickle
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.cosem import ClockStatus, CosemDate, CosemDateTime, CosemTime
from ferraris.cosem.date_time import (
    DAY_LAST_OF_MONTH,
    DAY_SECOND_LAST_OF_MONTH,
    DEVIATION_MIN_MAX,
    MONTH_DAYLIGHT_SAVING_BEGIN,
    MONTH_DAYLIGHT_SAVING_END,
    Moment,
    TaggedDateTime,
)
from ferraris.kernel.errors import DecodeError, LocalProtocolError
from tests.cosem.strategies import date_times, dates, instants_ms, times

WINTER = "07e8010f010c1e2d32ffc400"

FIELDS = [
    # octets                       year  month                         day                        dow   h     min   s     1/100 dev   status
    (WINTER,                       2024, 1,                            15,                        1,    12,   30,   45,   50,   -60,  0),
    ("ffffffffffffffffff8000ff",   None, None,                         None,                      None, None, None, None, None, None, None),
    ("ffff03fe0702000000ffc400",   None, 3,                            DAY_LAST_OF_MONTH,         7,    2,    0,    0,    0,    -60,  0),
    ("fffffefd070200000000000f",   None, MONTH_DAYLIGHT_SAVING_BEGIN,  DAY_SECOND_LAST_OF_MONTH,  7,    2,    0,    0,    0,    0,    15),
    ("fffffdff07020000000348fe",   None, MONTH_DAYLIGHT_SAVING_END,    None,                      7,    2,    0,    0,    0,    840,  254),
    ("0000010101000000630000ff",   0,    1,                            1,                         1,    0,    0,    0,    99,   0,    None),
]  # fmt: skip


@pytest.mark.parametrize("row", FIELDS, ids=[row[0] for row in FIELDS])
def test_fields_are_read_and_written_exactly(row: tuple[object, ...]) -> None:
    octets, *fields = row
    moment = CosemDateTime.from_octets(bytes.fromhex(str(octets)))
    assert [
        moment.year,
        moment.month,
        moment.day_of_month,
        moment.day_of_week,
        moment.hour,
        moment.minute,
        moment.second,
        moment.hundredths,
        moment.deviation_min,
        moment.clock_status,
    ] == fields
    assert CosemDateTime(*fields).to_octets().hex() == octets  # type: ignore[arg-type]


INSTANTS = [
    # octets                       instant, UTC                why
    (WINTER,                       "2024-01-15T11:30:45.500",  "winter in Central Europe"),
    ("07e8070f010c1e2dffff8880",   "2024-07-15T10:30:45.000",  "summer, two hours ahead; hundredths open count as none"),
    ("07e8021d0400000000000000",   "2024-02-29T00:00:00.000",  "a leap day"),
    ("07b20101040000000000000a",   "1970-01-01T00:00:00.000",  "the epoch"),
    ("07e8010101000000000348ff",   "2024-01-01T14:00:00.000",  "14 hours behind"),
    ("07e8010101000000fffcb8ff",   "2023-12-31T10:00:00.000",  "14 hours ahead"),
]  # fmt: skip


@pytest.mark.parametrize(("octets", "instant", "why"), INSTANTS)
def test_instants(octets: str, instant: str, why: str) -> None:
    expected_ms = round(datetime.fromisoformat(instant).replace(tzinfo=UTC).timestamp() * 1000)
    assert CosemDateTime.from_octets(bytes.fromhex(octets)).to_epoch_ms() == expected_ms, why


NO_INSTANT = [
    # octets                       why
    ("ffff010f010c1e2d00ffc400",   "open year"),
    ("07e8ff0f010c1e2d00ffc400",   "open month"),
    ("07e8fe0f010c1e2d00ffc400",   "the month of daylight saving"),
    ("07e801ff010c1e2d00ffc400",   "open day"),
    ("07e801fe010c1e2d00ffc400",   "the last day of the month"),
    ("07e8010f01ff1e2d00ffc400",   "open hour"),
    ("07e8010f010cff2d00ffc400",   "open minute"),
    ("07e8010f010c1eff00ffc400",   "open second"),
    ("07e8010f010c1e2d00800000",   "open deviation"),
    ("07e7021d010c1e2d00ffc400",   "no leap year"),
    ("07e8041f010c1e2d00ffc400",   "31 April"),
    ("0000010101000000000000ff",   "before the calendar"),
]  # fmt: skip


@pytest.mark.parametrize(("octets", "why"), NO_INSTANT)
def test_what_is_no_one_instant(octets: str, why: str) -> None:
    moment = CosemDateTime.from_octets(bytes.fromhex(octets))
    assert moment.to_epoch_ms() is None, why
    assert moment.to_octets().hex() == octets


def test_a_deviation_can_be_supplied_where_the_meter_gives_none() -> None:
    open_deviation = CosemDateTime.from_octets(bytes.fromhex("07e8010f010c1e2d00800000"))
    assert open_deviation.to_epoch_ms(-60) == CosemDateTime.from_octets(bytes.fromhex(WINTER)).to_epoch_ms(0) - 500  # type: ignore[operator]
    given_deviation = CosemDateTime.from_octets(bytes.fromhex(WINTER))
    assert given_deviation.to_epoch_ms(0) == given_deviation.to_epoch_ms()


ILLEGAL = [
    # octets                       field            expected    got     offset
    ("07e8000f010c1e2d32ffc400",   "month",         "1..12",    0,      2),
    ("07e80d0f010c1e2d32ffc400",   "month",         "1..12",    13,     2),
    ("07e80100010c1e2d32ffc400",   "day of month",  "1..31",    0,      3),
    ("07e801e0010c1e2d32ffc400",   "day of month",  "1..31",    0xE0,   3),
    ("07e8010f000c1e2d32ffc400",   "day of week",   "1..7",     0,      4),
    ("07e8010f08 0c1e2d32ffc400",  "day of week",   "1..7",     8,      4),
    ("07e8010f01181e2d32ffc400",   "hour",          "0..23",    24,     5),
    ("07e8010f010c3c2d32ffc400",   "minute",        "0..59",    60,     6),
    ("07e8010f010c1e3c32ffc400",   "second",        "0..59",    60,     7),
    ("07e8010f010c1e2d64ffc400",   "hundredths",    "0..99",    100,    8),
    ("07e8010f010c1e2d32034900",   "deviation",     "-840..840 min", 841,  9),
    ("07e8010f010c1e2d32fcb700",   "deviation",     "-840..840 min", -841, 9),
]  # fmt: skip


@pytest.mark.parametrize(("octets", "field", "expected", "got", "offset"), ILLEGAL)
def test_illegal_fields_are_named(octets: str, field: str, expected: str, got: int, offset: int) -> None:
    with pytest.raises(DecodeError, match=f"no such {field}") as caught:
        CosemDateTime.from_octets(bytes.fromhex(octets))
    assert (caught.value.expected, caught.value.got, caught.value.offset) == (expected, got, offset)


@pytest.mark.parametrize(
    ("kind", "length"), [(CosemDate, 5), (CosemTime, 4), (CosemDateTime, 12), (TaggedDateTime, 12)]
)
def test_other_lengths_are_refused(kind: type[Moment], length: int) -> None:
    for wrong in (0, length - 1, length + 1):
        with pytest.raises(DecodeError, match=f"expected {length} octets, got {wrong}"):
            kind.from_octets(b"\xff" * wrong)


WRONG_FIELDS = [
    # field             value       words
    ("year",            65535,      "0..65534"),
    ("year",            -1,         "0..65534"),
    ("month",           13,         "no such month"),
    ("month",           300,        "fields 0..255"),
    ("day_of_month",    32,         "no such day"),
    ("hour",            24,         "no such hour"),
    ("hundredths",      100,        "no such hundredths"),
    ("deviation_min",   841,        "no such deviation"),
    ("deviation_min",   40_000,     "no such deviation"),
    ("clock_status",    256,        "fields 0..255"),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value", "words"), WRONG_FIELDS)
def test_fields_out_of_range_are_our_own_fault(field: str, value: int, words: str) -> None:
    with pytest.raises(LocalProtocolError, match=words):
        CosemDateTime(**{field: value})


def test_status_bits_have_names() -> None:
    status = CosemDateTime(clock_status=0x81).clock_status
    assert status is not None
    assert ClockStatus.DAYLIGHT_SAVING in status
    assert ClockStatus.INVALID in status
    assert ClockStatus.DOUBTFUL not in status


def test_an_instant_is_written_in_local_time() -> None:
    moment = CosemDateTime.from_epoch_ms(1_705_318_245_500, -60)
    assert moment.to_octets().hex() == WINTER
    assert str(moment) == "2024-01-15 12:30:45 -60 min to UTC"
    assert repr(CosemDateTime()) == "CosemDateTime(*-*-* *:*:*)"
    assert CosemDateTime.from_epoch_ms(1_705_318_245_500, -60, None, hundredths=False).to_octets().hex() == (
        "07e8010f010c1e2dffffc4ff"
    )


@pytest.mark.parametrize("now_ms", [-(10**17), 10**17])
def test_an_instant_that_no_calendar_has_cannot_be_written(now_ms: int) -> None:
    with pytest.raises(LocalProtocolError, match="years 1 to 9999"):
        CosemDateTime.from_epoch_ms(now_ms)


def test_date_and_time_are_parts_of_the_whole() -> None:
    moment = CosemDateTime.from_octets(bytes.fromhex(WINTER))
    assert moment.date == CosemDate(2024, 1, 15, 1)
    assert moment.time == CosemTime(12, 30, 45, 50)
    assert (moment.time.hour, moment.time.minute, moment.time.second, moment.time.hundredths) == (12, 30, 45, 50)
    assert (str(moment.date), str(moment.time)) == ("2024-01-15", "12:30:45")


@pytest.mark.parametrize("value", [CosemDate(2024, 1, 15, 1), CosemTime(12), CosemDateTime(2024), TaggedDateTime(2024)])
def test_values_can_be_copied_pickled_and_used_as_keys(value: Moment) -> None:
    for twin in (copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert type(twin) is type(value)
        assert twin == value
        assert {value: 1}[twin] == 1


@settings(deadline=None)
@given(st.one_of(dates, times, date_times))
def test_legal_octets_survive_exactly(value: Moment) -> None:
    assert type(value).from_octets(value.to_octets()).to_octets() == bytes(value)


@settings(deadline=None)
@given(st.sampled_from([CosemDate, CosemTime, CosemDateTime]), st.binary(min_size=4, max_size=12))
def test_any_octets_are_a_moment_or_refused(kind: type[Moment], octets: bytes) -> None:
    with contextlib.suppress(DecodeError):
        assert kind.from_octets(octets).to_octets() == octets


@settings(deadline=None)
@given(st.binary(min_size=12, max_size=12))
def test_any_date_time_of_twelve_octets_can_be_asked_for_everything(octets: bytes) -> None:
    try:
        moment = CosemDateTime.from_octets(octets)
    except DecodeError:
        return
    assert isinstance(str(moment), str)
    instant_ms = moment.to_epoch_ms(0)
    if instant_ms is not None and moment.deviation_min is not None and moment.hundredths is not None:
        local = CosemDateTime.from_epoch_ms(instant_ms, moment.deviation_min, moment.clock_status)
        assert local.to_octets()[:4] + local.to_octets()[5:] == octets[:4] + octets[5:]  # the weekday may lie


@settings(deadline=None)
@given(instants_ms, st.integers(-DEVIATION_MIN_MAX, DEVIATION_MIN_MAX))
def test_instants_survive_to_a_hundredth(now_ms: int, deviation_min: int) -> None:
    moment = CosemDateTime.from_epoch_ms(now_ms, deviation_min)
    assert moment.to_epoch_ms() == now_ms - now_ms % 10
    local = datetime.fromtimestamp(now_ms // 1000 - 60 * deviation_min, UTC)
    assert (moment.year, moment.month, moment.day_of_month) == (local.year, local.month, local.day)
    assert (moment.day_of_week, moment.hour, moment.minute) == (local.isoweekday(), local.hour, local.minute)
