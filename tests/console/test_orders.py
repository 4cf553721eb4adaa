"""Orders: at most once by key, audited, bounded; collections out of turn and their progress."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferraris.console.orders import Desk, requester
from ferraris.console.problems import Problem
from ferraris.headend import CommandKind
from ferraris.kernel.limits import COLLECTIONS_REMEMBERED_MAX, IDEMPOTENCY_KEY_CHARACTERS_MAX
from ferraris.store import CommandState, MeterRow
from tests.console.town import START_S, Town, TownMeter

HOUR_S = 3_600


@pytest.fixture
def desk(town: Town) -> Desk:
    return Desk(town)


@pytest.fixture
def row(town: Town) -> MeterRow:
    return town.head_end.state.meters[1].row


def test_a_command_reaches_the_meter(town: Town, desk: Desk, row: MeterRow) -> None:
    ordered = desk.command(row, CommandKind.DISCONNECT, "", "console")
    town.settle()
    settled = town.stores.records.command(ordered.id)
    assert settled is not None
    assert (settled.state, settled.requested_by) == (CommandState.CONFIRMED, "console")
    assert town.meters[1].connected is False
    assert town.head_end.state.meters[1].confirmed_control_state == 0


def test_a_key_orders_once(town: Town, desk: Desk, row: MeterRow) -> None:
    first = desk.command(row, CommandKind.DISCONNECT, "", "rest", "k-1")
    again = desk.command(row, CommandKind.DISCONNECT, "", "rest", "k-1")
    assert again.id == first.id
    town.settle()
    late = desk.command(row, CommandKind.DISCONNECT, "", "rest", "k-1")
    assert (late.id, late.state) == (first.id, CommandState.CONFIRMED)
    assert len(town.stores.records.commands()) == 1
    assert requester(first) == "rest"


def test_another_key_another_meter_or_no_key_orders_anew(town: Town, desk: Desk, row: MeterRow) -> None:
    other = town.head_end.state.meters[2].row
    ordered = [
        desk.command(row, CommandKind.READ_NOW, "", "rest", "k-1"),
        desk.command(row, CommandKind.READ_NOW, "", "rest", "k-2"),
        desk.command(other, CommandKind.READ_NOW, "", "rest", "k-1"),
        desk.command(row, CommandKind.READ_NOW, "", "rest"),
        desk.command(row, CommandKind.READ_NOW, "", "rest"),
    ]
    assert len({command.id for command in ordered}) == 5


def test_a_key_outlasts_a_restart(town: Town, row: MeterRow) -> None:
    first = Desk(town).command(row, CommandKind.DISCONNECT, "", "rest", "k-1")
    assert Desk(town).command(row, CommandKind.DISCONNECT, "", "rest", "k-1").id == first.id


def test_a_key_belongs_to_its_command(desk: Desk, row: MeterRow) -> None:
    first = desk.command(row, CommandKind.DISCONNECT, "", "rest", "k-1")
    with pytest.raises(Problem, match=f"another command, number {first.id}"):
        desk.command(row, CommandKind.RECONNECT, "", "rest", "k-1")


def test_a_key_is_not_a_novel(desk: Desk, row: MeterRow) -> None:
    with pytest.raises(Problem, match="at most 128 characters"):
        desk.command(row, CommandKind.READ_NOW, "", "rest", "k" * (IDEMPOTENCY_KEY_CHARACTERS_MAX + 1))


def test_commands_that_wait_are_bounded(town: Town, desk: Desk, row: MeterRow) -> None:
    most = town.head_end.config.limits.commands_per_meter_max
    town.meters[1].no_link = ((START_S, START_S + 10**9),)
    for number in range(most):
        desk.command(row, CommandKind.READ_ATTRIBUTE, f"8/0.0.1.0.0.255/{number}", "rest")
    town.step()
    with pytest.raises(Problem, match="16 commands wait for FER0000000001 already"):
        desk.command(row, CommandKind.READ_NOW, "", "rest")
    assert len(town.stores.records.commands()) == most


def test_every_order_is_audited(town: Town, desk: Desk, row: MeterRow) -> None:
    desk.command(row, CommandKind.READ_NOW, "", "console")
    desk.acknowledge(3, "wrong_key", "FER0000000003", "rest")
    desk.collect(None, (row,), "rest")
    seen = [(entry.actor, entry.action, entry.subject) for entry in town.stores.records.audit()]
    assert seen == [
        ("rest", "collect", "all"),
        ("rest", "acknowledge wrong_key", "FER0000000003"),
        ("console", "read_now", "meter 1"),
    ]


def test_an_acknowledged_alarm_closes(town: Town, desk: Desk) -> None:
    assert (3, "wrong_key") in town.head_end.state.alarms
    desk.acknowledge(3, "wrong_key", "FER0000000003", "console")
    town.settle()
    assert town.head_end.state.alarms == {}
    assert town.stores.records.alarms() == []
    with pytest.raises(Problem, match="no open alarm wrong_key of FER0000000003"):
        desk.acknowledge(3, "wrong_key", "FER0000000003", "console")


def test_a_collection_reads_every_meter_now(town: Town, desk: Desk) -> None:
    town.clock.advance(HOUR_S * 1_000)
    begun = desk.collect(None, None, "rest")
    assert (begun.meters, begun.done, begun.finished) == (3, 0, False)
    assert begun.missing > 0
    town.settle()
    ended = desk.progress()
    assert (ended.id, ended.done, ended.reached, ended.failed, ended.finished) == (begun.id, 3, 2, 1, True)
    assert town.head_end.state.meters[1].missing == 0


def test_a_collection_of_some(town: Town, desk: Desk, row: MeterRow) -> None:
    town.clock.advance(60_000)
    assert desk.collect(None, (row,), "rest").meters == 1
    town.settle()
    assert desk.progress().finished
    assert town.head_end.state.meters[1].last_attempt_ms == town.clock.now_ms()
    assert town.head_end.state.meters[2].last_attempt_ms != town.clock.now_ms()


def test_a_collection_of_a_group(desk: Desk) -> None:
    assert desk.collect("default", None, "rest").meters == 3
    with pytest.raises(Problem, match="no such meters"):
        desk.collect("elsewhere", None, "rest")


def test_an_association_under_way_counts(town: Town, desk: Desk, row: MeterRow) -> None:
    """A meter that is being read when the collection is ordered need not be read twice."""
    desk.command(row, CommandKind.READ_NOW, "", "rest")
    town.step()
    assert town.head_end.state.meters[1].association
    town.clock.advance(1)
    desk.collect(None, (row,), "rest")
    assert not desk.progress().finished
    town.settle()
    assert desk.progress().finished


def test_a_meter_that_never_answers_ends_a_collection_too(tmp_path: Path) -> None:
    town = Town(tmp_path, [TownMeter(1, no_link=((0, START_S + 10**9),))])
    desk = Desk(town)
    desk.collect(None, None, "rest")
    town.settle()
    progress = desk.progress()
    assert (progress.failed, progress.reached, progress.finished) == (1, 0, True)
    town.close()


def test_the_memory_of_collections_is_bounded(desk: Desk) -> None:
    for _ in range(COLLECTIONS_REMEMBERED_MAX + 3):
        last = desk.collect(None, None, "rest")
    assert desk.progress(last.id).id == last.id
    for forgotten in (1, 2, 3):
        with pytest.raises(Problem, match="no collection"):
            desk.progress(forgotten)
