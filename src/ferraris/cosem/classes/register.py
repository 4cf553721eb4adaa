"""Register, class 3, and what the other registers share with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from ferraris.codec import Tag
from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject, Method
from ferraris.cosem.types import INTEGER, Choice, Enumerated, Structure
from ferraris.kernel.units import Unit

REGISTER_VALUE: Final = Choice(
    Tag.NULL_DATA,
    Tag.BIT_STRING,
    Tag.DOUBLE_LONG,
    Tag.DOUBLE_LONG_UNSIGNED,
    Tag.OCTET_STRING,
    Tag.VISIBLE_STRING,
    Tag.UTF8_STRING,
    Tag.BCD,
    Tag.INTEGER,
    Tag.LONG,
    Tag.UNSIGNED,
    Tag.LONG_UNSIGNED,
    Tag.LONG64,
    Tag.LONG64_UNSIGNED,
    Tag.ENUM,
    Tag.FLOAT32,
    Tag.FLOAT64,
)
"""The types a register's value may have. The companion profile says which one an object uses."""


@dataclass(frozen=True, slots=True)
class ScalerUnit:
    """A value counts `10 ** scaler` of `unit`."""

    scaler: Annotated[int, INTEGER]
    unit: Annotated[Unit, Enumerated(Unit)]


SCALER_UNIT: Final = Structure(ScalerUnit)


class Register(CosemObject, class_id=3, version=0):
    """A measured or counted value with its scaler and unit. Blue Book 4.3.2."""

    value = Attribute(2, REGISTER_VALUE, DYNAMIC)
    scaler_unit = Attribute(3, SCALER_UNIT, STATIC)

    reset = Method(1, INTEGER)
