"""Register table, class 61: one attribute of many objects whose logical names differ in value group E only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ferraris.cosem.classes.register import SCALER_UNIT
from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject, Method
from ferraris.cosem.obis_code import Obis
from ferraris.cosem.types import ANY, INTEGER, LOGICAL_NAME, LONG_UNSIGNED, UNSIGNED, Array, Structure


@dataclass(frozen=True, slots=True)
class TableCells:
    """The attributes in the table: those of the objects named by `logical_name` with each of the values of group E."""

    class_id: Annotated[int, LONG_UNSIGNED]
    logical_name: Annotated[Obis, LOGICAL_NAME]
    group_e_values: Annotated[tuple[int, ...], Array(UNSIGNED)]
    attribute_index: Annotated[int, INTEGER]


class RegisterTable(CosemObject, class_id=61, version=0):
    """Captures homogeneous values into one table: an array or a compact array. Blue Book 4.3.8."""

    table_cell_values = Attribute(2, ANY, DYNAMIC)
    table_cell_definition = Attribute(3, Structure(TableCells), STATIC)
    scaler_unit = Attribute(4, SCALER_UNIT, STATIC)

    reset = Method(1, INTEGER)
    capture = Method(2, INTEGER)
