"""Channels: the small stable numbers under which the interval store keeps quantities (`tables/channels.csv`)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from ferraris.cosem.obis_code import Obis
from ferraris.kernel.tables import load_csv
from ferraris.kernel.units import Unit


@dataclass(frozen=True, slots=True)
class Channel:
    """A quantity captured over time. Stored values count `10 ** scaler` of `unit`; `cumulative` ones count up.

    `profile` is the tag of the only profile whose column it is; empty for the channel of all other profiles.
    """

    number: int
    tag: str
    logical_name: Obis
    attribute: int
    unit: Unit
    scaler: int
    cumulative: bool
    profile: str
    description: str


def channels() -> tuple[Channel, ...]:
    """All channels, by number."""
    return load_csv("ferraris.cosem", "tables/channels.csv", Channel, unique=("number", "tag"))


@cache
def _by_number() -> dict[int, Channel]:
    return {channel.number: channel for channel in channels()}


@cache
def _by_column() -> dict[tuple[bytes, int, str], Channel]:
    return {(channel.logical_name, channel.attribute, channel.profile): channel for channel in channels()}


def by_number(number: int) -> Channel | None:
    """The channel of that number; None when there is none."""
    return _by_number().get(number)


def by_logical_name(logical_name: Obis, attribute: int = 2, profile: str = "") -> Channel | None:
    """The channel that a column of the profile of that tag goes to; None when it is not stored."""
    found = _by_column()
    return found.get((logical_name, attribute, profile)) or found.get((logical_name, attribute, ""))
