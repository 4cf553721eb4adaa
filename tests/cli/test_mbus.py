"""`ferraris mbus`: the meters of a line are found, and reached by what was found."""

from __future__ import annotations

import sys
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from ferraris.cli import main
from ferraris.link import serve_tcp
from ferraris.meter import FleetService
from tests.cli.meters import free_port, meters_served


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["ferraris", *arguments])
    with pytest.raises(SystemExit) as ended:
        main.run()
    return int(ended.value.code or 0)


def test_a_meter_is_found_and_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    port = free_port()

    async def beside(service: FleetService, stack: AsyncExitStack) -> None:
        server = await serve_tcp("127.0.0.1", port, service.serve_mbus)
        stack.push_async_callback(server.aclose)

    url = f"mbus+tcp://127.0.0.1:{port}"
    with meters_served(tmp_path, beside=beside) as served:
        assert call(monkeypatch, "mbus", url) == 0
        assert capsys.readouterr().out == "00000001.FER.01.02\n"
        text = served.registry.read_text().replace(f'"{served.host}"', '"127.0.0.1"')
        served.registry.write_text(text.replace(f'"port": {served.port}', f'"port": {port}'))
        explored = call(
            monkeypatch, "explore", f"{url}?client=1&secondary=00000001.FER.01.02", "--keys", str(served.registry)
        )
        assert (explored, "1.0.1.8.0.255" in capsys.readouterr().out) == (0, True)


@pytest.mark.parametrize("url", ["tcp://127.0.0.1", "mbus+tcp://127.0.0.1?secondary=12", "tcp://h?secondary=12345678"])
def test_what_is_no_m_bus_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], url: str
) -> None:
    assert call(monkeypatch, "mbus", url) == main.EXIT_REFUSED
    told = capsys.readouterr().err
    assert "M-Bus" in told or "secondary in the URL" in told or "does not fit" in told


# A URL that is right for a meter, and what is told to who searches with it.
NO_USE = [
    ("mbus+tcp://127.0.0.1:9?physical=5", "'physical' does not fit a search at mbus+tcp://, expected secondary"),
    ("mbus+tcp://127.0.0.1:9?client=1&server=1", "'client' does not fit a search at mbus+tcp://, expected secondary"),
    ("mbus+tcp://127.0.0.1:9?secondary=1234????.FER.*.*&server=1", "'server' does not fit a search"),
    ("mbus+tcp://127.0.0.1:9?gateway=0:0x0012", "'gateway' does not fit a search"),
    ("mbus:///dev/none?physical=5&baud=2400", "'physical' does not fit a search at mbus://, expected secondary, baud"),
]


@pytest.mark.parametrize(("url", "told"), NO_USE)
def test_a_parameter_that_a_search_has_no_use_for_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], url: str, told: str
) -> None:
    assert call(monkeypatch, "mbus", url) == main.EXIT_REFUSED
    assert told in " ".join(capsys.readouterr().err.split())


def test_the_speed_of_a_line_is_of_use(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    url = "mbus:///dev/ferraris-none?baud=9600&secondary=1234????.FER.*.*"
    assert call(monkeypatch, "mbus", url) == main.EXIT_REFUSED
    assert "does not fit" not in capsys.readouterr().err
