"""`python -m tests.fuzz [--seconds 60] [--seed 7] [target …]`, which is `make fuzz`: mutated octets for every decoder.

A finding prints the target and the octets; put them into a test of that decoder, then mend it.
"""

from __future__ import annotations

import random
import resource
import sys
import time
import traceback
from typing import Annotated

import typer

from tests.fuzz.mutation import mutate
from tests.fuzz.targets import TARGETS, Target

MEMORY_OCTETS_MAX = 2 << 30
SLOW_S = 1.0


def fuzz(target: Target, seed: int, until: float) -> tuple[int, bytes | None]:
    """Feed a target until that moment of the monotonic clock; the count of tries, and the octets of a finding."""
    dice = random.Random(f"{seed}/{target.name}")
    tries = 0
    while time.monotonic() < until:
        octets = mutate(target.seeds, dice)
        started = time.monotonic()
        try:
            target.run(octets)
        except Exception:  # noqa: BLE001 - whatever it is, it is a finding
            traceback.print_exc()
            return tries, octets
        if time.monotonic() - started > SLOW_S:
            print(f"slower than {SLOW_S} s", file=sys.stderr)
            return tries, octets
        tries += 1
    return tries, None


def main(
    names: Annotated[list[str] | None, typer.Argument(help="Targets; all of them without any.")] = None,
    seconds: Annotated[float, typer.Option(help="How long, over all targets.")] = 60.0,
    seed: Annotated[int, typer.Option(help="Replays a run; a fresh one without it.")] = -1,
) -> None:
    """Throw mutated octets at every decoder."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_OCTETS_MAX, MEMORY_OCTETS_MAX))
    seed = seed if seed >= 0 else random.SystemRandom().randrange(1 << 32)
    chosen = [target for target in TARGETS if not names or target.name in names]
    if not chosen:
        raise typer.BadParameter(f"targets: {', '.join(target.name for target in TARGETS)}")
    print(f"seed {seed}")
    found = False
    for target in chosen:
        tries, octets = fuzz(target, seed, time.monotonic() + seconds / len(chosen))
        print(f"{target.name:<14} {tries:>9,} tries" + (f"  FOUND {octets.hex()}" if octets is not None else ""))
        found = found or octets is not None
    raise typer.Exit(1 if found else 0)


if __name__ == "__main__":
    typer.run(main)
