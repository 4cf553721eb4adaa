"""Holds a whole test run against the claims of conformance: a claim whose test did not run, or did not pass, shows nothing.

A plugin of pytest, which `tests/conftest.py` registers. A run of chosen tests is not judged. Where a test was skipped
because something is missing on this machine, the claim is named; where nothing may be missing (CI=true), the run fails.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.tidy.source import ROOT

TABLE = ROOT / "docs" / "reference" / "conformance.csv"
RANK = {"skipped": 0, "passed": 1, "failed": 2}


def claimed(table: Path = TABLE) -> list[tuple[str, str]]:
    """Each claim in words, with the test that shows it."""
    with table.open(encoding="utf-8", newline="") as file:
        return [(f"{row['clause']}: {row['claim']}", row["test"]) for row in csv.DictReader(file)]


def note(outcomes: dict[str, str], nodeid: str, when: str, outcome: str) -> None:
    """Take one report: of a test's call, or of a set-up that skipped or failed."""
    if when != "call" and outcome == "passed":
        return
    name = nodeid.split("[", 1)[0]
    outcomes[name] = max(outcomes.get(name, "skipped"), outcome, key=lambda each: RANK[each])


def not_shown(claims: Iterable[tuple[str, str]], outcomes: Mapping[str, str], *, strict: bool) -> Iterator[str]:
    """The claims that this run has not shown. Skipped tests count only when nothing may be missing."""
    for claim, test in claims:
        outcome = outcomes.get(test, "not run")
        if outcome == "passed" or (outcome == "skipped" and not strict):
            continue
        yield f"{claim} is shown by {test}, which {'was not run' if outcome == 'not run' else outcome}"


def is_whole(config: pytest.Config) -> bool:
    """Whether every test was asked for."""
    chosen = config.option.keyword or config.option.markexpr or config.option.collectonly
    some_failed_before = config.getoption("lf", False) or config.getoption("ff", False) or config.option.maxfail
    by_default = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    return by_default and not chosen and not some_failed_before and not hasattr(config, "workerinput")


class ClaimsPlugin:
    """Hears of every report, those of worker processes included, and speaks at the end."""

    def __init__(self) -> None:
        self._outcomes: dict[str, str] = {}
        """By test, without its parameters: failed once one failed, passed once one passed, skipped otherwise."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        note(self._outcomes, report.nodeid, report.when or "", report.outcome)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if not is_whole(session.config) or exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            return
        strict = os.environ.get("CI") == "true"
        missing = list(not_shown(claimed(), self._outcomes, strict=strict))
        if missing:
            print("\nclaims of conformance that this run has not shown:", *missing, sep="\n  ")
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
