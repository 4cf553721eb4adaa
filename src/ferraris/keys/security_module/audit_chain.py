"""The audit of a keystore: lines, each sealed together with all before it.

    {"number": 3, "at_ms": 1767225600000, "who": "amina", "what": "vending key loaded", "details": {…}, "seal": "9f…"}

A seal is HMAC-SHA-256 over the seal before and the line's own content, under a key that only the keystore's credentials
open. So nobody without one can add a line, and nobody at all can take one out of the middle unseen. That none was cut off
the end is known from the keystore, which keeps number and seal of the last line it knows of.
"""

from __future__ import annotations

import hmac
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ferraris.kernel.errors import ConfigError, SecurityError
from ferraris.kernel.json_text import read_json_object
from ferraris.kernel.limits import KEYSTORE_AUDIT_OCTETS_MAX
from ferraris.keys.private_file import read_private_file

NO_LINE_YET: Final = ""
"""What stands for the seal before the first line."""


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One thing that was done, by whom and when."""

    number: int
    at_ms: int
    who: str
    what: str
    details: Mapping[str, Any]
    seal: str


class AuditChain:
    """The lines in the file at `path`, under `key`."""

    def __init__(self, path: Path, key: bytes) -> None:
        self._path = path
        self._key = key
        self._last: tuple[int, int, str] | None = None  # size of the file, number and seal of its last line

    def append(self, at_ms: int, who: str, what: str, details: Mapping[str, Any]) -> AuditLine:
        """Write one more line, durably, behind what the file holds."""
        number, before = self._end()
        content = {"number": number + 1, "at_ms": at_ms, "who": who, "what": what, "details": dict(details)}
        line = AuditLine(number + 1, at_ms, who, what, details, self._seal(before, content))
        size = self._write(json.dumps({**content, "seal": line.seal}, separators=(",", ":")) + "\n")
        self._last = size, line.number, line.seal
        return line

    def lines(self) -> list[AuditLine]:
        """Every line, its seal checked. Raises SecurityError where the chain does not hold.

        A line without its end is one that a crash cut off before anything was done on the strength of it: it is left out,
        and the next one is written in its place.
        """
        return list(self._checked())

    def _end(self) -> tuple[int, str]:
        """Number and seal of the last line. The file is read again only if somebody else has written to it."""
        if self._last is None or not self._path.exists() or self._path.stat().st_size != self._last[0]:
            lines = self.lines()
            return (lines[-1].number, lines[-1].seal) if lines else (0, NO_LINE_YET)
        return self._last[1:]

    def _checked(self) -> Iterator[AuditLine]:
        before = NO_LINE_YET
        for number, text in enumerate(self._whole_lines(), start=1):
            try:
                content = read_json_object(text, "the line")
                seal = content.pop("seal")
                line = AuditLine(**content, seal=seal)
            except (TypeError, KeyError, ConfigError):
                raise SecurityError(f"line {number} of the audit {self._path} is damaged") from None
            if line.number != number or not hmac.compare_digest(str(seal), self._seal(before, content)):
                raise SecurityError(f"line {number} of the audit {self._path} was changed, or one before it taken out")
            yield line
            before = line.seal

    def _whole_lines(self) -> list[str]:
        if not self._path.exists():
            return []
        octets = read_private_file(self._path, "the audit", KEYSTORE_AUDIT_OCTETS_MAX)
        return octets[: octets.rfind(b"\n") + 1].decode("utf-8", errors="replace").splitlines()

    def _seal(self, before: str, content: Mapping[str, Any]) -> str:
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hmac.new(self._key, f"{before}\n{text}".encode(), "sha256").hexdigest()

    def _write(self, text: str) -> int:
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "r+b") as file:
                os.fchmod(descriptor, 0o600)
                file.seek(0, os.SEEK_END)
                file.truncate(_end_of_the_last_whole_line(descriptor, file.tell()))
                file.seek(0, os.SEEK_END)
                file.write(text.encode())
                file.flush()
                os.fsync(descriptor)
                return file.tell()
        except OSError as error:
            raise ConfigError(f"the audit cannot be written to {self._path}: {error.strerror}") from None


def _end_of_the_last_whole_line(descriptor: int, size: int) -> int:
    while size and os.pread(descriptor, 1, size - 1) != b"\n":
        size -= 1
    return size
