"""Profile files and overlays of quirks, broken in every way: a file that reads, or a TableError that says where."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.cosem import CompanionProfile, profile_from_text, profile_names
from ferraris.cosem.profile_file import FOLDER, PACKAGE
from ferraris.cosem.quirks import FOLDER as QUIRKS
from ferraris.cosem.quirks import QuirkFile
from ferraris.kernel.errors import TableError
from ferraris.kernel.tables import file_names, parse_toml, read_text

TEXTS = {name: read_text(PACKAGE, f"{FOLDER}/{name}.toml") for name in profile_names()}
SPLICES = (
    "-1", "0", "65536", "1e999", "nan", "true", '""', '"x"', "[]", "{}", "[[]]", '["x"]', "0x10000000000000000",
    '"1.0.1.8.0.256"', '"1.0.1.8.0.255"', "1979-05-27", "'''", "inf", '"double-long-unsigned"', '"\\ud7ff"', "9" * 400,
)  # fmt: skip
VALUE = re.compile(r'"[^"\n]*"|\b\d+\b|\btrue\b|\bfalse\b')


def read(text: str) -> CompanionProfile | str:
    """The profile, or the complaint."""
    try:
        return profile_from_text(text, "bench.toml")
    except TableError as error:
        return str(error)


def checked(text: str) -> None:
    found = read(text)
    if isinstance(found, str):
        assert found
        assert len(found) < 4_000
        return
    for name in found.associations:
        found.object_list(name)
    assert len({entry.logical_name for entry in found.objects}) <= len(found.objects)


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(sorted(TEXTS)), st.data())
def test_a_value_in_anothers_place(name: str, data: st.DataObject) -> None:
    places = list(VALUE.finditer(TEXTS[name]))
    place = data.draw(st.sampled_from(places))
    with_what = data.draw(st.one_of(st.sampled_from(SPLICES), st.sampled_from(places).map(lambda other: other.group())))
    checked(TEXTS[name][: place.start()] + with_what + TEXTS[name][place.end() :])


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(sorted(TEXTS)), st.data())
def test_lines_left_out_said_twice_or_moved(name: str, data: st.DataObject) -> None:
    lines = TEXTS[name].splitlines()
    at, to = (data.draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    match data.draw(st.sampled_from(("left out", "twice", "moved", "cut short"))):
        case "left out":
            del lines[at]
        case "twice":
            lines.insert(to, lines[at])
        case "moved":
            lines.insert(to, lines.pop(at))
        case "cut short":
            del lines[at:]
    checked("\n".join(lines))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(TEXTS)), st.data())
def test_a_character_more_or_less(name: str, data: st.DataObject) -> None:
    text = TEXTS[name]
    at = data.draw(st.integers(0, len(text) - 1))
    checked(
        text[:at] + data.draw(st.sampled_from(("", '"', "=", "[", "]", "{", ".", "#", "\n", "\0"))) + text[at + 1 :]
    )


@given(st.text(max_size=200))
def test_any_text_is_a_profile_or_a_complaint(text: str) -> None:
    checked(text)


@pytest.mark.parametrize("name", file_names(PACKAGE, QUIRKS, ".toml"))
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_an_overlay_of_quirks_with_a_value_in_anothers_place(name: str, data: st.DataObject) -> None:
    text = read_text(PACKAGE, f"{QUIRKS}/{name}.toml")
    place = data.draw(st.sampled_from(list(VALUE.finditer(text))))
    spoilt = text[: place.start()] + data.draw(st.sampled_from(SPLICES)) + text[place.end() :]
    complaint = "bench.toml: none"
    try:
        parse_toml(spoilt, QuirkFile, "bench.toml")
    except TableError as error:
        complaint = str(error)
    assert complaint.startswith("bench.toml")


KEYS = re.compile(
    r"\b(class_id|version|code|phases|channels|write|execute|hide|capture)( *= *)(\"[^\"]*\"|\d+|\[[^\]]*\])"
)
STATED = [
    (name, number, line)
    for name, text in sorted(TEXTS.items())
    for number, line in enumerate(text.splitlines(), 1)
    if not line.startswith("#") and KEYS.search(line) and re.match(r"[A-Z0-9_]+ *=", line)
]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(STATED), st.data())
def test_a_value_of_the_wrong_kind_is_named_by_line_and_field(row: tuple[str, int, str], data: st.DataObject) -> None:
    """The line is that of the object, though other objects, in this file or below, have the same keys."""
    name, number, line = row
    place = data.draw(st.sampled_from(list(KEYS.finditer(line))))
    lines = TEXTS[name].splitlines()
    lines[number - 1] = line[: place.start(3)] + "1979-05-27" + line[place.end(3) :]
    complaint = read("\n".join(lines))
    assert isinstance(complaint, str)
    assert complaint.startswith(f"bench.toml line {number}: objects.{line.split('=')[0].strip()}.{place[1]}, expected ")


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_a_key_that_there_is_none_of_is_named_by_its_line(name: str) -> None:
    lines = [line for line in TEXTS[name].splitlines() if line.strip()]
    for number, line in enumerate(lines, 1):
        if line.startswith(("[", "#")) or not re.match(r"(title|document|client_sap|comment) *=", line):
            continue
        key = line.split("=")[0].strip()
        spoilt = [*lines[: number - 1], line.replace(key, f"{key}_x", 1), *lines[number:]]
        complaint = read("\n".join(spoilt))
        assert isinstance(complaint, str), line
        assert f"line {number}: " in complaint or f"the key {key}, got nothing" in complaint, complaint
