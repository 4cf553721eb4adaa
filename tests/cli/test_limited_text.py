"""Text of files: as it stands, of a sensible length, and private where keys are in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cli.limited_text import private_text_of, text_of
from ferraris.kernel.errors import ConfigError
from ferraris.kernel.limits import KEY_FILE_OCTETS_MAX, SETTINGS_FILE_OCTETS_MAX


def written(place: Path, octets: bytes, mode: int = 0o600) -> Path:
    path = place / "file.toml"
    path.write_bytes(octets)
    path.chmod(mode)
    return path


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_any_text_comes_as_it_stands(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = written(tmp_path_factory.getbasetemp(), text.encode())
    assert text_of(path) == private_text_of(path) == text


def test_a_file_as_long_as_the_limit_is_read_and_a_longer_one_refused(tmp_path: Path) -> None:
    for read, limit in ((text_of, SETTINGS_FILE_OCTETS_MAX), (private_text_of, KEY_FILE_OCTETS_MAX)):
        assert read(written(tmp_path, b"#" * limit)) == "#" * limit
        with pytest.raises(ConfigError, match=rf"file\.toml is too long, expected at most {limit} octets"):
            read(written(tmp_path, b"#" * (limit + 1)))
    with pytest.raises(ConfigError, match="at most 3 octets"):
        text_of(written(tmp_path, b"four"), 3)


def test_what_is_no_text_is_refused_and_not_repeated(tmp_path: Path) -> None:
    path = written(tmp_path, b"secret\xff")
    with pytest.raises(ConfigError, match=r"file\.toml is not text in UTF-8, expected a list") as refused:
        text_of(path, holds="a list")
    assert "secret" not in str(refused.value)
    with pytest.raises(ConfigError, match="a file of keys"):
        private_text_of(path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_keys_that_others_may_read_are_refused(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path, b"secret", mode)
    with pytest.raises(ConfigError, match=f"by others than its owner, expected mode 0600, got {mode:04o}"):
        private_text_of(path)
    assert text_of(path) == "secret"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for read in (text_of, private_text_of):
        with pytest.raises(ConfigError, match="none cannot be read: No such file"):
            read(tmp_path / "none")
        for mode in (0o700, 0o755):
            tmp_path.chmod(mode)
            with pytest.raises(ConfigError, match="Is a directory"):
                read(tmp_path)
