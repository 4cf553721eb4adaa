"""Names as the standards spell them."""

from __future__ import annotations

import re
from enum import Flag, IntEnum
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ferraris
from ferraris.kernel.spelling import member_spelled, spelled

NAMES = [
    # in Python                     in the standard
    ("READ_WRITE_DENIED",           "read-write-denied"),
    ("SCOPE_OF_ACCESS_VIOLATED",    "scope-of-access-violated"),
    ("GET",                         "get"),
    ("Block_transfer_With_GET",     "block-transfer-with-get"),
    ("read-write-denied",           "read-write-denied"),
    ("HLS5",                        "hls5"),
    ("",                            ""),
]  # fmt: skip


@pytest.mark.parametrize(("name", "standard"), NAMES)
def test_a_name(name: str, standard: str) -> None:
    assert spelled(name) == standard


@given(st.text(alphabet="ABCXYZ_0189", max_size=30))
def test_a_spelled_name_stays(name: str) -> None:
    assert re.fullmatch("[a-z0-9-]*", spelled(name))
    assert spelled(spelled(name)) == spelled(name)
    assert spelled(name).upper().replace("-", "_") == name


class Colour(Flag):
    DARK_RED = 1
    DARK_BLUE = 2


class Answer(IntEnum):
    OTHER_REASON = 250


def test_members() -> None:
    assert member_spelled(Answer.OTHER_REASON) == "other-reason"
    assert [member_spelled(flag) for flag in Colour.DARK_RED | Colour.DARK_BLUE] == ["dark-red", "dark-blue"]
    assert member_spelled(Colour(0)) == "0"


def test_nobody_spells_names_alone() -> None:
    """One rule in one place."""
    root = Path(ferraris.__file__).parent
    alone = [
        path.relative_to(root).as_posix()
        for path in sorted(root.rglob("*.py"))
        if re.search(r'lower\(\)\.replace\("_", "-"\)', path.read_text("utf-8"))
    ]
    assert alone == ["kernel/spelling.py"]
