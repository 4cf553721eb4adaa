"""A wrapper that is not kept to is found out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ferraris.client.conformance import Outcome
from ferraris.meter.fleet import Fleet
from tests.client.conformance import faulty
from tests.client.conformance.faulty import check_with, on_apdus
from tests.meter.clients import reading

FAULTS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("wrapper-to-nobody", on_apdus(faulty.accepts_everybody)),
    ("wrapper-addresses-exchanged", faulty.sent_back),
    *(
        (name, on_apdus(lambda apdu: b"\xd8\x01\x01"))
        for name in ("wrapper-in-pieces", "wrapper-empty", "wrapper-cut-short")
    ),
]


@pytest.mark.parametrize(
    ("name", "change"), FAULTS, ids=[f"{number} {name}" for number, (name, _) in enumerate(FAULTS)]
)
def test_a_fault_is_found(fleet: Fleet, name: str, change: Callable[[bytes], bytes]) -> None:
    result = check_with(fleet, reading(), name, change)
    assert result.outcome is Outcome.FAILED, (result.outcome, result.got)
    assert result.got
