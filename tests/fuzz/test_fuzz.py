"""Everything that is fuzzed, for a moment: blind mutations, and what earlier runs have kept."""

from __future__ import annotations

import random

import pytest

from tests.fuzz.mutation import mutate
from tests.fuzz.seeds import CORPUS, FINDINGS, corpus, findings, named_lines
from tests.fuzz.target import Target
from tests.fuzz.targets import TARGETS

TRIES = 100
SLOW_TRIES = 20
SLOW = {"profile", "object-list", "decode", "protection", "opened", "client", "server", "key-file", "csv"}
"""Targets of a millisecond a try and more."""
REFUSED_AS_SEEDS = {
    "inspect",
    "captures",
    "apdu",
    "data-type",
    "protection",
    "opened",
    "object-list",
    "certificate",
    "key-file",
}
"""Targets whose seeds are of many kinds, under many keys or spoilt on purpose: not all of them are theirs."""
BY_NAME = {target.name: target for target in TARGETS}
each_target = pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)


def run(target: Target, octets: bytes) -> None:
    try:
        target.run(octets)
    except Exception as error:
        error.add_note(f"{target.name}: {octets.hex()}")
        raise


@each_target
def test_mutated_octets_raise_nothing_but_errors_of_ours(target: Target) -> None:
    dice = random.Random(f"7/{target.name}")
    for _ in range(SLOW_TRIES if target.name in SLOW else TRIES):
        run(target, mutate(target.seeds, dice))


@pytest.mark.parametrize("name", findings())
def test_what_once_broke_a_target_does_not_any_more(name: str) -> None:
    for octets in findings()[name]:
        run(BY_NAME[name], octets)


@pytest.mark.parametrize("name", corpus())
def test_what_reaches_most_of_the_code_breaks_nothing(name: str) -> None:
    for octets in corpus()[name]:
        run(BY_NAME[name], octets)


def test_what_is_kept_stands_once_and_is_for_a_target_there_is() -> None:
    for path in (FINDINGS, CORPUS):
        kept = named_lines(path)
        assert set(kept) <= set(BY_NAME)
        assert all(len(set(octets)) == len(octets) for octets in kept.values())


def test_targets_have_names_of_their_own() -> None:
    assert len(BY_NAME) == len(TARGETS)


@pytest.mark.parametrize(
    "target", [target for target in TARGETS if target.name not in REFUSED_AS_SEEDS], ids=lambda target: target.name
)
def test_seeds_are_well_formed(target: Target) -> None:
    assert target.seeds
    for octets in target.seeds:
        target.decode(octets)
