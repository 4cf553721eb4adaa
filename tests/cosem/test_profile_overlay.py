"""Profile files on top of one another: a family of files written for the test, and what each fault in one is told as."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ferraris.cosem import AccessMode, CompanionProfile, Obis, ScalerUnit, Unit, profile_file
from ferraris.cosem.profile import build_profile
from ferraris.cosem.profile_file import read_profile_file
from ferraris.kernel.errors import TableError

Write = Callable[[str, str], None]

SOURCE = '[source]\ndocument = "bench"\nedition = "1"\nlicence = "Apache-2.0"\n'

GRANDPARENT = """
name = "grandparent"
title = "Grandparent"
{source}
[associations]
management = {{ client_sap = 1, authentication = "hls_gmac", ciphered = true, rights = "full" }}
public = {{ client_sap = 16, authentication = "lowest", rights = "read", only = ["CLOCK"] }}

[objects]
CLOCK = {{ class_id = 8, code = "0.0.1.0.0.255", values.time_zone = -60, values.clock_base = "gps", write = ["time", "time_zone"], execute = ["shift_time"] }}
SERIAL_NUMBER = {{ class_id = 1, code = "0.0.96.1.0.255", types.value = "octet-string", values.value = "0x01" }}
VOLTAGE_L1 = {{ class_id = 3, code = "1.0.32.7.0.255", types.value = "long-unsigned", values.scaler_unit = [-1, "volt"] }}
VOLTAGE_L2 = {{ class_id = 3, code = "1.0.52.7.0.255", phases = 3, types.value = "long-unsigned", values.scaler_unit = [-1, "volt"] }}
LOAD_PROFILE = {{ class_id = 7, version = 1, code = "1.0.99.1.0.255", values.capture_period = 900, values.profile_entries = 96, capture = ["CLOCK.time", "VOLTAGE_L1.value"] }}
"""

PARENT = """
name = "parent"
title = "Parent"
inherit = "grandparent"
absent = ["SERIAL_NUMBER"]
{source}
[associations]
public = {{ client_sap = 16, authentication = "lls", rights = "read", hide = ["VOLTAGE_L2"] }}
reading = {{ client_sap = 2, authentication = "lls", rights = "read" }}

[objects]
CLOCK = {{ values.time_zone = 0, write = ["time"], hide = ["status"] }}
LAMP = {{ class_id = 1, code = "0.0.96.9.0.255", types.value = "unsigned", write = ["value"], hide = ["value"] }}
"""

CHILD = """
name = "child"
title = "Child"
inherit = "parent"
phases = 1
{source}
[objects]
SERIAL_NUMBER = {{ class_id = 1, code = "0.0.96.1.0.255", types.value = "visible-string" }}
VOLTAGE_L1 = {{ types.value = "long64-unsigned", values.scaler_unit = [-3, "volt"] }}
LOAD_PROFILE = {{ values.capture_period = 3600, capture = ["CLOCK.time", "LAMP.value"] }}
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Writes a profile file of a package that is this test's own; the family above stands in it already."""
    package = f"profiles_of_{abs(hash(tmp_path))}"
    folder = tmp_path / package / profile_file.FOLDER
    folder.mkdir(parents=True)
    (tmp_path / package / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(profile_file, "PACKAGE", package)

    def put(name: str, text: str) -> None:
        (folder / f"{name}.toml").write_text(text.format(source=SOURCE), "utf-8")

    put("grandparent", GRANDPARENT)
    put("parent", PARENT)
    put("child", CHILD)
    yield put
    sys.modules.pop(package, None)


def load(name: str) -> CompanionProfile:
    return build_profile(read_profile_file(name))


def values(profile: CompanionProfile, tag: str) -> dict[str, object]:
    return {rule.attribute.name: rule.datatype.decode(rule.initial) for rule in profile.object(tag).attributes.values()}


OBJECTS = [
    # profile        objects in order
    ("grandparent",  "CLOCK SERIAL_NUMBER VOLTAGE_L1 VOLTAGE_L2 LOAD_PROFILE"),
    ("parent",       "CLOCK VOLTAGE_L1 VOLTAGE_L2 LOAD_PROFILE LAMP"),
    ("child",        "CLOCK VOLTAGE_L1 LOAD_PROFILE LAMP SERIAL_NUMBER"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "tags"), OBJECTS)
def test_new_objects_come_last_removed_ones_are_gone_and_phases_are_counted(write: Write, name: str, tags: str) -> None:
    assert [entry.tag for entry in load(name).objects] == tags.split()


STATED = [
    # profile        object           attribute         value                               rule
    ("grandparent",  "CLOCK",         "time_zone",      -60,                                "stated"),
    ("parent",       "CLOCK",         "time_zone",      0,                                  "a value is merged entry by entry"),
    ("child",        "CLOCK",         "time_zone",      0,                                  "inherited over two files"),
    ("child",        "CLOCK",         "clock_base",     4,                                  "inherited over three files"),
    ("grandparent",  "SERIAL_NUMBER", "value",          b"\x01",                            "stated"),
    ("child",        "SERIAL_NUMBER", "value",          "",                                 "removed and stated anew: nothing is left"),
    ("child",        "VOLTAGE_L1",    "scaler_unit",    ScalerUnit(-3, Unit.VOLT),          "replaced as one value"),
    ("child",        "LOAD_PROFILE",  "capture_period", 3600,                               "replaced"),
    ("child",        "LOAD_PROFILE",  "profile_entries", 96,                                "inherited"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "tag", "attribute", "value", "rule"), STATED)
def test_values(write: Write, name: str, tag: str, attribute: str, value: object, rule: str) -> None:
    assert values(load(name), tag)[attribute] == value, rule


TYPES = [
    # profile        object         type of its value
    ("grandparent",  "VOLTAGE_L1",  "long-unsigned"),
    ("parent",       "VOLTAGE_L1",  "long-unsigned"),
    ("child",        "VOLTAGE_L1",  "long64-unsigned"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "tag", "datatype"), TYPES)
def test_types(write: Write, name: str, tag: str, datatype: str) -> None:
    assert load(name).object(tag).attributes[2].datatype.name == datatype


RIGHTS = """
    profile      object  attribute  right       rule
    grandparent  CLOCK   time       read_write  stated
    grandparent  CLOCK   time_zone  read_write  stated
    parent       CLOCK   time       read_write  the list is replaced as a whole
    parent       CLOCK   time_zone  read        the list is replaced as a whole
    parent       CLOCK   status     none        hidden
    child        CLOCK   status     none        inherited
    parent       LAMP    value      write       hidden and writable: nobody reads a secret that is set
"""


@pytest.mark.parametrize("line", RIGHTS.strip().splitlines()[1:])
def test_rights_are_lists_replaced_as_a_whole(write: Write, line: str) -> None:
    name, tag, attribute, right, rule = line.split(maxsplit=4)
    entry = load(name).object(tag)
    [access] = [found.access for found in entry.attributes.values() if found.attribute.name == attribute]
    assert access == AccessMode[right.upper()], rule


def test_methods_are_inherited(write: Write) -> None:
    assert [load(name).object("CLOCK").methods[6] for name in ("grandparent", "child")] == [AccessMode.EXECUTE] * 2


def test_columns_are_replaced_as_a_whole_and_the_first_one_sorts(write: Write) -> None:
    captured = {name: load(name).object("LOAD_PROFILE").capture_objects for name in ("parent", "child")}
    assert [str(column.logical_name) for column in captured["parent"]] == ["0.0.1.0.0.255", "1.0.32.7.0.255"]
    assert [str(column.logical_name) for column in captured["child"]] == ["0.0.1.0.0.255", "0.0.96.9.0.255"]
    assert values(load("child"), "LOAD_PROFILE")["sort_object"] == captured["child"][0]


def test_an_association_is_replaced_as_a_whole(write: Write) -> None:
    parent = load("parent")
    assert list(parent.associations) == ["management", "public", "reading"]
    assert parent.associations["public"].only is None, "what the first file said of it is forgotten"
    seen = [str(element.logical_name) for element in parent.object_list("public")]
    assert "1.0.52.7.0.255" not in seen
    assert len(seen) == len(parent.objects) - 1


def test_a_meter_of_one_phase_may_hide_what_it_does_not_have(write: Write) -> None:
    child = load("child")
    assert "VOLTAGE_L2" in child.associations["public"].hide
    assert len(child.object_list("public")) == len(child.objects)


def test_title_and_source_are_each_files_own(write: Write) -> None:
    assert [load(name).title for name in ("grandparent", "parent", "child")] == ["Grandparent", "Parent", "Child"]


def test_an_overlay_leaves_what_it_lies_on_alone(write: Write) -> None:
    before = load("grandparent").objects
    load("child")
    assert load("grandparent").objects == before


HEAD = 'name = "bench"\ntitle = "Bench"\ninherit = "parent"\n{source}'

SCHEMA_FAULTS = [
    # rows, from line 8 on                                           words: file, line, field, what was expected
    ('[objects]\nLAMP = {{ colour = 1 }}',                           r"bench.toml line 9: objects.LAMP.colour, expected one of class_id"),
    ('[objects]\nLAMP = {{ class_id = "1" }}',                       r"bench.toml line 9: objects.LAMP.class_id, expected int, got '1'"),
    ('[objects]\nCLOCK = {{}}\nLAMP = {{ class_id = true }}',        r"bench.toml line 10: objects.LAMP.class_id, expected int, got True"),
    ('[objects]\nLAMP = {{ code = "1.2.3" }}',                       r"bench.toml line 9: objects.LAMP.code, expected Obis"),
    ('[objects]\nLAMP = {{ write = "value" }}',                      r"bench.toml line 9: objects.LAMP.write, expected an array"),
    ('[objects]\nLAMP = {{ write = [1] }}',                          r"bench.toml line 9: objects.LAMP.write\[0\], expected str, got 1"),
    ('[objects]\nLAMP = {{ types.value = 5 }}',                      r"bench.toml line 9: objects.LAMP.types.value, expected str, got 5"),
    ('[associations]\npublic = {{ client_sap = 1 }}\n[objects]',     r"bench.toml line 9: associations.public.authentication, expected the key"),
    ('[associations]\npublic = {{ client_sap = 1, authentication = "hls_md6", rights = "full" }}\n[objects]',
                                                                     r"Authentication: lowest, lls, hls.*, got 'hls_md6'"),
    ('[objects]\nLAMP = {{ class_id = 1',                            r"bench.toml: .*line 9"),
    ('[objects]\nLAMP = {{}}\nLAMP = {{}}',                          r"bench.toml: Cannot overwrite"),
    ('',                                                             r"bench.toml: objects, expected the key objects, got nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "words"), SCHEMA_FAULTS)
def test_a_row_that_breaks_the_schema_is_named_with_file_and_line(write: Write, rows: str, words: str) -> None:
    write("bench", f"{HEAD}{rows}\n")
    with pytest.raises(TableError, match=words):
        read_profile_file("bench")


FAULTS = [
    # objects of the file                                                        words
    ('CLOCK = {{ values.time_zone = 40000 }}',                                   r"bench, CLOCK.time_zone, expected -32768..32767, got 40000"),
    ('CLOCK = {{ values.clock_base = "sundial" }}',                              r"bench, CLOCK.clock_base, expected enum ClockBase, got 'sundial'"),
    ('CLOCK = {{ values.daylight_savings_enabled = "yes" }}',                    r"bench, CLOCK.daylight_savings_enabled, expected True or False"),
    ('CLOCK = {{ values.daylight_savings_begin = "0x00" }}',                     r"bench, CLOCK.daylight_savings_begin, expected date-time"),
    ('CLOCK = {{ code = "0.0.1.0.1.255" }}',                                     r"bench, CLOCK: code, expected 0.0.1.0.0.255"),
    ('CLOCK = {{ version = 9 }}',                                                r"bench, CLOCK, expected a declared class, got class 8 version 9"),
    ('CLOCK = {{ execute = ["stop"] }}',                                         r"bench, CLOCK: execute, expected of adjust_to_quarter, .*, got stop"),
    ('CLOCK = {{ write = ["time", "tijd"] }}',                                   r"bench, CLOCK: write, .*, got tijd"),
    ('CLOCK = {{ types.time_zone = "integer" }}',                                r"bench, CLOCK.time_zone, expected a type of long, got integer"),
    ('CLOCK = {{ capture = ["CLOCK.time"] }}',                                   r"bench, CLOCK: capture, expected a profile generic, got a Clock"),
    ('CLOCK = {{ values.logical_name = "0.0.1.0.0.255" }}',                      r"bench, CLOCK: values, expected the logical name as code"),
    ('LOAD_PROFILE = {{ values.capture_objects = [] }}',                         r"bench, LOAD_PROFILE: values, expected the columns as capture"),
    ('LOAD_PROFILE = {{ capture = ["CLOCK"] }}',                                 r"LOAD_PROFILE.capture_objects: capture, expected TAG.attribute .*, got CLOCK"),
    ('LOAD_PROFILE = {{ capture = ["SERIAL_NUMBER.value"] }}',                   r"got SERIAL_NUMBER.value"),
    ('BULB = {{ class_id = 1, code = "0.0.96.9.0.255" }}',                       r"bench: BULB has the logical name of LAMP, got 0.0.96.9.0.255"),
    ('BULB = {{ code = "0.0.96.9.1.255" }}',                                     r"bench, BULB, expected class_id and code, got an object without"),
    ('CURRENT_L1 = {{ class_id = 3, code = "1.0.31.7.1.255" }}',                 r"CURRENT_L1: code, expected 1.0.31.7.0.255 as in tables/obis.csv"),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "words"), FAULTS)
def test_a_row_that_contradicts_a_declaration_is_named_with_its_object(write: Write, rows: str, words: str) -> None:
    write("bench", f"{HEAD}[objects]\n{rows}\n")
    with pytest.raises(TableError, match=words):
        load("bench")


ASSOCIATION_FAULTS = [
    # associations of the file                                                                    words
    ('new = {{ client_sap = 3, authentication = "lls", rights = "read", only = ["LAMB"] }}',      "association new, expected tags of objects, got LAMB"),
    ('new = {{ client_sap = 3, authentication = "lls", rights = "read", hide = ["SERIAL_NUMBER"] }}', "got SERIAL_NUMBER"),
    ('new = {{ client_sap = 1, authentication = "lls", rights = "read" }}',                       "association new has the service access points of management, got client 1, server 1"),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "words"), ASSOCIATION_FAULTS)
def test_an_association_that_contradicts_the_profile_is_named(write: Write, rows: str, words: str) -> None:
    write("bench", f"{HEAD}[associations]\n{rows}\n[objects]\n")
    with pytest.raises(TableError, match=words):
        load("bench")


def test_the_same_client_may_associate_with_another_logical_device(write: Write) -> None:
    row = 'new = {{ client_sap = 1, server_sap = 2, authentication = "lls", rights = "read" }}'
    write("bench", f"{HEAD}[associations]\n{row}\n[objects]\n")
    profile = load("bench")
    assert (profile.association_of(1, 1), profile.association_of(1, 2)) == ("management", "new")


FILES = [
    # file     text                                                                        words
    ("bench",  'name = "bank"\ntitle = "t"\n{source}[objects]\n',                          r"profiles/bench.toml: name, expected bench, got bank"),
    ("bench",  'name = "bench"\ntitle = "t"\ninherit = "none"\n{source}[objects]\n',       r"no such companion profile, expected bench, child, grandparent, parent, got none"),
    ("bench",  'name = "bench"\ntitle = "t"\ninherit = "bench"\n{source}[objects]\n',      r"inherit in a circle"),
    ("grandparent", 'name = "grandparent"\ntitle = "t"\ninherit = "child"\n{source}[objects]\n', r"inherit in a circle"),
    ("bench",  HEAD + '[objects]\n',                                                       None),
    ("bench",  'absent = ["SERIAL_NUMBER"]\n' + HEAD + '[objects]\n',                      r"bench: absent, expected inherited objects, got SERIAL_NUMBER"),
    ("bench",  'absent = ["LAMP", "LAMP2"]\n' + HEAD + '[objects]\n',                      r"got LAMP2"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "words"), FILES)
def test_files_that_do_not_fit_together(write: Write, name: str, text: str, words: str | None) -> None:
    write(name, text)
    if words is None:
        assert load(name).object("LAMP").logical_name == Obis.of(0, 0, 96, 9, 0)
        return
    with pytest.raises(TableError, match=words):
        read_profile_file(name)
