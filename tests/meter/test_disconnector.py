"""The disconnector's transitions, every mode with every command in every state."""

from __future__ import annotations

import pytest

from ferraris.cosem import ControlMode, ControlState
from ferraris.meter.disconnector import Command, next_state

# mode, then for connected / ready / disconnected the state after each of the commands
#        remote  manual  local   remote  manual  local
#        disc    disc    disc    recon   recon   recon
TABLE = """
0   on    .       .       .       .       .       .
0   ready .       .       .       .       .       .
0   off   .       .       .       .       .       .
1   on    off     ready   ready   .       .       .
1   ready off     .       .       .       on      .
1   off   .       .       .       ready   .       .
2   on    off     ready   ready   .       .       .
2   ready off     .       .       .       on      .
2   off   .       .       .       on      .       .
3   on    off     .       ready   .       .       .
3   ready off     .       .       .       on      .
3   off   .       .       .       ready   .       .
4   on    off     .       ready   .       .       .
4   ready off     .       .       .       on      .
4   off   .       .       .       on      .       .
5   on    off     ready   ready   .       .       .
5   ready off     .       .       .       on      on
5   off   .       .       .       ready   .       .
6   on    off     .       ready   .       .       .
6   ready off     .       .       .       on      on
6   off   .       .       .       ready   .       .
"""
STATES = {
    "on": ControlState.CONNECTED,
    "off": ControlState.DISCONNECTED,
    "ready": ControlState.READY_FOR_RECONNECTION,
    ".": None,
}
COMMANDS = [
    Command.REMOTE_DISCONNECT,
    Command.MANUAL_DISCONNECT,
    Command.LOCAL_DISCONNECT,
    Command.REMOTE_RECONNECT,
    Command.MANUAL_RECONNECT,
    Command.LOCAL_RECONNECT,
]


@pytest.mark.parametrize("line", TABLE.strip().splitlines())
def test_transitions(line: str) -> None:
    mode, before, *after = line.split()
    state = STATES[before]
    assert state is not None
    found = [next_state(ControlMode(int(mode)), command, state) for command in COMMANDS]
    assert found == [STATES[cell] for cell in after]


def test_every_mode_is_in_the_table() -> None:
    assert len(TABLE.strip().splitlines()) == len(ControlMode) * len(ControlState)
