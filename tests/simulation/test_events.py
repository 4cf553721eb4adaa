"""The event log: canonical lines, a digest over all of them, a bounded memory."""

from __future__ import annotations

import hashlib
import io

import pytest

from ferraris.kernel.clock import ManualClock
from ferraris.simulation import EventLog
from ferraris.simulation.events import FieldValue

EPOCH_MS = 1_767_225_600_000


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7, "7"),
        (-1, "-1"),
        (b"\x00\xff", "00ff"),
        (b"", "-"),
        (None, "-"),
        ("plain", "plain"),
        ("two words", '"two words"'),
        ("", '""'),
        ("line\nbreak", '"line\\nbreak"'),
        ("Zähler", '"Z\\u00e4hler"'),
    ],
)
def test_a_line(value: FieldValue, text: str) -> None:
    log = EventLog(ManualClock(EPOCH_MS + 83))
    log.record("stored", "meter-7", value=value, then=1)
    assert log.story() == f"2026-01-01T00:00:00.083Z stored meter-7 value={text} then=1"


def test_the_digest_is_that_of_the_lines_written() -> None:
    sink, clock = io.StringIO(), ManualClock(EPOCH_MS)
    log = EventLog(clock, sink)
    for number in range(10):
        log.record("tick", "world", number=number)
        clock.advance(950)
    assert log.count == 10
    assert log.digest == hashlib.sha256(sink.getvalue().encode()).hexdigest()
    assert sink.getvalue().splitlines()[-1] == "2026-01-01T00:00:08.550Z tick world number=9"


def test_one_line_more_is_another_digest() -> None:
    log = EventLog(ManualClock(EPOCH_MS))
    digests = {log.digest}
    for _ in range(3):
        log.record("same", "thing")
        digests.add(log.digest)
    assert len(digests) == 4


def test_the_story_is_about_its_subject_and_not_too_long() -> None:
    log = EventLog(ManualClock(EPOCH_MS))
    for number in range(100):
        log.record("event", f"meter-{number % 2}", number=number)
    story = log.story(about="meter-1", lines_max=3).splitlines()
    assert [line.rpartition("=")[2] for line in story] == ["95", "97", "99"]


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ferraris.simulation.events.SIMULATION_STORY_LINES_MAX", 5)
    log = EventLog(ManualClock(EPOCH_MS))
    for number in range(100):
        log.record("event", "meter", number=number)
    assert (len(log.story().splitlines()), log.count) == (5, 100)
