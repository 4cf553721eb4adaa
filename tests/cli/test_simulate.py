"""`ferraris simulate`: a summary, a log that replays, and on a finding the command that shows it again."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ferraris.cli import simulate
from ferraris.cli.main import app
from ferraris.kernel.errors import ConfigError
from ferraris.runtime import conversation
from ferraris.simulation import WorldSettings

SMALL = ("--meters", "2", "--days", "0.1")


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["simulate", *arguments])


def test_a_run_ends_with_a_summary_and_a_log_that_has_its_digest(tmp_path: Path) -> None:
    log = tmp_path / "events.log"
    result = call("--seed", "7", *SMALL, "--log", str(log))
    assert result.exit_code == 0, result.output
    lines = dict(
        line.split(maxsplit=1) for line in result.stdout.splitlines() if line.startswith(("seed", "meters", "events"))
    )
    assert lines["seed"] == "7"
    digest = result.stdout.splitlines()[-1].split()[-1]
    assert hashlib.sha256(log.read_bytes()).hexdigest() == digest
    assert int(lines["events"]) == log.read_bytes().count(b"\n")


def test_the_same_seed_prints_the_same() -> None:
    assert call("--seed", "3", *SMALL).stdout == call("--seed", "3", *SMALL).stdout


def test_without_a_seed_a_fresh_one_is_taken() -> None:
    seeds = {call(*SMALL).stdout.splitlines()[0] for _ in range(2)}
    assert len(seeds) == 2


def off_by_one(*arguments: Any) -> Any:
    from dataclasses import replace

    readings = READINGS_OF(*arguments)
    return replace(readings, value=readings.value + 1)


READINGS_OF = conversation.readings_of


def test_a_finding_ends_with_its_story_and_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "readings_of", off_by_one)
    result = call("--seed", "5", *SMALL)
    assert result.exit_code == 1
    assert "finding: a reading has a wrong value" in result.stderr
    assert "captured meter" in result.stderr
    assert "replay: make simulate SEED=5 METERS=2 DAYS=0.1" in result.stdout


def test_a_finding_among_many_is_told_with_its_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "readings_of", off_by_one)
    found = simulate._finding(WorldSettings(5, 2, 0.1))
    assert found.startswith("a reading has a wrong value")
    assert "(seed 5, at " in found


def test_many_seeds_are_run_by_other_processes() -> None:
    result = call("--seed", "20", "--seeds", "2", "--jobs", "1", "--meters", "1", "--days", "0.02")
    assert result.exit_code == 0, result.output
    assert "2 runs, seeds 20 to 21: 0 with a finding" in result.stdout


@pytest.mark.parametrize("arguments", [("--meters", "0"), ("--days", "0"), ("--seeds", "0"), ("--seed", "x")])
def test_what_cannot_be_run_is_refused(arguments: tuple[str, str]) -> None:
    assert CliRunner().invoke(app, ["simulate", *arguments]).exit_code == 2


def test_one_log_of_many_runs_is_refused(tmp_path: Path) -> None:
    log = tmp_path / "events.log"
    result = call("--seeds", "2", *SMALL, "--log", str(log))
    assert isinstance(result.exception, ConfigError)
    assert (
        str(result.exception) == "--log is of a single run, expected --seeds 1, with the seed of the run wanted, got 2"
    )
    assert not log.exists()
