"""What differs between the versions of an interface class: a table of every attribute and method of each.

A version is declared by what it changes; here all of it stands in full, so that a slip in what is inherited shows. The tables
of later classes stand with their other tests, as `VERSIONS` in `tests/cosem/classes/test_<class>.py`: a list of class_id,
versions and table.
"""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

from ferraris.cosem import CosemObject, interface_class, interface_classes

ASSOCIATION_SN = """
    number  name                         v0                                             v1  v2                              v3             v4
    1       logical_name                 logical name                                   =   =                               =              =
    2       object_list                  array of ObjectListElementSn                   =   =                               =              =
    3       access_rights_list           -                                              -   array of AccessRightsElementSn  =              =
    4       security_setup_reference     -                                              -   logical name                    =              =
    5       user_list                    -                                              -   -                               array of User  =
    6       current_user                 -                                              -   -                               User           =
    -1      getlist_by_classid           array of long-unsigned>array of ObjectListElementSn  =  =                          =              =
    -2      getobj_by_logicalname        ObjectId>ObjectListElementSn                   =   =                               =              =
    -3      read_by_logicalname          array of AttributeOfObject>row                 =   =                               =              =
    -4      get_attributes_and_methods   array of ObjectId>any type                     =   =                               =              =
    -5      change_secret                octet-string                                   =   =                               =              =
    -6      change_hls_secret            octet-string                                   =   =                               =              =
    -7      get_hls_challenge            integer>octet-string                           =   =                               =              =
    -8      reply_to_hls_authentication  octet-string>octet-string                      =   =                               =              =
    -9      add_user                     -                                              -   -                               User           =
    -10     remove_user                  -                                              -   -                               User           =
"""

ASSOCIATION_LN = """
    number  name                           v0                            v1            v2             v3
    1       logical_name                   logical name                  =             =              =
    2       object_list                    array of ObjectListElement    =             =              =
    3       associated_partners_id         AssociatedPartners            =             =              =
    4       application_context_name       octet-string or structure     =             =              =
    5       xdlms_context_info             XdlmsContextInfo              =             =              =
    6       authentication_mechanism_name  octet-string or structure     =             =              =
    7       secret                         octet-string                  =             =              =
    8       association_status             enum AssociationStatus        =             =              =
    9       security_setup_reference       -                             logical name  =              =
    10      user_list                      -                             -             array of User  =
    11      current_user                   -                             -             User           =
    -1      reply_to_hls_authentication    octet-string>octet-string     =             =              =
    -2      change_hls_secret              octet-string                  =             =              =
    -3      add_object                     ObjectListElement             =             =              =
    -4      remove_object                  ObjectListElement             =             =              =
    -5      add_user                       -                             -             User           =
    -6      remove_user                    -                             -             User           =
"""

PUSH_SETUP = """
    number  name                           v0                            v1                             v2                           v3
    1       logical_name                   logical name                  =                              =                            =
    2       push_object_list               array of PushObject           array of RestrictedAttribute  array of ColumnsPushObject    =
    3       send_destination_and_method    SendDestinationAndMethod      =                              =                            =
    4       communication_window           array of CommunicationWindow  =                              =                            =
    5       randomisation_start_interval   long-unsigned                 =                              =                            =
    6       number_of_retries              unsigned                      =                              =                            =
    7       repetition_delay               long-unsigned                 =                              RepetitionDelay              =
    8       port_reference                 -                             logical name                   =                            =
    9       push_client_sap                -                             integer                        =                            =
    10      push_protection_parameters     -                             array of ProtectionParameters  =                            =
    11      push_operation_method          -                             -                              enum PushOperationMethod     =
    12      confirmation_parameters        -                             -                              ConfirmationParameters       =
    13      last_confirmation_date_time    -                             -                              date-time                    =
    -1      push                           integer                       =                              =                            =
    -2      reset                          -                             -                              integer                      =
"""

SECURITY_SETUP = """
    number  name                           v0                            v1
    1       logical_name                   logical name                  =
    2       security_policy                enum SecurityPolicyV0         enum SecurityPolicy
    3       security_suite                 enum SecuritySuite            =
    4       client_system_title            octet-string                  =
    5       server_system_title            octet-string                  =
    6       certificates                   -                             array of CertificateInfo
    -1      security_activate              enum                          enum SecurityPolicy
    -2      key_transfer                   array of KeyData              =
    -3      key_agreement                  -                             array of KeyData>array of KeyData
    -4      generate_key_pair              -                             enum CertificateType
    -5      generate_certificate_request   -                             enum CertificateType>octet-string
    -6      import_certificate             -                             octet-string
    -7      export_certificate             -                             CertificateIdentification>octet-string
    -8      remove_certificate             -                             CertificateIdentification
"""

Versions = tuple[int, tuple[int, ...], str]


def tables_of_classes() -> list[Versions]:
    """What the test modules of single classes say of versions."""
    modules = sorted((Path(__file__).parent / "classes").glob("test_*.py"))
    return [
        row
        for module in modules
        for row in getattr(import_module(f"tests.cosem.classes.{module.stem}"), "VERSIONS", ())
    ]


CLASSES: list[Versions] = [
    # class_id  versions      table
    (12,        (0, 1, 2, 3, 4), ASSOCIATION_SN),
    (15,        (0, 1, 2, 3), ASSOCIATION_LN),
    (40,        (0, 1, 2, 3), PUSH_SETUP),
    (64,        (0, 1),       SECURITY_SETUP),
    *tables_of_classes(),
]  # fmt: skip

EVERY_VERSION = [
    pytest.param(class_id, versions, position, table, id=f"{class_id} version {versions[position]}")
    for class_id, versions, table in CLASSES
    for position in range(len(versions))
]


def short(name: str) -> str:
    """The name of a type as the tables above write it."""
    return name.replace("structure ", "").replace("choice of octet-string, structure", "octet-string or structure")


def declared(interface: type[CosemObject]) -> dict[int, tuple[str, str]]:
    """Name and types by number; a method's number is negative here, its result stands behind an arrow."""
    found = {attribute.number: (attribute.name, short(attribute.datatype.name)) for attribute in interface.attributes()}
    for method in interface.methods():
        types = [method.argument.name] if method.result is None else [method.argument.name, method.result.name]
        found[-method.number] = (method.name, ">".join(map(short, types)))
    return found


def column(table: str, position: int) -> dict[int, tuple[str, str]]:
    """One version of a table, with what it inherits filled in."""
    expected: dict[int, tuple[str, str]] = {}
    for line in table.strip().splitlines()[1:]:
        number, name, *cells = [cell.strip() for cell in line.strip().split("  ") if cell.strip()]
        stated = [cell for cell in cells[: position + 1] if cell != "="]
        if stated[-1] != "-":
            expected[int(number)] = (name, stated[-1])
    return expected


@pytest.mark.parametrize(("class_id", "versions", "position", "table"), EVERY_VERSION)
def test_a_version_is_its_column(class_id: int, versions: tuple[int, ...], position: int, table: str) -> None:
    interface = interface_class(class_id, versions[position])
    assert interface is not None
    assert declared(interface) == column(table, position)


@pytest.mark.parametrize(("class_id", "versions", "position", "table"), EVERY_VERSION)
def test_every_declaration_is_owned_by_the_version_it_is_asked_from(
    class_id: int, versions: tuple[int, ...], position: int, table: str
) -> None:
    interface = interface_class(class_id, versions[position])
    assert interface is not None
    for declaration in (*interface.attributes(), *interface.methods()):
        assert declaration.owner is interface
        assert getattr(interface, declaration.name) is declaration
        assert repr(declaration) == f"{interface.__name__}.{declaration.name}"


def test_the_tables_hold_every_class_of_several_versions() -> None:
    versions: dict[int, list[int]] = {}
    for interface in interface_classes():
        versions.setdefault(interface.class_id, []).append(interface.version)
    tables = {class_id: found for class_id, found, _ in CLASSES}
    for class_id, found in versions.items():
        if len(found) > 1 or class_id in tables:
            assert tables.get(class_id) == tuple(found), class_id
    assert tables.keys() <= versions.keys()


def test_every_class_has_its_row_of_conformance() -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "conformance.csv"
    named = re.findall(r"\((\d+) versions? ([\d, toand]+)\)", page.read_text("utf-8"))
    rows = {(int(class_id), int(versions.split()[-1])) for class_id, versions in named}
    newest: dict[int, int] = {}
    for interface in interface_classes():
        newest[interface.class_id] = max(newest.get(interface.class_id, 0), interface.version)
    assert set(newest.items()) - rows == set()


@pytest.mark.parametrize("interface", interface_classes(), ids=lambda interface: interface.__name__)
def test_numbers_run_from_one_without_a_hole(interface: type[CosemObject]) -> None:
    for declarations in (interface.attributes(), interface.methods()):
        assert [declaration.number for declaration in declarations] == list(range(1, len(declarations) + 1))
    assert interface.attributes()[0].name == "logical_name"
    assert interface.attributes()[0].owner is interface


@pytest.mark.parametrize("interface", interface_classes(), ids=lambda interface: interface.__name__)
def test_no_version_changes_what_an_older_one_says(interface: type[CosemObject]) -> None:
    """A newer class copies what it inherits: changing its declaration would leave the older one alone."""
    for base in interface.__mro__[1:]:
        if issubclass(base, CosemObject):
            for declaration in (*interface.attributes(), *interface.methods()):
                assert vars(base).get(declaration.name) is not declaration
