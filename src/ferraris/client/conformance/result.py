"""What one check found out of one server: a row of the report."""

from __future__ import annotations

from dataclasses import dataclass

from ferraris.client.conformance.check import Check, Outcome


@dataclass(frozen=True, slots=True)
class Result:
    """One row of the report."""

    check: Check
    outcome: Outcome
    expected: str = ""
    got: str = ""
