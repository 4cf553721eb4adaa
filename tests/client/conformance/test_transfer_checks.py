"""Blocks out of order and parts that are not what was asked for are found out."""

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
            "block-out-of-turn",
            "block-of-nothing",
            "selection-by-entry",
            "selection-by-range-without-rows",
            "selector-unknown",
            "selector-with-wrong-parameters",
        )
    ),
    *(
        (name, on_apdus(faulty.refuses_everything))
        for name in ("blocks-in-order", "blocks-given-up", "selection-of-columns")
    ),
    ("blocks-in-order", on_apdus(faulty.blocks_out_of_order)),
]


@pytest.mark.parametrize(
    ("name", "change"), FAULTS, ids=[f"{number} {name}" for number, (name, _) in enumerate(FAULTS)]
)
def test_a_fault_is_found(fleet: Fleet, name: str, change: Callable[[bytes], bytes]) -> None:
    result = check_with(fleet, reading(), name, change)
    assert result.outcome is Outcome.FAILED, (result.outcome, result.got)
    assert result.got
