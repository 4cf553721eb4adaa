"""Text of files that people write: settings, meters, keys. Never more of it than a limit; what is no text is a clear error."""

from __future__ import annotations

import stat
from pathlib import Path

from ferraris.kernel.errors import ConfigError
from ferraris.kernel.limits import KEY_FILE_OCTETS_MAX, SETTINGS_FILE_OCTETS_MAX


def text_of(path: Path, octets_max: int = SETTINGS_FILE_OCTETS_MAX, *, holds: str | None = None) -> str:
    """The text of a file, which should hold what `holds` says. Raises ConfigError, which repeats nothing of it."""
    try:
        with path.open("rb") as file:
            octets = file.read(octets_max + 1)
    except OSError as error:
        raise _unreadable(path, error) from None
    if len(octets) > octets_max:
        raise ConfigError(f"{path} is too long", expected=f"at most {octets_max} octets")
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not text in UTF-8", expected=holds) from None


def private_text_of(path: Path) -> str:
    """The text of a file of keys, which its owner alone may read. Raises ConfigError."""
    try:
        known = path.stat()
    except OSError as error:
        raise _unreadable(path, error) from None
    mode = stat.S_IMODE(known.st_mode)
    if mode & 0o077 and not stat.S_ISDIR(known.st_mode):
        raise ConfigError(f"{path} may be read by others than its owner", expected="mode 0600", got=f"{mode:04o}")
    return text_of(path, KEY_FILE_OCTETS_MAX, holds="a file of keys")


def _unreadable(path: Path, error: OSError) -> ConfigError:
    return ConfigError(f"{path} cannot be read: {error.strerror}")
