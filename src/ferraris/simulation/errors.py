"""What can go wrong with a simulated world itself."""

from __future__ import annotations

from datetime import UTC, datetime

from ferraris.kernel.errors import FerrarisError


class SimulationError(FerrarisError):
    """The world in the bottle was used, or behaves, as no real world could."""


class DeadlockError(SimulationError):
    """Every task waits and no timer is set: nothing can ever happen again."""


class StandstillError(SimulationError):
    """Callbacks follow one another and time does not pass: something spins."""


class AuditError(SimulationError):
    """The auditor's objection: a law of the product was broken in the run of `seed`, at `at_ms` of its virtual time.

    `claim` says which, `detail` how, and `story` holds the last lines of the event log that have to do with it.
    """

    def __init__(self, claim: str, detail: str, seed: int, at_ms: int, story: str) -> None:
        moment = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(sep=" ", timespec="milliseconds")
        super().__init__(f"{claim}: {detail} (seed {seed}, at {moment})")
        self.claim = claim
        self.detail = detail
        self.seed = seed
        self.at_ms = at_ms
        self.story = story
