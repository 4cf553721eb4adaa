"""Our own meter passes every check, as each of its clients; the runner tells what it did not run and why."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from ferraris.client import ClientSettings
from ferraris.client.conformance import Bench, Outcome, chosen, registered, run_checks
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import LinkUnreachableError
from ferraris.link import Link
from ferraris.meter.fleet import Fleet
from tests.client.conformance.bottle import HOUR_MS, check_meter
from tests.meter.clients import management, public, reading
from tests.meter.steady import MONDAY_MS

NOT_FOR_THE_PUBLIC = {"Objects", "Long results and parts of them"}
"""Sections of what only a client that sees the object list can check."""


@pytest.mark.parametrize("settings", [management, reading], ids=["management", "reading"])
def test_our_own_meter_passes(fleet: Fleet, settings: Callable[[], ClientSettings]) -> None:
    results = check_meter(fleet, settings(), write=True)
    assert [(r.check.name, r.expected, r.got) for r in results if r.outcome in (Outcome.FAILED, Outcome.NOT_RUN)] == []
    assert len(results) == len(registered())
    assert sum(r.outcome is Outcome.PASSED for r in results) >= 45


def test_the_public_client_is_checked_as_far_as_it_sees(fleet: Fleet) -> None:
    checks = [each for each in chosen() if each.section not in NOT_FOR_THE_PUBLIC and "without_right" not in each.name]
    results = check_meter(fleet, public(), [each for each in checks if each.name != "get-without-right"])
    assert [(r.check.name, r.expected, r.got) for r in results if r.outcome is Outcome.FAILED] == []


def test_what_writes_is_run_only_on_demand(fleet: Fleet) -> None:
    writing = [each for each in registered() if each.writes]
    assert writing
    assert {result.outcome for result in check_meter(fleet, management(), writing)} == {Outcome.NOT_RUN}


def test_checks_are_chosen_by_name_or_section() -> None:
    assert [each.name for each in chosen(["association-opens"])] == ["association-opens"]
    assert {each.section for each in chosen(["security"])} == {"Security"}
    assert chosen() == registered()
    assert chosen(["no-such-check"]) == ()


def test_a_server_that_cannot_be_reached_leaves_everything_not_run() -> None:
    asked = 0

    async def open_link() -> Link:
        nonlocal asked
        asked += 1
        raise LinkUnreachableError("No connection")

    async def run() -> set[Outcome]:
        bench = Bench(open_link, public(), SeededEntropy(1), lambda: 0, patience_s=0.1)
        return {result.outcome for result in await run_checks(bench, chosen())}

    assert asyncio.run(run()) == {Outcome.NOT_RUN}
    assert asked == 2


def test_each_result_is_told_as_it_comes(fleet: Fleet) -> None:
    names = [each.name for each in chosen(["wrapper"])]
    assert [result.check.name for result in check_meter(fleet, public(), chosen(["wrapper"]))] == names


def test_a_clock_a_day_off_is_found(fleet: Fleet) -> None:
    [result] = check_meter(
        fleet, management(), chosen(["clock-is-plausible"]), clock_ms=MONDAY_MS + HOUR_MS + 86_500_000
    )
    assert result.outcome is Outcome.FAILED
    assert "-86500" in result.got
