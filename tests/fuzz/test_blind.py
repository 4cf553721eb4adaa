"""Blind mutations: they find what is easy to find, and a process that dies is a finding."""

from __future__ import annotations

import struct
import time

import pytest

from tests.fuzz import blind
from tests.fuzz.blind import fuzz
from tests.fuzz.target import Target
from tests.fuzz.test_guided import unpack
from tests.fuzz.test_last_input import DEATHS, deadly

SEED = b"\x02\x04\x00\x00\x00\x01"


def test_blind_mutations_find_it_too() -> None:
    outcome = fuzz(Target("careless", unpack, (SEED,)), 7, float("inf"))
    assert outcome.broke
    assert "struct.error" in outcome.said
    with pytest.raises(struct.error):
        unpack(outcome.findings[0])


@pytest.mark.parametrize("name", DEATHS)
def test_a_process_that_dies_is_a_finding(name: str) -> None:
    outcome = fuzz(Target(name, deadly(name), (SEED,)), 7, float("inf"))
    assert outcome.broke
    assert [octets[:2] for octets in outcome.findings] == [SEED[:2]]
    assert "the process " in outcome.said


def test_a_target_that_stands_says_how_often() -> None:
    outcome = fuzz(Target("stands", lambda octets: None, (SEED,)), 7, time.monotonic() + 0.2)
    assert not outcome.broke
    assert outcome.tries > 100
    assert outcome.findings == ()


def test_what_is_slow_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blind, "SECONDS_PER_INPUT_MAX", -1)
    outcome = fuzz(Target("slow", lambda octets: None, (SEED,)), 7, float("inf"))
    assert outcome.broke
    assert "slower than" in outcome.said
    assert len(outcome.findings) == 1
