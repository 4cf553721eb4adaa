"""Parameter monitor, class 65: which of a list of parameters was changed last, when, and to what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ferraris.codec import Data
from ferraris.cosem.classes.object_references import ATTRIBUTE_REFERENCE
from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject, Method
from ferraris.cosem.obis_code import Obis
from ferraris.cosem.types import (
    ANY,
    DATE_TIME_STRING,
    ENUM,
    INTEGER,
    LOGICAL_NAME,
    LONG_UNSIGNED,
    OCTET_STRING,
    ROW,
    Array,
    Structure,
)


@dataclass(frozen=True, slots=True)
class ChangedParameter:
    """The attribute changed last, and its new value."""

    class_id: Annotated[int, LONG_UNSIGNED]
    logical_name: Annotated[Obis, LOGICAL_NAME]
    attribute_index: Annotated[int, INTEGER]
    attribute_value: Annotated[Data, ANY]


class ParameterMonitorV0(CosemObject, class_id=65, version=0):
    """Watches the attributes in `parameter_list`. A profile that captures the first two attributes is a log of changes."""

    changed_parameter = Attribute(2, Structure(ChangedParameter), DYNAMIC)
    capture_time = Attribute(3, DATE_TIME_STRING, DYNAMIC)
    parameter_list = Attribute(4, Array(ATTRIBUTE_REFERENCE), STATIC)

    add_parameter = Method(1, ATTRIBUTE_REFERENCE)
    delete_parameter = Method(2, ATTRIBUTE_REFERENCE)


class ParameterMonitor(ParameterMonitorV0, version=1):
    """Adds a name, all values in the order of the list, and a digest of them, which shows a change. Blue Book 4.5.10.

    The numbers of `hash_algorithm_id` are not known from public sources.
    """

    parameter_list_name = Attribute(5, OCTET_STRING, STATIC)
    hash_algorithm_id = Attribute(6, ENUM, STATIC)
    parameter_value_digest = Attribute(7, OCTET_STRING, DYNAMIC)
    parameter_values = Attribute(8, ROW, DYNAMIC)
