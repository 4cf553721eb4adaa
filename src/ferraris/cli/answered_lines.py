"""Lines of JSON on standard input, each answered with a line: what every command does with `--jsonl`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO

from ferraris.kernel.limits import INSPECTION_LINE_OCTETS_MAX


def answer_lines(lines: BinaryIO, answers: Any, answer: Callable[[bytes], str]) -> None:
    """Answer each line as it comes. A line too long is answered with an error and never held whole."""
    while line := lines.readline(INSPECTION_LINE_OCTETS_MAX + 1):
        if len(line) > INSPECTION_LINE_OCTETS_MAX:
            _skip_line(lines, line)
        if line.strip():
            answers.write(_writable(answer(line)) + "\n")
            answers.flush()


def _writable(answer: str) -> str:
    """The answer with half characters (lone surrogates), which no output takes, as JSON escapes them."""
    return answer.encode("utf-8", "backslashreplace").decode("utf-8")


def _skip_line(lines: BinaryIO, piece: bytes) -> None:
    while piece and not piece.endswith(b"\n"):
        piece = lines.readline(INSPECTION_LINE_OCTETS_MAX)
