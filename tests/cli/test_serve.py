"""The process that owns the stores: starts, answers over REST, refuses a second owner, ends in good order."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from http import HTTPStatus
from pathlib import Path

import httpx

from ferraris.cli.demo_vending import set_up_vending
from ferraris.kernel.clock import SystemClock
from ferraris.meter import decoder_reference_number

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


def test_serve_sells_where_vending_was_set_up(tmp_path: Path) -> None:
    set_up_vending(tmp_path, 1, SystemClock())
    order = {"till": "t", "operator": "o", "meter": decoder_reference_number(1), "amount": "50", "message_id": "m1"}
    with subprocess.Popen(
        ferraris("serve", "--dir", str(tmp_path), "--port", "0"), stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().removeprefix("console at ").strip()
            sales = f"{address}/api/v1/vending/sales"
            first, again = (httpx.post(sales, json=order, timeout=20) for _ in range(2))
            assert first.status_code == HTTPStatus.CREATED
            assert again.json() == first.json()
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_serve_that_is_told_to_sell_and_cannot_says_why(tmp_path: Path) -> None:
    arguments = ferraris("serve", "--vending", "--dir", str(tmp_path), "--port", "0")
    ended = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert f"there is no vending in {tmp_path}, expected `ferraris vend init --dir {tmp_path}`" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_collect_says_what_it_lacks(tmp_path: Path) -> None:
    arguments = ferraris("collect", "--url", "http://127.0.0.1:9", "--dir", str(tmp_path))
    ended = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert "nothing to collect for" in ended.stderr
