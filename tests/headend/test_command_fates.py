"""A command's life as tables: in each state, what each thing that can happen does to it, and what it must not do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from ferraris.headend import (
    AssociationFinished,
    ClockChecked,
    ClockVerdict,
    CommandAnswered,
    CommandKind,
    CommandPosted,
    CommandSent,
    ControlStateRead,
    Failure,
    FailureKind,
    HeadEndConfig,
    Limits,
    Outcome,
    PerformCommand,
    ReadControlState,
    RecordCommandState,
    RunAssociation,
    WorkRefused,
)
from ferraris.store import COMMAND_TRANSITIONS, CommandState
from tests.headend.test_decisions import rows
from tests.headend.world import START_S, World

HOUR_S = 3_600
TOKEN = "12345678901234567890"
LOST = Failure(FailureKind.CLOSED, "closed by the peer")
OFF, ON, READY = ControlStateRead(False, 0), ControlStateRead(True, 1), ControlStateRead(False, 2)

OUTCOMES: dict[str, Callable[[], Outcome]] = {
    "sent": lambda: CommandSent(1),
    "accepted": lambda: CommandAnswered(1, True, "success"),
    "refused": lambda: CommandAnswered(1, False, "read-write-denied"),
    "off": lambda: OFF,
    "on": lambda: ON,
    "ready": lambda: READY,
    "hidden": lambda: WorkRefused(ReadControlState(), "read-write-denied"),
    "right": lambda: ClockChecked(200, 0, ClockVerdict.LEAVE),
    "wrong": lambda: ClockChecked(9_000_000, 0, ClockVerdict.REFUSE),
    "blurred": lambda: ClockChecked(9_000, 8_000, ClockVerdict.LEAVE),
}


ARGUMENTS = {CommandKind.ENTER_TOKEN: TOKEN, CommandKind.READ_ATTRIBUTE: "3/1.0.1.8.0.255/2"}


def world_with(kind: CommandKind, *, found: str = "pending") -> World:
    """A meter in a state of rest gets a command; `found` is the state on record when the head-end takes it up."""
    world = World(HeadEndConfig(limits=Limits(start_spread_ms=0)))
    world.add_meter(1)
    world.run_until(START_S + 2 * HOUR_S)
    world.post(1, 1, kind, ARGUMENTS.get(kind, ""))
    if found != "pending":
        world.command_rows[1] = replace(world.command_rows[1], state=CommandState(found))
        world.restart()
    return world


def tell(world: World, words: list[str], failure: Failure | None = None) -> None:
    """End the running association with these outcomes."""
    (effect,) = world.running.values()
    del world.running[effect.association]
    outcomes = tuple(OUTCOMES[word]() for word in words)
    world.step(AssociationFinished(effect.association, 1, outcomes, failure))


def state(world: World) -> str:
    return world.command_rows[1].state.value


def items(effect: RunAssociation) -> list[type]:
    return [type(work) for work in effect.work]


# Of one association: what was reached before it ended, well or with a lost link.
FATES = """
kind            reached                 ended  state after  commanded after
disconnect      -                       lost   pending      0
disconnect      -                       well   pending      0
disconnect      sent                    lost   unknown      0
disconnect      sent                    well   unknown      0
disconnect      sent accepted           lost   unknown      0
disconnect      sent accepted off       lost   confirmed    0
disconnect      sent accepted off       well   confirmed    0
disconnect      sent accepted on        well   failed       1
disconnect      sent accepted ready     well   confirmed    0
disconnect      sent accepted hidden    well   unknown      0
disconnect      sent refused            well   failed       1
disconnect      sent refused on         well   failed       1
disconnect      sent off                well   confirmed    0
disconnect      sent on                 well   failed       1
disconnect      off                     lost   pending      0
reconnect       sent accepted on        well   confirmed    1
reconnect       sent accepted ready     well   confirmed    1
reconnect       sent accepted off       well   failed       0
reconnect       sent refused            well   failed       1
reconnect       sent                    lost   unknown      1
set_clock       sent accepted right     well   confirmed    1
set_clock       sent accepted blurred   well   confirmed    1
set_clock       sent accepted wrong     well   failed       1
set_clock       sent accepted           lost   unknown      1
set_clock       right                   lost   pending      1
set_clock       sent refused            well   failed       1
set_clock       sent accepted off       lost   unknown      1
read_now        -                       lost   pending      1
read_now        sent                    lost   pending      1
read_now        accepted                lost   confirmed    1
read_now        refused                 well   failed       1
read_attribute  accepted                well   confirmed    1
read_attribute  refused                 lost   failed       1
read_attribute  off on right wrong      lost   pending      1
enter_token     -                       lost   pending      1
enter_token     sent                    lost   unknown      1
enter_token     sent                    well   unknown      1
enter_token     sent accepted           lost   confirmed    1
enter_token     sent accepted           well   confirmed    1
enter_token     sent refused            well   failed       1
enter_token     sent off                well   unknown      1
"""


@pytest.mark.parametrize("row", rows(FATES), ids=" ".join)
def test_what_one_association_makes_of_a_command(row: list[str]) -> None:
    kind, reached, ended, after, commanded = row
    world = world_with(CommandKind(kind))
    words = [] if reached == "-" else reached.split()
    tell(world, words, LOST if ended == "lost" else None)
    assert state(world) == after
    meter = world.head_end.state.meters[1]
    assert meter.commanded_control_state == int(commanded)
    open_ones = [command.id for command in meter.commands]
    settled = after in {"confirmed", "failed"} or words[-1:] == ["hidden"]
    assert open_ones == ([] if settled else [1])
    assert sorted(world.head_end.state.commands) == open_ones


# Taken up after a restart, in the state on record: what the first association does, and what becomes of the command
# when that association shows the disconnector off, on, or nothing at all (hidden or lost).
RESTARTS = """
kind            found    at once   performs again  off        on         ready      hidden   lost
disconnect      pending  pending   yes             pending    pending    pending    pending  pending
disconnect      sent     unknown   no              confirmed  failed     confirmed  unknown  unknown
disconnect      unknown  unknown   no              confirmed  failed     confirmed  unknown  unknown
reconnect       sent     unknown   no              failed     confirmed  confirmed  unknown  unknown
reconnect       unknown  unknown   no              failed     confirmed  confirmed  unknown  unknown
set_clock       sent     unknown   no              unknown    unknown    unknown    unknown  unknown
read_now        pending  pending   yes             pending    pending    pending    pending  pending
enter_token     pending  pending   yes             pending    pending    pending    pending  pending
enter_token     sent     unknown   yes             unknown    unknown    unknown    unknown  unknown
enter_token     unknown  unknown   yes             unknown    unknown    unknown    unknown  unknown
"""


@pytest.mark.parametrize("word", ["off", "on", "ready", "hidden", "lost"])
@pytest.mark.parametrize("row", rows(RESTARTS), ids=lambda row: " ".join(row[:2]))
def test_a_command_is_taken_up_after_a_restart(row: list[str], word: str) -> None:
    kind, found, at_once, performs, *after = row
    world = world_with(CommandKind(kind), found=found)
    assert state(world) == at_once
    (effect,) = world.running.values()
    assert (PerformCommand in items(effect)) == (performs == "yes")
    tell(world, [] if word == "lost" else [word], LOST)
    assert state(world) == dict(zip(["off", "on", "ready", "hidden", "lost"], after, strict=True))[word]


@pytest.mark.parametrize("kind", [CommandKind.DISCONNECT, CommandKind.RECONNECT, CommandKind.SET_CLOCK])
@pytest.mark.parametrize("losses", [1, 3, 10])
def test_a_doubtful_command_is_looked_after_until_it_is_seen_and_never_performed_again(
    kind: CommandKind, losses: int
) -> None:
    world = world_with(kind)
    tell(world, ["sent"], LOST)
    for _ in range(losses):
        world.advance_to(world.head_end.wake_at() or 0)
        (effect,) = world.running.values()
        assert PerformCommand not in items(effect)
        tell(world, [], LOST)
        assert state(world) == "unknown"
    world.advance_to(world.head_end.wake_at() or 0)
    tell(world, ["right", "off" if kind is CommandKind.DISCONNECT else "on"])
    assert state(world) == "confirmed"
    assert world.head_end.state.commands == {}


@pytest.mark.parametrize("hours", [5.9, 6.1])
@pytest.mark.parametrize("word", ["pending", "sent"])
def test_only_a_command_that_never_left_expires(word: str, hours: float) -> None:
    world = world_with(CommandKind.DISCONNECT)
    tell(world, ["sent"] if word == "sent" else [], LOST)
    world.now_ms = int((START_S + (2 + hours) * HOUR_S) * 1_000)
    world.step()
    if world.running:
        tell(world, [], LOST)
    if word == "sent":
        assert state(world) == "unknown"
    else:
        assert state(world) == ("failed" if hours > 6 else "pending")


@pytest.mark.parametrize("losses", [0, 1, 10])
@pytest.mark.parametrize(("word", "after"), [("accepted", "confirmed"), ("refused", "failed")])
def test_a_doubtful_token_is_entered_again_until_the_meter_says_what_became_of_it(
    losses: int, word: str, after: str
) -> None:
    world = world_with(CommandKind.ENTER_TOKEN)
    (effect,) = world.running.values()
    assert PerformCommand(1, CommandKind.ENTER_TOKEN, TOKEN) in effect.work
    tell(world, ["sent"], LOST)
    for reached in ([], *[["sent"]] * losses):
        world.advance_to(world.head_end.wake_at() or 0)
        (effect,) = world.running.values()
        assert PerformCommand(1, CommandKind.ENTER_TOKEN, TOKEN, again=True) in effect.work
        tell(world, reached, LOST)
        assert state(world) == "unknown"
    world.advance_to(world.head_end.wake_at() or 0)
    tell(world, ["sent", word])
    assert state(world) == after
    assert world.head_end.state.commands == {}


@pytest.mark.parametrize(("days", "after"), [(29, "pending"), (31, "failed")])
def test_a_token_waits_for_its_meter_longer_than_other_commands(days: int, after: str) -> None:
    world = world_with(CommandKind.ENTER_TOKEN)
    tell(world, [], LOST)
    world.now_ms += days * 24 * HOUR_S * 1_000
    world.step()
    if world.running:
        tell(world, [], LOST)
    assert state(world) == after


@pytest.mark.parametrize(
    "argument", ["", "123", TOKEN + "1", f"{TOKEN},", "1234567890123456789x", ",".join([TOKEN] * 9)]
)
def test_what_is_no_token_never_leaves(argument: str) -> None:
    world = world_with(CommandKind.READ_NOW)
    tell(world, ["accepted"])
    world.post(2, 1, CommandKind.ENTER_TOKEN, argument)
    assert world.command_rows[2].state is CommandState.FAILED
    assert world.head_end.state.commands == {}


def test_what_is_recorded_is_always_an_allowed_step() -> None:
    """Every fate of every row above, told twice over: the store would refuse any other step."""
    for kind, reached, ended, *_ in rows(FATES):
        world = world_with(CommandKind(kind))
        current = CommandState.PENDING
        (effect,) = world.running.values()
        outcomes = tuple(OUTCOMES[word]() for word in reached.split() if word != "-")
        event = AssociationFinished(effect.association, 1, outcomes, LOST if ended == "lost" else None)
        for _ in range(2):
            for made in world.head_end.step(world.now_ms, [event]):
                if isinstance(made, RecordCommandState):
                    sent_by_runtime = current is CommandState.PENDING and "sent" in reached
                    current = CommandState.SENT if sent_by_runtime else current
                    assert made.state in COMMAND_TRANSITIONS[current], (kind, reached, current, made)
                    current = made.state


def test_what_is_no_attribute_fails_before_anybody_is_asked() -> None:
    world = World(HeadEndConfig(limits=Limits(start_spread_ms=0)))
    world.add_meter(1)
    world.post(1, 1, CommandKind.READ_ATTRIBUTE, "3/1.0.1.8.0.255")
    assert (state(world), len(world.head_end.state.commands)) == ("failed", 0)
    assert "not an attribute" in world.command_rows[1].detail


def test_reads_may_go_together_and_switching_goes_alone() -> None:
    world = world_with(CommandKind.READ_NOW)
    tell(world, ["accepted"])
    order = [
        CommandKind.READ_NOW,
        CommandKind.READ_ATTRIBUTE,
        CommandKind.DISCONNECT,
        CommandKind.RECONNECT,
        CommandKind.READ_NOW,
    ]
    for number, kind in enumerate(order, 2):
        world.post(number, 1, kind, ARGUMENTS.get(kind, ""))
    together: list[list[int]] = []
    while world.head_end.state.commands:
        if not world.running:
            world.advance_to(world.head_end.wake_at() or 0)
        (effect,) = world.running.values()
        together.append([work.command for work in effect.work if isinstance(work, PerformCommand)])
        world.finish(effect.association)
        world.store_all()
    # The first association was composed when only the first of them was there.
    assert [numbers for numbers in together if numbers] in ([[2], [3, 4], [5], [6]], [[2, 3, 4], [5], [6]])
    assert world.meters[1].switched == ["disconnect", "reconnect"]


@pytest.mark.parametrize("known", ["confirmed", "failed"])
def test_a_settled_command_that_is_posted_again_by_mistake_is_not_carried_out(known: str) -> None:
    """The store gives each command one number; the same number told twice while it is open is one command."""
    world = world_with(CommandKind.DISCONNECT)
    row = world.command_rows[1]
    world.step(CommandPosted(row))
    tell(world, ["sent", "accepted", "off" if known == "confirmed" else "on"])
    assert state(world) == known
    assert len(world.head_end.state.meters[1].commands) == 0


def test_an_argument_that_nobody_asked_for_never_leaves() -> None:
    world = World(HeadEndConfig(limits=Limits(start_spread_ms=0)))
    world.add_meter(1)
    world.post(1, 1, CommandKind.DISCONNECT, "3/1.0.1.8.0.255/2")
    assert (state(world), len(world.head_end.state.commands)) == ("failed", 0)
    assert world.command_rows[1].detail == "disconnect takes no argument, expected none, got 17 characters"
    assert world.head_end.state.meters[1].commanded_control_state is None
