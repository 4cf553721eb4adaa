"""Script table, class 9."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated

from ferraris.codec import Data
from ferraris.cosem.declaration import STATIC, Attribute, CosemObject, Method
from ferraris.cosem.obis_code import Obis
from ferraris.cosem.types import ANY, INTEGER, LOGICAL_NAME, LONG_UNSIGNED, Array, Enumerated, Structure


class ScriptService(IntEnum):
    """What an action of a script does."""

    WRITE_ATTRIBUTE = 1
    EXECUTE_METHOD = 2


@dataclass(frozen=True, slots=True)
class ScriptAction:
    """One step of a script: an attribute to write or a method to execute, with its parameter."""

    service: Annotated[ScriptService, Enumerated(ScriptService)]
    class_id: Annotated[int, LONG_UNSIGNED]
    logical_name: Annotated[Obis, LOGICAL_NAME]
    index: Annotated[int, INTEGER]
    parameter: Annotated[Data, ANY]


@dataclass(frozen=True, slots=True)
class Script:
    """A numbered list of actions. The number 0 is reserved: executing it does nothing."""

    script_identifier: Annotated[int, LONG_UNSIGNED]
    actions: Annotated[tuple[ScriptAction, ...], Array(Structure(ScriptAction))]


class ScriptTable(CosemObject, class_id=9, version=0):
    """Scripts that a schedule, a monitor or a client can set off. Blue Book 4.5.2."""

    scripts = Attribute(2, Array(Structure(Script)), STATIC)

    execute = Method(1, LONG_UNSIGNED)
