"""Files that their owner alone may read: made whole or not at all, replaced at one stroke, refused when others may look.

`what` names the thing in the messages ("the master key"). Nothing here ever puts the content of a file into a message.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ferraris.kernel.errors import ConfigError, SecurityError

_READ_OCTETS = 65_536


def create_private_file(path: Path, what: str, content: bytes) -> None:
    """Create the file at `path`, whole or not at all, with mode 0600; ConfigError if there is one already."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        _write_unfinished(unfinished, content)
        try:
            # A hard link, unlike a rename, refuses to take the place of an existing file.
            path.hardlink_to(unfinished)
        finally:
            unfinished.unlink()
        _synchronise_directory(path.parent)
    except FileExistsError:
        raise ConfigError(f"{path} exists already; {what} is never replaced in place") from None
    except OSError as error:
        raise ConfigError(f"{what} cannot be written to {path}: {error.strerror}") from None


def replace_private_file(path: Path, what: str, content: bytes) -> None:
    """Put `content` in the file's place: after a crash there is the old file or the new one, never part of one."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        _write_unfinished(unfinished, content)
        unfinished.replace(path)
        _synchronise_directory(path.parent)
    except OSError as error:
        raise ConfigError(f"{what} cannot be written to {path}: {error.strerror}") from None


def read_private_file(path: Path, what: str, octets_max: int) -> bytes:
    """The file at `path`, after checks on the open file itself, so that nobody can swap it in between.

    Of a longer file come `octets_max` octets, which its reader will find damaged.
    """
    try:
        # Without O_NONBLOCK a FIFO put in the file's place would hold the program up for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise ConfigError(f"{what} cannot be read from {path}: {error.strerror}") from None
    try:
        _check_privacy(path, what, os.fstat(descriptor))
        return _read(descriptor, octets_max)
    finally:
        os.close(descriptor)


def _write_unfinished(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
    except OSError:
        path.unlink(missing_ok=True)
        raise


def _synchronise_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(descriptor: int, octets_max: int) -> bytes:
    parts, room = [], octets_max
    while room > 0 and (part := os.read(descriptor, min(room, _READ_OCTETS))):
        parts.append(part)
        room -= len(part)
    return b"".join(parts)


def _check_privacy(path: Path, what: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise ConfigError(f"{what} {path} is not a regular file")
    if status.st_uid != os.geteuid():
        raise SecurityError(f"{what} {path} belongs to another user", expected=os.geteuid(), got=status.st_uid)
    if status.st_mode & 0o077:
        mode = f"mode {status.st_mode & 0o777:04o}"
        raise SecurityError(f"{what} {path} is open to other users", expected="mode 0600", got=mode)
