"""Small worlds for tests, and what a failed run tells: how to replay it."""

from __future__ import annotations

import pytest

from ferraris.simulation import AuditError, FaultRates, Report, WorldSettings, replay_command, run_world

METERS, DAYS = 5, 0.5
STORMY = FaultRates(
    partitions=8,
    partition_s_max=3 * 3600.0,
    bad_weathers=8,
    meter_outages=1,
    meter_crashes=4,
    replays=2,
    collector_crashes=16,
    full_disks=2,
)


def small_world(seed: int) -> WorldSettings:
    return WorldSettings(seed, METERS, DAYS)


def run_or_tell(settings: WorldSettings) -> Report:
    """The report of a run without a finding; with one, the test fails and says how to see it again."""
    try:
        return run_world(settings)
    except AuditError as error:
        pytest.fail(f"{error}\nreplay: {replay_command(settings)}\n{error.story}", pytrace=False)


def finding_of(settings: WorldSettings) -> AuditError:
    """What the auditor objects to."""
    with pytest.raises(AuditError) as caught:
        run_world(settings)
    return caught.value
