"""Private files: whole or not at all, the owner's alone, replaced at one stroke."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.kernel.errors import ConfigError, SecurityError
from ferraris.keys.private_file import create_private_file, read_private_file, replace_private_file

WHAT = "the keystore"


@given(content=st.binary(max_size=200_000))
def test_what_was_written_is_read(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("private") / "file"
    create_private_file(path, WHAT, content)
    assert read_private_file(path, WHAT, 200_000) == content
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_in_the_way_stays(tmp_path: Path) -> None:
    create_private_file(tmp_path / "file", WHAT, b"first")
    with pytest.raises(ConfigError, match="the keystore is never replaced"):
        create_private_file(tmp_path / "file", WHAT, b"second")
    assert read_private_file(tmp_path / "file", WHAT, 100) == b"first"


def test_replacing_leaves_nothing_beside_the_file(tmp_path: Path) -> None:
    create_private_file(tmp_path / "file", WHAT, b"first")
    replace_private_file(tmp_path / "file", WHAT, b"second")
    assert read_private_file(tmp_path / "file", WHAT, 100) == b"second"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600


def test_what_a_crash_left_behind_does_not_stop_a_replacement(tmp_path: Path) -> None:
    create_private_file(tmp_path / "file", WHAT, b"first")
    (tmp_path / f".file.{os.getpid()}.new").write_bytes(b"half of it")
    replace_private_file(tmp_path / "file", WHAT, b"second")
    assert read_private_file(tmp_path / "file", WHAT, 100) == b"second"


def test_a_failed_replacement_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    create_private_file(path, WHAT, b"first")
    (tmp_path / f".file.{os.getpid()}.new").mkdir()  # nothing can be written where a directory is
    with pytest.raises(ConfigError, match="the keystore cannot be written"):
        replace_private_file(path, WHAT, b"second")
    assert read_private_file(path, WHAT, 100) == b"first"


def test_a_long_file_is_read_to_the_limit_only(tmp_path: Path) -> None:
    create_private_file(tmp_path / "file", WHAT, bytes(100_000))
    assert len(read_private_file(tmp_path / "file", WHAT, 70_000)) == 70_000


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    create_private_file(tmp_path / "file", WHAT, b"secret")
    (tmp_path / "file").chmod(mode)
    with pytest.raises(SecurityError, match="open to other users"):
        read_private_file(tmp_path / "file", WHAT, 100)


def test_links_and_directories_are_refused(tmp_path: Path) -> None:
    create_private_file(tmp_path / "real", WHAT, b"secret")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "directory").mkdir(mode=0o700)
    for name in ("link", "directory", "absent"):
        with pytest.raises(ConfigError):
            read_private_file(tmp_path / name, WHAT, 100)
