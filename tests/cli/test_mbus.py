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
