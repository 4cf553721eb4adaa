"""`ferraris conformance` against a virtual meter over real TCP and UDP."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ferraris.cli import main
from ferraris.client.conformance import registered
from tests.cli.meters import Served, meters_served


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with meters_served(tmp_path_factory.mktemp("meters")) as served:
        yield served


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["ferraris", "conformance", *arguments])
    with pytest.raises(SystemExit) as ended:
        main.run()
    return int(ended.value.code or 0)


def test_our_own_meter_passes_and_the_reports_say_so(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "report.html"
    arguments = ["--keys", str(served.registry), "--timeout", "0.4", "--write", "--report", str(page)]
    code = call(monkeypatch, served.url(1), *arguments)
    out = capsys.readouterr().out
    assert code == 0, out
    assert "FAIL" not in out
    for each in registered():
        assert each.title in out
    text = page.read_text()
    assert "client 1, hls-gmac, ciphered context" in text
    assert "<strong>0</strong> failed" in text


def test_json_of_one_section(
    served: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--keys", str(served.registry), "--timeout", "0.4", "--only", "wrapper", "--json"]
    assert call(monkeypatch, served.url(2, "udp"), *arguments) == 0
    document = json.loads(capsys.readouterr().out)
    assert {row["section"] for row in document["checks"]} == {"Wrapper"}
    assert document["counts"]["failed"] == 0
    assert document["counts"]["not applicable"] == 2


def test_over_hdlc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with meters_served(tmp_path, hdlc=True) as meter:
        arguments = ["--keys", str(meter.registry), "--timeout", "0.6", "--json"]
        code = call(monkeypatch, meter.url(1, "hdlc+tcp"), *arguments)
    document = json.loads(capsys.readouterr().out)
    failed = [(row["name"], row["got"]) for row in document["checks"] if row["outcome"] == "failed"]
    assert (failed, code) == ([], 0)
    assert document["counts"]["passed"] >= 85
    assert {row["outcome"] for row in document["checks"] if row["section"] == "HDLC"} == {"passed"}
    wrapper = {row["outcome"] for row in document["checks"] if row["section"] == "Wrapper"}
    assert wrapper == {"not applicable"}


def test_a_meter_of_short_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with meters_served(tmp_path, "short_name_meter", hdlc=True) as meter:
        arguments = ["--keys", str(meter.registry), "--timeout", "0.6", "--json"]
        code = call(monkeypatch, meter.url(1, "hdlc+tcp"), *arguments)
    document = json.loads(capsys.readouterr().out)
    outcomes: dict[str, set[str]] = {}
    for row in document["checks"]:
        outcomes.setdefault(row["section"], set()).add(row["outcome"])
    assert (outcomes["HDLC"], outcomes["Short names"], code) == ({"passed"}, {"passed"}, 0)


def test_a_wrong_key_is_a_report_of_failures(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = tmp_path / "keys.toml"
    keys.write_text(f'encryption_key = "{"00" * 16}"\nauthentication_key = "{"11" * 16}"\n')
    keys.chmod(0o600)
    arguments = ["--keys", str(keys), "--timeout", "0.4", "--only", "association-opens"]
    assert call(monkeypatch, served.url(1), *arguments) == 1
    out = capsys.readouterr().out
    assert "FAIL" in out
    assert "00" * 16 not in out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["tcp://127.0.0.1:1", "--only", "nonsense"], "no such check"),
        (["tcp://127.0.0.1:1", "--auth", "hls-gmac"], "without keys"),
        (["ftp://x"], "no URL of a meter"),
        # Nobody listens at port 1: what is told of the file is told before any check.
        (["tcp://127.0.0.1:1", "--report", "/"], "/: Is a directory. A file is wanted here."),
        (["tcp://127.0.0.1:1", "--report", "/no/such/report.html"], "/no/such: No such file or directory"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    arguments: list[str], complaint: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, *arguments) == 2
    shown = capsys.readouterr()
    assert complaint in shown.err
    assert shown.err.count("\n") == 1


@pytest.mark.parametrize("scheme", ["tcp", "hdlc+tcp"])
def test_a_server_that_is_not_there_is_told_once(
    scheme: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not by a report in which every check could not be run."""
    assert call(monkeypatch, f"{scheme}://127.0.0.1:9") == main.EXIT_REFUSED
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    assert "Connection refused. Nothing listens there" in shown.err
