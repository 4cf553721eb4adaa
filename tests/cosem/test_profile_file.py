"""Profile files: inheritance entry by entry, and files that contradict themselves or their base."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferraris.cosem import Authentication, Obis, Rights, profile_names
from ferraris.cosem.profile_file import (
    FOLDER,
    PACKAGE,
    ObjectRow,
    ProfileAssociation,
    ProfileFile,
    Source,
    on_each_channel,
    overlay,
    overlay_row,
    read_profile_file,
)
from ferraris.kernel.errors import TableError
from ferraris.kernel.tables import parse_toml, read_text

SOURCE = Source("a document", "1", "a licence")
CLOCK = ObjectRow(8, 0, Obis.parse("0.0.1.0.0.255"), values={"time_zone": -60, "clock_base": 1}, write=("time",))
SERIAL = ObjectRow(1, 0, Obis.parse("0.0.96.1.0.255"), types={"value": "octet-string"})
PUBLIC = ProfileAssociation(16, Authentication.LOWEST, Rights.READ)
BASE = ProfileFile(
    "base", "Base", SOURCE, {"CLOCK": CLOCK, "SERIAL": SERIAL}, phases=3, associations={"public": PUBLIC}
)


def derived(**statements: object) -> ProfileFile:
    file = ProfileFile("derived", "Derived", SOURCE, {}, inherit="base")
    for name, value in statements.items():
        object.__setattr__(file, name, value)
    return file


def test_what_is_not_stated_is_inherited() -> None:
    merged = overlay(BASE, derived())
    assert (merged.name, merged.title) == ("derived", "Derived")
    assert (merged.objects, merged.phases, merged.associations) == (BASE.objects, 3, BASE.associations)


ROWS = [
    # stated                                   field        result
    (ObjectRow(),                              "class_id",  8),
    (ObjectRow(),                              "write",     ("time",)),
    (ObjectRow(),                              "values",    {"time_zone": -60, "clock_base": 1}),
    (ObjectRow(version=1),                     "version",   1),
    (ObjectRow(write=("status", "time_zone")), "write",     ("status", "time_zone")),
    (ObjectRow(write=()),                      "write",     ()),
    (ObjectRow(values={"time_zone": 0}),       "values",    {"time_zone": 0, "clock_base": 1}),
    (ObjectRow(types={"time": "date-time"}),   "types",     {"time": "date-time"}),
    (ObjectRow(phases=3),                      "phases",    3),
    (ObjectRow(execute=("shift_time",)),       "execute",   ("shift_time",)),
]  # fmt: skip


@pytest.mark.parametrize(("stated", "name", "result"), ROWS)
def test_a_row_replaces_what_it_states_and_keeps_the_rest(stated: ObjectRow, name: str, result: object) -> None:
    assert getattr(overlay_row(CLOCK, stated), name) == result


def test_new_objects_come_behind_the_inherited_ones() -> None:
    lamp = ObjectRow(1, 0, Obis.parse("0.0.96.9.0.255"))
    merged = overlay(BASE, derived(objects={"LAMP": lamp, "CLOCK": ObjectRow(version=1)}))
    assert list(merged.objects) == ["CLOCK", "SERIAL", "LAMP"]


def test_inherited_objects_can_be_removed_and_stated_anew() -> None:
    assert list(overlay(BASE, derived(absent=("CLOCK",))).objects) == ["SERIAL"]
    with pytest.raises(TableError, match="derived: absent, expected inherited objects, got LAMP"):
        overlay(BASE, derived(absent=("LAMP",)))


def test_an_association_is_replaced_as_a_whole() -> None:
    stricter = ProfileAssociation(16, Authentication.LLS, Rights.READ)
    reading = ProfileAssociation(2, Authentication.LLS, Rights.READ)
    merged = overlay(BASE, derived(associations={"public": stricter, "reading": reading}))
    assert merged.associations == {"public": stricter, "reading": reading}


def test_overlays_leave_the_base_alone() -> None:
    overlay(BASE, derived(objects={"CLOCK": ObjectRow(values={"time_zone": 0})}, phases=1))
    assert CLOCK.values == {"time_zone": -60, "clock_base": 1}
    assert BASE.phases == 3


def test_an_unknown_profile_is_refused_with_the_known_ones() -> None:
    with pytest.raises(TableError, match=r"smr5_three_phase, .*, got no_such_profile"):
        read_profile_file("no_such_profile")


def test_inheriting_in_a_circle_is_refused() -> None:
    with pytest.raises(TableError, match="inherit in a circle"):
        read_profile_file("smr5", depth=9)


FAULTS = [
    # text                                                                             words
    ('LAMP = { class = 1, code = "0.0.96.9.0.255" }',                                  "class_id"),
    ('LAMP = { class_id = 1, code = "0.0.96.9.0" }',                                   "Obis"),
    ('LAMP = { class_id = "1", code = "0.0.96.9.0.255" }',                             "int"),
    ('LAMP = { class_id = 1, code = "0.0.96.9.0.255", write = "value" }',              "tuple|array"),
    ('LAMP = { class_id = 1, code = "0.0.96.9.0.255", typo.value = "enum" }',          "typo"),
    ('[associations]\npublic = { client_sap = 16, authentication = "none", rights = "read" }', "lowest"),
    ('[associations]\npublic = { client_sap = 16, authentication = "lls", rights = "all" }',   "full"),
    ('[associations]\npublic = { authentication = "lls", rights = "read" }',           "client_sap"),
]  # fmt: skip

HEAD = 'name = "bench"\ntitle = "Bench"\n[source]\ndocument = "a"\nedition = "b"\nlicence = "c"\n[objects]\n'


@pytest.mark.parametrize(("text", "words"), FAULTS)
def test_what_does_not_fit_the_schema_is_named(text: str, words: str) -> None:
    with pytest.raises(TableError, match=words):
        parse_toml(HEAD + text, ProfileFile, "bench.toml")


@pytest.mark.parametrize("name", profile_names())
def test_every_file_says_where_its_facts_come_from(name: str) -> None:
    file = read_profile_file(name)
    assert file.source.document
    assert file.source.edition
    assert any(word in file.source.licence for word in ("Apache-2.0", "MIT", "facts of a table"))
    assert read_text(PACKAGE, f"{FOLDER}/{name}.toml").startswith("# ")


@pytest.mark.parametrize("name", profile_names())
def test_an_object_takes_one_line(name: str) -> None:
    text = read_text(PACKAGE, f"{FOLDER}/{name}.toml")
    rows = text.partition("[objects]\n")[2].splitlines()
    tags = parse_toml(text, ProfileFile, name).objects
    stated = [row.partition(" = ")[0].strip('"') for row in rows if row and not row.startswith("#")]
    assert stated == list(tags)
    assert len(stated) == len(set(stated))


CHANNELS = ObjectRow(7, 1, Obis.parse("0.1.24.3.0.255"), channels=2, capture=("CLOCK.time", "VALUE_#.value"))


def test_a_row_on_channels_is_written_out_in_its_place() -> None:
    rows = on_each_channel({"CLOCK": CLOCK, "LOG": CHANNELS, "SERIAL": SERIAL})
    assert list(rows) == ["CLOCK", "LOG_1", "LOG_2", "SERIAL"]
    assert [(row.code, row.channels, row.capture) for row in (rows["LOG_1"], rows["LOG_2"])] == [
        (Obis.of(0, 1, 24, 3, 0), None, ("CLOCK.time", "VALUE_1.value")),
        (Obis.of(0, 2, 24, 3, 0), None, ("CLOCK.time", "VALUE_2.value")),
    ]


@pytest.mark.parametrize("channels", [-1, 0, 65, 10**9])
def test_there_are_64_channels(channels: int) -> None:
    with pytest.raises(TableError, match=r"LOG: channels, expected 1\.\.64"):
        on_each_channel({"LOG": replace(CHANNELS, channels=channels)})


def test_a_channel_that_has_a_row_of_its_own_is_refused() -> None:
    with pytest.raises(TableError, match="LOG_2 stands twice"):
        on_each_channel({"LOG_2": SERIAL, "LOG": CHANNELS})


FAMILIES = [
    # profile                 inherits       of its own
    ("dsmr422",               "dsmr22",      ("IMAGE_TRANSFER", "PUSH_SETUP_ALARM")),
    ("smr43",                 "dsmr422",     ("CDMA_DIAGNOSTIC",)),
    ("smr5",                  "dsmr422",     ("MBUS_DIAGNOSTIC", "POWER_QUALITY_PROFILE_1")),
    ("smr51",                 "smr5",        ("MBUS_STATUS_CLEARING", "AUXILIARY_EVENT_LOG")),
    ("smr52",                 "smr51",       ("LTE_DIAGNOSTIC", "CURRENT_THD_L3")),
    ("smr55",                 "smr52",       ("PUSH_SETUP_UDP", "LAST_GASP_TEST")),
    ("is15959_single_phase",  "is15959",     ("1.0.12.7.0.255",)),
    ("is15959_three_phase",   "is15959",     ("1.0.72.7.0.255", "1.0.8.8.0.255")),
    ("spodes_single_phase",   "spodes",      ("0.0.96.3.10.255",)),
    ("spodes_three_phase",    "spodes",      ("1.0.71.7.0.255",)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "base", "own"), FAMILIES)
def test_a_revision_says_only_what_differs(name: str, base: str, own: tuple[str, ...]) -> None:
    alone = parse_toml(read_text(PACKAGE, f"{FOLDER}/{name}.toml"), ProfileFile, name)
    inherited = read_profile_file(base).objects
    assert alone.inherit == base
    assert not set(own) & inherited.keys()
    assert set(own) <= alone.objects.keys()
    for tag, row in alone.objects.items():
        if tag in inherited:
            assert overlay_row(inherited[tag], row) != inherited[tag], f"{tag} is a copy"
