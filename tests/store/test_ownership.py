"""One owner at a time, whoever comes second learns who the first is, and a dead owner owns nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ferraris.kernel.errors import StoreError
from ferraris.store.ownership import Ownership

HOLDER = """
import sys, time
from pathlib import Path
from ferraris.store.ownership import Ownership
ownership = Ownership(Path(sys.argv[1]))
print("owned", flush=True)
sys.stdin.read()
"""


def test_a_second_owner_in_this_process_is_refused_until_the_first_lets_go(tmp_path: Path) -> None:
    first = Ownership(tmp_path / "store")
    with pytest.raises(StoreError, match="in use by this process"):
        Ownership(tmp_path / "store")
    Ownership(tmp_path / "another").release()
    first.release()
    first.release()
    Ownership(tmp_path / "store").release()


def test_another_process_is_named_and_its_death_frees_the_store(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "store")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "owned\n"
        with pytest.raises(StoreError, match=f"in use by process {holder.pid}; one process owns it at a time$"):
            Ownership(tmp_path / "store")
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    Ownership(tmp_path / "store").release()


def test_the_directory_is_made(tmp_path: Path) -> None:
    Ownership(tmp_path / "a" / "b" / "store").release()
    assert (tmp_path / "a" / "b").is_dir()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be opened"):
        Ownership(tmp_path / "file" / "store")


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_refused_owner_leaves_no_descriptor_open(tmp_path: Path) -> None:
    first = Ownership(tmp_path / "store")
    before = _descriptors()
    for _ in range(5):
        with pytest.raises(StoreError):
            Ownership(tmp_path / "store")
    assert _descriptors() == before
    first.release()
