"""SAP assignment, class 17."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from ferraris.cosem.declaration import STATIC, Attribute, CosemObject, Method
from ferraris.cosem.types import LONG_UNSIGNED, OCTET_STRING, Array, Structure


@dataclass(frozen=True, slots=True)
class SapAssignmentElement:
    """A logical device: its service access point and its name."""

    sap: Annotated[int, LONG_UNSIGNED]
    logical_device_name: Annotated[bytes, OCTET_STRING]


SAP_ASSIGNMENT_ELEMENT: Final = Structure(SapAssignmentElement)


class SapAssignment(CosemObject, class_id=17, version=0):
    """Which logical device answers at which service access point of the physical device. Blue Book 4.4.5."""

    sap_assignment_list = Attribute(2, Array(SAP_ASSIGNMENT_ELEMENT), STATIC)

    connect_logical_device = Method(1, SAP_ASSIGNMENT_ELEMENT)
