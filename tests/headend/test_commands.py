"""A command is carried out at most once, and what became of it is found out by looking."""

from __future__ import annotations

import pytest

from ferraris.headend import (
    CommandKind,
    Failure,
    FailureKind,
    HeadEndConfig,
    Limits,
    PerformCommand,
    ReadControlState,
)
from ferraris.store import CommandState
from tests.headend.world import START_S, World

LINK_LOST = Failure(FailureKind.CLOSED, "closed by the peer")
HOUR_S = 3_600


def quiet_world() -> World:
    """One meter, read once, at rest."""
    world = World(HeadEndConfig(limits=Limits(start_spread_ms=0)))
    world.add_meter(1)
    world.run_until(START_S + 2 * HOUR_S)
    assert not world.running
    return world


def running_items(world: World) -> list[type]:
    (effect,) = world.running.values()
    return [type(work) for work in effect.work]


def position(world: World, kind: type) -> int:
    return running_items(world).index(kind)


def test_a_disconnection_is_performed_at_once_and_confirmed_by_reading_back() -> None:
    world = quiet_world()
    world.post(1, 1, CommandKind.DISCONNECT)
    assert running_items(world)[1:3] == [PerformCommand, ReadControlState]
    world.finish(next(iter(world.running)))
    row = world.command_rows[1]
    assert (row.state, row.detail) == (CommandState.CONFIRMED, "output off, control state 0")
    assert world.states[1].commanded_control_state == 0
    assert world.states[1].confirmed_control_state == 0
    assert world.meters[1].switched == ["disconnect"]


def test_commanded_and_confirmed_state_stand_side_by_side_until_the_meter_was_seen() -> None:
    world = quiet_world()
    world.post(1, 1, CommandKind.DISCONNECT)
    assert (world.states[1].commanded_control_state, world.states[1].confirmed_control_state) == (0, 1)


@pytest.mark.parametrize(
    ("after", "fate", "switched"),
    [
        # items done before the link is lost: check clock, perform, read back
        (0, "never left", 0),
        (1, "never left", 0),
        (2, "answer lost", 1),
        (3, "settled", 1),
    ],
)
def test_a_lost_link_never_makes_a_command_go_twice(after: int, fate: str, switched: int) -> None:
    world = quiet_world()
    world.post(1, 1, CommandKind.DISCONNECT)
    world.finish(next(iter(world.running)), after=after, failure=LINK_LOST)
    state = world.command_rows[1].state
    assert len(world.meters[1].switched) == switched
    assert (
        state
        is {
            "never left": CommandState.PENDING,
            "answer lost": CommandState.UNKNOWN,
            "settled": CommandState.CONFIRMED,
        }[fate]
    )
    world.run_until(START_S + 4 * HOUR_S)
    assert world.command_rows[1].state is CommandState.CONFIRMED
    assert world.meters[1].switched == ["disconnect"]


def test_a_command_in_doubt_that_was_not_carried_out_has_failed() -> None:
    world = quiet_world()
    world.post(1, 1, CommandKind.DISCONNECT)
    world.finish(next(iter(world.running)), after=2, failure=LINK_LOST)
    world.meters[1].output_state = True  # the request never arrived
    world.run_until(START_S + 4 * HOUR_S)
    row = world.command_rows[1]
    assert (row.state, row.detail) == (CommandState.FAILED, "not carried out: output on, control state 1")
    assert world.states[1].commanded_control_state == world.states[1].confirmed_control_state == 1


@pytest.mark.parametrize("after", [None, 0, 1, 2, 3])
def test_a_crash_at_any_moment_never_makes_a_command_go_twice(after: int | None) -> None:
    world = quiet_world()
    world.post(1, 1, CommandKind.DISCONNECT)
    association = next(iter(world.running))
    if after is not None:
        effect = world.running[association]
        for work in effect.work[:after]:
            world._do(world.meters[1], work)  # done by the meter; nobody lives to tell
    world.restart()
    world.run_until(START_S + 5 * HOUR_S)
    assert world.command_rows[1].state is CommandState.CONFIRMED
    assert world.meters[1].switched == ["disconnect"]


def test_no_further_command_goes_to_a_meter_while_one_is_in_doubt() -> None:
    world = quiet_world()
    world.post(1, 1, CommandKind.DISCONNECT)
    world.post(2, 1, CommandKind.RECONNECT)
    world.finish(next(iter(world.running)), after=2, failure=LINK_LOST)
    wake_ms = world.head_end.wake_at()
    assert wake_ms is not None
    world.advance_to(wake_ms)
    assert PerformCommand not in running_items(world)
    world.run_until(START_S + 4 * HOUR_S)
    assert world.meters[1].switched == ["disconnect", "reconnect"]
    assert [world.command_rows[n].state for n in (1, 2)] == [CommandState.CONFIRMED] * 2
    assert world.states[1].confirmed_control_state == 1


def test_a_refused_command_has_failed_and_is_not_repeated() -> None:
    world = quiet_world()
    world.post(1, 1, CommandKind.DISCONNECT)
    from ferraris.headend import AssociationFinished, CommandAnswered, CommandSent

    (association,) = world.running
    effect = world.running.pop(association)
    outcomes = (CommandSent(1), CommandAnswered(1, False, "read-write-denied (3)"))
    world.step(AssociationFinished(association, effect.meter, outcomes))
    assert (world.command_rows[1].state, world.command_rows[1].detail) == (
        CommandState.FAILED,
        "read-write-denied (3)",
    )
    world.run_until(START_S + 4 * HOUR_S)
    assert world.meters[1].switched == []


def test_a_meter_that_hides_its_disconnector_leaves_the_fate_unknown() -> None:
    world = quiet_world()
    world.post(1, 1, CommandKind.DISCONNECT)
    world.finish(next(iter(world.running)), after=2, failure=LINK_LOST)
    world.meters[1].refuses = {ReadControlState}
    world.run_until(START_S + 4 * HOUR_S)
    assert world.command_rows[1].state is CommandState.UNKNOWN
    assert world.head_end.state.commands == {}
    assert world.meters[1].switched == ["disconnect"]


def test_commands_that_only_read_are_repeated_until_they_are_answered() -> None:
    world = quiet_world()
    world.post(1, 1, CommandKind.READ_NOW)
    world.finish(next(iter(world.running)), after=1, failure=LINK_LOST)
    assert world.command_rows[1].state is CommandState.PENDING
    world.run_until(START_S + 4 * HOUR_S)
    assert (world.command_rows[1].state, world.command_rows[1].detail) == (CommandState.CONFIRMED, "123 Wh")


def test_a_clock_set_by_an_operator_is_confirmed_by_reading_it_back() -> None:
    world = quiet_world()
    world.meters[1].clock_offset_ms = 3 * HOUR_S * 1000
    world.post(1, 1, CommandKind.SET_CLOCK)
    world.finish(next(iter(world.running)))
    assert world.command_rows[1].state is CommandState.CONFIRMED
    assert world.meters[1].switched == ["set_clock"]


def test_a_clock_command_in_doubt_is_settled_by_the_clock() -> None:
    world = quiet_world()
    world.meters[1].clock_offset_ms = 3 * HOUR_S * 1000
    world.post(1, 1, CommandKind.SET_CLOCK)
    world.finish(next(iter(world.running)), after=2, failure=LINK_LOST)
    world.meters[1].clock_offset_ms = 3 * HOUR_S * 1000  # it never arrived
    world.run_until(START_S + 4 * HOUR_S)
    assert world.command_rows[1].state is CommandState.FAILED
    assert world.meters[1].switched == ["set_clock"]


def test_a_command_that_cannot_be_sent_in_time_fails() -> None:
    world = quiet_world()
    world.post(1, 1, CommandKind.DISCONNECT)
    world.run_until(START_S + 10 * HOUR_S, m1=LINK_LOST)
    row = world.command_rows[1]
    assert row.state is CommandState.FAILED
    assert row.detail.startswith("not sent in time")
    assert world.meters[1].switched == []
    assert world.states[1].commanded_control_state == 1


def test_a_meter_takes_a_bounded_number_of_commands() -> None:
    world = World(HeadEndConfig(limits=Limits(commands_per_meter_max=3, start_spread_ms=0)))
    world.add_meter(1)
    for number in range(1, 6):
        world.post(number, 1, CommandKind.READ_NOW)
    states = [world.command_rows[number].state for number in range(1, 6)]
    assert states == [CommandState.PENDING] * 3 + [CommandState.FAILED] * 2


@pytest.mark.parametrize(
    ("meter", "kind", "text"), [(9, "disconnect", "no such meter"), (1, "explode", "no such command")]
)
def test_nonsense_fails_at_once(meter: int, kind: str, text: str) -> None:
    from dataclasses import replace

    from ferraris.headend import CommandPosted

    world = quiet_world()
    world.post(1, 1, CommandKind.READ_NOW)
    row = replace(world.command_rows[1], id=2, meter=meter, kind=kind)
    world.command_rows[2] = row
    world.step(CommandPosted(row))
    assert (world.command_rows[2].state, world.command_rows[2].detail) == (CommandState.FAILED, text)


def test_a_command_that_is_told_twice_is_one_command() -> None:
    from ferraris.headend import CommandPosted

    world = quiet_world()
    world.post(1, 1, CommandKind.DISCONNECT)
    world.step(CommandPosted(world.command_rows[1]))
    world.run_until(START_S + 3 * HOUR_S)
    assert world.meters[1].switched == ["disconnect"]


def test_ready_for_reconnection_is_what_a_remote_reconnection_can_reach() -> None:
    from ferraris.headend import AssociationFinished, CommandAnswered, CommandSent, ControlStateRead

    world = quiet_world()
    world.post(1, 1, CommandKind.RECONNECT)
    (association,) = world.running
    world.running.clear()
    outcomes = (CommandSent(1), CommandAnswered(1, True, "success"), ControlStateRead(False, 2))
    world.command_rows[1] = world.command_rows[1]
    world.step(AssociationFinished(association, 1, outcomes))
    assert world.command_rows[1].state is CommandState.CONFIRMED
    assert "ready for reconnection" in world.command_rows[1].detail


def test_a_withdrawn_command_is_not_given_to_the_meter_any_more() -> None:
    from ferraris.headend import CommandWithdrawn

    world = quiet_world()
    world.post(1, 1, CommandKind.DISCONNECT)
    world.finish(next(iter(world.running)), after=0, failure=LINK_LOST)
    world.step(CommandWithdrawn(1, "nobody wants it"))
    row = world.command_rows[1]
    assert (row.state, row.detail) == (CommandState.FAILED, "nobody wants it")
    world.run_until(START_S + 4 * HOUR_S)
    assert world.meters[1].switched == []
    assert world.states[1].commanded_control_state == 1
    assert world.head_end.state.commands == {}


@pytest.mark.parametrize("number", [1, 7])
def test_withdrawing_what_is_settled_or_unknown_changes_nothing(number: int) -> None:
    from ferraris.headend import CommandWithdrawn

    world = quiet_world()
    world.post(1, 1, CommandKind.DISCONNECT)
    world.run_until(START_S + 3 * HOUR_S)
    before = dict(world.command_rows)
    world.step(CommandWithdrawn(number, "too late"))
    assert world.command_rows == before


def test_a_token_taken_after_a_reversal_raises_one_alarm() -> None:
    from ferraris.headend import ReversedTokenTaken

    world = quiet_world()
    world.step(ReversedTokenTaken(1, "receipt 1"), ReversedTokenTaken(1, "receipt 2"))
    assert [(meter, kind, row.text) for (meter, kind), row in world.alarms.items()] == [
        (1, "reversed_token_taken", "receipt 1")
    ]
