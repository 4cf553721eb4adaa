"""Clocks of the commands: how fast virtual time may pass, and the one clock that the processes of a tree share."""

from __future__ import annotations

from math import isfinite
from typing import Final

from ferraris.kernel.clock import ScaledClock
from ferraris.kernel.errors import ConfigError

SPEED_MAX: Final = 1_000_000.0
"""Virtual seconds per real second; a day passes in less than a tenth of a second."""


def shared_clock(shared: str, speed: float) -> ScaledClock:
    """The clock of another process: `shared` is "origin_ms:monotonic_s". Raises ConfigError."""
    origin, _, monotonic = shared.partition(":")
    try:
        origin_ms, monotonic_s = int(origin), float(monotonic)
    except ValueError:
        raise ConfigError("--clock", expected="MS:S", got=shared) from None
    if not isfinite(monotonic_s):
        raise ConfigError("--clock", expected="MS:S", got=shared)
    return ScaledClock(origin_ms, monotonic_s, speed)
