"""A server that answers ACCESS with something else than was asked is found out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from ferraris.client.conformance import Outcome, chosen
from ferraris.dlms.apdu import AccessResponse
from ferraris.meter.fleet import Fleet
from tests.client.conformance import faulty
from tests.client.conformance.bottle import check_meter
from tests.client.conformance.faulty import check_with, decoded, on_apdus
from tests.meter.clients import reading

NAMES = ["access-reads", "access-with-refusal", "access-with-values-missing", "access-not-negotiated"]


def all_succeed(apdu: bytes) -> bytes:
    """No item is refused."""
    response = decoded(apdu)
    if not isinstance(response, AccessResponse):
        return apdu
    answers = tuple((kind, type(result)(0)) for kind, result in response.answers)
    return replace(response, answers=answers).encode()


def another_invoke_id(apdu: bytes) -> bytes:
    response = decoded(apdu)
    return replace(response, long_invoke_id_and_priority=1).encode() if isinstance(response, AccessResponse) else apdu


def answers_whatever_comes(apdu: bytes) -> bytes:
    return faulty.gives_data_for_everything(apdu)


FAULTS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("access-reads", on_apdus(another_invoke_id)),
    ("access-with-refusal", on_apdus(all_succeed)),
    ("access-with-values-missing", on_apdus(answers_whatever_comes)),
    ("access-not-negotiated", on_apdus(answers_whatever_comes)),
]


def test_our_own_meter_passes(fleet: Fleet) -> None:
    results = check_meter(fleet, reading(), chosen(NAMES))
    assert [(r.check.name, r.outcome, r.got) for r in results if r.outcome is not Outcome.PASSED] == []


@pytest.mark.parametrize(("name", "change"), FAULTS, ids=[name for name, _ in FAULTS])
def test_a_fault_is_found(fleet: Fleet, name: str, change: Callable[[bytes], bytes]) -> None:
    result = check_with(fleet, reading(), name, change)
    assert result.outcome is Outcome.FAILED, (result.outcome, result.got)
