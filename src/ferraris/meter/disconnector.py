"""The disconnector: which command moves it, by control mode. Interface class 70, Blue Book 4.5.8.

| | disconnect remotely | manually | locally | reconnect remotely | manually | locally |
|---|---|---|---|---|---|---|
| mode 0 | - | - | - | - | - | - |
| mode 1 | yes | yes | yes | makes ready | from ready | - |
| mode 2 | yes | yes | yes | closes | from ready | - |
| mode 3 | yes | - | yes | makes ready | from ready | - |
| mode 4 | yes | - | yes | closes | from ready | - |
| mode 5 | yes | yes | yes | makes ready | from ready | from ready |
| mode 6 | yes | - | yes | makes ready | from ready | from ready |

A manual or local disconnection leaves the disconnector ready for reconnection, a remote one leaves it disconnected.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from ferraris.cosem import ControlMode, ControlState


class Command(Enum):
    REMOTE_DISCONNECT = "remote disconnect"
    MANUAL_DISCONNECT = "manual disconnect"
    LOCAL_DISCONNECT = "local disconnect"
    REMOTE_RECONNECT = "remote reconnect"
    MANUAL_RECONNECT = "manual reconnect"
    LOCAL_RECONNECT = "local reconnect"


LOCALLY: Final = {
    Command.REMOTE_DISCONNECT: Command.LOCAL_DISCONNECT,
    Command.REMOTE_RECONNECT: Command.LOCAL_RECONNECT,
}
"""What an order means that the meter gives itself, as its limiter does."""
_OFF, _ON, _READY = ControlState.DISCONNECTED, ControlState.CONNECTED, ControlState.READY_FOR_RECONNECTION
_Move = tuple[Command, ControlState, ControlState, str]

_MOVES: Final[tuple[_Move, ...]] = (
    # command, from, to, digits of the control modes in which it may
    (Command.REMOTE_DISCONNECT, _ON, _OFF, "123456"),
    (Command.REMOTE_DISCONNECT, _READY, _OFF, "123456"),
    (Command.MANUAL_DISCONNECT, _ON, _READY, "125"),
    (Command.LOCAL_DISCONNECT, _ON, _READY, "123456"),
    (Command.REMOTE_RECONNECT, _OFF, _READY, "1356"),
    (Command.REMOTE_RECONNECT, _OFF, _ON, "24"),
    (Command.MANUAL_RECONNECT, _READY, _ON, "123456"),
    (Command.LOCAL_RECONNECT, _READY, _ON, "56"),
)
TRANSITIONS: Final[dict[tuple[ControlMode, Command, ControlState], ControlState]] = {
    (ControlMode(int(mode)), command, before): after for command, before, after, modes in _MOVES for mode in modes
}


def next_state(control_mode: ControlMode, command: Command, state: ControlState) -> ControlState | None:
    """Where the command leads, or None when the mode or the state does not allow it."""
    return TRANSITIONS.get((control_mode, command, state))
