"""A server that serves what it must refuse, or refuses in other words, is found out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from ferraris.client.conformance import Outcome, chosen
from ferraris.cosem import ProfileObject
from ferraris.dlms.apdu import ActionResult, DataAccessResult, SelectiveAccess
from ferraris.meter import dispatch
from ferraris.meter.fleet import Fleet
from ferraris.meter.live_values import Moment
from ferraris.meter.server import MeterServer
from tests.client.conformance import faulty
from tests.client.conformance.bottle import check_meter, with_settings
from tests.client.conformance.faulty import check_spoilt, check_with, on_apdus
from tests.meter.clients import management, reading

FAULTS: list[tuple[str, Callable[[bytes], bytes]]] = [
    *(
        (name, on_apdus(faulty.gives_data_for_everything))
        for name in (
            "get-undefined-object",
            "get-inconsistent-class",
            "get-undefined-attribute",
            "get-without-right",
            "get-with-list",
            "get-with-empty-list",
            "set-undefined-object",
            "set-without-right",
            "action-undefined-object",
            "action-undefined-method",
            "get-of-unknown-form",
            "get-truncated",
            "get-with-trailing-octets",
            "get-list-with-lying-count",
            "apdu-of-unknown-tag",
            "service-not-negotiated",
        )
    ),
    ("get-with-selection-of-nothing", on_apdus(faulty.new_data_each_time())),
    ("invoke-id-is-echoed", on_apdus(faulty.wrong_invoke_id)),
    *(
        (name, on_apdus(faulty.refuses_everything))
        for name in ("get-undefined-object", "get-with-list", "set-undefined-object", "action-undefined-object")
    ),
]


@pytest.mark.parametrize(
    ("name", "change"), FAULTS, ids=[f"{number} {name}" for number, (name, _) in enumerate(FAULTS)]
)
def test_a_fault_is_found(fleet: Fleet, name: str, change: Callable[[bytes], bytes]) -> None:
    result = check_with(fleet, reading(), name, change)
    assert result.outcome is Outcome.FAILED, (result.outcome, result.got)
    assert result.got


# What is checked by writing, and the size that was agreed upon


def sets_nothing(meter: MeterServer) -> None:
    meter.device.write = lambda *asked: DataAccessResult.READ_WRITE_DENIED  # type: ignore[method-assign]


def claims_to_set(meter: MeterServer) -> None:
    meter.device.write = lambda *asked: DataAccessResult.SUCCESS  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("set-to-the-same", sets_nothing),
        ("set-of-another-type", claims_to_set),
    ],
)
def test_a_fault_is_found_by_writing(fleet: Fleet, name: str, spoil: Callable[[MeterServer], None]) -> None:
    result = check_spoilt(fleet, management(), name, spoil)
    assert result.outcome is Outcome.FAILED, (result.outcome, result.got)


def test_a_meter_that_keeps_what_it_refuses_is_found_and_set_right_again(fleet: Fleet) -> None:
    kept: list[bytes] = []

    def spoil(meter: MeterServer) -> None:
        """Another type is told to be refused, and stands there all the same."""
        read, write = meter.device.read, meter.device.write

        def written(entry: ProfileObject, number: int, octets: bytes, moment: Moment) -> DataAccessResult:
            kept.append(octets)
            result = write(entry, number, octets, moment)
            if result is DataAccessResult.SUCCESS:
                kept.clear()
            return result

        def shown(
            entry: ProfileObject, number: int, moment: Moment, selection: SelectiveAccess | None = None
        ) -> bytes | DataAccessResult:
            return kept[-1] if kept else read(entry, number, moment, selection)

        meter.device.read, meter.device.write = shown, written  # type: ignore[method-assign]

    result = check_spoilt(fleet, management(), "set-of-another-type", spoil)
    assert result.outcome is Outcome.FAILED, (result.outcome, result.got)
    assert kept == [], "the value that it had was written last"


def test_a_meter_that_lets_everybody_act_is_found(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "_allows", lambda mode, right, moment: True)

    def spoil(meter: MeterServer) -> None:
        meter.device.invoke = lambda *asked: ActionResult.SUCCESS  # type: ignore[method-assign]

    result = check_spoilt(fleet, reading(), "action-without-right", spoil)
    assert result.outcome is Outcome.FAILED, (result.outcome, result.got)


SMALL = with_settings(lambda settings: replace(settings, max_receive_pdu_size=500))


def test_a_meter_takes_no_more_than_it_has_said(fleet: Fleet) -> None:
    assert check_spoilt(fleet, reading(), "request-too-long", SMALL).outcome is Outcome.PASSED


def test_a_server_that_takes_more_than_it_has_said_is_found(fleet: Fleet) -> None:
    [result] = check_meter(
        fleet,
        reading(),
        chosen(["request-too-long"]),
        spoil=SMALL,
        around=lambda link: faulty.Tampering(link, on_apdus(faulty.gives_data_for_everything)),
    )
    assert result.outcome is Outcome.FAILED, result.got
