"""Our own meter of short names passes, and one that serves names it must refuse is found out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from ferraris.client import ClientSettings
from ferraris.client.conformance import Outcome, Result, chosen
from ferraris.cosem import Referencing
from ferraris.dlms.apdu import DataAccessResult, ReadResponse, WriteResponse
from ferraris.meter.fleet import Fleet
from tests.client.conformance.bottle import check_meter
from tests.client.conformance.faulty import Change, check_with, decoded, gives_data_for_everything, on_apdus
from tests.meter.clients import management, reading

PROFILE = "short_name_meter"
NAMES = [each.name for each in chosen(["short names"])]


def by_short_names(settings: ClientSettings) -> ClientSettings:
    return replace(settings, association=replace(settings.association, referencing=Referencing.SHORT_NAME))


def reads_everything(apdu: bytes) -> bytes:
    """Every result is a value, and one more stands behind them."""
    response = decoded(apdu)
    if isinstance(response, ReadResponse):
        return ReadResponse((*(b"\x11\x05" for _ in response.results), b"\x11\x06")).encode()
    return ReadResponse((b"\x11\x05",)).encode() if apdu[:1] in (b"\xd8", b"\x0e") else apdu


def writes_everything(apdu: bytes) -> bytes:
    response = decoded(apdu)
    if isinstance(response, WriteResponse):
        return WriteResponse((DataAccessResult.SUCCESS,) * len(response.results)).encode()
    return apdu


FAULTS: list[tuple[str, Change]] = [
    *(
        (name, reads_everything)
        for name in (
            "object-list-at-its-name",
            "read-undefined-name",
            "read-several-names",
            "read-nothing",
            "read-truncated",
        )
    ),
    (
        "get-by-logical-name",
        lambda apdu: gives_data_for_everything(b"\xd8" + apdu[1:] if apdu[:1] == b"\x0e" else apdu),
    ),
    ("write-denied", writes_everything),
    ("write-undefined-name", writes_everything),
]


@pytest.mark.parametrize("settings", [reading, management], ids=["plain", "ciphered"])
def test_our_own_meter_passes(make_fleet: Callable[..., Fleet], settings: Callable[[], ClientSettings]) -> None:
    results = check_meter(make_fleet(), by_short_names(settings()), profile=PROFILE)
    assert [(r.check.name, r.got) for r in results if r.outcome is Outcome.FAILED] == []
    passed = {r.check.name for r in results if r.outcome is Outcome.PASSED}
    assert set(NAMES) <= passed
    assert "get-undefined-object" not in passed


def test_a_server_of_logical_names_has_nothing_to_check(fleet: Fleet) -> None:
    results = check_meter(fleet, reading(), chosen(NAMES))
    assert {result.outcome for result in results} == {Outcome.NOT_APPLICABLE}


def checked(fleet: Fleet, name: str, change: Change) -> Result:
    return check_with(fleet, by_short_names(reading()), name, on_apdus(change), profile=PROFILE)


@pytest.mark.parametrize(("name", "change"), FAULTS, ids=[name for name, _ in FAULTS])
def test_a_fault_is_found(fleet: Fleet, name: str, change: Change) -> None:
    result = checked(fleet, name, change)
    assert result.outcome is Outcome.FAILED, (result.outcome, result.got)


def test_every_check_has_a_faulty_server() -> None:
    assert {name for name, _ in FAULTS} == set(NAMES)
