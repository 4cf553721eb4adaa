"""Invocation counters of a tool, kept beside its file of keys: a value is never sent twice, whatever happens to the tool."""

from __future__ import annotations

import json
import os
from hashlib import sha256
from pathlib import Path
from typing import Final

from ferraris.kernel.errors import ConfigError
from ferraris.kernel.json_text import read_json_object
from ferraris.kernel.limits import INVOCATION_COUNTER_MAX
from ferraris.keys import ReservedCounter

SUFFIX: Final = ".counters"
CONTENT: Final = "the invocation counters of a tool"
BLOCK: Final = 64
"""Values reserved by one write: few, since a tool sends few."""


class CounterFile:
    """Marks of sent counters, by the name of key and system title. The name is a hash that betrays neither."""

    def __init__(self, path: Path) -> None:
        """Raises ConfigError for a file that holds anything else."""
        self._path = path
        self._marks: dict[str, int] = {}
        if path.exists():
            marks = read_json_object(path.read_bytes(), f"{path} is damaged: it", expected=CONTENT)
            if not all(type(mark) is int and 0 <= mark <= INVOCATION_COUNTER_MAX for mark in marks.values()):
                raise ConfigError(f"{path} is damaged", expected=CONTENT)
            self._marks = marks

    @classmethod
    def beside(cls, key_file: Path) -> CounterFile:
        """The counters that go with a file of keys."""
        return cls(key_file.with_name(key_file.name + SUFFIX))

    def counter(self, system_title: bytes, encryption_key: bytes) -> ReservedCounter:
        """The counter that `system_title` sends under `encryption_key`."""
        name = sha256(b"counter" + system_title + encryption_key).hexdigest()[:16]
        return ReservedCounter(self._marks.get(name), lambda up_to: self._reserve(name, up_to), block=BLOCK)

    def _reserve(self, name: str, up_to: int) -> None:
        self._marks[name] = up_to
        part = self._path.with_name(self._path.name + ".part")
        with part.open("w", encoding="ascii") as file:
            json.dump(self._marks, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._path)
