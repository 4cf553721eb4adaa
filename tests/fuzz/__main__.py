"""`python -m tests.fuzz [--seconds 60] [--minutes 10] [--seed 7] [target …]`, which is `make fuzz`: every decoder is fuzzed.

With atheris the mutations follow the coverage, without it they are blind. Octets that break a target are kept in
`tests/vectors/fuzz_findings.txt`, which the tests replay from then on; mend what is broken, and commit both.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tests.fuzz.blind import fuzz
from tests.fuzz.guided import Outcome, Run, instrumented, load_atheris
from tests.fuzz.keeping import keep_corpus, keep_finding

if TYPE_CHECKING:
    from tests.fuzz.target import Target

STARTING_S = 1.0
"""Of a process under coverage guidance, about."""


def tell(outcome: Outcome) -> None:
    """A line for a target, and all about it where it broke."""
    print(f"{outcome.target:<16} {outcome.tries:>10,} tries" + ("  BROKE" if outcome.broke else ""), flush=True)
    if not outcome.broke:
        return
    print(outcome.said[-6_000:], file=sys.stderr)
    for octets in outcome.findings:
        print(f"kept: {outcome.target} {octets.hex()}", file=sys.stderr)
        keep_finding(outcome.target, octets)


def guided(atheris: Any, targets: Sequence[Target], seconds: float, seed: int, jobs: int) -> list[Outcome]:
    """Each target for its share of the time, several at once."""
    from tests.fuzz.seeds import corpus, findings

    share = max(1.0, seconds * jobs / len(targets) - STARTING_S)
    waiting, running, outcomes = list(targets), list[Run](), list[Outcome]()
    while waiting or running:
        while waiting and len(running) < jobs:
            target = waiting.pop(0)
            more = (*corpus().get(target.name, ()), *findings().get(target.name, ()))
            running.append(Run(atheris, target, more, share, seed & 0x7FFF_FFFF))
        outcomes.append(running.pop(0).end())
        tell(outcomes[-1])
    return outcomes


def main(
    names: Annotated[list[str] | None, typer.Argument(help="Targets; all of them without any.")] = None,
    seconds: Annotated[float, typer.Option(help="How long, over all targets.")] = 60.0,
    minutes: Annotated[float, typer.Option(help="The same in minutes.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Replays a run; a fresh one without it.")] = -1,
    jobs: Annotated[int, typer.Option(help="Targets at once, with coverage guidance.")] = os.cpu_count() or 1,
    blind: Annotated[bool, typer.Option(help="Without coverage guidance, though atheris is there.")] = False,
    keep: Annotated[bool, typer.Option(help="Keep what reaches new code among the vectors.")] = False,
) -> None:
    """Fuzz every decoder for a bounded time."""
    atheris = None if blind else load_atheris()
    if atheris is not None:
        with instrumented(atheris):
            from tests.fuzz.targets import TARGETS
    else:
        from tests.fuzz.targets import TARGETS
    seconds = minutes * 60 or seconds
    seed = seed if seed >= 0 else random.SystemRandom().randrange(1 << 31)
    chosen = [target for target in TARGETS if not names or target.name in names]
    if not chosen:
        raise typer.BadParameter(f"targets: {', '.join(target.name for target in TARGETS)}")
    print(f"seed {seed}, {'with coverage guidance' if atheris is not None else 'blind mutations'}", flush=True)
    if atheris is not None:
        outcomes = guided(atheris, chosen, seconds, seed, jobs)
    else:
        outcomes = []
        for target in chosen:
            outcomes.append(fuzz(target, seed, time.monotonic() + seconds / len(chosen)))
            tell(outcomes[-1])
    if keep:
        keep_corpus(outcomes)
    raise typer.Exit(1 if any(outcome.broke for outcome in outcomes) else 0)


if __name__ == "__main__":
    typer.run(main)
