"""What happened in a run, in numbers."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Report:
    """Two runs of one seed have the same report, `log_digest` included."""

    seed: int
    meters: int
    virtual_s: float = 0.0
    calm_s: float = 0.0
    """From the end of the faults until everything was as it should be."""
    faults: dict[str, int] = field(default_factory=dict)
    street_deaths: int = 0
    collector_deaths: int = 0
    streams: int = 0
    """Links opened, by collectors and by meters that push over TCP."""
    intervals_captured: int = 0
    intervals_stored: int = 0
    """Rows of load profiles, counted for each collector."""
    commands: dict[str, int] = field(default_factory=dict)
    """By kind and final state."""
    commands_executed: int = 0
    tokens_sold: int = 0
    """Each taken by its meter once."""
    tokens_refused: int = 0
    """Mistyped, another meter's, or taken before."""
    counters_seen: int = 0
    links_max: int = 0
    tasks_max: int = 0
    events: int = 0
    log_digest: str = ""
    """SHA-256 of the event log."""
