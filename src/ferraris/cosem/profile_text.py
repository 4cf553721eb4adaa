"""A companion profile's file written from what a meter showed: its object list, its types, and the values that stay.

The text is what `profile_from_text` reads. An attribute whose value has no plain form keeps its class's default; an object of a
class that nobody declared stands as a comment, since no profile could hold it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import singledispatch
from typing import Any, Final

from ferraris.codec import Tag
from ferraris.cosem import types
from ferraris.cosem.classes.association_ln import AccessMode, AssociationLn, ObjectListElement
from ferraris.cosem.date_time import Moment
from ferraris.cosem.declaration import STATIC, Attribute, CosemObject
from ferraris.cosem.obis_code import Obis
from ferraris.cosem.obis_table import obis_entry
from ferraris.cosem.plain import SIMPLE_TYPES, from_plain, to_plain
from ferraris.cosem.profile_file import ProfileAssociation, Source
from ferraris.cosem.registry import interface_class
from ferraris.cosem.types import DataType
from ferraris.kernel.errors import FerrarisError, LocalProtocolError

Values = Mapping[tuple[int, Obis, int], bytes]
"""Octets by class, logical name and attribute."""

KNOWN_TAGS: Final = frozenset(int(tag) for tag in Tag)
OPEN_TYPES: Final = (types.Choice, types.AnyType)
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")


def profile_text(
    name: str,
    title: str,
    source: Source,
    association: tuple[str, ProfileAssociation] | None,
    object_list: Sequence[ObjectListElement],
    values: Values,
) -> str:
    """The file of a profile that has the objects, rights and static values of a meter."""
    lines = [f"name = {_toml(name)}", f"title = {_toml(title)}", "", "[source]"]
    lines += [f"{key} = {_toml(getattr(source, key))}" for key in ("document", "edition", "licence", "note")]
    if association is not None:
        lines += ["", *_association_lines(*association)]
    lines += ["", "[objects]", *_object_lines(object_list, values)]
    return "\n".join(lines) + "\n"


def _association_lines(name: str, association: ProfileAssociation) -> Iterator[str]:
    yield f"[associations.{name}]"
    yield f"client_sap = {association.client_sap}"
    yield f"server_sap = {association.server_sap}"
    yield f"authentication = {_toml(association.authentication.name.lower())}"
    yield f"rights = {_toml(association.rights.name.lower())}"
    yield f"ciphered = {_toml(association.ciphered)}"


def _object_lines(object_list: Sequence[ObjectListElement], values: Values) -> Iterator[str]:
    for element in object_list:
        interface = interface_class(element.class_id, element.version)
        if interface is None:
            yield f"# {element.logical_name}: class {element.class_id} version {element.version} is not declared"
        else:
            yield f"{tag_of(element.logical_name)} = {_row(element, interface, values)}"


def tag_of(logical_name: Obis) -> str:
    """The tag of a logical name: that of the table, or one made of its six numbers."""
    known = obis_entry(logical_name)
    return "OBJECT_" + str(logical_name).replace(".", "_") if known is None else known.tag


def _row(element: ObjectListElement, interface: type[CosemObject], values: Values) -> str:
    row: dict[str, Any] = {"class_id": element.class_id, "version": element.version, "code": str(element.logical_name)}
    modes = {access.attribute_id: access.access_mode for access in element.access_rights.attribute_access}
    executable = {access.method_id for access in element.access_rights.method_access if access.access_mode}
    kinds: dict[str, Any] = {}
    plain: dict[str, Any] = {}
    for attribute in interface.attributes():
        octets = values.get((element.class_id, element.logical_name, attribute.number))
        if octets is not None:
            _state(attribute, octets, kinds, plain)
    lists = {
        "write": [a.name for a in interface.attributes() if modes.get(a.number, AccessMode.NONE) & AccessMode.WRITE],
        "hide": [a.name for a in interface.attributes() if not modes.get(a.number, AccessMode.NONE) & AccessMode.READ],
        "execute": [method.name for method in interface.methods() if method.number in executable],
    }
    return _toml(row | {key: value for key, value in ({"types": kinds, "values": plain} | lists).items() if value})


def _state(attribute: Attribute[Any], octets: bytes, kinds: dict[str, Any], plain: dict[str, Any]) -> None:
    """Note the type of an attribute that may have several, and the value of one that the meter does not change."""
    datatype = attribute.datatype
    if isinstance(datatype, OPEN_TYPES):
        name = _type_name(octets)
        if name is None:
            return
        kinds[attribute.name] = name
        datatype = SIMPLE_TYPES[name]
    if attribute.kind is STATIC and attribute.name not in ("logical_name", AssociationLn.object_list.name):
        try:
            written = plain_of(datatype, octets)
            _toml(written)
        except FerrarisError:
            return
        plain[attribute.name] = written


def _type_name(octets: bytes) -> str | None:
    """The standard's name of the type that octets are of; None for one that no profile can name."""
    tag = octets[0]
    name = Tag(tag).standard_name if tag in KNOWN_TAGS else ""
    return name if name in SIMPLE_TYPES and tag != Tag.NULL_DATA else None


def plain_of(datatype: DataType[Any], octets: bytes) -> Any:
    """The plain value that `from_plain` turns into these octets again. Raises FerrarisError when there is none."""
    written = _written(datatype, datatype.decode(octets))
    if datatype.encode(from_plain(datatype, written)) != octets:
        raise _no_plain_form(datatype)
    return written


def _no_plain_form(datatype: DataType[Any]) -> LocalProtocolError:
    return LocalProtocolError(
        "a value has no plain form", expected="one that reads as the same octets", got=datatype.name
    )


@singledispatch
def _written(datatype: DataType[Any], value: Any) -> Any:
    if value is None:
        raise _no_plain_form(datatype)
    return f"0x{value.to_octets().hex()}" if isinstance(value, Moment) else to_plain(value)


@_written.register
def _(datatype: types.Array, value: Any) -> Any:  # type: ignore[type-arg]
    return [_written(datatype.item, item) for item in value]


@_written.register
def _(datatype: types.Structure, value: Any) -> Any:  # type: ignore[type-arg]
    return [_written(member, getattr(value, name)) for name, member in datatype.members]


@_written.register
def _(datatype: types.Nullable, value: Any) -> Any:  # type: ignore[type-arg]
    if value is None:
        raise _no_plain_form(datatype)
    return _written(datatype.datatype, value)


@_written.register(types.Choice)
@_written.register(types.AnyType)
def _(datatype: DataType[Any], value: Any) -> Any:
    octets = datatype.encode(value)
    name = _type_name(octets)
    if name is None:
        raise _no_plain_form(datatype)
    return {name: plain_of(SIMPLE_TYPES[name], octets)}


@_written.register
def _(datatype: types.Row, value: Any) -> Any:
    return [_written(types.ANY, member) for member in value]


def _toml(value: Any) -> str:
    """A value as TOML writes it on one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(name)} = {_toml(item)}" for name, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return json.dumps(value)
    raise LocalProtocolError("TOML cannot say this", expected="numbers, text, lists, tables", got=type(value).__name__)


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else json.dumps(name)
