"""Commands: carried out at most once, their fate found out by looking.

    pending ──sent──► sent ──answer and read-back──► confirmed | failed
                       └──answer lost, or we crashed──► unknown ──read-back──► confirmed | failed

A command that may have left is never sent again. What became of it is read from the meter in a new association, and that
reading is final: it is protected with a higher invocation counter than the lost request, and the meter refuses lower ones
from then on, so a copy still under way in the network can no longer be carried out. Until then no further command goes to
that meter. Commands that only read are simply repeated.

A token is the one thing that is sent again: a meter that has accepted it refuses it for ever after, and says that it was
used. So a doubtful `enter_token` is performed once more, and what the meter says then settles it. It waits for a meter
out of reach longer than other commands, too: a token is worth the same in a week.
"""

from __future__ import annotations

from ferraris.cosem import ControlState
from ferraris.headend.command_argument import check_argument
from ferraris.headend.effects import RecordCommandState
from ferraris.headend.state import Command, Meter
from ferraris.headend.turn import Turn
from ferraris.headend.work import (
    ClockChecked,
    CommandAnswered,
    CommandKind,
    CommandSent,
    ControlStateRead,
    PerformCommand,
    ReadControlState,
    Work,
    WorkRefused,
)
from ferraris.kernel.errors import ConfigError
from ferraris.store import CommandRow, CommandState

TARGETS = {CommandKind.DISCONNECT: ControlState.DISCONNECTED, CommandKind.RECONNECT: ControlState.CONNECTED}


def on_posted(turn: Turn, row: CommandRow) -> Meter | None:
    """Queue a command and return its meter; a command that cannot be queued fails at once."""
    if row.id in turn.state.commands:
        return None
    meter = turn.state.meters.get(row.meter)
    if meter is None or row.kind not in list(CommandKind):
        _record(turn, row.id, CommandState.FAILED, "no such meter" if meter is None else "no such command")
        return None
    fault = _argument_fault(CommandKind(row.kind), row.argument)
    if fault:
        _record(turn, row.id, CommandState.FAILED, fault)
        return None
    if len(meter.commands) >= turn.limits.commands_per_meter_max:
        _record(turn, row.id, CommandState.FAILED, "too many commands are waiting for this meter")
        return None
    command = Command(
        id=row.id,
        meter=row.meter,
        kind=CommandKind(row.kind),
        argument=row.argument,
        expires_ms=row.requested_ms + _expiry_ms(turn, CommandKind(row.kind)),
        state=CommandState(row.state),
    )
    if command.kind.reads_only:
        command.state = CommandState.PENDING
    meter.commands.append(command)
    turn.state.commands[command.id] = command
    if command.kind in TARGETS:
        meter.commanded_control_state = TARGETS[command.kind].value
        turn.record(meter)
    return meter


def on_restarted(turn: Turn, row: CommandRow) -> Meter | None:
    """Take up a command that was not settled when the head-end ended."""
    meter = on_posted(turn, row)
    command = turn.state.commands.get(row.id)
    if command is not None and command.state is CommandState.SENT:
        _doubt(turn, command, "the head-end ended before the answer came")
    return meter


def command_work(turn: Turn, meter: Meter) -> list[Work]:
    """What the next association does for the meter's commands: settle the doubtful, else perform the next."""
    doubtful = [command for command in meter.commands if command.in_doubt]
    again: list[Work] = [_performance(command) for command in doubtful if command.kind.repeatable]
    if again:
        return again
    if doubtful:
        # The association's first item, the look at the clock, settles a doubtful set_clock.
        return [ReadControlState()]
    work: list[Work] = []
    for command in meter.commands:
        work.append(_performance(command))
        if not command.kind.reads_only:
            break
    return work


def expire(turn: Turn, meter: Meter) -> None:
    """Fail the commands that could not be sent in time."""
    for command in list(meter.commands):
        if not command.in_doubt and command.expires_ms <= turn.now_ms:
            _finish(turn, meter, command, CommandState.FAILED, f"not sent in time: {meter.detail or 'no connection'}")


def on_sent(turn: Turn, outcome: CommandSent) -> None:
    """It is on record as sent: from here on it is in doubt."""
    command = turn.state.commands.get(outcome.command)
    if command is not None and not command.kind.reads_only:
        command.state = CommandState.SENT


def on_withdrawn(turn: Turn, number: int, detail: str) -> None:
    """It was taken back while it was not with its meter: it goes nowhere any more."""
    command = turn.state.commands.get(number)
    if command is not None:
        _finish(turn, turn.state.meters[command.meter], command, CommandState.FAILED, detail)


def on_answered(turn: Turn, meter: Meter, outcome: CommandAnswered) -> None:
    """A refusal settles a command, and so does the answer of one that reads or brings its own read-back (a token)."""
    command = turn.state.commands.get(outcome.command)
    if command is None:
        return
    if not outcome.accepted:
        _finish(turn, meter, command, CommandState.FAILED, outcome.detail)
    elif command.kind.repeatable:
        _finish(turn, meter, command, CommandState.CONFIRMED, outcome.detail)


def on_control_state(turn: Turn, meter: Meter, outcome: ControlStateRead) -> None:
    """The disconnector was seen: keep it, and settle what was asked of it."""
    if meter.confirmed_control_state != outcome.control_state:
        meter.confirmed_control_state = outcome.control_state
        turn.record(meter)
    for command in list(meter.commands):
        if command.in_doubt and command.kind in TARGETS:
            _settle(turn, meter, command, *_control_state_verdict(command.kind, outcome))
    if meter.commanded_control_state is None:
        meter.commanded_control_state = outcome.control_state


def on_clock_checked(turn: Turn, meter: Meter, outcome: ClockChecked) -> None:
    """The clock was seen: settle a command to set it."""
    right = abs(outcome.offset_ms) <= turn.limits.clock_tolerance_ms + outcome.uncertainty_ms
    for command in list(meter.commands):
        if command.in_doubt and command.kind is CommandKind.SET_CLOCK:
            _settle(turn, meter, command, right, f"the clock is {outcome.offset_ms} ms off")


def on_refused(turn: Turn, meter: Meter, outcome: WorkRefused) -> None:
    """The meter does not let its disconnector be seen: what became of a doubtful command will never be known."""
    if not isinstance(outcome.work, ReadControlState):
        return
    for command in list(meter.commands):
        if command.in_doubt and command.kind in TARGETS:
            _finish(turn, meter, command, CommandState.UNKNOWN, f"the meter refuses the read-back: {outcome.detail}")


def on_association_over(turn: Turn, meter: Meter) -> None:
    """A command that was sent and is not settled by now is in doubt."""
    for command in meter.commands:
        if command.state is CommandState.SENT:
            _doubt(turn, command, "no answer; the meter will be asked what became of it")


def _argument_fault(kind: CommandKind, argument: str) -> str:
    """Why a command cannot be performed as it was asked for; nothing when it can."""
    try:
        check_argument(kind, argument)
    except ConfigError as error:
        return str(error)
    return ""


def _performance(command: Command) -> PerformCommand:
    return PerformCommand(command.id, command.kind, command.argument, again=command.in_doubt)


def _expiry_ms(turn: Turn, kind: CommandKind) -> int:
    limits = turn.limits
    return limits.token_expiry_ms if kind is CommandKind.ENTER_TOKEN else limits.command_expiry_ms


def _control_state_verdict(kind: CommandKind, seen: ControlStateRead) -> tuple[bool, str]:
    state = f"output {'on' if seen.output_state else 'off'}, control state {seen.control_state}"
    if kind is CommandKind.DISCONNECT:
        return not seen.output_state, state
    if seen.control_state == ControlState.READY_FOR_RECONNECTION:
        return True, "ready for reconnection: the customer closes the switch at the meter"
    return seen.output_state, state


def _settle(turn: Turn, meter: Meter, command: Command, achieved: bool, seen: str) -> None:
    if achieved:
        _finish(turn, meter, command, CommandState.CONFIRMED, seen)
    else:
        _finish(turn, meter, command, CommandState.FAILED, f"not carried out: {seen}")


def _doubt(turn: Turn, command: Command, detail: str) -> None:
    command.state = CommandState.UNKNOWN
    _record(turn, command.id, CommandState.UNKNOWN, detail)


def _finish(turn: Turn, meter: Meter, command: Command, state: CommandState, detail: str) -> None:
    meter.commands.remove(command)
    del turn.state.commands[command.id]
    if state is not CommandState.UNKNOWN or command.state is not CommandState.UNKNOWN:
        _record(turn, command.id, state, detail)
    if state is CommandState.FAILED and command.kind in TARGETS:
        meter.commanded_control_state = meter.confirmed_control_state


def _record(turn: Turn, command: int, state: CommandState, detail: str) -> None:
    turn.emit(RecordCommandState(command, state, turn.now_ms, detail))
