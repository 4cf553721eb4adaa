"""`ferraris profile` as people and programs call it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from ferraris.cli import main
from ferraris.cosem import AssociationLn, load_profile, obis, profile_names
from tests.cli.meters import meters_served

LISTS = Path(__file__).parents[1] / "vectors" / "object_lists"
METER = "smr5_three_phase"


def call(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["ferraris", "profile", *map(str, arguments)])
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit) as ended:
        main.run()
    return int(ended.value.code or 0)


@pytest.fixture
def list_file(tmp_path: Path) -> Path:
    """What the managing association of our own meter sees, less the clock."""
    elements = [e for e in load_profile(METER).object_list("management") if e.logical_name != obis.CLOCK]
    path = tmp_path / "list.hex"
    path.write_text(AssociationLn.object_list.datatype.encode(tuple(elements)).hex(), "ascii")
    return path


def test_the_list_names_every_profile_and_its_kind(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "list") == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()[1:]}
    assert list(lines) == list(profile_names())
    assert " meter " in lines[METER]
    assert " object list " in lines["smr55"]
    assert " check-list " in lines["is15959"]
    assert " partial check-list " in lines["spain"]


def test_the_list_as_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(monkeypatch, "list", "--json") == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["dsmr22"] == {
        "name": "dsmr22",
        "title": "Dutch Smart Meter Requirements 2.2",
        "kind": "object list",
        "objects": 64,
    }


@pytest.mark.parametrize("name", ["smr55", "spodes", "italy_gas"])
def test_show(name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(monkeypatch, "show", name) == 0
    shown = capsys.readouterr().out
    for listed in load_profile(name).listed:
        assert f"{listed.logical_name} " in shown
    assert call(monkeypatch, "show", name, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert len(document["objects"]) == len(load_profile(name).listed)


def test_a_difference_is_printed_and_told_by_the_exit_code(
    list_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "check", METER, list_file, "--association", "management") == 1
    head, _, row = capsys.readouterr().out.splitlines()
    count = len(load_profile(METER).listed)
    assert head == f"{count - 1} objects against the {count} of smr5_three_phase: 1 missing"
    assert row.split() == "0.0.1.0.0.255 CLOCK missing class 8 version 0 nothing".split()


def test_differences_as_json(
    list_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "check", METER, list_file, "--json") == 1
    assert json.loads(capsys.readouterr().out) == [
        {
            "difference": "missing",
            "logical_name": "0.0.1.0.0.255",
            "object": "CLOCK",
            "part": None,
            "expected": "class 8 version 0",
            "got": "nothing",
        }
    ]


def test_a_meter_that_is_as_it_should_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "list"
    path.write_text(
        AssociationLn.object_list.datatype.encode(load_profile(METER).object_list("reading")).hex(), "ascii"
    )
    assert call(monkeypatch, "check", METER, path, "--association", "reading") == 0
    assert capsys.readouterr().out.endswith("smr5_three_phase: no difference\n")


def test_the_list_of_a_real_meter(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(monkeypatch, "check", "spodes_single_phase", LISTS / "spodes_m2m_1_configurator.hex") == 1
    shown = capsys.readouterr().out
    assert shown.startswith("168 objects against the 99 of spodes_single_phase: 69 additional\n")
    assert max(map(len, shown.splitlines())) > 80, "a table in a pipe is as wide as it needs"
    assert "GPRS_DIAGNOSTIC" in shown


def test_what_explore_prints_and_saves_is_held_against_a_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    printed, saved = tmp_path / "meter.json", tmp_path / "meter.toml"
    with meters_served(tmp_path / "meters") as served:
        words = ["explore", "--json", served.url(1), "--keys", str(served.registry), "--save", str(saved)]
        monkeypatch.setattr(sys, "argv", ["ferraris", *words])
        with pytest.raises(SystemExit):
            main.run()
    printed.write_text(capsys.readouterr().out, "utf-8")
    for path in (printed, saved):
        assert call(monkeypatch, "check", "smr5_single_phase", path, "--association", "management") == 0
        assert call(monkeypatch, "check", "smr5_three_phase", path, "--association", "management") == 1
        assert "CURRENT_L2" in capsys.readouterr().out


REFUSALS = [
    # text of the file     words on standard error
    ("",                   "holds no object list"),
    ("02",                 "ferraris: "),
    ("{}",                 "is no object list, expected what explore --json prints, got one without 'objects'"),
    ('{"objects": [{}]}',  "is no object list, expected what explore --json prints, got one without 'attributes'"),
    ("nonsense",           "ferraris: "),
    ('name = "x"',         "expected the key"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), REFUSALS)
def test_a_file_that_holds_no_object_list_is_refused_in_one_line(
    text: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "list"
    path.write_text(text, "utf-8")
    assert call(monkeypatch, "check", METER, path) == main.EXIT_REFUSED
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1


def test_octets_that_are_no_text_and_files_that_are_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "list"
    path.write_bytes(b"\xff\xfe\x00")
    assert call(monkeypatch, "check", METER, path) == main.EXIT_REFUSED
    assert "is not text in UTF-8" in capsys.readouterr().err
    with path.open("wb") as file:
        file.truncate(1 << 30)
    assert call(monkeypatch, "check", METER, path) == main.EXIT_REFUSED
    assert "is too long" in capsys.readouterr().err
    assert call(monkeypatch, "check", METER, tmp_path / "none") == main.EXIT_REFUSED
    assert call(monkeypatch, "show", "nowhere") == main.EXIT_REFUSED
