"""A station that does not keep to the windows and fields agreed upon is found out."""

from __future__ import annotations

import pytest

from ferraris.client.conformance import Outcome
from ferraris.client.conformance.stations import POLL, RR, supervisory
from ferraris.dlms.hdlc import FrameKind, HdlcFrame, HdlcParameters
from ferraris.meter.fleet import Fleet
from tests.client.conformance.faulty_station import checked, checks_of, encoded, frames_in
from tests.meter.clients import management

NAMES = checks_of("hdlc_window_checks")
ONE_FRAME_A_TURN = HdlcParameters(1024, 1024, 1, 1)


def takes_only_the_first(octets: bytes) -> bytes:
    """A station that drops what follows the first frame of a turn, and takes that one's word for the turn."""
    first, *others = [*frames_in(octets)] or [None]
    if first is None or not others:
        return octets
    return encoded(first._replace(control=first.control | POLL))


def takes_what_follows_a_gap(frame: HdlcFrame) -> HdlcFrame:
    return frame._replace(control=supervisory(RR, 3)) if frame.kind is FrameKind.RR else frame


def hands_over_with_every_frame(frame: HdlcFrame) -> HdlcFrame:
    return frame._replace(control=frame.control | POLL)


def takes_no_small_window(octets: bytes) -> bytes:
    """A station that hears of a window of seven and of long fields, whatever was proposed."""
    frames = [
        frame._replace(information=HdlcParameters(1024, 32, 7, 7).encode()) if frame.kind is FrameKind.SNRM else frame
        for frame in frames_in(octets)
    ]
    return b"".join(map(encoded, frames)) or octets


def takes_no_short_field(octets: bytes) -> bytes:
    frames = [
        frame._replace(information=HdlcParameters(1024, 1024, 7, 7).encode()) if frame.kind is FrameKind.SNRM else frame
        for frame in frames_in(octets)
    ]
    return b"".join(map(encoded, frames)) or octets


def grants_one_frame(frame: HdlcFrame) -> HdlcFrame:
    if frame.kind is FrameKind.UA and frame.information:
        return frame._replace(information=ONE_FRAME_A_TURN.encode())
    return frame


FAULTS: list[tuple[str, dict[str, object]]] = [
    ("window-from-the-client", {"into": takes_only_the_first}),
    ("window-with-a-gap", {"out": takes_what_follows_a_gap}),
    ("window-from-the-server", {"into": takes_no_small_window, "settings": management()}),
    ("window-from-the-server", {"out": hands_over_with_every_frame}),
    ("information-field-of-each-direction", {"into": takes_no_short_field}),
]


@pytest.mark.parametrize("name", NAMES)
def test_our_own_station_passes(fleet: Fleet, name: str) -> None:
    result = checked(fleet, name)
    assert result.outcome is Outcome.PASSED, result.got


@pytest.mark.parametrize(("name", "fault"), FAULTS, ids=[f"{number} {name}" for number, (name, _) in enumerate(FAULTS)])
def test_a_fault_is_found(fleet: Fleet, name: str, fault: dict[str, object]) -> None:
    result = checked(fleet, name, **fault)
    assert result.outcome is Outcome.FAILED, (result.outcome, result.got)


@pytest.mark.parametrize("name", ["window-from-the-client", "window-with-a-gap"])
def test_a_station_of_one_frame_a_turn_is_not_asked_for_more(fleet: Fleet, name: str) -> None:
    assert checked(fleet, name, out=grants_one_frame).outcome is Outcome.NOT_APPLICABLE


def test_every_check_has_a_faulty_station() -> None:
    assert {name for name, _ in FAULTS} == set(NAMES)
