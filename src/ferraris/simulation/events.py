"""The event log of a run: one line an event, the same octets for the same seed.

Only the last lines stay in memory, for the story that a violation tells; the digest covers all of them.
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from datetime import UTC, datetime
from typing import TextIO, TypeAlias

from ferraris.kernel.clock import MS_PER_S, Clock
from ferraris.kernel.limits import SIMULATION_STORY_LINES_MAX

FieldValue: TypeAlias = int | str | bytes | None


class EventLog:
    """Lines of `time kind subject key=value …`; octets as hex, text in quotes where it has spaces."""

    def __init__(self, clock: Clock, sink: TextIO | None = None) -> None:
        self.count = 0
        self._clock = clock
        self._sink = sink
        self._digest = hashlib.sha256()
        self._last: deque[str] = deque(maxlen=SIMULATION_STORY_LINES_MAX)
        self._second = (-1, "")

    def record(self, kind: str, subject: str, /, **fields: FieldValue) -> None:
        """One event, now."""
        line = " ".join([self._time_text(), kind, subject, *(f"{name}={_text(fields[name])}" for name in fields)])
        self.count += 1
        self._digest.update(line.encode() + b"\n")
        self._last.append(line)
        if self._sink is not None:
            self._sink.write(line + "\n")

    @property
    def digest(self) -> str:
        """SHA-256 of all lines so far, in hex."""
        return self._digest.hexdigest()

    def story(self, about: str = "", lines_max: int = 40) -> str:
        """The last lines that name `about`, oldest first."""
        lines = [line for line in self._last if about in line]
        return "\n".join(lines[-lines_max:])

    def _time_text(self) -> str:
        second, milliseconds = divmod(self._clock.now_ms(), MS_PER_S)
        if self._second[0] != second:
            self._second = (second, datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S"))
        return f"{self._second[1]}.{milliseconds:03d}Z"


def _text(value: FieldValue) -> str:
    if isinstance(value, bytes):
        return value.hex() or "-"
    if value is None:
        return "-"
    text = str(value)
    return text if text.isascii() and text.isprintable() and text and " " not in text else json.dumps(text)
