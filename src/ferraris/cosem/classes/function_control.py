"""Function control, class 122: functions of a meter that can be switched on and off by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ferraris.cosem.classes.object_references import OBJECT_ID, ObjectId
from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject, Method
from ferraris.cosem.types import BOOLEAN, OCTET_STRING, Array, Structure


@dataclass(frozen=True, slots=True)
class FunctionStatus:
    """Whether a function is on."""

    function_name: Annotated[bytes, OCTET_STRING]
    function_status: Annotated[bool, BOOLEAN]


@dataclass(frozen=True, slots=True)
class FunctionBlock:
    """The objects that make up a function."""

    function_name: Annotated[bytes, OCTET_STRING]
    function_definitions: Annotated[tuple[ObjectId, ...], Array(OBJECT_ID)]


class FunctionControl(CosemObject, class_id=122, version=0):
    """Names functions, the objects each consists of, and whether it is on. Blue Book 4.4.10."""

    activation_status = Attribute(2, Array(Structure(FunctionStatus)), DYNAMIC)
    function_list = Attribute(3, Array(Structure(FunctionBlock)), STATIC)

    set_function_status = Method(1, Array(Structure(FunctionStatus)))
    add_function = Method(2, Structure(FunctionBlock))
    remove_function = Method(3, OCTET_STRING)
