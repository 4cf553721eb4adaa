"""The console's words for people: states, kinds, numbers, spans of time."""

from __future__ import annotations

from ferraris.headend import CommandKind, Communication
from ferraris.store import AlarmSeverity, CommandState

MS_PER_S = 1_000

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


def sentence(text: str) -> str:
    """A remark of the system as it stands alone: with a capital letter."""
    return f"{text[:1].upper()}{text[1:]}"


def number_of(count_of: int, name: str) -> str:
    """How many of something: 1 meter, 2 meters."""
    return f"{count(count_of)} {name}{'' if count_of == 1 else 's'}"


def kind(name: str) -> str:
    """A name of the code as words: `wrong_key` is Wrong key."""
    return name.replace("_", " ").strip().capitalize()


def count(number: int) -> str:
    """1,234,567 with thin spaces, which no language reads as a decimal mark."""
    return f"{number:,}".replace(",", "\u202f")


def percent(share: float) -> str:
    """A share in percent, rounded towards less: 100 % only when nothing is missing."""
    if share >= 1:
        return "100"
    tenths = int(share * 1_000)
    return f"{tenths // 10}.{tenths % 10}"


def duration(span_ms: int) -> str:
    """1.4 s, 12 min, 3 h 20 min, 2 d 4 h."""
    span_s = abs(span_ms) / MS_PER_S
    if span_s < 60:
        return f"{span_s:.1f} s"
    minutes = int(span_s // 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def offset(offset_ms: int | None) -> str:
    """A clock's offset with its sign."""
    if offset_ms is None:
        return "not measured"
    return f"{'+' if offset_ms >= 0 else '−'}{duration(offset_ms)}"


def scaled(value: int, scaler: int) -> str:
    """A raw integer with its scaler applied, exactly: no floating point, no rounding."""
    if scaler >= 0:
        return count(value * 10**scaler)
    whole, fraction = divmod(abs(value), 10**-scaler)
    return f"{'−' if value < 0 else ''}{count(whole)}.{fraction:0{-scaler}d}"


def quality(status: int) -> str:
    """What a status says against its value; empty when nothing."""
    return ", ".join(text for bit, text in STATUS_BITS.items() if status & bit)
