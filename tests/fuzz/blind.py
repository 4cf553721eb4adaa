"""Fuzzing by blind mutations, where atheris is not installed: each target in a process of its own, which may die of it."""

from __future__ import annotations

import faulthandler
import os
import random
import tempfile
import time
import traceback

from tests.fuzz.guided import EXIT_BROKE, SECONDS_PER_INPUT_MAX, Outcome, limit_memory
from tests.fuzz.last_input import LastInput, ending_text
from tests.fuzz.mutation import mutate
from tests.fuzz.target import Target

BLIND_OCTETS_MAX = 4 << 20
"""Mutations of long seeds are long."""


def fuzz(target: Target, seed: int, until: float) -> Outcome:
    """Feed a target blind mutations until that moment of the monotonic clock."""
    last = LastInput(BLIND_OCTETS_MAX)
    with tempfile.TemporaryFile() as said:
        pid = os.fork()
        if pid == 0:
            _try(target, seed, until, last, said.fileno())
        _, status = os.waitpid(pid, 0)
        said.seek(0)
        text = said.read().decode("utf-8", "replace")
    exit_code = os.waitstatus_to_exitcode(status)
    if exit_code == 0:
        return Outcome(target.name, 0, text)
    findings = () if last.octets is None else (last.octets,)
    return Outcome(target.name, exit_code, f"{text}{ending_text(exit_code)}\n", findings)


def _try(target: Target, seed: int, until: float, last: LastInput, said: int) -> None:
    """In the child. Does not return."""
    tries = 0
    faulthandler.enable(said)
    try:
        limit_memory()
        dice = random.Random(f"{seed}/{target.name}")
        while time.monotonic() < until:
            octets = mutate(target.seeds, dice)[:BLIND_OCTETS_MAX]
            last.note(octets)
            started = time.monotonic()
            target.run(octets)
            if time.monotonic() - started > SECONDS_PER_INPUT_MAX:
                raise TimeoutError(f"slower than {SECONDS_PER_INPUT_MAX} s")
            tries += 1
        last.clear()
        os.write(said, f"#{tries}\n".encode())
        os._exit(0)
    except BaseException:  # noqa: BLE001 - whatever it is, the end of the program too, it is a finding
        os.write(said, f"{traceback.format_exc()}\n#{tries}\n".encode())
        os._exit(EXIT_BROKE)
