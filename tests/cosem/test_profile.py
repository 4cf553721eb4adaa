"""Companion profiles: the virtual meters' objects and rights, and what the loader refuses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from ferraris.codec import Data, Tag
from ferraris.cosem import (
    AccessMode,
    AssociationLn,
    Authentication,
    CaptureObject,
    Clock,
    CompanionProfile,
    CosemDateTime,
    DisconnectControl,
    Obis,
    ProfileGeneric,
    Register,
    Rights,
    ScalerUnit,
    SecurityPolicy,
    channels,
    load_profile,
    obis,
    profile_names,
    to_plain,
)
from ferraris.cosem.date_time import DAY_LAST_OF_MONTH
from ferraris.cosem.profile import ListedObject, build_profile
from ferraris.cosem.profile_file import ProfileFile, Telegram
from ferraris.cosem.types import DOUBLE_LONG_UNSIGNED, LONG_UNSIGNED, OCTET_STRING, UNSIGNED
from ferraris.kernel.errors import TableError
from ferraris.kernel.tables import parse_toml
from ferraris.kernel.units import Unit

METERS = ("smr5_single_phase", "smr5_three_phase")


@dataclass(frozen=True)
class AttributeName:
    """An attribute descriptor, as the APDUs have it."""

    class_id: int
    logical_name: Obis
    attribute_id: int


@dataclass(frozen=True)
class MethodName:
    """A method descriptor."""

    class_id: int
    logical_name: Obis
    method_id: int


def test_the_profiles_that_there_are() -> None:
    assert set(METERS) <= set(profile_names())
    assert all(load_profile(name).name == name for name in profile_names())


@pytest.mark.parametrize("name", METERS)
def test_loading_twice_gives_the_same_profile(name: str) -> None:
    assert load_profile(name) is load_profile(name)


COLUMNS = "CLOCK PROFILE_STATUS ACTIVE_ENERGY_IMPORT ACTIVE_ENERGY_EXPORT REACTIVE_ENERGY_IMPORT REACTIVE_ENERGY_EXPORT"

PROFILES = [
    # meter                tag                    code                 period  entries  columns
    ("smr5_single_phase",  "LOAD_PROFILE",        "1.0.99.1.0.255",    900,    960,     f"{COLUMNS} VOLTAGE_L1"),
    ("smr5_three_phase",   "LOAD_PROFILE",        "1.0.99.1.0.255",    900,    960,     f"{COLUMNS} VOLTAGE_L1 VOLTAGE_L2 VOLTAGE_L3"),
    ("smr5_single_phase",  "DAILY_PROFILE",       "1.0.99.2.0.255",    86400,  40,      "CLOCK PROFILE_STATUS ACTIVE_ENERGY_IMPORT ACTIVE_ENERGY_EXPORT"),
    ("smr5_three_phase",   "STANDARD_EVENT_LOG",  "0.0.99.98.0.255",   0,      100,     "CLOCK STANDARD_EVENT_CODE"),
]  # fmt: skip


@pytest.mark.parametrize(("meter", "tag", "code", "period_s", "entries", "columns"), PROFILES)
def test_what_the_meters_capture(meter: str, tag: str, code: str, period_s: int, entries: int, columns: str) -> None:
    profile = load_profile(meter)
    entry = profile.object(tag)
    assert entry.logical_name == Obis.parse(code)
    assert (entry.interface, entry.capture_period_s, entry.profile_entries) == (ProfileGeneric, period_s, entries)
    expected = [profile.object(column) for column in columns.split()]
    assert [(c.class_id, c.logical_name, c.attribute_index, c.data_index) for c in entry.capture_objects] == [
        (column.class_id, column.logical_name, 2, 0) for column in expected
    ]
    assert entry.attributes[6].datatype.decode(entry.attributes[6].initial) == entry.capture_objects[0]


REGISTERS = [
    # tag                       class  type                   scaler and unit
    ("ACTIVE_ENERGY_IMPORT",    3,     DOUBLE_LONG_UNSIGNED,  ScalerUnit(0, Unit.WATT_HOUR)),
    ("REACTIVE_ENERGY_EXPORT",  3,     DOUBLE_LONG_UNSIGNED,  ScalerUnit(0, Unit.VAR_HOUR)),
    ("VOLTAGE_L1",              3,     LONG_UNSIGNED,         ScalerUnit(-1, Unit.VOLT)),
    ("CURRENT_L1",              3,     LONG_UNSIGNED,         ScalerUnit(-2, Unit.AMPERE)),
    ("ACTIVE_POWER_IMPORT",     3,     LONG_UNSIGNED,         ScalerUnit(0, Unit.WATT)),
    ("PROFILE_STATUS",          1,     UNSIGNED,              None),
    ("STANDARD_EVENT_CODE",     1,     UNSIGNED,              None),
    ("INVOCATION_COUNTER",      1,     DOUBLE_LONG_UNSIGNED,  None),
    ("LOGICAL_DEVICE_NAME",     1,     OCTET_STRING,          None),
    ("SERIAL_NUMBER",           1,     OCTET_STRING,          None),
]  # fmt: skip


@pytest.mark.parametrize(("tag", "class_id", "datatype", "scaler_unit"), REGISTERS)
@pytest.mark.parametrize("meter", METERS)
def test_values_have_one_type(
    meter: str, tag: str, class_id: int, datatype: object, scaler_unit: ScalerUnit | None
) -> None:
    entry = load_profile(meter).object(tag)
    assert (entry.class_id, entry.attributes[2].datatype, entry.scaler_unit) == (class_id, datatype, scaler_unit)


def test_a_single_phase_meter_has_nothing_of_the_other_phases() -> None:
    single, three = (load_profile(name) for name in METERS)
    assert (single.phases, three.phases) == (1, 3)
    assert [entry.tag for entry in single.objects if entry.tag.endswith(("_L2", "_L3"))] == []
    more = {entry.tag for entry in three.objects} - {entry.tag for entry in single.objects}
    assert more
    assert all(tag.endswith(("_L2", "_L3")) for tag in more)


@pytest.mark.parametrize("meter", METERS)
def test_every_attribute_of_every_object_has_octets_before_it_is_set(meter: str) -> None:
    for entry in load_profile(meter).objects:
        assert list(entry.attributes) == [attribute.number for attribute in entry.interface.attributes()]
        assert list(entry.methods) == [method.number for method in entry.interface.methods()]
        for rule in entry.attributes.values():
            assert rule.attribute.datatype.encode(rule.attribute.datatype.decode(rule.initial)) == rule.initial
            assert rule.datatype.encode(rule.datatype.decode(rule.initial)) == rule.initial
        assert Register.logical_name.datatype.decode(entry.attributes[1].initial) == entry.logical_name


def test_initial_values_are_those_of_the_file() -> None:
    profile = load_profile("smr5_three_phase")
    clock = {
        rule.attribute.name: rule.attribute.datatype.decode(rule.initial)
        for rule in profile.object("CLOCK").attributes.values()
    }
    assert (clock["time_zone"], clock["daylight_savings_deviation"], clock["daylight_savings_enabled"]) == (
        -60,
        60,
        True,
    )
    begin: CosemDateTime = clock["daylight_savings_begin"]
    assert (begin.month, begin.day_of_month, begin.day_of_week, begin.hour) == (3, DAY_LAST_OF_MONTH, 7, 2)
    security = profile.object("SECURITY_SETUP").attributes[2]
    assert security.datatype.decode(security.initial) == SecurityPolicy(0x6C)
    scripts = profile.object("DISCONNECT_SCRIPTS").attributes[2]
    [disconnect, reconnect] = scripts.datatype.decode(scripts.initial)
    assert [script.actions[0].index for script in (disconnect, reconnect)] == [
        DisconnectControl.remote_disconnect.number,
        DisconnectControl.remote_reconnect.number,
    ]
    assert disconnect.actions[0].logical_name == obis.DISCONNECT_CONTROL
    assert disconnect.actions[0].parameter == Data(Tag.INTEGER, 0)


ASSOCIATIONS = [
    # name          client  authentication            ciphered  rights
    ("management",  1,      Authentication.HLS_GMAC,  True,     Rights.FULL),
    ("reading",     2,      Authentication.LLS,       False,    Rights.READ),
    ("public",      16,     Authentication.LOWEST,    False,    Rights.READ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "client_sap", "authentication", "ciphered", "rights"), ASSOCIATIONS)
@pytest.mark.parametrize("meter", METERS)
def test_the_associations_of_the_meters(
    meter: str, name: str, client_sap: int, authentication: Authentication, ciphered: bool, rights: Rights
) -> None:
    profile = load_profile(meter)
    association = profile.associations[name]
    assert (association.authentication, association.ciphered, association.rights) == (authentication, ciphered, rights)
    assert profile.association_of(client_sap, 1) == name
    assert profile.association_of(client_sap, 2) is None
    assert profile.association_of(99) is None


RIGHTS = """
    attribute                               management  reading  public
    CLOCK.logical_name                      r           r        r
    CLOCK.time                              rw          r        r
    CLOCK.time_zone                         rw          r        r
    CLOCK.status                            r           r        r
    LOGICAL_DEVICE_NAME.value               r           r        r
    INVOCATION_COUNTER.value                r           r        r
    SERIAL_NUMBER.value                     r           r        -
    ACTIVE_ENERGY_IMPORT.value              r           r        -
    LOAD_PROFILE.buffer                     r           r        -
    LOAD_PROFILE.capture_objects            r           r        -
    DEFINABLE_LOAD_PROFILE.capture_objects  rw          r        -
    STANDARD_EVENT_LOG.buffer               r           r        -
    DISCONNECT_CONTROL.control_state        r           r        -
    DISCONNECT_CONTROL.control_mode         rw          r        -
    PUSH_SETUP_ALARM.push_object_list       rw          -        -
    SECURITY_SETUP.security_policy          r           -        -
    ASSOCIATION.object_list                 r           r        -
    ASSOCIATION.secret                      -           -        -
    SAP_ASSIGNMENT.sap_assignment_list      r           r        -
"""

EXECUTION = """
    method                                  management  reading  public
    DISCONNECT_CONTROL.remote_disconnect    x           -        -
    DISCONNECT_CONTROL.remote_reconnect     x           -        -
    CLOCK.shift_time                        x           -        -
    CLOCK.preset_adjusting_time             -           -        -
    ASSOCIATION.reply_to_hls_authentication x           -        -
    SECURITY_SETUP.key_transfer             x           -        -
    LOAD_PROFILE.reset                      -           -        -
    PUSH_SETUP_ALARM.push                   x           -        -
"""

LETTERS = {"-": AccessMode.NONE, "r": AccessMode.READ, "rw": AccessMode.READ_WRITE, "x": AccessMode.EXECUTE}


def cells(table: str) -> list[tuple[str, str, str, AccessMode]]:
    """Tag, name, association and right of every cell of a table."""
    head, *rows = [line.split() for line in table.strip().splitlines()]
    return [
        (*row[0].split(".", 1), association, LETTERS[letter])  # type: ignore[misc]
        for row in rows
        for association, letter in zip(head[1:], row[1:], strict=True)
    ]


@pytest.mark.parametrize("meter", METERS)
@pytest.mark.parametrize(("tag", "name", "association", "right"), cells(RIGHTS))
def test_rights_to_attributes(meter: str, tag: str, name: str, association: str, right: AccessMode) -> None:
    profile = load_profile(meter)
    entry = profile.object(tag)
    number = getattr(entry.interface, name).number
    assert profile.access(association, AttributeName(entry.class_id, entry.logical_name, number)) == right


@pytest.mark.parametrize("meter", METERS)
@pytest.mark.parametrize(("tag", "name", "association", "right"), cells(EXECUTION))
def test_rights_to_methods(meter: str, tag: str, name: str, association: str, right: AccessMode) -> None:
    profile = load_profile(meter)
    entry = profile.object(tag)
    number = getattr(entry.interface, name).number
    assert profile.method_access(association, MethodName(entry.class_id, entry.logical_name, number)) == right


STRANGERS = [
    # class  logical name           number  why
    (8,      "0.0.1.0.1.255",       2,      "no such object"),
    (3,      "0.0.1.0.0.255",       2,      "another class has that name"),
    (8,      "0.0.1.0.0.255",       10,     "no such attribute"),
    (8,      "0.0.1.0.0.255",       0,      "numbers start at 1"),
    (8,      "0.0.1.0.0.255",       -1,     "no such attribute either"),
]  # fmt: skip


@pytest.mark.parametrize(("class_id", "code", "number", "why"), STRANGERS)
def test_there_is_no_right_to_what_is_not_there(class_id: int, code: str, number: int, why: str) -> None:
    profile = load_profile("smr5_three_phase")
    name = Obis.parse(code)
    assert profile.access("management", AttributeName(class_id, name, number)) is AccessMode.NONE, why
    assert profile.method_access("management", MethodName(class_id, name, number)) is AccessMode.NONE, why
    assert profile.access("stranger", AttributeName(8, obis.CLOCK, 2)) is AccessMode.NONE


@pytest.mark.parametrize("association", ["management", "reading", "public"])
@pytest.mark.parametrize("meter", METERS)
def test_the_object_list_says_what_access_says(meter: str, association: str) -> None:
    profile = load_profile(meter)
    elements = profile.object_list(association)
    octets = AssociationLn.object_list.datatype.encode(elements)
    assert AssociationLn.object_list.datatype.decode(octets) == elements
    for element in elements:
        for attribute in element.access_rights.attribute_access:
            descriptor = AttributeName(element.class_id, element.logical_name, attribute.attribute_id)
            assert profile.access(association, descriptor) == attribute.access_mode
        for method in element.access_rights.method_access:
            name = MethodName(element.class_id, element.logical_name, method.method_id)
            assert profile.method_access(association, name) == method.access_mode


def test_the_public_client_sees_four_objects_and_writes_none() -> None:
    elements = load_profile("smr5_single_phase").object_list("public")
    assert {element.logical_name for element in elements} == {
        obis.CLOCK,
        obis.LOGICAL_DEVICE_NAME,
        obis.INVOCATION_COUNTER,
        obis.INVOCATION_COUNTER_SENT,
    }
    modes = {attribute.access_mode for element in elements for attribute in element.access_rights.attribute_access}
    assert modes == {AccessMode.READ}


def test_selectors_are_listed_with_the_attribute() -> None:
    profile = load_profile("smr5_three_phase")
    [element] = [e for e in profile.object_list("management") if e.logical_name == obis.LOAD_PROFILE]
    selectors = {a.attribute_id: a.access_selectors for a in element.access_rights.attribute_access}
    assert (selectors[ProfileGeneric.buffer.number], selectors[ProfileGeneric.capture_period.number]) == ((1, 2), None)


def test_objects_are_found_by_tag_and_by_name() -> None:
    profile = load_profile("smr5_three_phase")
    clock = profile.object("CLOCK")
    assert profile.find(8, obis.CLOCK) is clock
    assert (clock.interface, clock.version) == (Clock, 0)
    assert profile.find(3, obis.CLOCK) is None
    with pytest.raises(TableError, match="no such object, expected a tag of the profile, got LAMP"):
        profile.object("LAMP")


def test_every_stored_channel_of_the_load_profile_is_captured_in_its_own_scale() -> None:
    profile = load_profile("smr5_three_phase")
    captured = profile.object("LOAD_PROFILE").capture_objects
    known = [channels.by_logical_name(column.logical_name, column.attribute_index) for column in captured]
    assert [channel.tag if channel else None for channel in known][:3] == [None, None, "ACTIVE_ENERGY_IMPORT"]
    for channel in known[2:]:
        assert channel is not None
        assert profile.object(channel.tag).scaler_unit == ScalerUnit(channel.scaler, channel.unit)


HEAD = 'name = "bench"\ntitle = "Bench"\n[source]\ndocument = "a"\nedition = "b"\nlicence = "c"\n'
DATA = 'LAMP = { class_id = 1, code = "0.0.96.9.0.255", types.value = "unsigned" }\n'

PUBLIC = '[associations]\npublic = { client_sap = 16, authentication = "lowest", rights = "read" }'

FAULTS = [
    # rows                                                                                              words
    ('LAMP = { class_id = 1 }',                                                                         "bench, LAMP, expected class_id and code"),
    ('LAMP = { class_id = 9999, code = "0.0.96.9.0.255" }\n' + PUBLIC,                                  "LAMP, expected a declared class, got class 9999 version 0"),
    ('LAMP = { class_id = 7, version = 9, code = "0.0.96.9.0.255" }\n' + PUBLIC,                        "got class 7 version 9"),
    ('LAMP = { class_id = 1, code = "0.1.96.9.0.255", channels = 0 }',                                  r"LAMP: channels, expected 1\.\.64 and a code, got 0"),
    ('LAMP = { class_id = 1, channels = 4 }',                                                           r"LAMP: channels, expected 1\.\.64 and a code, got 4"),
    ('LAMP = { class_id = 1, code = "0.1.96.9.0.255", channels = 2 }\nLAMP_2 = { class_id = 1, code = "0.0.96.9.0.255" }', "LAMP_2 stands twice"),
    ('CLOCK = { class_id = 8, code = "0.0.1.0.1.255" }',                                                "CLOCK: code, expected 0.0.1.0.0.255"),
    ('LAMP = { class_id = 1, code = "0.0.96.9.0.255", types.value = "unsingned" }',                     "LAMP.value, expected a type"),
    ('LAMP = { class_id = 3, code = "0.0.96.9.0.255", types.value = "array" }',                         "expected a type of choice"),
    ('LAMP = { class_id = 3, code = "0.0.96.9.0.255", types.scaler_unit = "long" }',                    "expected a type of structure ScalerUnit, got long"),
    ('LAMP = { class_id = 1, code = "0.0.96.9.0.255", types.valu = "long" }',                           "LAMP: types, expected of logical_name, value, got valu"),
    ('LAMP = { class_id = 1, code = "0.0.96.9.0.255", values.valu = 1 }',                               "LAMP: values"),
    ('LAMP = { class_id = 1, code = "0.0.96.9.0.255", write = ["valu"] }',                              "LAMP: write"),
    ('LAMP = { class_id = 1, code = "0.0.96.9.0.255", hide = ["valu"] }',                               "LAMP: hide"),
    ('LAMP = { class_id = 1, code = "0.0.96.9.0.255", execute = ["reset"] }',                           "LAMP: execute"),
    ('LAMP = { class_id = 1, code = "0.0.96.9.0.255", types.value = "unsigned", values.value = 256 }',  r"LAMP.value, expected 0\.\.255, got 256"),
    ('LAMP = { class_id = 3, code = "0.0.96.9.0.255", values.scaler_unit = [0, "lumen"] }',             "LAMP.scaler_unit, expected structure ScalerUnit"),
    (DATA + 'BULB = { class_id = 1, code = "0.0.96.9.0.255" }',                                         "BULB has the logical name of LAMP"),
    ('LOG = { class_id = 7, version = 1, code = "1.0.99.9.0.255", capture = ["LAMP.value"] }',          "LOG.capture_objects: capture, expected TAG.attribute"),
    (DATA + 'LOG = { class_id = 7, version = 1, code = "1.0.99.9.0.255", capture = ["LAMP.valu"] }',    "got LAMP.valu"),
    (DATA + '[associations]\npublic = { client_sap = 16, authentication = "lowest", rights = "read", only = ["LAMB"] }', "association public, expected tags of objects, got LAMB"),
]  # fmt: skip


def build(rows: str) -> CompanionProfile:
    return build_profile(parse_toml(f"{HEAD}[objects]\n{rows}\n", ProfileFile, "bench.toml"))


@pytest.mark.parametrize(("rows", "words"), FAULTS)
def test_contradictions_are_named(rows: str, words: str) -> None:
    with pytest.raises(TableError, match=words):
        build(rows)


def test_an_object_of_an_undeclared_class_is_listed_only() -> None:
    profile = build(DATA + 'GADGET = { class_id = 9999, version = 3, code = "0.0.96.9.1.255" }')
    assert [entry.tag for entry in profile.objects] == ["LAMP"]
    assert profile.listed == (
        ListedObject("LAMP", 1, 0, Obis.parse("0.0.96.9.0.255")),
        ListedObject("GADGET", 9999, 3, Obis.parse("0.0.96.9.1.255")),
    )


CHANNELS = """
LAMP = { class_id = 1, code = "0.1.96.9.0.255", channels = 3, types.value = "unsigned" }
LOG = { class_id = 7, version = 1, code = "0.1.99.9.0.255", channels = 3, capture = ["LAMP_#.value"] }
"""


def test_an_object_on_several_channels_stands_for_one_on_each() -> None:
    profile = build(CHANNELS)
    assert [entry.tag for entry in profile.objects] == ["LAMP_1", "LAMP_2", "LAMP_3", "LOG_1", "LOG_2", "LOG_3"]
    for channel in (1, 2, 3):
        lamp, log = profile.object(f"LAMP_{channel}"), profile.object(f"LOG_{channel}")
        assert (lamp.logical_name, log.logical_name) == (Obis.of(0, channel, 96, 9, 0), Obis.of(0, channel, 99, 9, 0))
        assert [column.logical_name for column in log.capture_objects] == [lamp.logical_name]


def test_a_check_list_names_objects_by_their_logical_names() -> None:
    rows = 'CLOCK = { class_id = 8 }\n"0.0.96.9.0.255" = { class_id = 9999 }'
    profile = build_profile(
        parse_toml(f"check_list = true\npartial = true\n{HEAD}[objects]\n{rows}\n", ProfileFile, "b")
    )
    assert (profile.check_list, profile.partial) == (True, True)
    assert [(entry.tag, str(entry.logical_name)) for entry in profile.listed] == [
        ("CLOCK", "0.0.1.0.0.255"),
        ("0.0.96.9.0.255", "0.0.96.9.0.255"),
    ]
    with pytest.raises(TableError, match="bench is a check-list"):
        profile.check_servable()
    with pytest.raises(TableError, match="LAMP, expected class_id and code"):
        build_profile(parse_toml(f"check_list = true\n{HEAD}[objects]\nLAMP = {{ class_id = 1 }}\n", ProfileFile, "b"))


def test_only_a_profile_with_associations_can_be_served() -> None:
    load_profile("smr5_single_phase").check_servable()
    with pytest.raises(TableError, match="smr5 offers no association"):
        load_profile("smr5").check_servable()


def test_an_object_takes_its_types_from_the_declaration_where_the_file_is_silent() -> None:
    entry = build(
        DATA + 'LOG = { class_id = 7, version = 1, code = "1.0.99.9.0.255", capture = ["LAMP.value"] }'
    ).object("LOG")
    assert entry.capture_objects == (CaptureObject(1, Obis.parse("0.0.96.9.0.255"), 2),)
    assert entry.attributes[4].datatype is ProfileGeneric.capture_period.datatype
    assert (entry.capture_period_s, entry.profile_entries) == (0, 0)


def without_nothing(plain: Any) -> Any:
    """A plain value without what is None: TOML cannot say it."""
    if isinstance(plain, dict):
        return {name: without_nothing(value) for name, value in plain.items() if value is not None}
    return [without_nothing(value) for value in plain] if isinstance(plain, list) else plain


TELEGRAMS = [
    pytest.param(name, telegram, id=f"{name}: {telegram.comment}")
    for name in profile_names()
    for telegram in load_profile(name).telegrams
]


@pytest.mark.parametrize(("name", "telegram"), TELEGRAMS)
def test_captured_telegrams_decode_to_what_their_file_says(name: str, telegram: Telegram) -> None:
    tag, _, attribute = telegram.attribute.rpartition(".")
    datatype = getattr(load_profile(name).object(tag).interface, attribute).datatype
    value = datatype.decode(bytes.fromhex(telegram.octets))
    assert without_nothing(to_plain(value)) == telegram.expected
    assert datatype.encode(value).hex() == telegram.octets


def test_there_are_telegrams() -> None:
    assert len(load_profile("smr5").telegrams) >= 2
