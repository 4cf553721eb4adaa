"""What stands between the tests and the peers: building, skipping, failing in CI, and the line protocol."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.interop.conftest import start
from tests.interop.peers import build
from tests.interop.peers.build import PeerUnavailableError
from tests.interop.peers.process import PeerError, PeerProcess

ECHO = "import sys\nfor line in sys.stdin: print(line, end='', flush=True)"


def unavailable() -> list[str]:
    raise PeerUnavailableError("mvn is not installed")


def test_a_peer_that_cannot_be_had_skips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="mvn is not installed"):
        start("a peer", unavailable, tmp_path / "log")


def test_a_peer_that_cannot_be_had_fails_in_ci(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="cannot be run in CI: mvn is not installed"):
        start("a peer", unavailable, tmp_path / "log")


def test_a_missing_jdk_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(PeerUnavailableError, match="java is not installed"):
        build.java_class_path.__wrapped__()


def test_a_task_is_answered(tmp_path: Path) -> None:
    with PeerProcess("echo", [sys.executable, "-c", ECHO], tmp_path / "log") as peer:
        assert peer.ask({"do": "nothing"}) == {"do": "nothing"}


def test_an_error_is_raised(tmp_path: Path) -> None:
    with (
        PeerProcess("echo", [sys.executable, "-c", ECHO], tmp_path / "log") as peer,
        pytest.raises(PeerError, match="no"),
    ):
        peer.ask({"error": "no"})


def test_a_peer_that_stops_tells_its_last_words(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('out of breath')"]
    with PeerProcess("short", command, tmp_path / "log") as peer, pytest.raises(PeerError, match="out of breath"):
        peer.answer()


def test_a_silent_peer_is_not_waited_for_long(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with PeerProcess("silent", command, tmp_path / "log") as peer, pytest.raises(PeerError, match="did not answer"):
        peer.ask({}, timeout_s=0.05)
