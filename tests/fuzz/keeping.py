"""What runs of the fuzzer leave among the vectors: octets that broke a target, and octets that reach most of the code."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tests.fuzz.guided import Outcome

KEPT_PER_TARGET_MAX: Final = 40
KEPT_OCTETS_MAX: Final = 200
"""Longer ones reach little more, and nobody reads them."""


def keep_finding(target: str, octets: bytes) -> None:
    """Write a finding down, once."""
    from tests.fuzz.seeds import FINDINGS, named_lines

    if octets in named_lines(FINDINGS).get(target, ()):
        return
    with FINDINGS.open("a", encoding="utf-8") as file:
        file.write(f"{target} {octets.hex()}\n")


def keep_corpus(outcomes: Iterable[Outcome]) -> None:
    """Write down what these runs reached most with; what is there of other targets stays."""
    from tests.fuzz.seeds import CORPUS, named_lines

    kept = named_lines(CORPUS)
    for outcome in outcomes:
        short = [octets for octets in outcome.reached if len(octets) <= KEPT_OCTETS_MAX]
        # Evenly over their lengths: the short ones are refused early, the long ones get far.
        step = max(1, -(-len(short) // KEPT_PER_TARGET_MAX))
        fresh = tuple(sorted(set(short), key=lambda octets: (len(octets), octets))[::-step])
        kept[outcome.target] = tuple(sorted(fresh, key=lambda octets: (len(octets), octets))) or kept.get(
            outcome.target, ()
        )
    lines = [f"{target} {octets.hex()}" for target in sorted(kept) for octets in kept[target]]
    CORPUS.write_text("\n".join(lines) + "\n", "utf-8")
