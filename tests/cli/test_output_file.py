"""Whether a file can be written is told before there is anything to write."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ferraris.cli.output_file import check_output_file


def test_a_file_that_can_be_written_is_neither_made_nor_changed(tmp_path: Path) -> None:
    there = tmp_path / "there.html"
    there.write_text("before")
    check_output_file(there)
    check_output_file(tmp_path / "new.html")
    check_output_file(None)
    assert [path.name for path in tmp_path.iterdir()] == ["there.html"]
    assert there.read_text() == "before"


def test_a_name_alone_is_of_this_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    check_output_file(Path("new.html"))


def test_a_device_can_be_written() -> None:
    check_output_file(Path(os.devnull))


# What is named, the kind of refusal, and what it is about.
REFUSED = [
    (".",              IsADirectoryError,  "."),
    ("folder",         IsADirectoryError,  "folder"),
    ("none/new.html",  FileNotFoundError,  "none"),
    ("file/new.html",  NotADirectoryError, "file"),
    ("file/x/new",     FileNotFoundError,  "file/x"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "kind", "about"), REFUSED)
def test_what_cannot_be_written(tmp_path: Path, name: str, kind: type[OSError], about: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(kind) as refused:
        check_output_file(tmp_path / name)
    assert refused.value.filename == str(tmp_path / about)


@pytest.mark.parametrize("name", ["locked/new.html", "locked.html"])
def test_rights_that_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (tmp_path / "locked").mkdir()
    (tmp_path / "locked.html").write_text("")
    # Whoever runs the tests may be root, who has every right.
    monkeypatch.setattr(os, "access", lambda path, mode: not Path(path).name.startswith("locked"))
    with pytest.raises(PermissionError):
        check_output_file(tmp_path / name)
