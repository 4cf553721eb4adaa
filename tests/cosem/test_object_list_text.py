"""An object list out of digits, JSON or a profile file, and what is none of them."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cosem import AssociationLn, ObjectListElement, load_profile, object_list_from_text
from ferraris.kernel.errors import FerrarisError, LocalProtocolError, TableError

LIST = load_profile("smr5_single_phase").object_list("management")
OCTETS = AssociationLn.object_list.datatype.encode(LIST)


def explored(element: ObjectListElement) -> dict[str, Any]:
    """As `ferraris explore --json` has it, with something besides."""
    rights = element.access_rights
    return {
        "class_id": element.class_id,
        "version": element.version,
        "logical_name": str(element.logical_name),
        "title": None,
        "attributes": [{"attribute_id": a.attribute_id, "access": int(a.access_mode)} for a in rights.attribute_access],
        "methods": {str(m.method_id): int(m.access_mode) for m in rights.method_access},
    }


def without_selectors(element: ObjectListElement) -> tuple[object, ...]:
    rights = element.access_rights
    attributes = tuple((access.attribute_id, access.access_mode) for access in rights.attribute_access)
    return element.class_id, element.version, element.logical_name, attributes, rights.method_access


@pytest.mark.parametrize(
    "write", [bytes.hex, lambda octets: octets.hex(" ").upper(), lambda octets: f"0x{octets.hex()}\n"]
)
def test_octets_in_digits(write: Any) -> None:
    assert object_list_from_text(write(OCTETS), "list.hex") == LIST


def test_what_explore_prints() -> None:
    text = json.dumps({"url": "tcp://127.0.0.1", "objects": [explored(element) for element in LIST]}, indent=2)
    found = object_list_from_text(text, "list.json")
    assert [without_selectors(element) for element in found] == [without_selectors(element) for element in LIST]


PROFILE = """
name = "mine"
title = "Mine"
inherit = "smr5_single_phase"

[source]
document = "a"
edition = "b"
licence = "c"

[objects]
"""


def test_a_profile_file_stands_for_its_first_association() -> None:
    assert object_list_from_text(PROFILE, "mine.toml") == LIST
    with pytest.raises(TableError, match=r"mine\.toml: associations"):
        object_list_from_text(PROFILE.replace("smr5_single_phase", "smr5"), "mine.toml")


ENTRY: dict[str, Any] = {"class_id": 1, "version": 0, "logical_name": "0.0.1.0.0.255", "attributes": [], "methods": {}}

UNFIT = [
    "{",
    "{}",
    '{"objects": 1}',
    '{"objects": [1]}',
    '{"objects": [{}]}',
    json.dumps({"objects": [{**ENTRY, "logical_name": "0.0"}]}),
    json.dumps({"objects": [{**ENTRY, "logical_name": 7}]}),
    json.dumps({"objects": [{**ENTRY, "class_id": "one"}]}),
    json.dumps({"objects": [{**ENTRY, "attributes": [{"attribute_id": 1}]}]}),
    json.dumps({"objects": [{**ENTRY, "methods": []}]}),
    '{"objects": ' + "[" * 100_000,
    '{"objects": [{"class_id": 1e999}]}',
    '{"objects": [], "objects": []}',
    '{"objects": [], "voltage": NaN}',
    '{"objects": [{"class_id": ' + "9" * 5_000 + "}]}",
]


@pytest.mark.parametrize("text", UNFIT, ids=range(len(UNFIT)))
def test_json_that_is_no_object_list(text: str) -> None:
    with pytest.raises(LocalProtocolError, match=r"list\.json"):
        object_list_from_text(text, "list.json")


def test_a_right_object_list_of_nothing() -> None:
    assert object_list_from_text(json.dumps({"objects": []}), "list.json") == ()
    assert object_list_from_text("0100", "list.hex") == ()
    with pytest.raises(LocalProtocolError, match=r"list\.hex holds no object list"):
        object_list_from_text(" \n", "list.hex")


@given(st.text() | st.binary().map(bytes.hex) | st.text().map(lambda text: "{" + text))
def test_any_text_raises_nothing_but_errors_of_ours(text: str) -> None:
    with contextlib.suppress(FerrarisError):
        object_list_from_text(text, "list")


@given(st.integers(0, len(OCTETS) - 1), st.integers(0, 255))
def test_any_octet_may_be_wrong(place: int, octet: int) -> None:
    octets = bytearray(OCTETS)
    octets[place] = octet
    with contextlib.suppress(FerrarisError):
        object_list_from_text(octets.hex(), "list")
