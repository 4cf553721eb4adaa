"""`ferraris sts` as a process that others feed: whatever comes on a line, one line answers it, in order, and it goes on."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ferraris.kernel.limits import INSPECTION_LINE_OCTETS_MAX
from tests.sts.published import VENDING_KEY, rows

PROGRAM = Path(sys.executable).parent / "ferraris"
GOOD = next(row for row in rows() if row["id"] == "531-1-11-CTSA10-2")


def fed(command: str, lines: list[bytes], cwd: Path) -> list[dict[str, Any]]:
    """What the process answers, as the one who reads it sees it."""
    ended = subprocess.run(
        [PROGRAM, "sts", command, "--jsonl"],
        input=b"\n".join(lines),
        capture_output=True,
        timeout=60,
        check=True,
        cwd=cwd,
    )
    assert not ended.stderr
    return [json.loads(line) for line in ended.stdout.splitlines()]


@pytest.mark.parametrize("command", ["encode", "decode", "derive", "explain"])
def test_garbage_between_rows_costs_no_row(command: str, tmp_path: Path) -> None:
    dice = random.Random(7)
    good = json.dumps(GOOD).encode()
    garbage = [bytes(dice.choices(range(11, 256), k=dice.randint(1, 80))) for _ in range(20)]
    garbage += [
        b"{",
        b"null",
        b"[]",
        b'{"inputs": []}',
        b"[" * 50_000,
        b'{"id": {"a": 1}}',
        b'{"inputs": {"ea": 1e999}}',
    ]
    lines = [line for each in garbage for line in (each.replace(b"\n", b"").strip() or b"x", good)]
    answers = fed(command, lines, tmp_path)
    assert len(answers) == len(lines)
    assert all(not answer["ok"] and answer["error"]["summary"] for answer in answers[::2])
    assert all(answer["ok"] and answer["id"] == GOOD["id"] for answer in answers[1::2])


def test_a_line_without_an_end_is_answered_and_never_held_whole(tmp_path: Path) -> None:
    endless = b'{"id": "' + b"x" * (INSPECTION_LINE_OCTETS_MAX + 100_000)
    answers = fed("encode", [endless, json.dumps(GOOD).encode()], tmp_path)
    assert [answer["ok"] for answer in answers] == [False, True]
    assert "too long" in answers[0]["error"]["summary"]


def test_answers_come_one_by_one(tmp_path: Path) -> None:
    """A program that asks and waits for each answer is not left waiting."""
    process = subprocess.Popen(
        [PROGRAM, "sts", "encode", "--jsonl"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=tmp_path
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        for _ in range(3):
            process.stdin.write(json.dumps(GOOD).encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["token"] == GOOD["expected"]
        process.stdin.close()
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.stdout.close()


def test_a_vending_key_stands_in_no_answer(tmp_path: Path) -> None:
    secret = VENDING_KEY.hex()
    spoilt = [
        {**GOOD["inputs"], **change}
        for change in ({"pan": "1"}, {"vk": secret + "zz"}, {"vk": secret[:-2]}, {"rnd": 99})
    ]
    lines = [json.dumps({"id": n, "inputs": inputs}).encode() for n, inputs in enumerate(spoilt)]
    for command in ("encode", "decode", "derive", "explain"):
        answers = fed(command, lines, tmp_path)
        assert len(answers) == len(lines)
        assert secret[:30] not in json.dumps(answers)


@pytest.mark.parametrize(
    "digits", ["0", "12345678901234567890" * 1_000, "२३६४१५५३६६५३९८१५४७०२", "\x00" * 20, "-" * 20, "1e19"]
)
def test_strange_tokens_end_with_one_line(digits: str, tmp_path: Path) -> None:
    arguments = ["--pan", GOOD["inputs"]["pan"], "--sgc", "201457", "--vending-key", VENDING_KEY.hex()]
    if "\x00" in digits:
        digits = digits.replace("\x00", "\x01")  # no operating system hands over the other
    ended = subprocess.run(
        [PROGRAM, "sts", "decode", *arguments, "--", digits],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=tmp_path,
    )
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
    assert len(ended.stderr) < 200
