"""When pushes are sent and tried again, by the terms of a push setup."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cosem import CosemDateTime, ProfileObject, PushSetup, PushSetupV0, TransportService, obis
from ferraris.cosem.classes.push_setup import (
    CommunicationWindow,
    ConfirmationParameters,
    PushMessage,
    PushOperationMethod,
    RepetitionDelay,
    SendDestinationAndMethod,
)
from ferraris.meter.clock import Zone
from ferraris.meter.fleet import Fleet
from ferraris.meter.push_terms import CONFIRMED_METHOD, LAST_CONFIRMATION, PushTerms, push_setups
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


@pytest.mark.parametrize(
    "port",
    ["0", "65536", "70000", "9" * 5_000, "-1", "+1", " 1", "1 ", "1_0", "\u0663", "0x10", ""],
    ids=lambda port: f"{port!r:.8}",
)
def test_a_port_that_no_host_has_is_no_address(port: str) -> None:
    """A client may write any octets as a destination: it must not bring the push driver down."""
    assert terms(destination=f"host:{port}".encode()).address is None


@given(st.binary(max_size=40))
def test_any_octets_are_an_address_or_none(destination: bytes) -> None:
    address = terms(destination=destination).address
    assert address is None or (address[0] and 0 < address[1] <= 65_535)


@given(
    st.from_regex(r"[a-z]([a-z0-9-]{0,30}[a-z0-9])?", fullmatch=True) | st.ip_addresses().map(str),
    st.integers(1, 65_535),
)
def test_host_and_port_come_back_as_written(host: str, port: int) -> None:
    """The last colon parts them, so that an IPv6 address keeps its own, in brackets or without."""
    assert terms(destination=f"{host}:{port}".encode()).address == (host, port)
    if ":" in host:
        assert terms(destination=f"[{host}]:{port}".encode()).address == (host, port)


@given(st.integers(0, 3_600), st.integers(100, 1_000), st.integers(0, 7_200), st.integers(1, 60))
def test_growing_delays_never_fall_and_stay_in_their_bounds(
    minimum: int, exponent: int, maximum: int, tries: int
) -> None:
    some = terms(repetition=RepetitionDelay(minimum, exponent, maximum))
    delay, longer = some.delay_s(tries), some.delay_s(tries + 1)
    assert minimum <= delay <= longer <= max(minimum, maximum)
    assert some.delay_s(1) == minimum


@given(st.integers(0, 3_600), st.integers(0, 99), st.integers(0, 7_200), st.integers(1, 60))
def test_shrinking_delays_never_rise(minimum: int, exponent: int, maximum: int, tries: int) -> None:
    some = terms(repetition=RepetitionDelay(minimum, exponent, maximum))
    assert 0 <= some.delay_s(tries + 1) <= some.delay_s(tries) <= minimum


UNCONFIRMED = PushOperationMethod.UNCONFIRMED_RETRY_ON_FAILURE
DAY = CosemDateTime(2026, 3, 2, None, 0, 0, 0, 0, 0)
OPEN = CosemDateTime()


def confirmation(**values: object) -> dict[int, object]:
    """The attributes of a push setup whose receiver confirms each push, but for the `values`."""
    sending = SendDestinationAndMethod(TransportService.TCP, b"host:1", PushMessage(0))
    known = {"start_date": OPEN, "interval_s": 0, "last": OPEN, "method": CONFIRMED_METHOD, **values}
    parameters = ConfirmationParameters(known["start_date"], known["interval_s"])  # type: ignore[arg-type]
    return {
        2: (), 3: sending, 4: (), 5: 0, 6: 3, 7: NO_DELAY,
        PushSetup.push_operation_method.number: known["method"],
        PushSetup.confirmation_parameters.number: parameters,
        LAST_CONFIRMATION: known["last"],
    }  # fmt: skip


class SetTo:
    """A push setup as a client has set it."""

    def __init__(self, values: dict[int, object]) -> None:
        self._values = values

    def decoded(self, entry: ProfileObject, number: int, now_ms: int) -> object:
        return self._values[number]


@pytest.mark.parametrize(
    ("values",                                    "seconds", "confirmed"),
    [
        ({},                                       0,        True),
        ({"method": UNCONFIRMED},                  0,        False),
        ({"start_date": DAY},                      -1,       False),
        ({"start_date": DAY},                      0,        True),
        ({"last": DAY},                            0,        True),   # without an interval each is confirmed
        ({"last": DAY, "interval_s": 60},          0,        False),
        ({"last": DAY, "interval_s": 60},          59,       False),
        ({"last": DAY, "interval_s": 60},          60,       True),
        ({"last": DAY, "interval_s": 60},          -1,       True),   # the clock was set back over it
        ({"interval_s": 60},                       0,        True),   # never confirmed yet
        ({"start_date": DAY, "last": DAY, "interval_s": 9}, 9, True),
    ],
)  # fmt: skip
def test_a_confirmation_is_asked_for_once_an_interval(
    fleet: Fleet, values: dict[str, object], seconds: int, confirmed: bool
) -> None:
    _, regular = push_setups(device_of(fleet))
    now_ms = 1_000 * (at(0) + seconds)
    assert PushTerms.of(SetTo(confirmation(**values)), regular, now_ms).confirmed is confirmed
