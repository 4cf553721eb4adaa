"""A file that a command writes at its end: whether it can be is told before the work that fills it begins."""

from __future__ import annotations

import errno
import os
from pathlib import Path


def check_output_file(path: Path | None) -> None:
    """Raise OSError for what could not be written. Nothing is made or changed; None is no file at all."""
    if path is None:
        return
    if path.is_dir():
        raise _refusal(errno.EISDIR, path)
    if path.exists():
        if not os.access(path, os.W_OK):
            raise _refusal(errno.EACCES, path)
        return
    folder = path.parent
    if not folder.is_dir():
        raise _refusal(errno.ENOTDIR if folder.exists() else errno.ENOENT, folder)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _refusal(errno.EACCES, folder)


def _refusal(number: int, path: Path) -> OSError:
    return OSError(number, os.strerror(number), str(path))
