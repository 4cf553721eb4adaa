"""What a process tries just now, where another process sees it: of one that dies without a word, its last input is known."""

from __future__ import annotations

import mmap
import signal

_LENGTH_OCTETS = 4


class LastInput:
    """A piece of memory that a process shares with those forked from it."""

    def __init__(self, octets_max: int) -> None:
        self._memory = mmap.mmap(-1, _LENGTH_OCTETS + octets_max)

    def note(self, octets: bytes) -> None:
        """This is tried now."""
        self._memory[_LENGTH_OCTETS : _LENGTH_OCTETS + len(octets)] = octets
        self._memory[:_LENGTH_OCTETS] = (len(octets) + 1).to_bytes(_LENGTH_OCTETS, "big")

    def clear(self) -> None:
        """Nothing is tried any more."""
        self._memory[:_LENGTH_OCTETS] = bytes(_LENGTH_OCTETS)

    @property
    def octets(self) -> bytes | None:
        """What was being tried; None between two inputs."""
        length = int.from_bytes(self._memory[:_LENGTH_OCTETS], "big")
        return self._memory[_LENGTH_OCTETS : _LENGTH_OCTETS + length - 1] if length else None


def ending_text(exit_code: int) -> str:
    """How a process has ended, for the report."""
    if exit_code >= 0:
        return f"the process has ended with exit code {exit_code}"
    try:
        return f"the process was killed by {signal.Signals(-exit_code).name}"
    except ValueError:
        return f"the process was killed by signal {-exit_code}"
