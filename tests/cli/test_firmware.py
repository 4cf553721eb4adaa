"""`ferraris firmware` against a virtual meter: built, sent, verified and activated; refused with a line that says why."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ferraris.cli import firmware, main
from tests.cli.meters import Served, meters_served


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with meters_served(tmp_path_factory.mktemp("meters"), speed=1000) as served:
        yield served


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(firmware, "POLL_S", 0.01)
    monkeypatch.setattr(firmware, "RETRY_S", 0.0)


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["ferraris", *arguments])
    with pytest.raises(SystemExit) as ended:
        main.run()
    return int(ended.value.code or 0)


@pytest.fixture
def image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "new.image"
    payload = tmp_path / "payload"
    payload.write_bytes(bytes(3_000))
    build = "firmware", "build", str(path), "--version", "2.5", "--payload", str(payload), "--seed", "11"
    assert call(monkeypatch, *build) == 0
    return path


def test_sent_verified_activated_and_shown(
    served: Served, image: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    send = "firmware", "send", served.url(1), str(image), "--keys", str(served.registry)
    assert call(monkeypatch, *send) == 0
    assert "verified" in capsys.readouterr().out
    assert call(monkeypatch, *send, "--resume", "--activate") == 0
    assert "active" in capsys.readouterr().out
    assert call(monkeypatch, "explore", served.url(1), "--keys", str(served.registry)) == 0
    assert "2.5" in capsys.readouterr().out


def test_an_image_of_another_manufacturer_is_refused(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    forged = tmp_path / "forged.image"
    assert call(monkeypatch, "firmware", "build", str(forged), "--version", "6.6", "--seed", "12") == 0
    send = "firmware", "send", served.url(1), str(forged), "--keys", str(served.registry), "--activate"
    assert call(monkeypatch, *send) == 2
    assert "verification-failed" in capsys.readouterr().err


def test_a_client_without_the_right_is_refused(
    served: Served, image: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "firmware", "send", served.url(2), str(image), "--keys", str(served.registry)) == 2
    assert "read-write-denied" in capsys.readouterr().err


def test_a_meter_that_cannot_be_reached_is_given_up(
    image: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "firmware", "send", "tcp://127.0.0.1:9", str(image)) == 2
    assert "127.0.0.1:9" in capsys.readouterr().err


def test_at_once_and_at_a_time_exclude_each_other(
    image: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    both = "--activate", "--at", "2026-12-01T03:00:00"
    assert call(monkeypatch, "firmware", "send", "tcp://127.0.0.1:9", str(image), *both) == 2
    assert "--activate or --at" in capsys.readouterr().err
