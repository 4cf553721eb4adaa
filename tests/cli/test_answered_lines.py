"""Lines that are answered one by one: each at once, none held whole that is too long."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from ferraris.cli.answered_lines import answer_lines
from ferraris.dlms.inspect import answer_line
from ferraris.kernel.limits import INSPECTION_LINE_OCTETS_MAX


class CountingLines(io.BytesIO):
    """A stream that notes the longest piece ever taken from it."""

    longest = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        piece = super().readline(size)
        self.longest = max(self.longest, len(piece))
        return piece


def test_a_huge_line_is_answered_and_never_held_whole() -> None:
    lines = CountingLines(
        b"9" * (3 * INSPECTION_LINE_OCTETS_MAX)
        + b"\n"
        + b'{"id": 2, "hex": "c0"}\n'
        + b"8" * (2 * INSPECTION_LINE_OCTETS_MAX)
    )
    written = io.StringIO()
    answer_lines(lines, written, answer_line)
    answers: list[dict[str, Any]] = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [answer["error"]["summary"] for answer in answers] == [
        "a line is too long",
        "an APDU is cut short",
        "a line is too long",
    ]
    assert lines.longest <= INSPECTION_LINE_OCTETS_MAX + 1


def test_each_answer_is_written_before_the_next_line_is_read() -> None:
    class Conversation(io.StringIO):
        flushed = 0

        def flush(self) -> None:
            self.flushed += 1

    written = Conversation()
    answer_lines(io.BytesIO(b'{"hex": "c0"}\n{"hex": "c0"}\n'), written, answer_line)
    assert written.flushed == 2


LINES = [
    # what comes           what is answered
    (b"",                  []),
    (b"a",                 ["a"]),
    (b"a\n",               ["a\n"]),
    (b"a\nb",              ["a\n", "b"]),
    (b"\n \n\t\r\n",      []),
    (b"a\r\n\nb\n",       ["a\r\n", "b\n"]),
    (b"\xff\n",            ["\xff\n"]),
    (b"\0\n",              ["\0\n"]),
]  # fmt: skip


@pytest.mark.parametrize(("octets", "seen"), LINES)
def test_blank_lines_are_passed_over_and_all_others_asked_as_they_are(octets: bytes, seen: list[str]) -> None:
    asked: list[str] = []
    written = io.StringIO()

    def answer(line: bytes) -> str:
        asked.append(line.decode("latin-1"))
        return str(len(asked))

    answer_lines(io.BytesIO(octets), written, answer)
    assert asked == seen
    assert written.getvalue().split() == [str(place) for place in range(1, len(seen) + 1)]


@pytest.mark.parametrize("over", [-1, 0, 1, 2])
def test_the_line_behind_a_long_one_is_whole(over: int) -> None:
    asked: list[int] = []
    long = b"9" * (INSPECTION_LINE_OCTETS_MAX + over)
    answer_lines(io.BytesIO(long + b"\nnext\n"), io.StringIO(), lambda line: str(asked.append(len(line))))
    assert asked == [min(len(long) + 1, INSPECTION_LINE_OCTETS_MAX + 1), 5]


def test_half_a_character_ends_no_batch() -> None:
    """A lone surrogate comes in as an escape of JSON, and no output could take it as it stands."""
    octets = io.BytesIO()
    written = io.TextIOWrapper(octets, encoding="utf-8", write_through=True)
    lines = b'{"id": "\\ud800"}\n{"id": "Z\\u00fcrich"}\n'
    answer_lines(io.BytesIO(lines), written, lambda line: json.dumps(json.loads(line), ensure_ascii=False))
    assert [json.loads(line)["id"] for line in octets.getvalue().splitlines()] == ["\ud800", "Zürich"]
