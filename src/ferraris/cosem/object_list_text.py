"""Reads an object list out of text, however it was kept: octets in hexadecimal digits, what `explore` wrote, or a profile file.

Octets are the value of attribute 2 of Association LN. JSON is an object whose `objects` have `class_id`, `version`,
`logical_name`, `attributes` with `attribute_id` and `access`, and `methods` with a right each. A profile file stands for what
its first association sees.
"""

from __future__ import annotations

from typing import Any

from ferraris.cosem.classes.association_ln import (
    AccessMode,
    AccessRight,
    AssociationLn,
    AttributeAccess,
    MethodAccess,
    ObjectListElement,
)
from ferraris.cosem.obis_code import Obis
from ferraris.cosem.profile import profile_from_text
from ferraris.kernel.errors import FerrarisError, LocalProtocolError, TableError
from ferraris.kernel.json_text import read_json_object

ObjectList = tuple[ObjectListElement, ...]


def object_list_from_text(text: str, place: str) -> ObjectList:
    """The object list in `text`; `place` names it in errors. Raises DecodeError, LocalProtocolError or TableError."""
    if text.lstrip().startswith("{"):
        return _from_json(text, place)
    digits = "".join(text.split())
    try:
        octets = bytes.fromhex(digits.removeprefix("0x"))
    except ValueError:
        return _from_profile(text, place)
    if not octets:
        raise LocalProtocolError(f"{place} holds no object list", expected="hexadecimal digits, JSON or a profile file")
    return AssociationLn.object_list.datatype.decode(octets)


def _from_profile(text: str, place: str) -> ObjectList:
    profile = profile_from_text(text, place)
    if not profile.associations:
        raise TableError(f"{place}: associations", expected="one that sees the objects", got="none")
    return profile.object_list(next(iter(profile.associations)))


def _from_json(text: str, place: str) -> ObjectList:
    objects = read_json_object(text, place, expected="what explore --json prints", error=LocalProtocolError)
    try:
        return tuple(_element(entry) for entry in objects["objects"])
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, FerrarisError) as unfit:
        got = f"one without {unfit}" if isinstance(unfit, KeyError) else f"{type(unfit).__name__}: {unfit}"
        raise LocalProtocolError(f"{place} is no object list", expected="what explore --json prints", got=got) from None


def _element(entry: dict[str, Any]) -> ObjectListElement:
    attributes = tuple(
        AttributeAccess(int(a["attribute_id"]), AccessMode(int(a["access"]))) for a in entry["attributes"]
    )
    methods = tuple(MethodAccess(int(number), AccessMode(int(right))) for number, right in entry["methods"].items())
    name = Obis.parse(entry["logical_name"])
    return ObjectListElement(int(entry["class_id"]), int(entry["version"]), name, AccessRight(attributes, methods))
