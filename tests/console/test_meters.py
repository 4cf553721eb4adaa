"""One meter for the console: found by serial, its events with their meaning, spans of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from ferraris.console.meters import MeterReader, event_line
from ferraris.console.problems import Problem
from tests.console.town import LOG, START_S, Town

HOUR_S = 3_600


@pytest.fixture
def reader_of_street(street: Town) -> MeterReader:
    return MeterReader(street)


def test_a_meter_is_found_by_its_serial(reader_of_street: MeterReader) -> None:
    row = reader_of_street.row("FER0000000007")
    assert row.id == 7
    assert reader_of_street.view(row).line.communication == "wrong_key"
    assert reader_of_street.serial(7) == "FER0000000007"


@pytest.mark.parametrize("serial", ["", "FER7", "fer0000000007", "FER0000000007 "])
def test_a_serial_nobody_knows(reader_of_street: MeterReader, serial: str) -> None:
    with pytest.raises(Problem, match="There is no meter"):
        reader_of_street.row(serial)


@pytest.mark.parametrize("meter", [None, 0, 99])
def test_no_meter_has_no_serial(reader_of_street: MeterReader, meter: int | None) -> None:
    assert reader_of_street.serial(meter) == ""


@pytest.mark.anyio
async def test_events_have_their_meaning(reader_of_street: MeterReader) -> None:
    events = await reader_of_street.events(reader_of_street.row("FER0000000009"), 10)
    assert [(event.time_s - START_S, event.tag, event.severity, event.log) for event in events] == [
        (6 * HOUR_S, "CLOCK_ADJUSTED_NEW_TIME", "info", LOG),
        (5 * HOUR_S, "TERMINAL_COVER_REMOVED", "critical", LOG),
    ]
    assert await reader_of_street.events(reader_of_street.row("FER0000000009"), 1) == events[:1]


def test_a_code_of_the_makers_own_keeps_its_number() -> None:
    assert event_line(LOG, 5, 60_000).description == "Event 60000 of the maker's own"


@pytest.mark.anyio
async def test_objects_carry_what_was_collected(reader_of_street: MeterReader) -> None:
    objects = await reader_of_street.objects(reader_of_street.row("FER0000000001"))
    energy = next(entry for entry in objects if entry.tag == "ACTIVE_ENERGY_IMPORT")
    known = energy.attributes[1].known
    assert known is not None
    assert known.source == "collected"
    assert known.value == reader_of_street.system.meters[1].register_wh(known.time_ms // 1_000)  # type: ignore[attr-defined]


WINTER = timezone(timedelta(hours=1))
SPANS = [
    (None, None, (START_S + 25 * HOUR_S, START_S + 26 * HOUR_S)),
    (None, datetime(2026, 9, 21, tzinfo=UTC), (1_789_948_800 - HOUR_S, 1_789_948_800)),
    (datetime(2026, 9, 21, 1, tzinfo=WINTER), datetime(2026, 9, 21, 2), (1_789_948_800, 1_789_956_000)),  # noqa: DTZ001
]


@pytest.mark.parametrize(("start", "end", "span"), SPANS)
def test_spans(
    reader_of_street: MeterReader, start: datetime | None, end: datetime | None, span: tuple[int, int]
) -> None:
    assert reader_of_street.span(start, end, HOUR_S) == span
