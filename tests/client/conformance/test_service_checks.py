"""A server that serves what it must refuse, or refuses in other words, is found out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ferraris.client.conformance import Outcome
from ferraris.meter.fleet import Fleet
from tests.client.conformance import faulty
from tests.client.conformance.faulty import check_with, on_apdus
from tests.meter.clients import reading

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
