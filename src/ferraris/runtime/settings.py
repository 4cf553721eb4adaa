"""The runtime's named bounds. Times are seconds of the event loop, not of the virtual clock: a network is as fast as it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from ferraris.headend import Limits
from ferraris.kernel.limits import PUSH_LINKS_MAX

HEAD_END_SYSTEM_TITLE: Final = b"FERHES01"
PUBLIC_CLIENT_SAP: Final = 16


@dataclass(frozen=True, slots=True)
class RuntimeSettings:
    """How the head-end's decisions are carried out."""

    limits: Limits = field(default_factory=Limits)
    system_title: bytes = HEAD_END_SYSTEM_TITLE
    connect_timeout_s: float = 10.0
    response_timeout_s: float = 10.0
    association_timeout_s: float = 120.0
    """From the connect to the end of the release."""
    flush_interval_s: float = 0.05
    """How long readings and records gather before they are written together."""
    write_retry_s: float = 1.0
    """Rest after a store failed."""
    batch_readings_max: int = 200_000
    """Readings in one append to the interval store."""
    backlog_records_max: int = 100_000
    """Alarms and fates of commands that wait for the record store."""
    inbox_max: int = 50_000
    """Events that wait for the head-end; pushes beyond it are dropped and counted."""
    stop_timeout_s: float = 10.0
    """How long a graceful stop waits for the associations under way."""
    push_idle_timeout_s: float = 120.0
    """A link on which nothing acceptable is pushed for this long is closed."""
    push_links_max: int = PUSH_LINKS_MAX
    """One more link to push over is closed at once."""
    counter_block: int = 1_024
    """Invocation counters reserved at a time for each meter."""
