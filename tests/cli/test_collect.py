"""Collecting without a running system: over real TCP, with progress."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import typer

from ferraris.cli.collect import EXIT_METERS_FAILED, Collected, _alone, collect, progress_of
from ferraris.cli.head_end import import_registry, opened, runtime_of
from ferraris.headend import HeadEndState
from ferraris.kernel.clock import ScaledClock
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import ConfigError, FerrarisError, LinkError
from ferraris.link import open_tcp, serve_tcp
from ferraris.meter import Fleet, FleetService, Manufacture, ServiceSettings, meter_model, write_registry
from tests.meter.steady import STEADY

DAY_MS = 86_400_000
AT_NOON = "2026-03-03T12:07:00+00:00"
"""Seven minutes after a capture, so that none falls into the seconds that a test takes."""

# When a day of three meters is collected, which have midnight at 23:00 UTC; the rows then missing of the one that does not
# answer, and of each other one. Between its own midnight and that of UTC a meter owes a row for the day on which it was
# registered: the head-end does not know its zone, and takes it that there is none when the next one has come.
MISSING = [
    # now                         silent   each other
    (AT_NOON,                     96 + 1,  0),
    ("2026-03-03T22:52:00+00:00", 96 + 1,  0),
    ("2026-03-03T23:07:00+00:00", 96 + 1,  1),
    ("2026-03-03T23:52:00+00:00", 96 + 1,  1),
    ("2026-03-04T00:07:00+00:00", 96 + 1,  0),
]  # fmt: skip


def clock_at(moment: str) -> ScaledClock:
    return ScaledClock.starting_at(int(datetime.fromisoformat(moment).timestamp()) * 1_000, 1.0)


@pytest.mark.parametrize(("moment", "silent", "each_other"), MISSING)
def test_a_one_shot_collection_over_tcp(tmp_path: Path, moment: str, silent: int, each_other: int) -> None:
    """Three meters that have measured for a day; one of them does not answer."""

    async def story() -> Collected:
        clock = clock_at(moment)
        born_ms = clock.now_ms() - DAY_MS
        fleet = Fleet.create(tmp_path / "fleet", Manufacture(3, index_wh_max=0), STEADY, SeededEntropy(5), born_ms)
        fleet.advance(clock.now_ms())
        settings = ServiceSettings(port=_free_port())
        service = FleetService(
            fleet, [meter_model("smr5_single_phase")], 11, clock, SeededEntropy(3), serve_tcp, open_tcp, settings
        )
        await service.start()
        try:
            registry = write_registry(tmp_path, service.devices, settings.port)
            await service.leave_network(2)
            with opened(tmp_path / "head-end") as (stores, master_key):
                runtime = runtime_of(stores, master_key, clock)
                assert import_registry(runtime, master_key, registry, born_ms) == (3, 0)
                collected = await _alone(stores, master_key, None, clock, quiet=True)
                for meter in (1, 2):
                    stored = stores.intervals.read(meter, [1], born_ms // 1000, clock.now_ms() // 1000)
                    assert len(stored) == 96
                assert stores.intervals.coverage(1, 0, 2**40).keys() == {1, 2}
            return collected
        finally:
            await service.aclose()
            fleet.close()

    collected = asyncio.run(story())
    assert (collected.meters, collected.reached, collected.failed, collected.finished) == (3, 2, 1, True)
    assert collected.missing == silent + 2 * each_other


@pytest.mark.parametrize(
    ("profile", "hdlc"),
    [("short_name_meter", False), ("compressed_meter", False), ("delta_meter", False), ("security_suite_2", True)],
)
def test_what_a_virtual_fleet_lists_is_collected(tmp_path: Path, profile: str, hdlc: bool) -> None:
    async def story() -> Collected:
        clock = clock_at(AT_NOON)
        born_ms = clock.now_ms() - DAY_MS
        fleet = Fleet.create(tmp_path / "fleet", Manufacture(2, index_wh_max=0), STEADY, SeededEntropy(5), born_ms)
        fleet.advance(clock.now_ms())
        settings = ServiceSettings(port=_free_port(), hdlc=hdlc)
        models = [meter_model(profile)]
        service = FleetService(fleet, models, 11, clock, SeededEntropy(3), serve_tcp, open_tcp, settings)
        await service.start()
        try:
            registry = write_registry(tmp_path, service.devices, settings.port, hdlc=hdlc)
            with opened(tmp_path / "head-end") as (stores, master_key):
                assert import_registry(runtime_of(stores, master_key, clock), master_key, registry, born_ms) == (2, 0)
                collected = await _alone(stores, master_key, None, clock, quiet=True)
                for meter in (1, 2):
                    assert len(stores.intervals.read(meter, [1], born_ms // 1000, clock.now_ms() // 1000)) == 96
            return collected
        finally:
            await service.aclose()
            fleet.close()

    collected = asyncio.run(story())
    assert (collected.reached, collected.failed, collected.finished) == (2, 0, True)


def test_nothing_to_collect_is_finished() -> None:
    assert progress_of(HeadEndState(), None, 0) == Collected(0, 0, 0, 0, 0, True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def answering(*bodies: bytes | None, status: int = 200) -> Iterator[str]:
    """A stranger's HTTP server: the overview is there, and each further request gets the next body; None hangs up."""
    waiting = list(bodies)

    class Stranger(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._say(200, b"{}") if self.path.endswith("/overview") else self._next()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self._next()

        def _next(self) -> None:
            body = waiting.pop(0)
            if body is None:
                self.close_connection = True
            else:
                self._say(status, body)

        def _say(self, code: int, body: bytes) -> None:
            self.send_response(code)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def progress(**changed: object) -> bytes:
    whole = {"id": 1, "meters": 2, "done": 2, "reached": 2, "failed": 0, "missing": 0, "finished": True}
    return json.dumps(whole | changed).encode()


STRANGE_ANSWERS = [
    b"",
    b"<html>welcome</html>",
    b"[]",
    b"null",
    b"{}",
    b"[" * 100_000,
    b'{"id": ' + b"9" * 5_000 + b"}",
    progress(id=None),
    progress(id="../../x"),
    progress(meters="2"),
    progress(finished=1),
    progress(missing=0.5),
    progress().replace(b'"failed": 0, ', b""),
    progress().replace(b'"failed": 0', b'"failed": 0, "failed": 1'),
    progress().replace(b'"missing": 0', b'"missing": NaN'),
]


@pytest.mark.parametrize("body", STRANGE_ANSWERS, ids=range(len(STRANGE_ANSWERS)))
@pytest.mark.parametrize("later", [False, True], ids=["at first", "later"])
def test_an_answer_of_something_else_at_the_url_is_told(
    body: bytes, later: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    bodies = [progress(finished=False), body] if later else [body]
    with answering(*bodies) as url, pytest.raises(FerrarisError, match="the answer"):
        collect(url, as_json=True)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("body", "reason"),
    [(b'{"detail": "no such group"}', "no such group"), (b"oops", "HTTP status 404"), (b'["detail"]', "status 404")],
)
def test_a_refusal_is_told_with_its_reason(body: bytes, reason: str) -> None:
    with answering(body, status=404) as url, pytest.raises(ConfigError, match=f"refuses the collection: .*{reason}"):
        collect(url, as_json=True)


def test_a_system_that_goes_away_is_told() -> None:
    with answering(progress(finished=False), None) as url, pytest.raises(LinkError, match="does not answer any more"):
        collect(url, as_json=True)


@pytest.mark.parametrize("failed", [0, 1])
def test_the_exit_code_says_whether_all_meters_were_read(failed: int, capsys: pytest.CaptureFixture[str]) -> None:
    """What cron looks at: 0 for all, 1 when one or more could not be read, and the summary says which number."""
    with answering(progress(failed=failed, reached=2 - failed)) as url:
        if failed:
            with pytest.raises(typer.Exit) as ended:
                collect(url, as_json=True)
            assert ended.value.exit_code == EXIT_METERS_FAILED == 1
        else:
            collect(url, as_json=True)
    assert json.loads(capsys.readouterr().out)["failed"] == failed


@pytest.mark.parametrize("url", ["http://a:b", "http://[::1", "ftp://x", "", "http://h:0", "http://u:p@h"])
def test_a_url_that_is_none_is_refused_though_there_are_stores(url: str, tmp_path: Path) -> None:
    (tmp_path / "records.sqlite").touch()
    with pytest.raises(ConfigError, match="--url"):
        collect(url, directory=tmp_path)


def test_a_group_without_meters_is_told_and_an_empty_registry_has_none_to_collect_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A slip in a group's name must not look like a collection that went well."""
    with opened(tmp_path):
        pass
    nowhere = f"http://127.0.0.1:{_free_port()}"
    with pytest.raises(ConfigError, match=r"no meters to collect from, expected a group .* got nroth"):
        collect(nowhere, "nroth", tmp_path, as_json=True)
    collect(nowhere, None, tmp_path, as_json=True)
    assert json.loads(capsys.readouterr().out)["meters"] == 0
