"""Companion profiles: which objects a kind of meter has, with what types, initial values and rights for each association.

A profile is data (`profiles/*.toml`, the schema is in `profile_file`). Loading checks it against the declarations and gives
frozen values: the same profile tells a virtual meter what to present and a head-end what to expect.

An object whose interface class has no declaration here is `listed` but not among the `objects`: it can be looked for in a
meter. A profile with associations is one to be served and has no such object.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Final, Protocol

from ferraris.cosem.classes.association_ln import (
    AccessMode,
    AccessRight,
    AttributeAccess,
    MethodAccess,
    ObjectListElement,
)
from ferraris.cosem.classes.profile_generic import CaptureObject, ProfileGeneric
from ferraris.cosem.classes.register import ScalerUnit
from ferraris.cosem.classes.security_setup import POLICIES_OF_V0, SecurityPolicy, SecurityPolicyV0, SecuritySuite
from ferraris.cosem.declaration import Attribute, CosemObject, Method
from ferraris.cosem.obis_code import Obis
from ferraris.cosem.obis_table import entries_by_tag
from ferraris.cosem.plain import SIMPLE_TYPES, from_plain
from ferraris.cosem.pre_established import check_pre_established
from ferraris.cosem.profile_file import (
    BufferEncoding,
    ObjectRow,
    ProfileAssociation,
    ProfileFile,
    Rights,
    Telegram,
    TokenForm,
    on_each_channel,
    parse_profile_file,
    read_profile_file,
)
from ferraris.cosem.registry import interface_class
from ferraris.cosem.types import DataType
from ferraris.kernel.errors import FerrarisError, LocalProtocolError, TableError

PROTECTIONS: Final = AccessMode(0xFC)
"""What an access mode asks for of requests and responses."""
SECURITY_SETUP: Final = "SECURITY_SETUP"
"""The tag of the object that says how a meter protects what it says."""


class AttributeDescriptor(Protocol):
    """What names an attribute on the line."""

    @property
    def class_id(self) -> int: ...
    @property
    def logical_name(self) -> Obis: ...
    @property
    def attribute_id(self) -> int: ...


class MethodDescriptor(Protocol):
    """What names a method on the line."""

    @property
    def class_id(self) -> int: ...
    @property
    def logical_name(self) -> Obis: ...
    @property
    def method_id(self) -> int: ...


@dataclass(frozen=True, slots=True)
class AttributeRule:
    """An attribute of an object: its declaration, the one type it has here, its rights, and its octets before it is set."""

    attribute: Attribute[Any]
    datatype: DataType[Any]
    access: AccessMode
    initial: bytes


@dataclass(frozen=True, slots=True)
class ProfileObject:
    """An object of the profile. `attributes` and `methods` are by number; every attribute of the class is there."""

    tag: str
    interface: type[CosemObject]
    logical_name: Obis
    attributes: Mapping[int, AttributeRule]
    methods: Mapping[int, AccessMode]
    scaler_unit: ScalerUnit | None = None
    capture_objects: tuple[CaptureObject, ...] = ()
    capture_period_s: int = 0
    profile_entries: int = 0
    base_name: int | None = None
    """None: the meter gives it out."""
    buffer_encoding: BufferEncoding = BufferEncoding.PLAIN
    token_form: TokenForm = TokenForm.DIGITS

    @property
    def class_id(self) -> int:
        """Of its interface class."""
        return self.interface.class_id

    @property
    def version(self) -> int:
        """Of its interface class."""
        return self.interface.version


@dataclass(frozen=True, slots=True)
class ListedObject:
    """An object as the profile lists it, whether or not its class is declared here."""

    tag: str
    class_id: int
    version: int
    logical_name: Obis


@dataclass(frozen=True)
class CompanionProfile:
    """A kind of meter: its objects in the order in which it lists them, and its associations by name.

    `check_list` and `partial` are said of the file (see `profile_file`).
    """

    name: str
    title: str
    phases: int
    objects: tuple[ProfileObject, ...]
    associations: Mapping[str, ProfileAssociation]
    telegrams: tuple[Telegram, ...] = ()
    listed: tuple[ListedObject, ...] = ()
    check_list: bool = False
    partial: bool = False
    _by_tag: dict[str, ProfileObject] = field(init=False, repr=False, compare=False)
    _by_name: dict[tuple[int, bytes], ProfileObject] = field(init=False, repr=False, compare=False)
    _lists: dict[str, tuple[ObjectListElement, ...]] = field(init=False, repr=False, compare=False)
    _rights: dict[tuple[str, int, bytes], AccessRight] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        lists = {name: tuple(self._elements(association)) for name, association in self.associations.items()}
        object.__setattr__(self, "_by_tag", {entry.tag: entry for entry in self.objects})
        object.__setattr__(self, "_by_name", {(entry.class_id, entry.logical_name): entry for entry in self.objects})
        object.__setattr__(self, "_lists", lists)
        rights = {
            (name, element.class_id, bytes(element.logical_name)): element.access_rights
            for name, elements in lists.items()
            for element in elements
        }
        object.__setattr__(self, "_rights", rights)

    def check_servable(self) -> None:
        """Raises TableError when no meter can be served from the profile."""
        if self.check_list:
            raise TableError(f"{self.name} is a check-list: it names objects and says nothing of their values")
        if not self.associations:
            raise TableError(f"{self.name} offers no association: it is for others to inherit, no meter's own")

    @property
    def security_suite(self) -> SecuritySuite:
        """Of the security setup; suite 0 for a profile without one."""
        setup = self._by_tag.get(SECURITY_SETUP)
        if setup is None:
            return SecuritySuite.SUITE_0
        return SecuritySuite(_initial_value(setup, "security_suite"))

    @property
    def security_setup_version(self) -> int:
        """Of the class of the security setup."""
        setup = self._by_tag.get(SECURITY_SETUP)
        return 1 if setup is None else setup.version

    @property
    def security_policy(self) -> SecurityPolicy:
        """Of the security setup, in the bits of version 1; everything authenticated and encrypted for a profile without one."""
        setup = self._by_tag.get(SECURITY_SETUP)
        if setup is None:
            return POLICIES_OF_V0[SecurityPolicyV0.AUTHENTICATED_AND_ENCRYPTED]
        policy = _initial_value(setup, "security_policy")
        return policy if isinstance(policy, SecurityPolicy) else POLICIES_OF_V0[policy]

    def object(self, tag: str) -> ProfileObject:
        """The object of that tag. Raises TableError when the profile has none."""
        found = self._by_tag.get(tag)
        if found is None:
            raise TableError(f"{self.name} has no such object", expected="a tag of the profile", got=tag)
        return found

    def find(self, class_id: int, logical_name: Obis) -> ProfileObject | None:
        """The object of that class and logical name; None when there is none."""
        return self._by_name.get((class_id, logical_name))

    def association_of(self, client_sap: int, server_sap: int = 1) -> str | None:
        """The name of the association between two service access points; None when the meter offers none."""
        for name, association in self.associations.items():
            if (association.client_sap, association.server_sap) == (client_sap, server_sap):
                return name
        return None

    def object_list(self, association: str) -> tuple[ObjectListElement, ...]:
        """What the association sees, with its rights: the value of `AssociationLn.object_list`."""
        return self._lists[association]

    def access(self, association: str, descriptor: AttributeDescriptor) -> AccessMode:
        """The right to an attribute; `AccessMode.NONE` also for what the association does not see."""
        rights = self._rights.get((association, descriptor.class_id, bytes(descriptor.logical_name)))
        if rights is None:
            return AccessMode.NONE
        entries = rights.attribute_access
        return next((e.access_mode for e in entries if e.attribute_id == descriptor.attribute_id), AccessMode.NONE)

    def method_access(self, association: str, descriptor: MethodDescriptor) -> AccessMode:
        """The right to execute a method; `AccessMode.NONE` also for what the association does not see."""
        rights = self._rights.get((association, descriptor.class_id, bytes(descriptor.logical_name)))
        if rights is None:
            return AccessMode.NONE
        entries = rights.method_access
        return next((e.access_mode for e in entries if e.method_id == descriptor.method_id), AccessMode.NONE)

    def _elements(self, association: ProfileAssociation) -> list[ObjectListElement]:
        return [
            _list_element(entry, association.rights)
            for entry in self.objects
            if entry.tag not in association.hide and (association.only is None or entry.tag in association.only)
        ]


def _initial_value(entry: ProfileObject, name: str) -> Any:
    rule = next(rule for rule in entry.attributes.values() if rule.attribute.name == name)
    return rule.datatype.decode(rule.initial)


def _list_element(entry: ProfileObject, rights: Rights) -> ObjectListElement:
    allowed = AccessMode.READ_WRITE if rights is Rights.FULL else AccessMode.READ
    executable = AccessMode.EXECUTE if rights is Rights.FULL else AccessMode.NONE
    attributes = (_attribute_access(number, rule, allowed) for number, rule in entry.attributes.items())
    methods = (MethodAccess(number, _granted(mode, executable)) for number, mode in entry.methods.items())
    right = AccessRight(tuple(attributes), tuple(methods))
    return ObjectListElement(entry.class_id, entry.version, entry.logical_name, right)


def _granted(mode: AccessMode, rights: AccessMode) -> AccessMode:
    """What of `mode` the association may do, with the protection that it asks for."""
    return (mode & rights) | (mode & PROTECTIONS) if mode & rights else AccessMode.NONE


def _attribute_access(number: int, rule: AttributeRule, allowed: AccessMode) -> AttributeAccess:
    selectors = tuple(selector.number for selector in rule.attribute.selectors)
    return AttributeAccess(number, _granted(rule.access, allowed), selectors or None)


@cache
def load_profile(name: str) -> CompanionProfile:
    """The companion profile of that name. Raises TableError for one that breaks the rules, naming object and attribute."""
    return build_profile(read_profile_file(name))


def profile_from_text(text: str, place: str) -> CompanionProfile:
    """The companion profile that a file of the caller's holds. Raises TableError, which names `place`."""
    return build_profile(parse_profile_file(text, place))


def build_profile(file: ProfileFile) -> CompanionProfile:
    """A companion profile out of its overlaid file. Raises TableError."""
    phases = 3 if file.phases is None else file.phases
    rows = {tag: row for tag, row in on_each_channel(file.objects).items() if (row.phases or 1) <= phases}
    listed = tuple(_listed(file, tag, row) for tag, row in rows.items())
    _check_unique(file.name, listed)
    _check_associations(file, rows)
    if file.associations:
        _check_declared(file.name, listed)
    objects = tuple(
        _build_object(file.name, entry, rows[entry.tag], rows)
        for entry in listed
        if interface_class(entry.class_id, entry.version) is not None
    )
    return CompanionProfile(
        file.name,
        file.title,
        phases,
        objects,
        file.associations,
        file.telegrams,
        listed,
        file.check_list,
        file.partial,
    )


def _check_declared(profile: str, objects: tuple[ListedObject, ...]) -> None:
    for entry in objects:
        if interface_class(entry.class_id, entry.version) is None:
            got = f"class {entry.class_id} version {entry.version}"
            raise TableError(f"{profile}, {entry.tag}", expected="a declared class", got=got)


def _listed(file: ProfileFile, tag: str, row: ObjectRow) -> ListedObject:
    code = _logical_name(tag) if row.code is None and file.check_list else row.code
    if row.class_id is None or code is None:
        raise TableError(f"{file.name}, {tag}", expected="class_id and code", got="an object without")
    known = entries_by_tag().get(tag)
    if known is not None and known.logical_name != code:
        raise TableError(f"{file.name}, {tag}: code", expected=f"{known.logical_name} as in tables/obis.csv", got=code)
    return ListedObject(tag, row.class_id, row.version or 0, code)


def _logical_name(tag: str) -> Obis | None:
    """Of an object of a check-list: its tag is the logical name, or stands in the table."""
    known = entries_by_tag().get(tag)
    if known is not None:
        return known.logical_name
    try:
        return Obis.parse(tag)
    except LocalProtocolError:
        return None


def _check_unique(profile: str, objects: tuple[ListedObject, ...]) -> None:
    tags: dict[Obis, str] = {}
    for entry in objects:
        first = tags.setdefault(entry.logical_name, entry.tag)
        if first != entry.tag:
            raise TableError(f"{profile}: {entry.tag} has the logical name of {first}", got=entry.logical_name)


def _check_associations(file: ProfileFile, rows: Mapping[str, ObjectRow]) -> None:
    names: dict[tuple[int, int], str] = {}
    for name, association in file.associations.items():
        # A meter of one phase may hide an object that only one of three phases has.
        named = (*(association.only or ()), *association.hide, *association.reports)
        strange = [tag for tag in named if tag not in {*file.objects, *rows}]
        if strange:
            raise TableError(f"{file.name}, association {name}", expected="tags of objects", got=", ".join(strange))
        check_pre_established(f"{file.name}, association {name}", association)
        first = names.setdefault((association.client_sap, association.server_sap), name)
        if first != name:
            raise TableError(
                f"{file.name}: association {name} has the service access points of {first}",
                got=f"client {association.client_sap}, server {association.server_sap}",
            )


def _build_object(profile: str, entry: ListedObject, row: ObjectRow, rows: Mapping[str, ObjectRow]) -> ProfileObject:
    place = f"{profile}, {entry.tag}"
    interface = interface_class(entry.class_id, entry.version)
    assert interface is not None, "objects of undeclared classes are listed only"
    row = replace(row, code=entry.logical_name)
    attributes = {attribute.number: _rule(place, attribute, row, rows) for attribute in interface.attributes()}
    executable = _named(place, "execute", row.execute, interface.methods())
    _named(place, "types", tuple(row.types), interface.attributes())
    _named(place, "values", tuple(row.values), interface.attributes())
    _named(place, "write", row.write, interface.attributes())
    _named(place, "hide", row.hide, interface.attributes())
    _named(place, "protect", tuple(row.protect), (*interface.attributes(), *interface.methods()))
    _check_stated_once(place, row, interface)
    modes = {
        method.number: _protected(AccessMode.EXECUTE, row, method.name)
        if method.name in executable
        else AccessMode.NONE
        for method in interface.methods()
    }
    values = {rule.attribute.name: rule.datatype.decode(rule.initial) for rule in attributes.values()}
    is_profile = interface.class_id == ProfileGeneric.class_id
    return ProfileObject(
        entry.tag,
        interface,
        entry.logical_name,
        attributes,
        modes,
        scaler_unit=values.get("scaler_unit"),
        capture_objects=values["capture_objects"] if is_profile else (),
        capture_period_s=values["capture_period"] if is_profile else 0,
        profile_entries=values["profile_entries"] if is_profile else 0,
        base_name=row.base_name,
        buffer_encoding=row.buffer_encoding or BufferEncoding.PLAIN,
        token_form=row.token_form or TokenForm.DIGITS,
    )


def _check_stated_once(place: str, row: ObjectRow, interface: type[CosemObject]) -> None:
    """What a key of its own states must not be stated among `values` as well. Raises TableError."""
    if "logical_name" in row.values:
        raise TableError(f"{place}: values", expected="the logical name as code", got="values.logical_name")
    if row.capture is None:
        return
    if interface.class_id != ProfileGeneric.class_id:
        raise TableError(f"{place}: capture", expected="a profile generic", got=f"a {interface.__name__}")
    if "capture_objects" in row.values:
        raise TableError(f"{place}: values", expected="the columns as capture", got="values.capture_objects")


def _named(
    place: str, key: str, names: tuple[str, ...] | None, declared: tuple[Attribute[Any] | Method[Any, Any], ...]
) -> tuple[str, ...]:
    """`names`, when each is declared. Raises TableError."""
    permitted = [declaration.name for declaration in declared]
    strange = [name for name in names or () if name not in permitted]
    if strange:
        raise TableError(f"{place}: {key}", expected=f"of {', '.join(permitted)}", got=", ".join(strange))
    return names or ()


def _rule(place: str, attribute: Attribute[Any], row: ObjectRow, rows: Mapping[str, ObjectRow]) -> AttributeRule:
    place = f"{place}.{attribute.name}"
    datatype = _narrowed(place, attribute, row)
    access = AccessMode.NONE if attribute.name in (row.hide or ()) else AccessMode.READ
    if attribute.name in (row.write or ()):
        access |= AccessMode.WRITE
    access = _protected(access, row, attribute.name)
    try:
        initial = datatype.encode(_initial(place, attribute, datatype, row, rows))
    except LocalProtocolError as unfit:
        raise TableError(place, expected=unfit.expected, got=unfit.got) from unfit
    return AttributeRule(attribute, datatype, access, initial)


def _protected(mode: AccessMode, row: ObjectRow, name: str) -> AccessMode:
    """The mode with the protection that the row asks for."""
    for protection in row.protect.get(name, ()):
        mode |= protection & PROTECTIONS
    return mode


def _narrowed(place: str, attribute: Attribute[Any], row: ObjectRow) -> DataType[Any]:
    """The one type that the attribute has in this object."""
    name = row.types.get(attribute.name)
    if name is None:
        return attribute.datatype
    datatype = SIMPLE_TYPES.get(name)
    if datatype is None:
        raise TableError(place, expected=f"a type: {', '.join(SIMPLE_TYPES)}", got=name)
    try:
        attribute.datatype.decode(datatype.encode(datatype.blank()))
    except FerrarisError as unfit:
        raise TableError(place, expected=f"a type of {attribute.datatype.name}", got=name) from unfit
    return datatype


def _initial(
    place: str, attribute: Attribute[Any], datatype: DataType[Any], row: ObjectRow, rows: Mapping[str, ObjectRow]
) -> Any:
    if attribute.name == "logical_name":
        return row.code
    if attribute.name == "capture_objects" and row.capture is not None:
        return tuple(_capture_object(place, column, rows) for column in row.capture)
    if attribute.name == "sort_object" and row.capture:
        return _capture_object(place, row.capture[0], rows)
    if attribute.name not in row.values:
        return datatype.blank()
    return from_plain(datatype, row.values[attribute.name])


def _capture_object(place: str, column: str, rows: Mapping[str, ObjectRow]) -> CaptureObject:
    tag, _, name = column.partition(".")
    row = rows.get(tag)
    interface = None if row is None or row.class_id is None else interface_class(row.class_id, row.version or 0)
    declared = {} if interface is None else {attribute.name: attribute for attribute in interface.attributes()}
    if row is None or row.code is None or interface is None or name not in declared:
        raise TableError(f"{place}: capture", expected="TAG.attribute of an object of this profile", got=column)
    return CaptureObject(interface.class_id, row.code, declared[name].number)
