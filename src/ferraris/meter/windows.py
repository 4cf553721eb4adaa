"""Windows of time, as push setup and auto connect have them: from each moment that the start names to the next that the end names.

Starts and ends may leave parts open, so that they name a moment of every day, or of every Monday. Without any window it is
always open.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from ferraris.cosem import CosemDateTime
from ferraris.cosem.classes.push_setup import CommunicationWindow
from ferraris.kernel.clock import S_PER_DAY
from ferraris.meter.clock import Zone
from ferraris.meter.open_dates import falls_on, instants, local_day

WINDOW_DAYS: Final = 400
"""How far ahead a window is searched: a year and more."""
JOINED_S_MAX: Final = 8 * S_PER_DAY
"""Windows that join for longer, such as two that share each day, are taken as never closing."""


def opening_s(windows: Sequence[CommunicationWindow], clock_s: int, zone: Zone) -> int | None:
    """The first moment from `clock_s` on at which a window is open; None when none opens any more."""
    if not windows:
        return clock_s
    openings = [_open_s(window, clock_s, zone) for window in windows]
    return min((opening for opening in openings if opening is not None), default=None)


def closing_s(windows: Sequence[CommunicationWindow], clock_s: int, zone: Zone) -> int | None:
    """When the windows that are open at `clock_s` are over; None for never. Windows that join are one, for `JOINED_S_MAX`."""
    if not windows:
        return None
    closing = clock_s
    while closing - clock_s < JOINED_S_MAX:
        ends = [_end_s(window, closing, zone) for window in windows if _open_s(window, closing, zone) == closing]
        later = max((end for end in ends if end is not None), default=closing)
        if None in ends:
            return None
        if later == closing:
            return closing
        closing = later
    return None


def _open_s(window: CommunicationWindow, clock_s: int, zone: Zone) -> int | None:
    started = _last_s(window.start_time, clock_s, zone)
    if started is not None:
        ended = _next_s(window.end_time, started, zone)
        if ended is None or clock_s < ended:
            return clock_s
    return _next_s(window.start_time, clock_s, zone)


def _end_s(window: CommunicationWindow, clock_s: int, zone: Zone) -> int | None:
    """The end of a window that is open."""
    started = _last_s(window.start_time, clock_s, zone)
    assert started is not None  # it is open
    return _next_s(window.end_time, started, zone)


def _next_s(pattern: CosemDateTime, after_s: int, zone: Zone) -> int | None:
    """The first moment behind `after_s` that the pattern names."""
    today = local_day(zone, after_s)
    for day in (today + timedelta(ahead) for ahead in range(WINDOW_DAYS)):
        if falls_on(pattern, day, zone):
            moments = [moment for moment in instants(pattern, day, zone) if moment > after_s]
            if moments:
                return moments[0]
    return None


def _last_s(pattern: CosemDateTime, until_s: int, zone: Zone) -> int | None:
    """The last moment up to `until_s` that the pattern names."""
    today = local_day(zone, until_s)
    for day in (today - timedelta(ago) for ago in range(WINDOW_DAYS)):
        if falls_on(pattern, day, zone):
            moments = [moment for moment in instants(pattern, day, zone) if moment <= until_s]
            if moments:
                return moments[-1]
    return None
