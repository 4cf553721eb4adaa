"""A whole run fails when a claim of conformance was not shown by it; a run of chosen tests does not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tidy.claims import claimed, not_shown, note
from tests.tidy.source import ROOT

CLAIMS = [
    ("A: shown", "tests/a.py::test_a"),
    ("B: skipped", "tests/b.py::test_b"),
    ("C: not there", "tests/c.py::test_c"),
]


def test_outcomes_of_parameters_are_one() -> None:
    outcomes: dict[str, str] = {}
    for nodeid, when, outcome in (
        ("t.py::a[1]", "setup", "passed"),
        ("t.py::a[1]", "call", "passed"),
        ("t.py::a[2]", "call", "skipped"),
        ("t.py::b[1]", "call", "passed"),
        ("t.py::b[2]", "call", "failed"),
        ("t.py::c", "setup", "skipped"),
        ("t.py::d", "setup", "failed"),
        ("t.py::e", "setup", "passed"),
    ):
        note(outcomes, nodeid, when, outcome)
    assert outcomes == {"t.py::a": "passed", "t.py::b": "failed", "t.py::c": "skipped", "t.py::d": "failed"}


@pytest.mark.parametrize(("strict", "missing"), [(False, ["C"]), (True, ["B", "C"])])
def test_what_was_not_shown(strict: bool, missing: list[str]) -> None:
    outcomes = {"tests/a.py::test_a": "passed", "tests/b.py::test_b": "skipped"}
    assert [line[0] for line in not_shown(CLAIMS, outcomes, strict=strict)] == missing


def test_a_test_that_failed_shows_nothing() -> None:
    [line] = not_shown(CLAIMS[:1], {"tests/a.py::test_a": "failed"}, strict=False)
    assert line == "A: shown is shown by tests/a.py::test_a, which failed"


def test_the_table_is_read() -> None:
    assert all(test.startswith("tests/") for _, test in claimed())


@pytest.mark.parametrize(("whole", "code"), [(True, 1), (False, 0)])
def test_a_run_of_pytest_itself(tmp_path: Path, whole: bool, code: int) -> None:
    """A house of its own with one test and two claims: the whole run fails for the second, a chosen test alone does not."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_one.py").write_text("def test_here():\n    pass\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\ntestpaths = tests\n")
    (tmp_path / "claims.csv").write_text(
        "clause,claim,test\n1,Here,tests/test_one.py::test_here\n2,Gone,tests/test_one.py::test_gone\n"
    )
    (tmp_path / "conftest.py").write_text(
        "from pathlib import Path\nfrom tests.tidy import claims\n"
        "claims.claimed.__defaults__ = (Path('claims.csv'),)\n"
        "def pytest_configure(config):\n    config.pluginmanager.register(claims.ClaimsPlugin())\n"
    )
    arguments = [] if whole else ["tests/test_one.py"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "CI": ""}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", *arguments]
    done = subprocess.run(
        command, check=False, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert ("2: Gone is shown by tests/test_one.py::test_gone, which was not run" in done.stdout) is whole
