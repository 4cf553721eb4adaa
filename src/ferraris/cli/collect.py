"""`ferraris collect`: read now what the meters hold and the store lacks, with a progress bar and a summary.

One process owns the stores. While a system runs, this command asks it over REST; otherwise it is the head-end itself for
as long as it takes to try every meter once and to fetch all that those within reach have.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from ferraris.cli.event_loop import long_runner
from ferraris.cli.head_end import DEFAULT_DIRECTORY, clock_of, opened, runtime_of
from ferraris.cli.system_url import checked_system_url
from ferraris.headend import Activity, HeadEndState
from ferraris.kernel.clock import Clock
from ferraris.kernel.errors import ConfigError, LinkError
from ferraris.kernel.json_text import read_json_object
from ferraris.kernel.tables import fitted
from ferraris.keys import MasterKey
from ferraris.store import Stores

DEFAULT_URL: Final = "http://127.0.0.1:8080"
LOOK_S: Final = 0.2
REQUEST_TIMEOUT_S: Final = 10.0
EXIT_METERS_FAILED: Final = 1
ANSWER: Final = "a running head-end of Ferraris at --url"


@dataclass(frozen=True, slots=True)
class Collected:
    """How a collection stands. `done` meters were tried: `reached` of them gave all they had, `failed` did not."""

    meters: int
    done: int
    reached: int
    failed: int
    missing: int
    """Intervals still to come from these meters."""
    finished: bool


def collect(
    url: Annotated[str, typer.Option(help="Where a running system has its REST API.")] = DEFAULT_URL,
    group: Annotated[str | None, typer.Option(help="Only the meters of this group.")] = None,
    directory: Annotated[
        Path, typer.Option("--dir", help="The stores, when no system runs at the URL.")
    ] = DEFAULT_DIRECTORY,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Read what the registered meters hold and the store lacks.

    Ends with exit code 1 when a meter could not be read.
    """
    started_s = time.monotonic()
    url = checked_system_url(url)
    if _answers(url):
        collected = _watch(_over_rest(url, group), quiet=as_json)
    elif (directory / "records.sqlite").exists():
        with opened(directory) as (stores, master_key), long_runner() as runner:
            collected = runner.run(_alone(stores, master_key, group, clock_of(1.0), quiet=as_json))
            if group is not None and not collected.meters:
                raise ConfigError("there are no meters to collect from", expected="a group of the registry", got=group)
    else:
        raise ConfigError(
            "nothing to collect for", expected=f"a system at {url} or stores in {directory}", got="neither"
        )
    _summarize(collected, time.monotonic() - started_s, as_json)
    if collected.failed:
        raise typer.Exit(EXIT_METERS_FAILED)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/v1/overview", timeout=REQUEST_TIMEOUT_S).is_success
    except httpx.TransportError:
        return False


def _over_rest(url: str, group: str | None) -> Iterator[Collected]:
    """Ask the running system, and follow its progress. Raises LinkError when it is gone."""
    try:
        with httpx.Client(base_url=f"{url}/api/v1", timeout=REQUEST_TIMEOUT_S) as client:
            progress = _taken(client.post("/collections", json={"group": group}))
            yield progress.collected
            while not progress.collected.finished:
                time.sleep(LOOK_S)
                progress = _taken(client.get(f"/collections/{progress.id}"))
                yield progress.collected
    except httpx.HTTPError as error:
        raise LinkError(f"{url} does not answer any more: {str(error) or type(error).__name__}") from None


class _Progress(NamedTuple):
    id: int
    collected: Collected


def _taken(answer: httpx.Response) -> _Progress:
    if not answer.is_success:
        raise ConfigError(f"the running system refuses the collection: {_reason_of(answer)}")
    body = read_json_object(answer.content, "the answer", expected=ANSWER)
    number = body.get("id")
    if type(number) is not int:
        raise ConfigError("the answer is of no collection", expected=ANSWER)
    named = {name: body[name] for name in Collected.__dataclass_fields__ if name in body}
    return _Progress(number, fitted(named, Collected, "the answer"))


def _reason_of(answer: httpx.Response) -> str:
    try:
        return str(read_json_object(answer.content, "the answer")["detail"])
    except (ConfigError, KeyError):
        return f"HTTP status {answer.status_code}"


def _watch(steps: Iterator[Collected], *, quiet: bool) -> Collected:
    collected = None
    with _bar(quiet) as bar:
        task = bar.add_task("collecting", total=None)
        for collected in steps:
            bar.update(task, total=collected.meters, completed=collected.done)
    assert collected is not None  # the first step always comes
    return collected


def _bar(quiet: bool) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), disable=quiet)


async def _alone(stores: Stores, master_key: MasterKey, group: str | None, clock: Clock, *, quiet: bool) -> Collected:
    """Be the head-end until every meter was tried and those within reach have nothing more to give."""
    runtime = runtime_of(stores, master_key, clock)
    begun_ms = clock.now_ms()
    runtime.request_collection(group)
    running = asyncio.create_task(runtime.run(), name="runtime")
    try:
        with _bar(quiet) as bar:
            task = bar.add_task("collecting", total=None)
            while True:
                await asyncio.wait([running], timeout=LOOK_S)
                if running.done():
                    running.result()
                collected = progress_of(runtime.head_end.state, group, begun_ms)
                bar.update(task, total=collected.meters, completed=collected.done)
                if collected.finished:
                    return collected
    finally:
        runtime.stop()
        await asyncio.wait([running])


def progress_of(state: HeadEndState, group: str | None, begun_ms: int) -> Collected:
    """How far the meters of a group have come since `begun_ms`."""
    meters = [meter for meter in state.meters.values() if group in (None, meter.row.group)]
    tried = [
        meter
        for meter in meters
        if meter.activity is Activity.IDLE and meter.last_attempt_ms is not None and meter.last_attempt_ms >= begun_ms
    ]
    failed = [meter for meter in tried if meter.failures]
    reached = [meter for meter in tried if not meter.failures and meter.asked_all]
    return Collected(
        meters=len(meters),
        done=len(failed) + len(reached),
        reached=len(reached),
        failed=len(failed),
        missing=sum(meter.missing for meter in meters),
        finished=len(failed) + len(reached) == len(meters),
    )


def _summarize(collected: Collected, seconds: float, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({**asdict(collected), "seconds": round(seconds, 3)}))
        return
    table = Table(show_header=False, box=None)
    table.add_row("meters", str(collected.meters))
    table.add_row("reached", str(collected.reached))
    table.add_row("failed", str(collected.failed))
    table.add_row("intervals still missing", str(collected.missing))
    table.add_row("seconds", f"{seconds:.1f}")
    Console().print(table)
