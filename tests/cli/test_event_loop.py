"""The event loop of commands that work for long."""

from __future__ import annotations

import asyncio
import subprocess
import sys

PROGRAM = """
import asyncio
import gc
import sys
from ferraris.cli.event_loop import long_runner

if "--without-uvloop" in sys.argv:
    sys.modules["uvloop"] = None

async def work():
    return type(asyncio.get_running_loop()).__module__

with long_runner() as runner:
    print(runner.run(work()), gc.get_freeze_count() > 0)
"""


def run(*arguments: str) -> str:
    done = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_uvloop_is_taken_where_it_runs() -> None:
    assert run() == "uvloop True"


def test_without_uvloop_asyncio_does() -> None:
    assert run("--without-uvloop") == f"{type(asyncio.new_event_loop()).__module__} True"
