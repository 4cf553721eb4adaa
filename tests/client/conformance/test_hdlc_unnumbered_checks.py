"""A station that answers, counts or rejects unnumbered information is found out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ferraris.client.conformance import Outcome
from ferraris.client.conformance.stations import DISC, POLL, RR, numbered, supervisory
from ferraris.dlms.hdlc import FrameKind, HdlcFrame
from ferraris.meter.fleet import Fleet
from tests.client.conformance.faulty_station import checked, checks_of, readdressed

NAMES = checks_of("hdlc_unnumbered_checks")


def takes_it_for(control: int) -> Callable[[bytes], bytes]:
    """A station to which UI is another frame."""
    return lambda octets: readdressed(
        octets,
        lambda frame: frame._replace(control=control, information=b"") if frame.kind is FrameKind.UI else frame,
    )


def counts_it(octets: bytes) -> bytes:
    """A station to which UI is an I frame."""
    return readdressed(
        octets, lambda frame: frame._replace(control=numbered(0, 0)) if frame.kind is FrameKind.UI else frame
    )


def answers_for_everybody(octets: bytes) -> bytes:
    def change(frame: HdlcFrame) -> HdlcFrame:
        own = frame.destination._replace(upper=1, lower=17)
        if frame.kind is FrameKind.UI and frame.destination.to_all_logical:
            return frame._replace(destination=own, control=DISC | POLL, information=b"")
        return frame

    return readdressed(octets, change)


def disconnects(frame: HdlcFrame) -> HdlcFrame:
    return frame._replace(control=0x1F) if frame.kind is FrameKind.RR else frame


FAULTS: list[tuple[str, dict[str, object]]] = [
    ("unnumbered-without-poll", {"into": takes_it_for(supervisory(RR, 0))}),
    ("unnumbered-counts-nothing", {"into": counts_it}),
    ("unnumbered-with-poll", {"into": takes_it_for(0xFF)}),
    ("unnumbered-with-poll", {"out": disconnects}),
    ("unnumbered-to-everybody", {"into": answers_for_everybody}),
]


@pytest.mark.parametrize("name", NAMES)
def test_our_own_station_passes(fleet: Fleet, name: str) -> None:
    result = checked(fleet, name)
    assert result.outcome is Outcome.PASSED, result.got


@pytest.mark.parametrize(("name", "fault"), FAULTS, ids=[f"{number} {name}" for number, (name, _) in enumerate(FAULTS)])
def test_a_fault_is_found(fleet: Fleet, name: str, fault: dict[str, object]) -> None:
    result = checked(fleet, name, **fault)
    assert result.outcome is Outcome.FAILED, (result.outcome, result.got)


def test_every_check_has_a_faulty_station() -> None:
    assert {name for name, _ in FAULTS} == set(NAMES)
