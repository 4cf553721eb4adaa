"""Dataclasses frozen for the checker of types: as frozen ones in all but the cost."""

from __future__ import annotations

import dataclasses
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from ferraris.dlms.apdu import GetRequestNext, GetResponseNormal
from ferraris.kernel.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    """A value and its unit."""

    value: int
    unit: str = "Wh"


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    """The same, as the standard library has it."""

    value: int
    unit: str = "Wh"


def test_equal_fields_are_equal_and_hash_so() -> None:
    assert Reading(5) == Reading(5, "Wh")
    assert Reading(5) != Reading(6)
    assert hash(Reading(5)) == hash(Reading(5)) == hash(Frozen(5))
    assert {Reading(5): "kept"}[Reading(5)] == "kept"
    assert repr(Reading(5)) == "Reading(value=5, unit='Wh')"


def test_what_works_on_dataclasses_works_on_these() -> None:
    assert dataclasses.replace(Reading(5), unit="varh") == Reading(5, "varh")
    assert dataclasses.asdict(Reading(5)) == {"value": 5, "unit": "Wh"}
    assert [field.name for field in dataclasses.fields(Reading)] == ["value", "unit"]
    assert pickle.loads(pickle.dumps(GetRequestNext(1, 2))) == GetRequestNext(1, 2)


def test_no_attribute_comes_by_mistake() -> None:
    with pytest.raises(AttributeError):
        Reading(5).units = "Wh"  # type: ignore[attr-defined]


def test_the_checker_of_types_refuses_an_assignment(tmp_path: Path) -> None:
    (tmp_path / "assigns.py").write_text(
        "from ferraris.dlms.apdu import GetResponseNormal\n"
        "def change(response: GetResponseNormal) -> None:\n"
        "    response.result = b''\n"
    )
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--follow-imports=silent",
            "--cache-dir",
            tmp_path / "cache",
            "assigns.py",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert 'Property "result" defined in "GetResponseNormal" is read-only' in run.stdout, run.stdout + run.stderr
    assert GetResponseNormal(1, b"") == GetResponseNormal(1, b"")
