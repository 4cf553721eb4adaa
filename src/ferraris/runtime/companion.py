"""The companion profiles of the registered meters: those that Ferraris brings along, and files of the operator's own.

A registry names a profile of Ferraris by its name, and a file, such as `ferraris explore --save` writes, by its path, which
ends in `.toml`. A file is read once: a change in it counts from the next start on.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from ferraris.cosem import CompanionProfile, load_profile, profile_from_text
from ferraris.kernel.errors import ConfigError
from ferraris.kernel.limits import PROFILE_FILE_OCTETS_MAX

SUFFIX: Final = ".toml"


def companion_profile(name: str) -> CompanionProfile:
    """The profile of that name or path. Raises TableError for one that is wrong, ConfigError for a file that cannot be read."""
    return _from_file(name) if name.endswith(SUFFIX) else load_profile(name)


@cache
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
