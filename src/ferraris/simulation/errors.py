"""What can go wrong with a simulated world itself."""

from __future__ import annotations

from ferraris.kernel.errors import FerrarisError


class SimulationError(FerrarisError):
    """The world in the bottle was used, or behaves, as no real world could."""


class DeadlockError(SimulationError):
    """Every task waits and no timer is set: nothing can ever happen again."""


class StandstillError(SimulationError):
    """Callbacks follow one another and time does not pass: something spins."""
