"""The port: what runs fits it."""

from __future__ import annotations

import inspect

import pytest

from ferraris.console.port import System, speed_of
from ferraris.kernel.clock import Clock, ManualClock, ScaledClock, SystemClock
from ferraris.runtime import Runtime
from tests.console.town import Town


@pytest.mark.parametrize(
    ("clock", "speed"), [(SystemClock(), 1.0), (ManualClock(), 1.0), (ScaledClock(0, 0.0, 900.0), 900.0)]
)
def test_the_speed_of_a_clock(clock: Clock, speed: float) -> None:
    assert speed_of(clock) == speed


@pytest.mark.parametrize("name", ["post", "post_command"])
def test_the_runtime_takes_orders_as_the_port_says(name: str) -> None:
    def shape(kind: type) -> list[tuple[str, object]]:
        parameters = inspect.signature(getattr(kind, name)).parameters.values()
        return [(parameter.name, parameter.default) for parameter in parameters]

    assert shape(Runtime) == shape(System) == shape(Town)


def test_a_town_is_a_system(town: Town) -> None:
    system: System = town
    assert system.head_end.state.meters.keys() == {1, 2, 3}
