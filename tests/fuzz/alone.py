"""One target under guidance, from a process that has nothing else in it: no threads, no files, no memory of other tests.

A fuzzer forks the process that calls it. What a child of a whole test run does at first is not the target's doing.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from tests.fuzz import guided
from tests.fuzz.guided import Outcome, Run, load_atheris
from tests.fuzz.target import Target

SEED = 7
PROGRAM = "import sys; from tests.fuzz.alone import main; main(*sys.argv[1:])"


def run_alone(
    decode: Callable[..., object],
    *arguments: str,
    seeds: tuple[bytes, ...],
    seconds: int = 5,
    seconds_per_input: int = guided.SECONDS_PER_INPUT_MAX,
) -> Outcome:
    """What a run of a target leaves. `decode`: a function of a module, or with `arguments` one that makes the decoder of them."""
    order = {
        "decode": [decode.__module__, decode.__name__],
        "arguments": arguments,
        "seeds": [octets.hex() for octets in seeds],
        "seconds": [seconds, seconds_per_input],
    }
    command = [sys.executable, "-c", PROGRAM, json.dumps(order)]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    outcome: dict[str, Any] = json.loads(told.stdout)
    octets = {name: tuple(map(bytes.fromhex, outcome.pop(name))) for name in ("findings", "reached")}
    return Outcome(**outcome, **octets)


def main(text: str) -> None:
    """Run what `text` orders, and tell the outcome as JSON."""
    order = json.loads(text)
    module, name = order["decode"]
    decode = getattr(importlib.import_module(module), name)
    if order["arguments"]:
        decode = decode(*order["arguments"])
    seconds, guided.SECONDS_PER_INPUT_MAX = order["seconds"]
    target = Target(name, decode, tuple(map(bytes.fromhex, order["seeds"])))
    outcome = Run(load_atheris(), target, (), seconds, SEED).end()
    told = {
        "target": outcome.target,
        "exit_code": outcome.exit_code,
        "said": outcome.said,
        "findings": [octets.hex() for octets in outcome.findings],
        "reached": [octets.hex() for octets in outcome.reached],
    }
    print(json.dumps(told))
