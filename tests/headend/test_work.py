"""Items of work."""

from __future__ import annotations

from ferraris.headend import CommandKind, ReadProfile
from tests.headend.world import LOAD


def test_only_reads_may_be_repeated() -> None:
    assert {kind.value for kind in CommandKind if kind.reads_only} == {"read_now", "read_attribute"}


def test_beside_reads_only_a_token_may_be_repeated() -> None:
    assert {kind.value for kind in CommandKind if kind.repeatable} == {"read_now", "read_attribute", "enter_token"}


def test_a_span_of_slots_is_a_span_of_capture_times() -> None:
    work = ReadProfile(LOAD, 10, 12)
    assert (work.from_s, work.to_s) == (9_000, 10_800)
