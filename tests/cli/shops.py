"""Vending directories for the tests of `ferraris vend`, and how its commands are called."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from click.testing import Result
from typer.testing import CliRunner

from ferraris.cli.vend import app
from ferraris.cli.vend_setup import make_vending
from ferraris.cli.vending_place import opened_vending
from ferraris.console import create_vending_rest
from ferraris.kernel.clock import SystemClock
from ferraris.vending import Vending

GROUP = "600727"
SUPERVISOR = "sarah"
METERS = ("01000000016", "01000000024", "01000000032")


@dataclass(frozen=True)
class VendDirectory:
    """A directory in which `ferraris vend init` has been run, with meters on the sample tariffs."""

    path: Path
    url: str = ""
    """Where the directory is being served, if it is."""

    def run(self, *arguments: str, lines: str = "") -> Result:
        """A command over the directory or what serves it; what goes wrong is in the result."""
        place = ["--url", self.url] if self.url else ["--dir", str(self.path)]
        return CliRunner().invoke(app, [*arguments, *place], input=lines)

    def text(self, *arguments: str, lines: str = "") -> str:
        result = self.run(*arguments, lines=lines)
        assert result.exit_code == 0, (result.output, result.exception)
        return result.stdout

    def json(self, *arguments: str) -> Any:
        return json.loads(self.text(*arguments, "--json"))

    def answers(self, *arguments: str, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """What `--jsonl` answers to these lines."""
        text = "".join(json.dumps(line) + "\n" for line in lines)
        return [json.loads(line) for line in self.text(*arguments, "--jsonl", lines=text).splitlines()]


def make_directory(path: Path) -> VendDirectory:
    """A directory with three meters: two on domestic blocks, one on the flat tariff."""
    make_vending(path, currency="ZAR", utility="Street Power", supervisors=[SUPERVISOR], trial_group=GROUP)
    directory = VendDirectory(path)
    new = [
        {
            "id": place, "meter": meter, "account": f"A{place}", "customer_name": f"Customer {place}", "supply_group_code": GROUP,
            "tariff": "flat" if place == 2 else "domestic_blocks", "encryption_algorithm": "EA11", "base_date": "2014",
        }
        for place, meter in enumerate(METERS)
    ]  # fmt: skip
    assert [answer["registered"] for answer in directory.answers("meter", "add", lines=new)] == [1, 1, 1]
    return directory


@contextmanager
def served(vending: Vending) -> Iterator[str]:
    """REST of a vending system over real HTTP, in a thread of its own."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(create_vending_rest(vending, SystemClock()), log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    listener.close()


@contextmanager
def served_directory(path: Path) -> Iterator[VendDirectory]:
    """A directory with meters, served while the block runs: commands over it are quick."""
    make_directory(path)
    with opened_vending(path, SystemClock()) as vending, served(vending) as url:
        yield VendDirectory(path, url)
