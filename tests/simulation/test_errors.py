"""An objection says which law was broken, how, when, and by which seed it is seen again."""

from __future__ import annotations

from ferraris.kernel.errors import FerrarisError
from ferraris.simulation import AuditError, SimulationError


def test_an_objection_carries_everything_that_replays_and_explains_it() -> None:
    error = AuditError("a reading is stored twice", "meter1 at 900", 7, 1_800_000_000_123, "line 1\nline 2")
    assert isinstance(error, SimulationError)
    assert isinstance(error, FerrarisError)
    assert (error.claim, error.detail, error.seed) == ("a reading is stored twice", "meter1 at 900", 7)
    assert (error.at_ms, error.story) == (1_800_000_000_123, "line 1\nline 2")
    assert str(error) == "a reading is stored twice: meter1 at 900 (seed 7, at 2027-01-15 08:00:00.123+00:00)"
