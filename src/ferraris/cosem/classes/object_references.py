"""How one object refers to another: by class and logical name, and to one of its attributes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from ferraris.cosem.obis_code import Obis
from ferraris.cosem.types import INTEGER, LOGICAL_NAME, LONG_UNSIGNED, Structure


@dataclass(frozen=True, slots=True)
class ObjectId:
    """An object by class and logical name."""

    class_id: Annotated[int, LONG_UNSIGNED]
    logical_name: Annotated[Obis, LOGICAL_NAME]


@dataclass(frozen=True, slots=True)
class AttributeReference:
    """An attribute of an object. A monitor watches none where class and logical name are zero."""

    class_id: Annotated[int, LONG_UNSIGNED]
    logical_name: Annotated[Obis, LOGICAL_NAME]
    attribute_index: Annotated[int, INTEGER]


OBJECT_ID: Final = Structure(ObjectId)
ATTRIBUTE_REFERENCE: Final = Structure(AttributeReference)
