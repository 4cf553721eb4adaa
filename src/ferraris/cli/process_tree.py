"""A tree of Ferraris processes: started together, watched, started again when one is killed, ended together."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from ferraris.kernel.errors import FerrarisError

PR_SET_PDEATHSIG: Final = 1
END_TIMEOUT_S: Final = 15.0
"""How long a child may take to end when it is told to."""


class ChildEndedError(FerrarisError):
    """A process of the tree ended by itself, with an error that starting it again would not mend."""


@dataclass
class Child:
    """One process of the tree. `command` gives its arguments anew at each start."""

    name: str
    command: Callable[[], Sequence[str]]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0

    def start(self) -> None:
        """Start it; its output goes to the end of its log."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", "ferraris", *self.command()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - this process runs no threads yet
            )
        self.starts += 1

    def last_words(self) -> str:
        """The last line that it wrote."""
        lines = self.log.read_text("utf-8", "replace").split("\n") if self.log.exists() else []
        return next((line for line in reversed(lines) if line.strip()), "nothing")


@dataclass
class ProcessTree:
    """Children that live as long as the `with` block."""

    children: list[Child] = field(default_factory=list)

    def add(self, child: Child) -> Child:
        """Start a child."""
        self.children.append(child)
        child.start()
        return child

    def look(self) -> list[Child]:
        """Start the children again that were killed, and name them. Raises ChildEndedError for one that gave up."""
        again = []
        for child in self.children:
            code = None if child.process is None else child.process.poll()
            if code is None:
                continue
            if code >= 0:
                summary = f"the {child.name} ended with code {code}: {child.last_words()}"
                raise ChildEndedError(summary)
            child.start()
            again.append(child)
        return again

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for child in reversed(self.children):
            if child.process is None:
                continue
            child.process.terminate()
            try:
                child.process.wait(END_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()


def _end_with_parent() -> None:
    """In the child, before it becomes our program: the kernel ends it when its parent dies, however the parent dies."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() == 1:  # the parent was quicker
            os._exit(0)
