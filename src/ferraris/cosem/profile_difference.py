"""Holds the object list of a meter against a companion profile and says where the two differ.

The object list is the value of `AssociationLn.object_list`, so what is compared is what one association sees. Rights are
compared as what may be read, written and executed; what protection they ask for is the meter's own affair.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from ferraris.cosem.access_modes import in_bits, rights_are_bits
from ferraris.cosem.classes.association_ln import AccessMode, AccessRight, ObjectListElement
from ferraris.cosem.obis_code import Obis
from ferraris.cosem.profile import CompanionProfile, ListedObject, ProfileObject
from ferraris.cosem.registry import interface_class
from ferraris.kernel.errors import TableError

_PLAIN: Final = AccessMode.READ | AccessMode.WRITE


class DifferenceKind(Enum):
    """In what respect the meter differs from its profile."""

    MISSING = "missing"
    ADDITIONAL = "additional"
    OTHER_CLASS = "other class"
    OTHER_VERSION = "other version"
    OTHER_ACCESS = "other access"


@dataclass(frozen=True, slots=True)
class ProfileDifference:
    """One difference. `part` names the attribute or method whose right differs; otherwise it is empty."""

    kind: DifferenceKind
    logical_name: Obis
    tag: str
    expected: str
    got: str
    part: str = ""


@dataclass(frozen=True, slots=True)
class _Rights:
    """What may be read and written, and executed where that is known, by number."""

    attributes: Mapping[int, AccessMode]
    methods: Mapping[int, AccessMode] | None


def profile_differences(
    profile: CompanionProfile, object_list: Sequence[ObjectListElement], association: str | None = None
) -> tuple[ProfileDifference, ...]:
    """What the meter lacks, has besides, or has otherwise, in the order of logical names.

    With `association` the list is held against what the profile lets that association see, otherwise against all its objects
    and all rights. A check-list knows no rights, and a profile without associations no rights to methods. To a partial
    profile nothing is additional. Raises TableError for an association that the profile does not have.
    """
    if association is not None and association not in profile.associations:
        raise TableError(
            f"{profile.name} has no such association", expected=", ".join(profile.associations), got=association
        )
    bitwise = rights_are_bits(object_list)
    found: dict[Obis, list[ObjectListElement]] = {}
    for element in object_list:
        found.setdefault(element.logical_name, []).append(element)
    differences: list[ProfileDifference] = []
    for listed, rights in _expected(profile, association):
        match = _taken(found, listed)
        if match is None:
            differences.append(_difference(DifferenceKind.MISSING, listed, _name(listed), "nothing"))
            continue
        differences += _compared(listed, match)
        if rights is not None and (match.class_id, match.version) == (listed.class_id, listed.version):
            differences += _rights_compared(listed, rights, _rights_given(match.access_rights, bitwise))
    if not profile.partial:
        rest = (element for elements in found.values() for element in elements)
        differences += (_additional(element) for element in rest)
    return tuple(sorted(differences, key=lambda difference: difference.logical_name))


def _expected(profile: CompanionProfile, association: str | None) -> Iterator[tuple[ListedObject, _Rights | None]]:
    """The objects looked for, each with its rights, None where the profile knows none."""
    if association is None:
        rights = {entry.logical_name: _rights_stated(entry, bool(profile.associations)) for entry in profile.objects}
    else:
        elements = profile.object_list(association)
        rights = {element.logical_name: _rights_given(element.access_rights, bitwise=True) for element in elements}
    for listed in profile.listed:
        if association is None or listed.logical_name in rights:
            yield listed, None if profile.check_list else rights.get(listed.logical_name)


def _rights_stated(entry: ProfileObject, knows_methods: bool) -> _Rights:
    attributes = {number: rule.access & _PLAIN for number, rule in entry.attributes.items()}
    methods = {number: mode & AccessMode.EXECUTE for number, mode in entry.methods.items()}
    return _Rights(attributes, methods if knows_methods else None)


def _rights_given(rights: AccessRight, bitwise: bool) -> _Rights:
    """The rights of an object list, without the protection that they ask for."""
    rights = rights if bitwise else in_bits(rights)
    attributes = {a.attribute_id: a.access_mode & _PLAIN for a in rights.attribute_access}
    return _Rights(attributes, {m.method_id: m.access_mode & AccessMode.EXECUTE for m in rights.method_access})


def _taken(found: dict[Obis, list[ObjectListElement]], listed: ListedObject) -> ObjectListElement | None:
    """The element that answers to a listed object, taken out of `found`: one of its class, else any of its name."""
    candidates = found.get(listed.logical_name)
    if not candidates:
        return None
    place = next((i for i, element in enumerate(candidates) if element.class_id == listed.class_id), 0)
    return candidates.pop(place)


def _compared(listed: ListedObject, element: ObjectListElement) -> Iterator[ProfileDifference]:
    if element.class_id != listed.class_id:
        yield _difference(DifferenceKind.OTHER_CLASS, listed, _name(listed), _name(element))
    elif element.version != listed.version:
        yield _difference(
            DifferenceKind.OTHER_VERSION, listed, f"version {listed.version}", f"version {element.version}"
        )


def _rights_compared(listed: ListedObject, expected: _Rights, got: _Rights) -> Iterator[ProfileDifference]:
    interface = interface_class(listed.class_id, listed.version)
    names = {} if interface is None else {attribute.number: attribute.name for attribute in interface.attributes()}
    yield from _parts_compared(listed, "attribute", names, expected.attributes, got.attributes)
    if expected.methods is not None and got.methods is not None:
        names = {} if interface is None else {method.number: method.name for method in interface.methods()}
        yield from _parts_compared(listed, "method", names, expected.methods, got.methods)


def _parts_compared(
    listed: ListedObject,
    kind: str,
    names: Mapping[int, str],
    expected: Mapping[int, AccessMode],
    got: Mapping[int, AccessMode],
) -> Iterator[ProfileDifference]:
    said = _EXECUTABLE if kind == "method" else _READABLE
    for number in sorted(expected.keys() | got.keys()):
        want, have = expected.get(number, AccessMode.NONE), got.get(number, AccessMode.NONE)
        if want != have:
            part = f"{kind} {number} {names.get(number, '')}".rstrip()
            yield _difference(DifferenceKind.OTHER_ACCESS, listed, said[want], said[have], part)


_READABLE: Final = {
    AccessMode.NONE: "no access",
    AccessMode.READ: "read",
    AccessMode.WRITE: "write",
    AccessMode.READ_WRITE: "read and write",
}
_EXECUTABLE: Final = {AccessMode.NONE: "no access", AccessMode.EXECUTE: "execute"}


def _name(entry: ListedObject | ObjectListElement) -> str:
    return f"class {entry.class_id} version {entry.version}"


def _difference(
    kind: DifferenceKind, listed: ListedObject, expected: str, got: str, part: str = ""
) -> ProfileDifference:
    return ProfileDifference(kind, listed.logical_name, listed.tag, expected, got, part)


def _additional(element: ObjectListElement) -> ProfileDifference:
    return ProfileDifference(DifferenceKind.ADDITIONAL, element.logical_name, "", "nothing", _name(element))
