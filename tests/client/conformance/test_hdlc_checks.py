"""Our own station passes every check of HDLC, and one that breaks a rule of it is found out."""

from __future__ import annotations

import pytest

from ferraris.client.conformance import Outcome, chosen
from ferraris.client.conformance.stations import DISC, POLL, RR, SNRM, UNDEFINED, numbered, supervisory
from ferraris.codec.crc import check_sequence
from ferraris.dlms.hdlc import FrameKind, HdlcFrame, HdlcParameters
from ferraris.meter.fleet import Fleet
from tests.client.conformance.bottle import check_meter
from tests.client.conformance.faulty_station import Faulty, checked, checks_of, readdressed
from tests.meter.clients import reading

NAMES = checks_of("hdlc_checks")


def test_our_own_station_passes(fleet: Fleet) -> None:
    results = check_meter(fleet, reading(), chosen(["hdlc"]), hdlc=True)
    assert {
        result.check.name: (result.outcome, result.got) for result in results if result.outcome is not Outcome.PASSED
    } == {}
    assert len(results) > 20


def test_other_framings_have_no_stations(fleet: Fleet) -> None:
    assert {result.outcome for result in check_meter(fleet, reading(), chosen(["hdlc"]))} == {Outcome.NOT_APPLICABLE}


# Stations that break one rule each


def grants_too_much(frame: HdlcFrame) -> HdlcFrame:
    information = HdlcParameters(2030, 2030, 7, 7).encode()
    return frame._replace(information=information) if frame.kind is FrameKind.UA and frame.information else frame


def grants_nonsense(frame: HdlcFrame) -> HdlcFrame:
    return frame._replace(information=b"\x00") if frame.kind is FrameKind.UA and frame.information else frame


def from_another_address(frame: HdlcFrame) -> HdlcFrame:
    return frame._replace(source=frame.source._replace(upper=9))


def answers_all_with(control: int) -> Faulty:
    return lambda frame: frame._replace(control=control, information=b"", segmented=False)


def never_final(frame: HdlcFrame) -> HdlcFrame:
    return frame._replace(control=frame.control & ~POLL)


def counts_one_on(frame: HdlcFrame) -> HdlcFrame:
    counted = frame.kind is FrameKind.I
    return frame._replace(control=numbered(frame.send_sequence + 1, 1)) if counted else frame  # type: ignore[operator]


def each_answer_anew() -> Faulty:
    seen: list[int] = []

    def change(frame: HdlcFrame) -> HdlcFrame:
        if frame.kind is not FrameKind.I:
            return frame
        seen.append(1)
        number = len(seen) - 1
        return frame._replace(control=numbered(number, number + 1), information=frame.information + bytes((number,)))

    return change


def rejects_nothing(frame: HdlcFrame) -> HdlcFrame | None:
    return None if frame.kind is FrameKind.FRMR else frame


def takes_all(frame: HdlcFrame) -> HdlcFrame:
    return frame._replace(control=supervisory(RR, 1), information=b"") if frame.kind is FrameKind.FRMR else frame


def never_segments(frame: HdlcFrame) -> HdlcFrame:
    return frame._replace(segmented=False)


def never_ready_for_segments(frame: HdlcFrame) -> HdlcFrame:
    return frame._replace(control=supervisory(RR, 0)) if frame.kind is FrameKind.RR else frame


def silent(frame: HdlcFrame) -> None:
    return None


def mends_checks(octets: bytes) -> bytes:
    """A station that asks for no checks: they are right when it looks."""
    if len(octets) < 12 or octets[0] != 0x7E or octets[-1] != 0x7E:
        return octets
    body = bytearray(octets[1:-1])
    header = 2 + 2 + 1 + 1
    body[header : header + 2] = check_sequence(bytes(body[:header]))
    body[-2:] = check_sequence(bytes(body[:-2]))
    return b"\x7e" + bytes(body) + b"\x7e"


def takes_every_address(octets: bytes) -> bytes:
    """A station that answers whoever is asked, in the name of the one asked."""
    return readdressed(octets, lambda frame: frame._replace(destination=frame.destination._replace(upper=1, lower=17)))


def forgets_numbers(octets: bytes) -> bytes:
    """A station that takes whatever number comes."""
    return readdressed(
        octets, lambda f: f._replace(control=numbered(0, 0)) if f.kind is FrameKind.I and f.send_sequence == 3 else f
    )


def takes_not_ready_for_ready(octets: bytes) -> bytes:
    return readdressed(octets, lambda f: f._replace(control=RR) if f.kind is FrameKind.RNR else f)


FAULTS: list[tuple[str, dict[str, object]]] = [
    ("snrm-without-parameters", {"out": grants_too_much}),
    ("snrm-without-parameters", {"out": grants_nonsense}),
    ("snrm-with-large-parameters", {"out": grants_too_much}),
    ("snrm-with-small-parameters", {"out": grants_too_much}),
    ("snrm-with-absent-parameters", {"out": grants_too_much}),
    ("flag-inside-a-frame", {"out": silent}),
    ("addresses-exchanged", {"out": from_another_address}),
    ("addresses-exchanged", {"out": never_final}),
    ("disc-when-connected", {"out": answers_all_with(DISC)}),
    ("disc-when-disconnected", {"out": answers_all_with(0x73)}),
    ("information-before-snrm", {"out": answers_all_with(supervisory(RR, 1))}),
    ("second-snrm", {"out": counts_one_on}),
    ("fcs-wrong", {"into": mends_checks}),
    ("hcs-wrong", {"into": mends_checks}),
    ("receive-ready-is-answered", {"out": answers_all_with(supervisory(RR, 2))}),
    ("send-sequence-wrong", {"into": forgets_numbers}),
    ("answer-is-sent-again", {"out": each_answer_anew()}),
    ("repeated-frame", {"out": each_answer_anew()}),
    ("receive-not-ready", {"into": takes_not_ready_for_ready}),
    ("control-undefined", {"out": rejects_nothing}),
    ("receive-sequence-wrong", {"out": rejects_nothing}),
    ("information-too-long", {"out": takes_all}),
    ("segments-from-the-client", {"out": never_ready_for_segments}),
    ("segments-from-the-server", {"out": never_segments}),
    ("broadcast-unanswered", {"into": takes_every_address}),
    ("station-unknown", {"into": takes_every_address}),
    ("frame-cut-short", {"out": silent}),
]


@pytest.mark.parametrize(("name", "fault"), FAULTS, ids=[f"{number} {name}" for number, (name, _) in enumerate(FAULTS)])
def test_a_fault_is_found(fleet: Fleet, name: str, fault: dict[str, object]) -> None:
    result = checked(fleet, name, **fault)
    assert result.outcome is Outcome.FAILED, (result.outcome, result.got)
    assert result.got


def test_every_check_has_a_faulty_station() -> None:
    assert {name for name, _ in FAULTS} == set(NAMES)
    assert UNDEFINED not in (SNRM, DISC)
