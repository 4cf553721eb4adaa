"""Random sales, retries and kills: a street of them in every run of the tests, a town of them among the slow ones.

The million is `python -m tests.vending.million`.
"""

from __future__ import annotations

import pytest

from tests.vending.million import run_street


@pytest.mark.parametrize("seed", ["a", "b"])
def test_a_street_ends_with_every_token_and_every_cent_in_its_place(seed: str) -> None:
    counts = run_street(seed, 1_500)
    assert counts["ordered"] >= 1_500
    assert counts["posted"] > 1_000
    assert counts["kills"] > 0


@pytest.mark.slow
def test_a_town_of_streets() -> None:
    counts = sum((run_street(f"town {street}", 10_000) for street in range(2)), start=run_street("town", 500))
    assert counts["kills"] > 20
    assert counts["retries of answered sales"] > 100
    assert min(counts[what] for what in ("module away", "void", "reversals", "key changes")) > 0


def test_a_street_repeats_from_its_seed() -> None:
    assert run_street("same", 600) == run_street("same", 600)
