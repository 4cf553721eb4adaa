"""The states of an application association and every way from one to the next, for both ends.

Theory of operation. An association lives between one client SAP and one server SAP. The client asks for it (AARQ), the server
answers (AARE). With lowest and LLS authentication it stands from then on. With HLS both ends have exchanged challenges by
then, and it stands only when the client has answered the server's challenge (ACTION reply_to_hls_authentication) and the
server has answered the client's. Until it is released (RLRQ, RLRE) or lost, the client asks and the server answers, one
request at a time.

Both ends move by the same table; a `Signal` names what is sent or received, seen from the end that moves. What an end sends
against the table is its own defect (LocalProtocolError), what it receives against the table is the peer's (RemoteProtocolError,
answered as the standard says). A new AARQ in any state starts over: a client that lost its link has no other way to say so.
Block transfer moves no state: a long result is one answer, whatever the count of its blocks. A pre-established association
stands from the start, without AARQ, and cannot be released.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final


class Role(Enum):
    """Which end of the association this is."""

    __hash__ = object.__hash__

    CLIENT = "client"
    SERVER = "server"


class State(Enum):
    """How far the association has come."""

    __hash__ = object.__hash__  # looked up at every move; an enumeration's own hash is a Python function

    IDLE = "idle"
    ASSOCIATION_PENDING = "association pending"
    HLS_PENDING = "HLS authentication pending"
    ASSOCIATED = "associated"
    RESPONSE_PENDING = "response pending"
    RELEASE_PENDING = "release pending"


class Signal(Enum):
    """What moves the association."""

    __hash__ = object.__hash__

    ASSOCIATE = auto()
    """AARQ"""
    ACCEPT = auto()
    """AARE, accepted"""
    ACCEPT_PENDING_HLS = auto()
    """AARE, accepted, authentication required"""
    REJECT = auto()
    """AARE, rejected"""
    HLS_PASSED = auto()
    """the peer's answer to our challenge verifies"""
    HLS_FAILED = auto()
    """the peer's answer to our challenge, or ours to the peer's, does not"""
    REQUEST = auto()
    """GET, SET or ACTION"""
    RESPONSE = auto()
    """the answer to it, whole"""
    RELEASE = auto()
    """RLRQ"""
    RELEASED = auto()
    """RLRE"""
    ABORT = auto()
    """the association is lost: timeout, broken link, a peer that breaks the rules"""
    PRE_ESTABLISH = auto()
    """nothing: both ends hold the association by configuration"""
    LEAVE = auto()
    """nothing: the association ends with the link, as with a server that has no RLRQ"""


_CLIENT: Final[dict[State, dict[Signal, State]]] = {
    State.IDLE: {Signal.ASSOCIATE: State.ASSOCIATION_PENDING, Signal.PRE_ESTABLISH: State.ASSOCIATED},
    State.ASSOCIATION_PENDING: {
        Signal.ACCEPT: State.ASSOCIATED,
        Signal.ACCEPT_PENDING_HLS: State.HLS_PENDING,
        Signal.REJECT: State.IDLE,
    },
    State.HLS_PENDING: {Signal.HLS_PASSED: State.ASSOCIATED, Signal.HLS_FAILED: State.IDLE},
    State.ASSOCIATED: {
        Signal.REQUEST: State.RESPONSE_PENDING,
        Signal.RELEASE: State.RELEASE_PENDING,
        Signal.LEAVE: State.IDLE,
    },
    State.RESPONSE_PENDING: {Signal.RESPONSE: State.ASSOCIATED},
    State.RELEASE_PENDING: {Signal.RELEASED: State.IDLE},
}
_SERVER: Final[dict[State, dict[Signal, State]]] = {
    State.IDLE: {
        Signal.ASSOCIATE: State.ASSOCIATION_PENDING,
        Signal.RELEASE: State.RELEASE_PENDING,
        Signal.PRE_ESTABLISH: State.ASSOCIATED,
    },
    State.ASSOCIATION_PENDING: {
        Signal.ACCEPT: State.ASSOCIATED,
        Signal.ACCEPT_PENDING_HLS: State.HLS_PENDING,
        Signal.REJECT: State.IDLE,
    },
    State.HLS_PENDING: {
        Signal.HLS_PASSED: State.ASSOCIATED,
        Signal.HLS_FAILED: State.IDLE,
        Signal.ASSOCIATE: State.ASSOCIATION_PENDING,
        Signal.RELEASE: State.RELEASE_PENDING,
    },
    State.ASSOCIATED: {
        Signal.REQUEST: State.RESPONSE_PENDING,
        Signal.ASSOCIATE: State.ASSOCIATION_PENDING,
        Signal.RELEASE: State.RELEASE_PENDING,
    },
    State.RESPONSE_PENDING: {
        Signal.RESPONSE: State.ASSOCIATED,
        Signal.ASSOCIATE: State.ASSOCIATION_PENDING,
        Signal.RELEASE: State.RELEASE_PENDING,
    },
    State.RELEASE_PENDING: {Signal.RELEASED: State.IDLE},
}


def _with_abort(table: dict[State, dict[Signal, State]]) -> dict[State, dict[Signal, State]]:
    return {state: {**moves, Signal.ABORT: State.IDLE} for state, moves in table.items()}


TRANSITIONS: Final[dict[Role, dict[State, dict[Signal, State]]]] = {
    Role.CLIENT: _with_abort(_CLIENT),
    Role.SERVER: _with_abort(_SERVER),
}


def diagram(role: Role) -> str:
    """The table of one role as a Mermaid state diagram, for the docs."""
    lines = ["stateDiagram-v2", f"    [*] --> {State.IDLE.name}"]
    for state, moves in TRANSITIONS[role].items():
        lines += [f"    {state.name} --> {target.name}: {signal.name}" for signal, target in moves.items()]
    return "\n".join(lines)
