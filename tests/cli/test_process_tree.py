"""The tree of processes: who is killed is started again, who gives up ends the run, nobody outlives the parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ferraris.cli.process_tree import Child, ChildEndedError, ProcessTree

SERVE = ["meter", "serve", "--count", "1", "--port", "4961"]


def wait_until(holds: Callable[[], bool], within_s: float = 30.0) -> None:
    give_up_s = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < give_up_s, "it did not come about"
        time.sleep(0.02)


def serving(child: Child, times: int = 1) -> bool:
    return child.log.exists() and child.log.read_text().count("listen from") >= times


def alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def test_a_killed_child_is_started_again_and_ends_with_the_tree(tmp_path: Path) -> None:
    with ProcessTree() as tree:
        child = tree.add(Child("meters", lambda: [*SERVE, "--dir", str(tmp_path / "m")], tmp_path / "log"))
        assert child.process is not None
        wait_until(lambda: serving(child))
        assert tree.look() == []
        child.process.kill()
        child.process.wait()
        assert tree.look() == [child]
        assert child.starts == 2
        wait_until(lambda: serving(child, 2))
        pid = child.process.pid
        assert alive(pid)
    assert not alive(pid)


def test_a_child_that_gives_up_ends_the_run_with_its_last_words(tmp_path: Path) -> None:
    with ProcessTree() as tree:
        child = tree.add(Child("meters", lambda: ["meter", "serve", "--clock", "nonsense"], tmp_path / "log"))
        assert child.process is not None
        child.process.wait()
        with pytest.raises(ChildEndedError, match=r"meters ended with code 2: .*--clock"):
            tree.look()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's word to the children of a dead parent is Linux'")
def test_children_end_when_the_parent_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from ferraris.cli.process_tree import Child, ProcessTree\n"
        "place = Path(sys.argv[1])\n"
        "with ProcessTree() as tree:\n"
        f"    child = tree.add(Child('meters', lambda: {SERVE!r} + ['--dir', str(place / 'm')], place / 'log'))\n"
        "    print(child.process.pid, flush=True)\n"
        "    time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    wait_until(lambda: (tmp_path / "log").exists() and "listen from" in (tmp_path / "log").read_text())
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    wait_until(lambda: not alive(pid))
