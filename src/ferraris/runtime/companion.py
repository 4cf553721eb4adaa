"""The companion profiles of the registered meters: those that Ferraris brings along, and files of the operator's own.

A registry names a profile of Ferraris by its name, and a file, such as `ferraris explore --save` writes, by its path, which
ends in `.toml`. A file that has changed is read again when it is asked for next; one that is gone or broken since leaves what it
said before.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import structlog

from ferraris.cosem import CompanionProfile, load_profile, profile_from_text
from ferraris.kernel.errors import ConfigError, FerrarisError
from ferraris.kernel.limits import PROFILE_FILE_OCTETS_MAX

SUFFIX: Final = ".toml"
LOG = structlog.get_logger("ferraris.runtime")


class _Stamp(NamedTuple):
    """What tells one state of a file from another."""

    changed_ns: int
    octets: int
    inode: int


class _Read(NamedTuple):
    """What a file said when it was read last, in what state it was then, and how often it has changed until then."""

    stamp: _Stamp | None
    profile: CompanionProfile
    edition: int


_READ: Final[dict[str, _Read]] = {}
"""By path."""


def companion_profile(name: str) -> CompanionProfile:
    """The profile of that name or path. Raises TableError for one that is wrong, ConfigError for a file that cannot be read."""
    if not name.endswith(SUFFIX):
        return load_profile(name)
    return _read(name).profile


def edition_of(name: str) -> int:
    """Another number whenever the companion profile has changed. Raises as `companion_profile` does."""
    return _read(name).edition if name.endswith(SUFFIX) else 0


def _read(path: str) -> _Read:
    stamp, known = _stamp(path), _READ.get(path)
    if known is None:
        known = _Read(stamp, _from_file(path), 1)
    elif known.stamp != stamp:
        try:
            known = _Read(stamp, _from_file(path), known.edition + 1)
        except FerrarisError as error:
            LOG.warning("companion_profile_not_read", path=path, error=str(error))
            known = known._replace(stamp=stamp)
    _READ[path] = known
    return known


def _stamp(path: str) -> _Stamp | None:
    """None for a file that is not there."""
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return _Stamp(found.st_mtime_ns, found.st_size, found.st_ino)


def _from_file(path: str) -> CompanionProfile:
    try:
        with Path(path).open("rb") as file:
            octets = file.read(PROFILE_FILE_OCTETS_MAX + 1)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}", expected="a companion profile") from None
    if len(octets) > PROFILE_FILE_OCTETS_MAX:
        raise ConfigError(f"{path} is too long", expected=f"at most {PROFILE_FILE_OCTETS_MAX} octets")
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not text in UTF-8", expected="a companion profile") from None
    return profile_from_text(text, path)
