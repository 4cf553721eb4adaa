"""A foreign implementation at the other end of a pipe: one JSON object a line is a task, one a line is its answer."""

from __future__ import annotations

import json
import selectors
import subprocess
from pathlib import Path
from typing import Any, Self

ANSWER_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 10.0


class PeerError(Exception):
    """The peer's program stopped, kept silent, or could not do what it was asked."""


class PeerProcess:
    """A running peer. It lives from construction to `close` and never outlives the process that started it."""

    def __init__(self, name: str, command: list[str], log: Path) -> None:
        self.name = name
        self.log = log
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, bufsize=0
            )
        self._received = b""

    def ask(self, task: dict[str, Any], timeout_s: float = ANSWER_TIMEOUT_S) -> dict[str, Any]:
        """Give the peer one task and wait for its answer."""
        self.give(task)
        return self.answer(timeout_s)

    def give(self, task: dict[str, Any]) -> None:
        """Give the peer one task; `answer` fetches what comes of it."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(task).encode() + b"\n")
        except BrokenPipeError:
            raise PeerError(f"{self.name} has stopped; its last words: {self._last_words()}") from None

    def answer(self, timeout_s: float = ANSWER_TIMEOUT_S) -> dict[str, Any]:
        """The answer to the task given last."""
        answer: dict[str, Any] = json.loads(self._line(timeout_s))
        if set(answer) == {"error"}:
            raise PeerError(f"{self.name}: {answer['error']}")
        return answer

    def _line(self, timeout_s: float) -> bytes:
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._received:
                if not selector.select(timeout_s):
                    raise PeerError(f"{self.name} did not answer within {timeout_s} s: {self._last_words()}")
                octets = self._process.stdout.read(1 << 20)
                if not octets:
                    raise PeerError(f"{self.name} has stopped; its last words: {self._last_words()}")
                self._received += octets
        line, self._received = self._received.split(b"\n", 1)
        return line

    def _last_words(self) -> str:
        return self.log.read_text(errors="replace")[-2000:]

    def close(self) -> None:
        """Let the peer end; it ends by itself when its standard input closes."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
