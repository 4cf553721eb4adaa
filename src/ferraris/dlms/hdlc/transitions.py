"""The states of a data link connection and every way from one to the next, for both stations (Green Book 8.4.5).

Theory of operation. A client is the primary station of a line, each logical device of each meter on it is a secondary one.
Only the primary speaks unasked: it asks for the connection (SNRM), which is granted (UA) or not (DM), and ends it (DISC). In
between the turn goes to and fro: whoever has it sends numbered frames, as many as the window allows, and hands it over with
the poll bit (the primary) or the final bit (the secondary) of the last one; with nothing to send, RR or RNR does it. So what
was lost shows by N(R) when the turn comes back, and is sent again; if the turn itself was lost, the primary takes it back after
a time-out.

A secondary that gets a frame it can do nothing with (an undefined control octet, too long an information field, an N(R) of
what it never sent) rejects it with FRMR, and from then on everything until the primary connects anew. A wrong check is no
such frame: that one has not come at all. A secondary that hears nothing for the inactivity time-out is disconnected.

Both stations move by the same table; a `LinkSignal` names what is sent or received. What the table does not know moves nothing.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final


class Station(Enum):
    """Which end of the data link connection this is."""

    PRIMARY = "primary"
    SECONDARY = "secondary"


class LinkState(Enum):
    """How far the data link connection has come."""

    DISCONNECTED = "disconnected"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    REJECTING = "rejecting frames"
    DISCONNECTING = "disconnecting"


class LinkSignal(Enum):
    """What moves the data link connection."""

    CONNECT = auto()
    """SNRM"""
    GRANT = auto()
    """UA"""
    REFUSE = auto()
    """DM"""
    REJECT = auto()
    """FRMR"""
    DISCONNECT = auto()
    """DISC"""
    LOSE = auto()
    """a time-out with no try left, or inactivity"""


_PRIMARY: Final[dict[LinkState, dict[LinkSignal, LinkState]]] = {
    LinkState.DISCONNECTED: {LinkSignal.CONNECT: LinkState.CONNECTING},
    LinkState.CONNECTING: {
        LinkSignal.GRANT: LinkState.CONNECTED,
        LinkSignal.REFUSE: LinkState.DISCONNECTED,
        LinkSignal.LOSE: LinkState.DISCONNECTED,
    },
    LinkState.CONNECTED: {
        LinkSignal.CONNECT: LinkState.CONNECTING,
        LinkSignal.DISCONNECT: LinkState.DISCONNECTING,
        LinkSignal.REFUSE: LinkState.DISCONNECTED,
        LinkSignal.REJECT: LinkState.DISCONNECTED,
        LinkSignal.LOSE: LinkState.DISCONNECTED,
    },
    LinkState.DISCONNECTING: {
        LinkSignal.GRANT: LinkState.DISCONNECTED,
        LinkSignal.REFUSE: LinkState.DISCONNECTED,
        LinkSignal.LOSE: LinkState.DISCONNECTED,
    },
}
_SECONDARY: Final[dict[LinkState, dict[LinkSignal, LinkState]]] = {
    LinkState.DISCONNECTED: {LinkSignal.CONNECT: LinkState.CONNECTED},
    LinkState.CONNECTED: {
        LinkSignal.CONNECT: LinkState.CONNECTED,
        LinkSignal.DISCONNECT: LinkState.DISCONNECTED,
        LinkSignal.REJECT: LinkState.REJECTING,
        LinkSignal.LOSE: LinkState.DISCONNECTED,
    },
    LinkState.REJECTING: {
        LinkSignal.CONNECT: LinkState.CONNECTED,
        LinkSignal.DISCONNECT: LinkState.DISCONNECTED,
        LinkSignal.LOSE: LinkState.DISCONNECTED,
    },
}
LINK_TRANSITIONS: Final = {Station.PRIMARY: _PRIMARY, Station.SECONDARY: _SECONDARY}


def link_diagram(station: Station) -> str:
    """The table of one station as a Mermaid state diagram, for the docs."""
    lines = ["stateDiagram-v2", f"    [*] --> {LinkState.DISCONNECTED.name}"]
    for state, moves in LINK_TRANSITIONS[station].items():
        lines += [f"    {state.name} --> {target.name}: {signal.name}" for signal, target in moves.items()]
    return "\n".join(lines)
