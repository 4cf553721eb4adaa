"""The house sets itself up: make, the set-up script, the lock files, what CI runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.tidy.source import ROOT, none

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def planned(*words: str) -> list[str]:
    """The shell lines that `make` would run for a target whose set-up is done."""
    arguments = ["make", "--no-print-directory", "--dry-run", *words]
    done = [f"--assume-old={name}" for name in (".venv/.runtime", ".venv/.dev")]
    # These tests may themselves run under make, with arguments of its own.
    environment = {name: value for name, value in os.environ.items() if name not in {"ARGS", "MAKEFLAGS", "MAKELEVEL"}}
    ended = subprocess.run([*arguments, *done], cwd=ROOT, capture_output=True, text=True, check=True, env=environment)
    return ended.stdout.splitlines()


PLANS = [
    (["demo"], ".venv/bin/ferraris demo"),
    (["demo", "ARGS=--once --json"], ".venv/bin/ferraris demo --once --json"),
    (["simulate", "SEED=7", "METERS=50", "DAYS=3"], ".venv/bin/ferraris simulate --seed 7 --meters 50 --days 3"),
    (["simulate", "SEED=0"], ".venv/bin/ferraris simulate --seed 0"),
    (["test", "ARGS=-q tests/kernel"], ".venv/bin/python -m pytest -n auto --dist loadgroup -q tests/kernel"),
]


@pytest.mark.parametrize(("words", "line"), PLANS)
def test_arguments_reach_the_program(words: list[str], line: str) -> None:
    assert line in [" ".join(planned_line.split()) for planned_line in planned(*words)]


def test_set_up_leaves_standard_output_to_the_program() -> None:
    calls = [line for line in (ROOT / "Makefile").read_text("utf-8").splitlines() if "tools/setup.sh " in line]
    recipes = [line for line in calls if line.startswith("\t")]
    assert len(recipes) == 2
    assert all(line.endswith(">&2") for line in recipes)


@pytest.fixture
def bare_machine(tmp_path: Path) -> Path:
    """A folder with the set-up script, and a PATH on which there is nearly nothing."""
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "setup.sh", tmp_path / "tools")
    (tmp_path / "bin").mkdir()
    for name in ("sh", "dirname", "rm"):
        (tmp_path / "bin" / name).symlink_to(str(shutil.which(name)))
    return tmp_path


def set_up(machine: Path, what: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "tools/setup.sh", what],
        cwd=machine,
        env={"PATH": str(machine / "bin"), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def put_program(machine: Path, name: str, script: str) -> None:
    path = machine / "bin" / name
    path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    path.chmod(0o755)


@pytest.mark.parametrize("what", ["runtime", "dev"])
def test_a_machine_without_python_is_told_what_to_install(bare_machine: Path, what: str) -> None:
    ended = set_up(bare_machine, what)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert "no Python 3.11 or newer" in ended.stderr
    assert "apt-get install python3 python3-venv" in ended.stderr
    assert not (bare_machine / ".venv").exists()


def test_an_old_python_is_not_taken(bare_machine: Path) -> None:
    put_program(bare_machine, "python3", "exit 1  # what the question for 3.11 answers")
    assert "no Python 3.11 or newer" in set_up(bare_machine, "runtime").stderr


def test_a_python_without_venv_is_told_what_to_install(bare_machine: Path) -> None:
    put_program(bare_machine, "python3", 'case "$2" in *ensurepip*) exit 1;; *) exit 0;; esac')
    ended = set_up(bare_machine, "runtime")
    assert ended.returncode == 1
    assert "lacks the modules venv and ensurepip" in ended.stderr
    assert "apt-get install python3-venv" in ended.stderr


def test_a_step_that_is_not_known_is_refused(bare_machine: Path) -> None:
    assert set_up(bare_machine, "everything").returncode == 2


# Lock files


def locked(name: str) -> dict[str, str]:
    """The packages of a lock file, with their versions (the last one, where versions of Python differ)."""
    text = (ROOT / "requirements" / name).read_text("utf-8")
    return {
        match[1].lower().replace("_", "-"): match[2] for match in re.finditer(r"^([\w.-]+)==(\S+)", text, re.MULTILINE)
    }


def wanted(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=!; ]", requirement)[0].lower() for requirement in requirements}


def test_everything_that_is_needed_is_locked() -> None:
    extras = PROJECT["optional-dependencies"]
    assert wanted(PROJECT["dependencies"]) | wanted(extras["build"]) <= set(locked("runtime.txt"))
    assert wanted(extras["dev"]) <= set(locked("dev.txt"))


def test_both_lists_agree() -> None:
    runtime, dev = locked("runtime.txt"), locked("dev.txt")
    none(f"{name}: {version} and {dev.get(name)}" for name, version in runtime.items() if dev.get(name) != version)


def test_foreign_implementations_stay_in_their_own_environment() -> None:
    foreign = {"dlms-cosem", "gurux-dlms", "gurux-net", "gurux-common"}
    assert {"dlms-cosem", "gurux-dlms"} <= set(locked("peers.txt"))
    assert not foreign & (set(locked("runtime.txt")) | set(locked("dev.txt")))


# Continuous integration


def test_ci_runs_the_check_and_the_readmes_test_command() -> None:
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert script.rstrip().endswith("make check\nmake test")
    assert "set -euo pipefail" in script
    assert "\nmake test\n" in (ROOT / "README.md").read_text("utf-8")
