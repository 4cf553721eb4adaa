"""An attribute with a restriction: what push setup, compact data and data protection take of an object."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Final

from ferraris.codec import Data, Tag
from ferraris.cosem.obis_code import Obis
from ferraris.cosem.types import INTEGER, LOGICAL_NAME, LONG_UNSIGNED, Choice, Enumerated, Structure


class RestrictionType(IntEnum):
    """By what the rows taken of a profile are limited."""

    NONE = 0
    DATE = 1
    ENTRY = 2


@dataclass(frozen=True, slots=True)
class Restriction:
    """Limits the rows of a profile: no value, a structure of two date-times, or one of two entry numbers."""

    restriction_type: Annotated[RestrictionType, Enumerated(RestrictionType)]
    restriction_value: Annotated[Data, Choice(Tag.NULL_DATA, Tag.STRUCTURE)]


@dataclass(frozen=True, slots=True)
class RestrictedAttribute:
    """An attribute with its restriction. `data_index` 0 means the whole attribute."""

    class_id: Annotated[int, LONG_UNSIGNED]
    logical_name: Annotated[Obis, LOGICAL_NAME]
    attribute_index: Annotated[int, INTEGER]
    data_index: Annotated[int, LONG_UNSIGNED]
    restriction: Annotated[Restriction, Structure(Restriction)]


RESTRICTED_ATTRIBUTE: Final = Structure(RestrictedAttribute)
