"""Quirks: how meters of a manufacturer, or after a companion specification, deviate from the standard.

Each is a row of a file in `tables/quirks`, with the reason and the day it was seen, so that it can be doubted and removed. A
meter is known by the manufacturer's three letters, with which its system title begins, or by its companion profile.
What every receiver here takes of every sender is no quirk and needs no row: date-times under a tag of their own, attribute
descriptors without tags, flags inside HDLC frames, client addresses of two octets, block transfer inside HDLC segments.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final

from ferraris.kernel.tables import file_names, load_toml

PACKAGE: Final = "ferraris.cosem"
FOLDER: Final = "tables/quirks"
MANUFACTURER_OCTETS: Final = 3
MANUFACTURERS_REMEMBERED: Final = 1_000


class Quirk(Enum):
    """One way to deviate; what is done about it."""

    NO_RELEASE = "no_release"
    """Does not answer RLRQ: the client leaves without."""
    EMPTY_SYSTEM_TITLE = "empty_system_title"
    """Leaves the system title out of general-glo and general-ded APDUs: the one of its AARE holds."""
    ANY_SUITE = "any_suite"
    """Names another security suite in its pushes than the one of its key: the key decides."""
    DEVIATION_REVERSED = "deviation_reversed"
    """Counts the deviation from UTC to local time: the sign is turned before the instant is worked out."""
    LOCAL_TIME_RANGES = "local_time_ranges"
    """Compares the times of a range with its own as they are written: ranges are asked for in the meter's local time."""
    TAG_WITHOUT_HEADER = "tag_without_header"
    """Leaves the header of general-ciphering out of what its tag covers."""


@dataclass(frozen=True, slots=True)
class QuirkRow:
    """A quirk with why it is believed: what was seen, the day (ISO 8601) and where that is written."""

    quirk: Quirk
    reason: str
    seen: str
    source: str


@dataclass(frozen=True, slots=True)
class QuirkFile:
    """An overlay on the meters of some manufacturers or some companion profiles."""

    title: str
    quirks: tuple[QuirkRow, ...]
    manufacturers: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()


def quirk_files() -> tuple[QuirkFile, ...]:
    """All overlays, by the name of their file."""
    names = file_names(PACKAGE, FOLDER, ".toml")
    return tuple(load_toml(PACKAGE, f"{FOLDER}/{name}.toml", QuirkFile) for name in names)


def quirks_of(*, system_title: bytes = b"", profile: str = "") -> frozenset[Quirk]:
    """The quirks of a meter with this system title and this companion profile."""
    return _quirks(system_title[:MANUFACTURER_OCTETS], profile)


@lru_cache(maxsize=MANUFACTURERS_REMEMBERED)
def _quirks(letters: bytes, profile: str) -> frozenset[Quirk]:
    manufacturer = letters.decode("latin-1")
    return frozenset(
        row.quirk
        for file in quirk_files()
        if manufacturer in file.manufacturers or profile in file.profiles
        for row in file.quirks
    )
