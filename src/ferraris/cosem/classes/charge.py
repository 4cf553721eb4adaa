"""Charge, class 113: one thing a consumer pays for, by consumption, by time or with each payment."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Annotated

from ferraris.cosem.classes.object_references import ATTRIBUTE_REFERENCE, AttributeReference
from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject, Method
from ferraris.cosem.types import (
    DATE_TIME_STRING,
    DOUBLE_LONG,
    DOUBLE_LONG_UNSIGNED,
    INTEGER,
    LONG,
    LONG_UNSIGNED,
    OCTET_STRING,
    UNSIGNED,
    Array,
    Enumerated,
    NamedBits,
    Structure,
)
from ferraris.kernel.units import Unit


class ChargeType(IntEnum):
    """What makes a charge fall due."""

    CONSUMPTION_BASED = 0
    TIME_BASED = 1
    PAYMENT_EVENT_BASED = 2


class ChargeConfiguration(IntFlag):
    """How a charge is collected."""

    PERCENTAGE_BASED_COLLECTION = 0x01
    CONTINUOUS_COLLECTION = 0x02


@dataclass(frozen=True, slots=True)
class ChargePerUnitScaling:
    """The powers of ten of what is sold and of its price."""

    commodity_scale: Annotated[int, INTEGER]
    price_scale: Annotated[int, INTEGER]


@dataclass(frozen=True, slots=True)
class ChargeTableElement:
    """The price of a unit under one tariff."""

    index: Annotated[bytes, OCTET_STRING]
    charge_per_unit: Annotated[int, LONG]


@dataclass(frozen=True, slots=True)
class UnitCharge:
    """What a unit costs, tariff by tariff, and the attribute that counts the units."""

    charge_per_unit_scaling: Annotated[ChargePerUnitScaling, Structure(ChargePerUnitScaling)]
    commodity_reference: Annotated[AttributeReference, ATTRIBUTE_REFERENCE]
    charge_table: Annotated[tuple[ChargeTableElement, ...], Array(Structure(ChargeTableElement))]


class Charge(CosemObject, class_id=113, version=0):
    """What is taken from the credit in use, in the currency of its account. Blue Book 4.6.4.

    Public sources disagree on whether `last_collection_time` has the type date-time or octet-string: both are read.
    """

    total_amount_paid = Attribute(2, DOUBLE_LONG, DYNAMIC)
    charge_type = Attribute(3, Enumerated(ChargeType), STATIC)
    priority = Attribute(4, UNSIGNED, STATIC)
    unit_charge_active = Attribute(5, Structure(UnitCharge), STATIC)
    unit_charge_passive = Attribute(6, Structure(UnitCharge), STATIC)
    unit_charge_activation_time = Attribute(7, DATE_TIME_STRING, STATIC)
    period = Attribute(8, DOUBLE_LONG_UNSIGNED, STATIC, unit=Unit.SECOND)
    charge_configuration = Attribute(9, NamedBits(ChargeConfiguration, 2), STATIC)
    last_collection_time = Attribute(10, DATE_TIME_STRING, DYNAMIC)
    last_collection_amount = Attribute(11, DOUBLE_LONG, DYNAMIC)
    total_amount_remaining = Attribute(12, DOUBLE_LONG, DYNAMIC)
    proportion = Attribute(13, LONG_UNSIGNED, STATIC)

    update_unit_charge = Method(1, Array(Structure(ChargeTableElement)))
    activate_passive_unit_charge = Method(2, INTEGER)
    collect = Method(3, INTEGER)
    update_total_amount_remaining = Method(4, DOUBLE_LONG)
    set_total_amount_remaining = Method(5, DOUBLE_LONG)
