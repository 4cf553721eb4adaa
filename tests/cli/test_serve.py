"""The process that owns the stores: starts, answers over REST, refuses a second owner, ends in good order."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx

LINE = {
    "serial": "FER0000000001",
    "profile": "smr5_three_phase",
    "host": "127.20.250.1",
    "port": 1,
    "system_title": "4645520000000001",
    "encryption_key": "00" * 16,
    "authentication_key": "11" * 16,
}


def ferraris(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "ferraris", *arguments]


def test_serve_answers_and_ends_in_good_order(tmp_path: Path) -> None:
    (tmp_path / "meters.json").write_text(json.dumps(LINE) + "\n")
    where = ["--dir", str(tmp_path / "data"), "--import", str(tmp_path / "meters.json"), "--port", "0"]
    with subprocess.Popen(
        ferraris("serve", *where), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "1 meters registered, 0 changed\n"
            address = re.fullmatch(r"console at (http://127\.0\.0\.1:\d+)\n", process.stdout.readline())
            assert address is not None
            overview = httpx.get(f"{address[1]}/api/v1/overview", timeout=20).json()
            assert overview["overview"]["meters"] == 1
            second = subprocess.run(ferraris("serve", *where), capture_output=True, text=True, timeout=60, check=False)
            assert second.returncode == 2
            assert "11" * 16 not in second.stderr
            collected = subprocess.run(
                ferraris("collect", "--url", address[1], "--json"),
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert collected.returncode == 1, "the meter cannot be reached"
            summary = json.loads(collected.stdout)
            assert (summary["meters"], summary["reached"], summary["failed"]) == (1, 0, 1)
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_collect_says_what_it_lacks(tmp_path: Path) -> None:
    arguments = ferraris("collect", "--url", "http://127.0.0.1:9", "--dir", str(tmp_path))
    ended = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert "nothing to collect for" in ended.stderr
