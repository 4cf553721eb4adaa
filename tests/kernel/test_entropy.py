"""Randomness: the system's for keys, a seeded one that replays for simulation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.kernel.entropy import Entropy, SeededEntropy, SystemEntropy

SEEDS = st.integers() | st.text(max_size=10)


@pytest.mark.parametrize("entropy", [SystemEntropy(), SeededEntropy(7)])
@pytest.mark.parametrize("count", [0, 1, 8, 64])
def test_as_many_octets_as_asked_for(entropy: Entropy, count: int) -> None:
    assert len(entropy.octets(count)) == count


@pytest.mark.parametrize("entropy", [SystemEntropy(), SeededEntropy(7)])
def test_uniform_numbers_lie_in_the_half_open_unit_interval(entropy: Entropy) -> None:
    numbers = [entropy.uniform() for _ in range(1000)]
    assert all(0.0 <= number < 1.0 for number in numbers)
    assert 0.4 < sum(numbers) / 1000 < 0.6


def test_the_systems_octets_do_not_repeat() -> None:
    assert SystemEntropy().octets(16) != SystemEntropy().octets(16)


@given(SEEDS)
def test_a_seed_replays(seed: int | str) -> None:
    one, other = SeededEntropy(seed), SeededEntropy(seed)
    assert [one.octets(8), one.uniform(), one.fork("meter").octets(8)] == [
        other.octets(8),
        other.uniform(),
        other.fork("meter").octets(8),
    ]


def test_what_a_seed_gives_is_the_same_on_every_machine() -> None:
    assert SeededEntropy(7).octets(4).hex() == "38b4e652"


@given(SEEDS, st.integers(0, 100))
def test_a_fork_is_not_disturbed_by_what_others_draw(seed: int | str, draws: int) -> None:
    quiet, busy = SeededEntropy(seed), SeededEntropy(seed)
    meter, other_meter = quiet.fork("meter"), busy.fork("meter")
    busy.octets(draws)
    assert meter.octets(16) == other_meter.octets(16)


def test_forks_of_two_names_differ() -> None:
    assert SeededEntropy(7).fork("a").octets(16) != SeededEntropy(7).fork("b").octets(16)
