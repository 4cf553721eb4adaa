"""How long a primary station of HDLC waits for what, and when it speaks: what a line asks for and what a network does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

INTER_FRAME_GAP_MS: Final = 25
"""The idle time that the standard names, for a telephone line; it leaves other media to whoever uses them."""
KEEP_ALIVE_MS: Final = 40_000
"""A third of the inactivity time-out of 120 s that IEC HDLC setup has by default."""


@dataclass(frozen=True, slots=True)
class PrimaryTiming:
    """How long a primary station waits for what."""

    response_timeout_ms: int = 3_000
    """For the turn to come back; anything that comes starts it anew. The longest turn must fit at the line's speed."""
    tries: int = 3
    """How often the same turn is given before the secondary is taken for gone."""
    poll_interval_ms: int = 100
    """Between two questions to a secondary that had no answer ready."""
    inter_octet_timeout_ms: int | None = None
    """A frame that stops for so long is none. Only where octets come as they were sent: not over a network."""
    keep_alive_ms: int | None = None
    """After so long without anything to say the secondary is asked all the same (RR), so that it does not take us for gone; less
    than its inactivity time-out. Only while somebody watches the time: a client that waits or listens."""
    inter_frame_gap_ms: int = 0
    """So long the line must have been silent before we speak. The frames of one turn are linked by their flags then."""


NETWORK_TIMING: Final = PrimaryTiming(keep_alive_ms=KEEP_ALIVE_MS)
"""HDLC over TCP: the network keeps no gaps."""
SERIAL_TIMING: Final = PrimaryTiming(keep_alive_ms=KEEP_ALIVE_MS, inter_frame_gap_ms=INTER_FRAME_GAP_MS)
"""Serial lines, near and behind a serial server."""
