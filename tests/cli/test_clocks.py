"""The clock that the processes of a tree share."""

from __future__ import annotations

import pytest

from ferraris.cli.clocks import SPEED_MAX, shared_clock
from ferraris.kernel.clock import ScaledClock
from ferraris.kernel.errors import ConfigError


def test_two_processes_that_are_told_the_same_have_the_same_clock() -> None:
    told = f"1772409600000:{1234.5!r}"
    assert shared_clock(told, 900.0) == shared_clock(told, 900.0) == ScaledClock(1_772_409_600_000, 1234.5, 900.0)


def test_a_day_at_the_highest_speed_is_a_moment() -> None:
    assert 86_400 / SPEED_MAX < 0.1


@pytest.mark.parametrize("text", ["", ":", "1", "1:", ":1", "soon", "1.5:2", "1:soon", "1:inf", "1:nan", "1:2:3"])
def test_what_is_no_clock_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="--clock, expected MS:S"):
        shared_clock(text, 1.0)
