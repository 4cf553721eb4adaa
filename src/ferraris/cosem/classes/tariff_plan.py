"""Tariff plan, class 8192: the tariff calendar of Italian gas meters (UNI/TS 11291-11-2), no class of the Blue Book."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from ferraris.codec import BitString
from ferraris.cosem.date_time import CosemDate, CosemTime
from ferraris.cosem.declaration import STATIC, Attribute, CosemObject
from ferraris.cosem.types import (
    BIT_STRING,
    BOOLEAN,
    DATE_STRING,
    LONG_UNSIGNED,
    OCTET_STRING,
    TIME_STRING,
    UNSIGNED,
    Array,
    Structure,
)

INTERVALS: Final = Array(UNSIGNED)
"""Five octets, one for each interval of a day: bits 0 to 4 the hour it begins at, 5 and 6 its tariff, 7 whether it is used."""


@dataclass(frozen=True, slots=True)
class SeasonBands:
    """The day a season begins on and the intervals of its working days, Saturdays and holidays."""

    day_of_month: Annotated[int, UNSIGNED]
    month: Annotated[int, UNSIGNED]
    working_day_intervals: Annotated[tuple[int, ...], INTERVALS]
    saturday_intervals: Annotated[tuple[int, ...], INTERVALS]
    holiday_intervals: Annotated[tuple[int, ...], INTERVALS]


@dataclass(frozen=True, slots=True)
class Plan:
    """The tariff outside all intervals, winter and summer, which holidays are kept, and further days by number."""

    default_tariff_band: Annotated[int, UNSIGNED]
    seasons: Annotated[tuple[SeasonBands, ...], Array(Structure(SeasonBands))]
    weekly_activation: Annotated[BitString, BIT_STRING]
    special_days: Annotated[tuple[int, ...], Array(LONG_UNSIGNED)]


@dataclass(frozen=True, slots=True)
class PlanActivation:
    """When the plan comes into force."""

    time: Annotated[CosemTime, TIME_STRING]
    date: Annotated[CosemDate, DATE_STRING]


class TariffPlan(CosemObject, class_id=8192, version=0):
    """A calendar of two seasons and up to three tariffs. Known from Gurux alone."""

    calendar_name = Attribute(2, OCTET_STRING, STATIC)
    enabled = Attribute(3, BOOLEAN, STATIC)
    plan = Attribute(4, Structure(Plan), STATIC)
    activation_date_time = Attribute(5, Structure(PlanActivation), STATIC)
