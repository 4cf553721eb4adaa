"""A meter's object list held against a profile: lists of our own meters with one thing changed, and lists of real meters."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cosem import (
    AccessMode,
    AttributeAccess,
    MethodAccess,
    Obis,
    ObjectListElement,
    obis,
    object_list_from_text,
)
from ferraris.cosem.profile import CompanionProfile, build_profile, load_profile
from ferraris.cosem.profile_difference import DifferenceKind, ProfileDifference, profile_differences
from ferraris.cosem.profile_file import ProfileFile
from ferraris.kernel.errors import TableError
from ferraris.kernel.tables import parse_toml

VECTORS = Path(__file__).parents[1] / "vectors" / "object_lists"
METER = load_profile("smr5_three_phase")
LIST = METER.object_list("management")
MISSING, ADDITIONAL, OTHER_CLASS, OTHER_VERSION, OTHER_ACCESS = DifferenceKind


def real_list(name: str) -> tuple[ObjectListElement, ...]:
    [path] = VECTORS.glob(f"{name}.*")
    return object_list_from_text(path.read_text("utf-8"), path.name)


def changed(name: Obis, **statements: object) -> list[ObjectListElement]:
    """The list of our meter with something else said of one object."""
    return [replace(element, **statements) if element.logical_name == name else element for element in LIST]  # type: ignore[arg-type]


@pytest.mark.parametrize("association", ["management", "reading", "public"])
@pytest.mark.parametrize("name", ["smr5_single_phase", "smr5_three_phase"])
def test_a_meter_is_as_its_own_profile_says(name: str, association: str) -> None:
    profile = load_profile(name)
    assert profile_differences(profile, profile.object_list(association), association) == ()


def test_all_rights_are_those_of_the_managing_association() -> None:
    assert profile_differences(METER, LIST) == ()
    reading = profile_differences(METER, METER.object_list("reading"))
    assert {difference.kind for difference in reading} == {MISSING, OTHER_ACCESS}


def test_a_missing_object() -> None:
    rest = [element for element in LIST if element.logical_name != obis.CLOCK]
    assert profile_differences(METER, rest, "management") == (
        ProfileDifference(MISSING, obis.CLOCK, "CLOCK", "class 8 version 0", "nothing"),
    )


def test_an_additional_object() -> None:
    stranger = replace(LIST[0], logical_name=Obis.of(0, 0, 96, 99, 9), class_id=1, version=0)
    assert profile_differences(METER, [*LIST, stranger], "management") == (
        ProfileDifference(ADDITIONAL, stranger.logical_name, "", "nothing", "class 1 version 0"),
    )


@pytest.mark.parametrize(
    ("statements", "kind", "expected", "got"),
    [
        ({"version": 3}, OTHER_VERSION, "version 0", "version 3"),
        ({"class_id": 1}, OTHER_CLASS, "class 8 version 0", "class 1 version 0"),
        ({"class_id": 1, "version": 9}, OTHER_CLASS, "class 8 version 0", "class 1 version 9"),
    ],
)
def test_another_class_or_version_is_said_once(
    statements: dict[str, object], kind: DifferenceKind, expected: str, got: str
) -> None:
    found = profile_differences(METER, changed(obis.CLOCK, **statements), "management")
    assert found == (ProfileDifference(kind, obis.CLOCK, "CLOCK", expected, got),)


def test_the_class_decides_which_of_two_objects_of_one_name_is_meant() -> None:
    [clock] = [element for element in LIST if element.logical_name == obis.CLOCK]
    twin = replace(clock, class_id=1)
    for both in ([twin, *LIST], [*LIST, twin]):
        assert profile_differences(METER, both, "management") == (
            ProfileDifference(ADDITIONAL, obis.CLOCK, "", "nothing", "class 1 version 0"),
        )


RIGHTS = [
    # of CLOCK                                           part                  expected          got
    (AttributeAccess(2, AccessMode.READ),                "attribute 2 time",   "read and write", "read"),
    (AttributeAccess(2, AccessMode.WRITE),               "attribute 2 time",   "read and write", "write"),
    (AttributeAccess(4, AccessMode.READ_WRITE),          "attribute 4 status", "read",           "read and write"),
    (AttributeAccess(4, AccessMode.NONE),                "attribute 4 status", "read",           "no access"),
    (MethodAccess(1, AccessMode.NONE),                   "method 1 adjust_to_quarter", "execute", "no access"),
    (MethodAccess(4, AccessMode.EXECUTE),                "method 4 adjust_to_preset_time", "no access", "execute"),
    (AttributeAccess(10, AccessMode.READ),               "attribute 10",       "no access",      "read"),
]  # fmt: skip


def with_right(element: ObjectListElement, right: AttributeAccess | MethodAccess) -> ObjectListElement:
    rights = element.access_rights
    if isinstance(right, AttributeAccess):
        others = [access for access in rights.attribute_access if access.attribute_id != right.attribute_id]
        return replace(element, access_rights=replace(rights, attribute_access=(*others, right)))
    rest = [access for access in rights.method_access if access.method_id != right.method_id]
    return replace(element, access_rights=replace(rights, method_access=(*rest, right)))


@pytest.mark.parametrize(("right", "part", "expected", "got"), RIGHTS)
def test_other_rights(right: AttributeAccess | MethodAccess, part: str, expected: str, got: str) -> None:
    listed = [with_right(element, right) if element.logical_name == obis.CLOCK else element for element in LIST]
    assert profile_differences(METER, listed, "management") == (
        ProfileDifference(OTHER_ACCESS, obis.CLOCK, "CLOCK", expected, got, part),
    )


def test_protection_that_a_right_asks_for_is_no_difference() -> None:
    protected = AccessMode.READ_WRITE | AccessMode.AUTHENTICATED_REQUEST | AccessMode.ENCRYPTED_RESPONSE
    listed = [
        with_right(element, AttributeAccess(2, protected)) if element.logical_name == obis.CLOCK else element
        for element in LIST
    ]
    assert profile_differences(METER, listed, "management") == ()


def test_protection_that_the_profile_asks_for_is_none_either() -> None:
    clock = METER.object("CLOCK")
    rules = {
        n: replace(rule, access=rule.access | AccessMode.ENCRYPTED_REQUEST) for n, rule in clock.attributes.items()
    }
    modes = {n: mode | AccessMode.AUTHENTICATED_REQUEST for n, mode in clock.methods.items()}
    protected = replace(clock, attributes=rules, methods=modes)
    objects = tuple(protected if entry is clock else entry for entry in METER.objects)
    assert profile_differences(replace(METER, objects=objects), LIST) == ()


@pytest.mark.parametrize(
    ("version", "number", "right"),
    [(1, 4, "read"), (2, 5, "write"), (2, 6, None), (3, 4, "no access"), (3, 5, "read"), (3, 7, None)],
)
def test_before_version_3_of_the_association_a_right_is_a_number(version: int, number: int, right: str | None) -> None:
    listed = [
        with_right(element, AttributeAccess(2, AccessMode(number))) if element.logical_name == obis.CLOCK else element
        for element in changed(obis.ASSOCIATION, version=version)
    ]
    found = [d for d in profile_differences(METER, listed, "management") if d.logical_name == obis.CLOCK]
    assert [difference.got for difference in found] == ([] if right is None else [right])


def test_an_association_that_the_profile_does_not_have() -> None:
    with pytest.raises(TableError, match="no such association, expected management, reading, public, got guest"):
        profile_differences(METER, LIST, "guest")


def bench(rows: str, mark: str = "") -> CompanionProfile:
    head = f'name = "b"\ntitle = "B"\n{mark}\n[source]\ndocument = "a"\nedition = "b"\nlicence = "c"\n[objects]\n'
    return build_profile(parse_toml(head + rows, ProfileFile, "b"))


def test_to_a_partial_profile_nothing_is_additional() -> None:
    rows = "CLOCK = { class_id = 8 }\n"
    whole = profile_differences(bench(rows, "check_list = true"), LIST)
    assert {difference.kind for difference in whole} == {ADDITIONAL}
    assert len(whole) == len(LIST) - 1
    assert profile_differences(bench(rows, "check_list = true\npartial = true"), LIST) == ()


def test_an_undeclared_class_is_looked_for_all_the_same() -> None:
    rows = 'GADGET = { class_id = 9999, version = 2, code = "0.0.96.99.9.255" }\n'
    [difference] = profile_differences(bench(rows, "partial = true"), LIST)
    assert (difference.kind, difference.tag, difference.expected) == (MISSING, "GADGET", "class 9999 version 2")


@given(st.lists(st.sampled_from(LIST), max_size=30))
def test_any_part_of_a_list_lacks_just_the_rest(part: list[ObjectListElement]) -> None:
    unique = {element.logical_name: element for element in part}
    found = profile_differences(METER, list(unique.values()), "management")
    assert {difference.kind for difference in found} <= {MISSING, OTHER_ACCESS}
    missing = {difference.logical_name for difference in found if difference.kind is MISSING}
    assert missing == {element.logical_name for element in LIST} - unique.keys()


# Real meters


COUNTS = [
    # object list                  profile                objects  missing  additional
    ("spodes_m2m_1_configurator",  "spodes_single_phase", 168,     0,       69),
    ("spodes_m2m_3_configurator",  "spodes_three_phase",  184,     0,       53),
    ("spodes_m2m_3_configurator",  "spodes_single_phase", 184,     7,       92),
    ("spodes_m2m_1_configurator",  "spodes_three_phase",  168,     35,      72),
    ("spodes_m2m_1_public",        "spodes",              8,       85,      1),
    ("kamstrup_382",               "spodes",              123,     90,      121),
    ("kamstrup_382",               "dsmr22",              123,     63,      122),
    ("kamstrup_382",               "spain",               123,     61,      0),
    ("lt_regor",                   "is15959",             121,     100,     44),
    ("lt_regor",                   "is15959_three_phase", 121,     110,     25),
    ("meter_italia_eg4",           "italy_gas",           120,     53,      3),
]  # fmt: skip


@pytest.mark.parametrize(("name", "profile", "count", "missing", "additional"), COUNTS)
def test_lists_of_real_meters(name: str, profile: str, count: int, missing: int, additional: int) -> None:
    known, listed = load_profile(profile), real_list(name)
    found = profile_differences(known, listed)
    kinds = [difference.kind for difference in found]
    assert (len(listed), kinds.count(MISSING), kinds.count(ADDITIONAL)) == (count, missing, additional)
    assert OTHER_CLASS not in kinds
    assert OTHER_VERSION not in kinds
    if not known.partial:
        assert len(listed) - additional == len(known.listed) - missing


def test_a_kamstrup_meter_against_what_it_might_be_thought_to_be() -> None:
    rows = """
        ASSOCIATION = { class_id = 15, version = 1, code = "0.0.40.0.0.255" }
        CLOCK_1 = { class_id = 8, code = "0.1.1.0.0.255" }
        ENERGY = { class_id = 3, code = "1.1.1.8.0.255", write = ["value"] }
        ENERGY_RATE_1 = { class_id = 3, code = "1.1.1.8.1.255" }
    """
    found = profile_differences(bench(rows, "partial = true"), real_list("kamstrup_382"))
    assert [(d.tag, d.kind, d.part, d.expected, d.got) for d in found] == [
        ("ASSOCIATION", OTHER_VERSION, "", "version 1", "version 0"),
        ("CLOCK_1", OTHER_ACCESS, "attribute 2 time", "read", "read and write"),
        ("CLOCK_1", OTHER_ACCESS, "attribute 3 time_zone", "read", "no access"),
        ("CLOCK_1", OTHER_ACCESS, "attribute 5 daylight_savings_begin", "read", "no access"),
        ("CLOCK_1", OTHER_ACCESS, "attribute 6 daylight_savings_end", "read", "no access"),
        ("CLOCK_1", OTHER_ACCESS, "attribute 7 daylight_savings_deviation", "read", "no access"),
        ("ENERGY", OTHER_ACCESS, "attribute 2 value", "read and write", "read"),
    ]
