"""Table files: what fits becomes frozen rows, what does not is an error with file, line and field."""

from __future__ import annotations

import contextlib
import csv
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.kernel import tables
from ferraris.kernel.errors import TableError
from ferraris.kernel.tables import file_names, load_csv, load_toml, parse_toml, read_text


class Access(Enum):
    READ_ONLY = 1
    READ_AND_WRITE = 3


class Name(bytes):
    """Stands for a logical name: a type that reads itself."""

    @classmethod
    def parse(cls, text: str) -> Name:
        parts = [int(part) for part in text.split(".")]
        if len(parts) != 3:
            raise ValueError(text)
        return cls(parts)


@dataclass(frozen=True)
class Row:
    code: int
    tag: str
    ratio: float = 1.0
    active: bool = True
    access: Access | None = None
    name: Name | None = None
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True)
class Positive:
    code: int

    def __post_init__(self) -> None:
        if self.code <= 0:
            raise ValueError("code must be positive")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An importable package of this test's own: its name differs from test to test, since tables are kept once read."""
    name = f"tables_of_{abs(hash(tmp_path))}"
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    yield name
    sys.modules.pop(name, None)


def put(package: str, tmp_path: Path, text: str, name: str = "t.csv") -> None:
    (tmp_path / package / name).write_text(text, "utf-8")


def test_rows_of_every_kind(package: str, tmp_path: Path) -> None:
    put(
        package,
        tmp_path,
        "# a comment, and an empty line\n\n"
        "code,tag,ratio,active,access,name,numbers\n"
        '3,"one, two",0.5,false,read_only,1.2.3,1 2 0x10\n'
        "0x10,µ,2,true,READ_AND_WRITE,,\n"
        "-4,,,,,,\n",
    )
    assert load_csv(package, "t.csv", Row) == (
        Row(3, "one, two", 0.5, False, Access.READ_ONLY, Name([1, 2, 3]), (1, 2, 16)),
        Row(16, "µ", 2.0, True, Access.READ_AND_WRITE, None, ()),
        Row(-4, ""),
    )


def test_columns_with_defaults_may_be_left_out_and_stand_in_any_order(package: str, tmp_path: Path) -> None:
    put(package, tmp_path, "tag,code\nx,1\n")
    assert load_csv(package, "t.csv", Row) == (Row(1, "x"),)


def test_a_table_is_read_once(package: str, tmp_path: Path) -> None:
    put(package, tmp_path, "code,tag\n1,x\n")
    first = load_csv(package, "t.csv", Row)
    put(package, tmp_path, "code,tag\n2,y\n")
    assert load_csv(package, "t.csv", Row) is first


BROKEN = [
    ("code,tag\n1,x\nfive,y\n", "line 3: code, expected int, got 'five'"),
    ("code,tag\n,x\n", "line 2: code, expected int, got ''"),
    ("code,tag\n1.5,x\n", "line 2: code, expected int"),
    ("code,tag\n1\n", "line 2: wrong number of cells, expected 2, got 1"),
    ("code,tag\n1,x,y\n", "line 2: wrong number of cells, expected 2, got 3"),
    ("# c\n\ncode,tag,active\n1,x,yes\n", "line 4: active, expected bool: true, false, got 'yes'"),
    ("code,tag,access\n1,x,write\n", "line 2: access, expected Access: read_only, read_and_write, got 'write'"),
    ("code,tag,name\n1,x,1.2\n", "line 2: name, expected Name, got '1.2'"),
    ("code,tag,numbers\n1,x,1 b\n", "line 2: numbers, expected int, got 'b'"),
    ("code,tag,ratio\n1,x,half\n", "line 2: ratio, expected float"),
    ("code\n1\n", "wrong columns"),
    ("code,tag,colour\n1,x,red\n", "wrong columns"),
    ("code,tag,code\n1,x,2\n", "wrong columns"),
    ("", "wrong columns"),
]


@pytest.mark.parametrize(("text", "complaint"), BROKEN)
def test_what_does_not_fit_is_named_with_its_line(package: str, tmp_path: Path, text: str, complaint: str) -> None:
    put(package, tmp_path, text)
    with pytest.raises(TableError) as caught:
        load_csv(package, "t.csv", Row)
    assert complaint in str(caught.value)
    assert f"{package}/t.csv" in str(caught.value)


def test_a_row_may_check_itself(package: str, tmp_path: Path) -> None:
    put(package, tmp_path, "code\n1\n-1\n")
    with pytest.raises(TableError, match=r"line 3.*code must be positive"):
        load_csv(package, "t.csv", Positive)


def test_two_rows_may_not_share_a_unique_field(package: str, tmp_path: Path) -> None:
    put(package, tmp_path, "code,tag\n1,x\n2,y\n1,z\n")
    with pytest.raises(TableError, match="line 4: code 1 stands already in line 2"):
        load_csv(package, "t.csv", Row, unique=("code", "tag"))
    assert len(load_csv(package, "t.csv", Row, unique=("tag",))) == 3


@pytest.mark.parametrize("path", ["absent.csv", "../../etc/passwd", "deep/absent.csv"])
def test_a_file_that_is_not_there(package: str, path: str) -> None:
    with pytest.raises(TableError, match=r"absent|passwd"):
        read_text(package, path)


def test_a_package_that_is_not_there() -> None:
    with pytest.raises(TableError, match="no_such_package"):
        load_csv("no_such_package", "t.csv", Row)


def test_a_file_that_is_not_utf_8(package: str, tmp_path: Path) -> None:
    (tmp_path / package / "t.csv").write_bytes(b"code,tag\n1,\xff\n")
    with pytest.raises(TableError, match="utf-8"):
        load_csv(package, "t.csv", Row)


def test_the_files_of_a_folder_are_found_in_order(package: str, tmp_path: Path) -> None:
    (tmp_path / package / "profiles").mkdir()
    for name in ("b.toml", "a.toml", "notes.md"):
        put(package, tmp_path, "", f"profiles/{name}")
    assert file_names(package, "profiles", ".toml") == ("a", "b")


@dataclass(frozen=True)
class Rule:
    access: Access
    default: int | str | None = None


@dataclass(frozen=True)
class Thing:
    tag: str
    class_id: int
    rules: dict[int, Rule] = field(default_factory=dict)
    members: tuple[Name, ...] = ()
    period_s: Annotated[int, "seconds"] | None = None


@dataclass(frozen=True)
class Document:
    name: str
    things: tuple[Thing, ...] = ()
    scale: float = 1.0
    inherit: str | None = None
    extra: Any = None


GOOD = """
name = "demo"
scale = 2
extra = { anything = [1, "two"] }

[[things]]
tag = "CLOCK"
class_id = 8
rules = { 2 = { access = "read_and_write" }, 3 = { access = "read_only", default = 60 } }

[[things]]
tag = "LOAD_PROFILE"
class_id = 7
members = ["1.0.99", "0.0.1"]
period_s = 900
"""


def test_nested_tables() -> None:
    assert parse_toml(GOOD, Document, "demo.toml") == Document(
        name="demo",
        things=(
            Thing("CLOCK", 8, {2: Rule(Access.READ_AND_WRITE), 3: Rule(Access.READ_ONLY, 60)}),
            Thing("LOAD_PROFILE", 7, members=(Name([1, 0, 99]), Name([0, 0, 1])), period_s=900),
        ),
        scale=2.0,
        extra={"anything": [1, "two"]},
    )


def test_a_toml_file_of_a_package(package: str, tmp_path: Path) -> None:
    put(package, tmp_path, GOOD, "demo.toml")
    first = load_toml(package, "demo.toml", Document)
    assert first.name == "demo"
    assert load_toml(package, "demo.toml", Document) is first


BROKEN_TOML = [
    ("class_id = 8", "class_id = true", "line 8: things[0].class_id, expected int, got True"),
    ("class_id = 7", 'class_id = "7"', "line 13: things[1].class_id, expected int, got '7'"),
    ("period_s = 900", "period_s = 9.5", "line 15: things[1].period_s, expected int, got 9.5"),
    ("period_s = 900", "capture = 900", "things[1].capture, expected one of tag, class_id, rules, members, period_s"),
    ('"1.0.99"', '"1.0"', "line 14: things[1].members[0], expected Name, got '1.0'"),
    ('"read_only"', '"none"', "line 9: things[0].rules.3.access, expected Access: read_only, read_and_write"),
    ("3 = {", "three = {", "line 9: things[0].rules.three, expected int, got 'three'"),
    ("default = 60", "default = [60]", "things[0].rules.3.default"),
    ('tag = "CLOCK"', "", "things[0].tag, expected the key tag, got nothing"),
    ('name = "demo"', "", "name, expected the key name"),
    ('["1.0.99", "0.0.1"]', '"1.0.99"', "things[1].members, expected an array of Name"),
    ('name = "demo"', "name = demo", "demo.toml: Invalid value"),
]


@pytest.mark.parametrize(("was", "now", "complaint"), BROKEN_TOML)
def test_what_does_not_fit_in_toml_is_named(was: str, now: str, complaint: str) -> None:
    assert GOOD.count(was) == 1
    with pytest.raises(TableError) as caught:
        parse_toml(GOOD.replace(was, now), Document, "demo.toml")
    assert complaint in str(caught.value)


@given(st.text())
def test_any_text_is_a_document_or_a_table_error(text: str) -> None:
    with contextlib.suppress(TableError):
        assert isinstance(parse_toml(text, Document, "any"), Document)


@given(st.lists(st.tuples(st.integers(), st.text("abcxyz ,\"'µ", max_size=5).map(str.strip)), max_size=8))
def test_what_a_csv_writer_wrote_is_read_back(rows: list[tuple[int, str]]) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([("code", "tag"), *rows])
    lines = list(tables._numbered_lines(out.getvalue()))
    parsed = [tables._csv_row(next(csv.reader([line])), ["code", "tag"], Row, "t", n) for n, line in lines[1:]]
    assert [(row.code, row.tag) for row in parsed] == rows


@dataclass(frozen=True)
class Leaf:
    number: int = 0


@dataclass(frozen=True)
class Tree:
    whole: int = 0
    real: float = 0.0
    truth: bool = False
    text: str = ""
    access: Access = Access.READ_ONLY
    name: Name | None = None
    many: tuple[int, ...] = ()
    either: int | str | None = None
    leaf: Leaf | None = None
    leaves: tuple[Leaf, ...] = ()
    by_number: dict[int, str] = field(default_factory=dict)


READ = [
    # TOML                                   field        value
    ("whole = 0x10",                         "whole",     16),
    ("whole = -1_000",                       "whole",     -1000),
    ("real = 1",                             "real",      1.0),
    ("real = 1e3",                           "real",      1000.0),
    ("truth = true",                         "truth",     True),
    ("text = ''",                            "text",      ""),
    ("access = 'Read_And_Write'",            "access",    Access.READ_AND_WRITE),
    ("name = '1.2.3'",                       "name",      Name([1, 2, 3])),
    ("many = []",                            "many",      ()),
    ("many = [3, 1, 2]",                     "many",      (3, 1, 2)),
    ("either = 5",                           "either",    5),
    ("either = '5'",                         "either",    "5"),
    ("leaf = {}",                            "leaf",      Leaf()),
    ("leaf.number = 4",                      "leaf",      Leaf(4)),
    ("[leaf]\nnumber = 4",                   "leaf",      Leaf(4)),
    ("[[leaves]]\n[[leaves]]\nnumber = 2",   "leaves",    (Leaf(), Leaf(2))),
    ("by_number = { 1 = 'a', 0x10 = 'b' }",  "by_number", {1: "a", 16: "b"}),
    ("",                                     "by_number", {}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "name", "value"), READ)
def test_every_kind_of_value_in_toml(text: str, name: str, value: object) -> None:
    found = getattr(parse_toml(text, Tree, "tree.toml"), name)
    assert (found, type(found)) == (value, type(value))


UNREAD = [
    # TOML                                   complaint
    ("whole = 1.0",                          "tree.toml line 1: whole, expected int, got 1.0"),
    ("whole = true",                         "tree.toml line 1: whole, expected int, got True"),
    ("whole = '1'",                          "tree.toml line 1: whole, expected int, got '1'"),
    ("real = true",                          "tree.toml line 1: real, expected float, got True"),
    ("real = '1.0'",                         "tree.toml line 1: real, expected float, got '1.0'"),
    ("truth = 1",                            "tree.toml line 1: truth, expected bool, got 1"),
    ("text = 1",                             "tree.toml line 1: text, expected str, got 1"),
    ("access = 1",                           "tree.toml line 1: access, expected Access, got 1"),
    ("access = 'all'",                       "tree.toml line 1: access, expected Access: read_only, read_and_write, got 'all'"),
    ("name = 5",                             "tree.toml line 1: name, expected Name, got 5"),
    ("name = '1.2.x'",                       "tree.toml line 1: name, expected Name, got '1.2.x'"),
    ("many = 5",                             "tree.toml line 1: many, expected an array of int, got 5"),
    ("many = [1, 'b']",                      "tree.toml line 1: many[1], expected int, got 'b'"),
    ("either = 1.5",                         "tree.toml line 1: either"),
    ("leaf = 5",                             "tree.toml line 1: leaf, expected Leaf, got 5"),
    ("leaf = { nummer = 5 }",                 "tree.toml line 1: leaf.nummer, expected one of number, got the key nummer"),
    ("\n\n[leaf]\nnumber = 'x'",             "tree.toml line 4: leaf.number, expected int, got 'x'"),
    ("[[leaves]]\n\n[[leaves]]\nnumber = []", "tree.toml line 4: leaves[1].number, expected int, got []"),
    ("by_number = { a = 'b' }",              "tree.toml line 1: by_number.a, expected int, got 'a'"),
    ("by_number = [1]",                      "tree.toml line 1: by_number, expected a table, got [1]"),
    ("colour = 1",                           "tree.toml line 1: colour, expected one of whole, real"),
    ("whole = 1\nwhole = 2",                 "tree.toml: Cannot overwrite"),
    ("whole =",                              "tree.toml: Invalid value"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "complaint"), UNREAD, ids=[row[0][:30] for row in UNREAD])
def test_every_complaint_in_toml_names_file_line_and_key(text: str, complaint: str) -> None:
    with pytest.raises(TableError) as caught:
        parse_toml(text, Tree, "tree.toml")
    assert str(caught.value).startswith(complaint)
    assert len(str(caught.value)) < 300


def test_toml_nested_beyond_the_stack_is_a_complaint_too() -> None:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000)  # others in this process may have raised it
    try:
        with pytest.raises(TableError) as caught:
            parse_toml("many = " + 5000 * "[", Tree, "tree.toml")
    finally:
        sys.setrecursionlimit(before)
    assert str(caught.value) == "tree.toml: arrays or tables are nested too deep"


# Broken files


DIGITS_TOO_MANY = "9" * (sys.int_info.default_max_str_digits + 1)


@pytest.mark.parametrize("text", [f"code = {DIGITS_TOO_MANY}", f"code = 1\ntag = 'x'\nratio = [{DIGITS_TOO_MANY}]"])
def test_a_number_of_too_many_digits_is_a_complaint(text: str) -> None:
    with pytest.raises(TableError, match=r"t\.toml: "):
        parse_toml(text, Row, "t.toml")


@pytest.mark.parametrize(
    "line",
    [f"{DIGITS_TOO_MANY},x", "1," + "x" * (csv.field_size_limit() + 1), '1,"' + "x" * (csv.field_size_limit() + 1)],
    ids=["digits", "long cell", "long quoted cell"],
)
def test_a_cell_beyond_all_measure_is_a_complaint_with_its_line(package: str, tmp_path: Path, line: str) -> None:
    put(package, tmp_path, f"code,tag\n1,x\n{line}\n")
    with pytest.raises(TableError, match=r"t\.csv line 3") as caught:
        load_csv(package, "t.csv", Row)
    assert len(str(caught.value)) < 1_000, "the cell itself is not told at full length"


@dataclass(frozen=True)
class Numbered:
    by_number: dict[int, str]


def test_one_key_written_in_two_ways_is_a_complaint() -> None:
    assert parse_toml("[by_number]\n16 = 'a'\n17 = 'b'", Numbered, "t.toml").by_number == {16: "a", 17: "b"}
    with pytest.raises(TableError, match=r"by_number\.0x10, expected each key once"):
        parse_toml("[by_number]\n16 = 'a'\n0x10 = 'b'", Numbered, "t.toml")


HEAD = "code,tag,ratio,active,access,name,numbers\n"
LINES = [
    "# a comment\n",
    '3,"one, two",0.5,false,read_only,1.2.3,1 2 0x10\n',
    "0x10,µ,2,true,READ_AND_WRITE,,\n",
    "-4,,,,,,\n",
]


@given(st.data())
def test_a_changed_file_is_rows_or_a_complaint_that_names_it(data: st.DataObject) -> None:
    """Whatever is typed into a table, the loader raises nothing but its own error, and every row fits its schema."""
    text = HEAD + "".join(data.draw(st.lists(st.sampled_from(LINES), max_size=4)))
    for _ in range(data.draw(st.integers(0, 3))):
        place = data.draw(st.integers(0, len(text)))
        gone, come = data.draw(st.integers(0, 2)), data.draw(st.text(max_size=2) | st.sampled_from(',"\n\0'))
        text = text[:place] + come + text[place + gone :]
    rows: tuple[Row, ...] = ()
    complaint = "a/t.csv"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "read_text", lambda package, path: text)
        try:
            rows = load_csv.__wrapped__("a", "t.csv", Row)
        except TableError as error:
            complaint = str(error)
    assert complaint.startswith("a/t.csv")
    for row in rows:
        assert type(row.code) is int
        assert type(row.ratio) is float
        assert type(row.active) is bool
        assert row.access is None or isinstance(row.access, Access)
        assert row.name is None or isinstance(row.name, Name)
        assert all(type(number) is int for number in row.numbers)
