"""The commands themselves when the machine runs out of something: files to open, or space for the meters' memory."""

from __future__ import annotations

import json
import resource
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

STARTING_S = 60.0
FILES = (256, 400)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def ferraris(*arguments: str, limit: Callable[[], None]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "ferraris", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, preexec_fn=limit)  # noqa: PLW1509


def get(port: int, path: str) -> Any:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/{path}", timeout=10) as answer:
        return json.load(answer)


def few_files() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, FILES)


def small_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))


def test_a_crowd_at_the_push_port_leaves_files_for_everything_else(tmp_path: Path) -> None:
    port, push_port = free_port(), free_port()
    ports = ["--port", str(port), "--push-port", str(push_port)]
    process = ferraris("serve", "--dir", str(tmp_path / "data"), *ports, limit=few_files)
    crowd: list[socket.socket] = []
    try:
        assert process.stdout is not None
        assert "console at" in process.stdout.readline()
        crowd.extend(socket.create_connection(("127.0.0.1", push_port), STARTING_S) for _ in range(FILES[1]))
        kinds: list[str] = []
        give_up = time.monotonic() + STARTING_S
        while not kinds and time.monotonic() < give_up:
            kinds = [line["alarm"]["kind"] for line in get(port, "alarms")]
        assert kinds == ["push_flood"]
        assert get(port, "overview")["overview"]["meters"] == 0
    finally:
        for link in crowd:
            link.close()
        process.terminate()
        process.communicate(timeout=STARTING_S)
    assert process.returncode == 0


def test_meters_without_room_for_their_memory_say_so_and_leave_nothing_half_made(tmp_path: Path) -> None:
    process = ferraris("meter", "serve", "--dir", str(tmp_path), "--count", "50", limit=small_files)
    said, _ = process.communicate(timeout=STARTING_S)
    assert process.returncode not in (0, None)
    assert said.count("\n") == 1
    assert "cannot create" in said
    assert not (tmp_path / "nvm").exists()
