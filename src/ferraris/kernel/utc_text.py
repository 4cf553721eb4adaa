"""A moment in words that mislead nobody: the date and time in UTC, which says that it is."""

from __future__ import annotations

from datetime import UTC, datetime

MS_PER_S = 1_000


def utc_text(time_ms: int) -> str:
    """2026-03-29 01:15:00 UTC; what lies out of all calendars is the number that it is."""
    try:
        moment = datetime.fromtimestamp(time_ms // MS_PER_S, UTC)
    except (OverflowError, ValueError, OSError):
        return f"{time_ms} ms"
    return f"{moment.replace(tzinfo=None).isoformat(' ')} UTC"
