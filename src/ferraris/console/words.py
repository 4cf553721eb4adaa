"""The console's words for people about meters: states of communication and of commands, alarms, the status of a value."""

from __future__ import annotations

from ferraris.console.wording import kind
from ferraris.headend import CommandKind, Communication
from ferraris.store import AlarmSeverity, CommandState

COMMUNICATIONS: dict[str, tuple[str, str]] = {
    Communication.OK: ("Collected", "good"),
    Communication.LATE: ("Late", "warn"),
    Communication.UNREACHABLE: ("Unreachable", "bad"),
    Communication.WRONG_KEY: ("Wrong key", "bad"),
    Communication.QUARANTINED: ("Quarantined", "bad"),
    Communication.NEW: ("New", "idle"),
}
"""Name and tone of each state of communication, in the order in which lists show them."""

COMMUNICATION_MEANINGS: dict[str, str] = {
    Communication.OK: "Everything that should be here is here.",
    Communication.LATE: "The last attempts failed, or older intervals are still missing.",
    Communication.UNREACHABLE: "No link. It is tried again now and then.",
    Communication.WRONG_KEY: "The protection does not hold: its key is not ours. Few attempts, so that it does not lock.",
    Communication.QUARANTINED: "It breaks the protocol or claims what cannot be. Few attempts.",
    Communication.NEW: "Registered, not reached yet.",
}

CONTROL_STATES: dict[int | None, tuple[str, str]] = {
    None: ("Unknown", "idle"),
    0: ("Disconnected", "bad"),
    1: ("Connected", "good"),
    2: ("Ready for reconnection", "warn"),
}

COMMAND_KINDS: dict[str, str] = {
    CommandKind.READ_NOW: "Read now",
    CommandKind.READ_ATTRIBUTE: "Read attribute",
    CommandKind.SET_CLOCK: "Set clock",
    CommandKind.DISCONNECT: "Disconnect",
    CommandKind.RECONNECT: "Reconnect",
    CommandKind.ENTER_TOKEN: "Enter token",
}

COMMAND_STATES: dict[str, tuple[str, str]] = {
    CommandState.PENDING: ("Waiting", "idle"),
    CommandState.SENT: ("Sent", "busy"),
    CommandState.CONFIRMED: ("Confirmed", "good"),
    CommandState.FAILED: ("Failed", "bad"),
    CommandState.UNKNOWN: ("Fate unknown", "warn"),
}

SEVERITIES: dict[str, tuple[str, str]] = {
    AlarmSeverity.CRITICAL: ("Critical", "bad"),
    AlarmSeverity.WARNING: ("Warning", "warn"),
    AlarmSeverity.INFORMATION: ("Information", "idle"),
    "info": ("Information", "idle"),
}

STATUS_BITS: dict[int, str] = {
    0x01: "critical error",
    0x02: "clock invalid",
    0x04: "data not valid",
    0x20: "clock adjusted",
    0x80: "power down",
}
"""The bits of a profile's status that speak against the value, as the SMR 5 object list has them."""


def communication(state: str) -> tuple[str, str]:
    return COMMUNICATIONS.get(state, (kind(state), "idle"))


def control_state(state: int | None) -> tuple[str, str]:
    return CONTROL_STATES.get(state, (f"State {state}", "warn"))


def command_kind(name: str) -> str:
    return COMMAND_KINDS.get(name, kind(name))


def severity(name: str) -> tuple[str, str]:
    return SEVERITIES.get(name, (kind(name), "idle"))


def quality(status: int) -> str:
    """What a status says against its value; empty when nothing."""
    return ", ".join(text for bit, text in STATUS_BITS.items() if status & bit)
