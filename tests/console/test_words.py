"""The console's words about meters: every state has one, with its tone."""

from __future__ import annotations

import pytest

from ferraris.console import words
from ferraris.headend import CommandKind, Communication
from ferraris.store import AlarmSeverity, CommandState


@pytest.mark.parametrize(
    ("status", "text"),
    [(0, ""), (0x08, ""), (0x80, "power down"), (0x22, "clock invalid, clock adjusted"), (0x04, "data not valid")],
)
def test_what_a_status_says_against_its_value(status: int, text: str) -> None:
    assert words.quality(status) == text


def test_every_state_of_the_head_end_has_its_word() -> None:
    assert set(words.COMMUNICATIONS) == set(Communication) == set(words.COMMUNICATION_MEANINGS)
    assert set(words.COMMAND_KINDS) == set(CommandKind)
    assert set(words.COMMAND_STATES) == set(CommandState)
    assert set(words.SEVERITIES) >= set(AlarmSeverity)
    tones = {
        tone
        for table in (words.COMMUNICATIONS, words.CONTROL_STATES, words.COMMAND_STATES)
        for _, tone in table.values()
    }
    assert tones <= {"good", "warn", "bad", "idle", "busy"}


def test_what_has_no_word_is_shown_by_its_name() -> None:
    assert words.communication("out_of_reach") == ("Out of reach", "idle")
    assert words.control_state(7) == ("State 7", "warn")
    assert words.command_kind("open_valve") == "Open valve"
    assert words.severity("odd") == ("Odd", "idle")
