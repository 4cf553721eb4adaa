"""Whole runs: a fixed set of seeds and two fresh ones without a finding, and the same seed twice the same log."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest

from ferraris.kernel.entropy import SystemEntropy
from ferraris.simulation import FaultRates, WorldSettings, run_world
from tests.simulation.small import run_or_tell, small_world

PRINT_DIGEST = """
import sys
from ferraris.simulation import WorldSettings, run_world
print(run_world(WorldSettings(int(sys.argv[1]), 4, 0.25)).log_digest)
"""


@pytest.mark.parametrize("seed", range(1, 7))
def test_a_known_seed_has_no_finding(seed: int) -> None:
    report = run_or_tell(small_world(seed))
    assert report.intervals_stored > 0.7 * report.intervals_captured
    assert report.counters_seen > 500


@pytest.mark.parametrize("number", [1, 2])
def test_a_fresh_seed_has_no_finding(number: int) -> None:
    run_or_tell(small_world(int.from_bytes(SystemEntropy().octets(3), "big")))


def test_links_that_somebody_holds_out_of_malice_when_the_run_ends() -> None:
    """Under this seed he takes them five minutes before the collectors go home."""
    report = run_or_tell(WorldSettings(42, 6, 1.0))
    assert report.faults["replay"]


def test_every_kind_of_trouble_comes_in_the_known_seeds_and_leaves_nothing_behind() -> None:
    settings = WorldSettings(11, 6, 0.5, rates=FaultRates(replays=2, full_disks=6), rival=True, unkeyed=True)
    report = run_or_tell(settings)
    assert set(report.faults) == {
        "bad-weather",
        "collector-crash",
        "disk-full",
        "meter-crash",
        "meter-outage",
        "partition",
        "replay",
    }
    assert report.street_deaths
    assert report.collector_deaths
    assert report.commands_executed


def test_a_calm_world_loses_nothing_and_needs_no_time_to_heal() -> None:
    nothing = FaultRates(
        partitions=0, bad_weathers=0, meter_outages=0, meter_crashes=0, replays=0, collector_crashes=0, full_disks=0
    )
    report = run_or_tell(WorldSettings(3, 3, 0.25, rates=nothing, rival=False, unkeyed=False, commands_per_day=8))
    assert report.faults == {}
    assert report.street_deaths == report.collector_deaths == 0
    assert report.intervals_captured - 3 * 8 <= report.intervals_stored <= report.intervals_captured
    assert report.calm_s < 3 * 3600
    assert set(report.commands) <= {"disconnect confirmed", "reconnect confirmed", "read_now confirmed"}


def test_the_same_seed_gives_the_same_log_octet_for_octet() -> None:
    first, second = io.StringIO(), io.StringIO()
    reports = [run_world(small_world(2), sink=sink) for sink in (first, second)]
    assert first.getvalue() == second.getvalue()
    assert reports[0] == reports[1]
    assert reports[0].events == first.getvalue().count("\n")


def test_another_seed_gives_another_log() -> None:
    digests = {run_world(WorldSettings(seed, 2, 0.1)).log_digest for seed in (1, 2)}
    assert len(digests) == 2


def test_processes_with_other_hashes_give_the_same_log() -> None:
    def digest(hash_seed: str) -> str:
        environment = os.environ | {"PYTHONHASHSEED": hash_seed}
        call = [sys.executable, "-c", PRINT_DIGEST, "5"]
        return subprocess.run(call, env=environment, capture_output=True, text=True, check=True).stdout

    assert len(digest("1")) == 65
    assert digest("1") == digest("4242")


def test_progress_is_told_up_to_the_end() -> None:
    told: list[float] = []
    run_world(WorldSettings(1, 1, 0.05), progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
