"""What Gurux in Python says of interface classes: how many attributes and methods, and the types of attributes."""

import inspect

from gurux_dlms import GXDLMSClient, objects
from gurux_dlms.enums import ObjectType
from gurux_dlms.objects import GXDLMSObject, IGXDLMSBase
from lines import Task


def made() -> dict[int, type]:
    """The classes of objects by class_id: those in its list first, then those that it has and does not list."""
    found: dict[int, type] = {}
    listed = [type(GXDLMSClient.createObject(number)) for number in ObjectType]
    for kind in [*listed, *(kind for _, kind in inspect.getmembers(objects, inspect.isclass))]:
        if issubclass(kind, GXDLMSObject) and issubclass(kind, IGXDLMSBase):
            found.setdefault(int(kind().objectType), kind)
    return found


def described(kinds: dict[int, type], class_id: int, version: int) -> Task | None:
    """A class in a version; None where Gurux has no object of it."""
    if class_id not in kinds:
        return None
    described = kinds[class_id]()
    described.version = version
    types = [type_of(described, index) for index in range(1, described.getAttributeCount() + 1)]
    return {"methods": described.getMethodCount(), "types": types}


def type_of(described: GXDLMSObject, index: int) -> int:
    """The number of an attribute's type; 0 where it depends on the value or Gurux does not tell."""
    try:
        return int(described.getDataType(index) or 0)
    except (AttributeError, TypeError, ValueError):
        return 0


def classes(task: Task) -> Task:
    """For each pair of class_id and version asked for: the class, or None."""
    kinds = made()
    return {"classes": [described(kinds, *pair) for pair in task["classes"]]}
