"""Faults on the command line."""

from __future__ import annotations

import pytest

from ferraris.kernel.errors import ConfigError
from ferraris.meter.faults import Fault, FaultKind


def test_a_fault_has_its_time_from_the_origin() -> None:
    fault = Fault.parse("link:7:3600:21600", origin_ms=1_000)
    assert fault == Fault(FaultKind.LINK, 7, 3_601_000, 25_201_000)
    assert Fault.parse("power:1:0:1", 0).kind is FaultKind.POWER
    assert Fault.parse("tamper:1:0:1", 0).kind is FaultKind.TAMPER


@pytest.mark.parametrize(
    "text",
    [
        "",
        "link",
        "link:7",
        "link:7:1",
        "link:7:1:2:3",
        "fire:7:1:2",
        "link:0:1:2",
        "link:7:-1:2",
        "link:7:1:0",
        "link:x:1:2",
    ],
)
def test_a_text_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="KIND:METER:FROM:FOR"):
        Fault.parse(text, 0)
