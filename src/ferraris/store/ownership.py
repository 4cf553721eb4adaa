"""One process owns a store's file: a lock beside it, taken at open, that names its owner to whoever comes second.

The lock is the operating system's (flock), so it ends with its process however that ends; the file stays behind empty of
meaning. Two opens in one process exclude each other too.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from ferraris.kernel.errors import StoreError

_OWNER_OCTETS_MAX = 32


class Ownership:
    """The right to open the store at `path`, until released."""

    def __init__(self, path: Path) -> None:
        """Take it, or raise StoreError naming the process that has it."""
        lock = path.with_name(path.name + ".owner")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StoreError(f"the store {path} cannot be opened: {error.strerror}") from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, str(os.getpid()).encode("ascii"), 0)
        except BlockingIOError:
            owner = os.pread(self._descriptor, _OWNER_OCTETS_MAX, 0).decode("ascii", errors="replace") or "unknown"
            os.close(self._descriptor)
            whose = "this process" if owner == str(os.getpid()) else f"process {owner}"
            raise StoreError(f"the store {path} is in use by {whose}; one process owns it at a time") from None
        except OSError as error:
            os.close(self._descriptor)
            raise StoreError(f"the store {path} cannot be locked: {error.strerror}") from error

    def release(self) -> None:
        """Give it up; once is enough, twice does no harm."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
