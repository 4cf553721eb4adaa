"""Companion profiles by name and by path."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferraris.cosem import load_profile
from ferraris.kernel.errors import ConfigError, FerrarisError, TableError
from ferraris.kernel.limits import PROFILE_FILE_OCTETS_MAX
from ferraris.runtime import companion_profile

MINE = """
name = "mine"
title = "Mine"
inherit = "smr5_single_phase"

[source]
document = "d"
edition = "e"
licence = "l"

[objects]
"""


def test_a_name_is_that_of_a_profile_of_ours() -> None:
    assert companion_profile("smr5_three_phase") is load_profile("smr5_three_phase")
    with pytest.raises(TableError, match="no such companion profile"):
        companion_profile("smr9")


def test_a_path_is_that_of_a_file_which_is_read_when_it_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(MINE)
    profile = companion_profile(str(path))
    assert profile.title == "Mine"
    assert companion_profile(str(path)) is profile
    part = tmp_path / "part"
    part.write_text(MINE.replace('"Mine"', '"Mine, mended"'))
    part.rename(path)
    mended = companion_profile(str(path))
    assert mended.title == "Mine, mended"
    path.write_text("broken")
    assert companion_profile(str(path)) is mended, "what was right before goes on"
    path.unlink()
    assert companion_profile(str(path)) is mended


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (None, "cannot be read: No such file"),
        (b"\xff", "is not text in UTF-8"),
        (b"#" * (PROFILE_FILE_OCTETS_MAX + 1), "is too long"),
        (b"name = 3", "wrong.toml"),
        (b"name = ", "wrong.toml"),
        (MINE.replace("smr5_single_phase", "smr9").encode(), "no such companion profile"),
    ],
    ids=["missing", "no text", "long", "no profile", "no TOML", "strange parent"],
)
def test_a_wrong_file_is_said(tmp_path: Path, octets: bytes | None, text: str) -> None:
    path = tmp_path / "wrong.toml"
    if octets is not None:
        path.write_bytes(octets)
    with pytest.raises(FerrarisError, match=text) as caught:
        companion_profile(str(path))
    assert isinstance(caught.value, ConfigError | TableError)
