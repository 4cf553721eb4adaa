"""When pushes are sent and tried again, by the terms of a push setup."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cosem import CosemDateTime, PushSetup, PushSetupV0, TransportService, obis
from ferraris.cosem.classes.push_setup import CommunicationWindow, RepetitionDelay
from ferraris.meter.clock import Zone
from ferraris.meter.fleet import Fleet
from ferraris.meter.push_terms import PushTerms, push_setups
from tests.meter.steady import MONDAY_MS, device_of

UTC_ZONE = Zone.fixed(0)
NO_DELAY = RepetitionDelay(0, 100, 0)


def terms(*windows: CommunicationWindow, repetition: RepetitionDelay = NO_DELAY, destination: bytes = b"") -> PushTerms:
    return PushTerms(obis.PUSH_SETUP, (), TransportService.TCP, destination, windows, 0, 3, repetition)


def at(hour: int, minute: int = 0, day: int = 2) -> int:
    return int(datetime(2026, 3, day, hour, minute, tzinfo=UTC).timestamp())


def daily(start_h: int, end_h: int) -> CommunicationWindow:
    return CommunicationWindow(
        CosemDateTime(hour=start_h, minute=0, second=0), CosemDateTime(hour=end_h, minute=0, second=0)
    )


@pytest.mark.parametrize(
    ("repetition", "delays"),
    [
        ((60, 100, 60), [60, 60, 60]),  # version 0: always the same
        ((60, 200, 900), [60, 120, 240, 480, 900, 900]),
        ((10, 150, 60), [10, 15, 22, 33, 49, 60]),
        ((60, 200, 0), [60, 60]),
        ((60, 0, 900), [60, 0, 0]),
        ((0, 200, 900), [0, 0]),
    ],
)
def test_repetitions_grow_up_to_their_maximum(repetition: tuple[int, int, int], delays: list[int]) -> None:
    some = terms(repetition=RepetitionDelay(*repetition))
    assert [some.delay_s(tries) for tries in range(1, len(delays) + 1)] == delays


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        (at(1), at(2)),
        (at(2), at(2)),
        (at(3, 59), at(3, 59)),
        (at(4), at(20)),
        (at(23, 30), at(23, 30)),
        (at(0, 30), at(0, 30)),
        (at(1, 0, 3), at(2, 0, 3)),
    ],
)
def test_a_push_waits_for_the_next_window(now: int, opens: int) -> None:
    """One from 02:00 to 04:00, another from 20:00 over midnight to 01:00."""
    assert terms(daily(2, 4), daily(20, 1)).open_s(now, UTC_ZONE) == opens


def test_a_window_that_is_over_for_ever() -> None:
    past = CommunicationWindow(CosemDateTime(2026, 3, 1, None, 0, 0, 0), CosemDateTime(2026, 3, 1, None, 12, 0, 0))
    assert terms(past).open_s(at(1), UTC_ZONE) is None
    assert terms().open_s(at(1), UTC_ZONE) == at(1)


@given(st.integers(0, 23), st.integers(0, 23), st.integers(0, 3 * 1440))
def test_daily_windows_against_a_look_at_every_minute(start_h: int, end_h: int, minutes: int) -> None:
    def is_open(moment_s: int) -> bool:
        hour = moment_s // 3600 % 24
        return start_h <= hour < end_h if start_h < end_h else hour >= start_h or hour < end_h

    now = at(0) + 60 * minutes
    expected = next(moment for moment in range(now, now + 2 * 86_400, 60) if is_open(moment))
    assert terms(daily(start_h, end_h)).open_s(now, UTC_ZONE) == expected


@pytest.mark.parametrize(
    ("destination", "address"),
    [(b"10.0.0.1:4060", ("10.0.0.1", 4060)), (b"", None), (b":1", None), (b"host", None), (b"host:x", None)],
)
def test_destinations(destination: bytes, address: tuple[str, int] | None) -> None:
    assert terms(destination=destination).address == address


def test_setups_of_both_versions_give_terms(fleet: Fleet) -> None:
    device = device_of(fleet, push="10.0.0.9:1")
    alarm, regular = push_setups(device)
    assert (alarm.interface, regular.interface) == (PushSetupV0, PushSetup)
    assert PushTerms.of(device, alarm, MONDAY_MS).repetition == RepetitionDelay(60, 100, 60)
    assert PushTerms.of(device, alarm, MONDAY_MS).address == ("10.0.0.9", 1)
    assert PushTerms.of(device, regular, MONDAY_MS).repetition == RepetitionDelay(60, 200, 900)
    assert PushTerms.of(device, regular, MONDAY_MS).address is None
