"""`ferraris simulate`: a territory on a virtual clock from one seed, with faults and an auditor; or many of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Final, TextIO

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from ferraris.kernel.entropy import SystemEntropy
from ferraris.kernel.errors import ConfigError
from ferraris.simulation import AuditError, Report, WorldSettings, replay_command, run_world

EXIT_FINDING: Final = 1
SEED_OCTETS: Final = 4
METERS_MAX: Final = 2_000
DAYS_MAX: Final = 400.0
SEEDS_MAX: Final = 100_000


def simulate(
    *,
    seed: Annotated[int | None, typer.Option(help="Where all chance comes from. [default: a fresh one]")] = None,
    meters: Annotated[int, typer.Option(min=1, max=METERS_MAX, help="Virtual meters.")] = 6,
    prepaid: Annotated[
        int,
        typer.Option(min=0, max=METERS_MAX, help="So many of the meters are prepaid: households buy and type tokens."),
    ] = 0,
    days: Annotated[float, typer.Option(min=0.01, max=DAYS_MAX, help="Virtual days of faults; a calm follows.")] = 1.0,
    seeds: Annotated[int, typer.Option(min=1, max=SEEDS_MAX, help="Runs, with the seed and those after it.")] = 1,
    jobs: Annotated[int | None, typer.Option(min=1, max=256, help="Runs at a time. [default: one a core]")] = None,
    log: Annotated[Path | None, typer.Option(help="Write the event log of a single run to this file.")] = None,
) -> None:
    """Run a territory on a virtual clock: meters that restart and drift, collectors that crash at any write, a bad network.

    The same seed gives the same run, octet for octet. An auditor checks that no interval is lost, invented, changed or
    stored twice, no invocation counter used twice, no command carried out twice, no token lost or taken twice. A finding ends with exit code 1 and the
    command that replays it.
    """
    first = int.from_bytes(SystemEntropy().octets(SEED_OCTETS), "big") if seed is None else seed
    console = Console(stderr=True)
    if seeds > 1 and log is not None:
        raise ConfigError("--log is of a single run", expected="--seeds 1, with the seed of the run wanted", got=seeds)
    if seeds == 1:
        report = _single(WorldSettings(first, meters, days, prepaid=min(prepaid, meters)), log, console)
        _show(report)
        return
    runs = [WorldSettings(first + number, meters, days, prepaid=min(prepaid, meters)) for number in range(seeds)]
    findings = _many(runs, jobs or os.cpu_count() or 1, console)
    print(f"{seeds} runs, seeds {first} to {first + seeds - 1}: {len(findings)} with a finding")
    for finding in findings:
        print(f"  {finding}")
    if findings:
        raise typer.Exit(EXIT_FINDING)


def _single(settings: WorldSettings, log: Path | None, console: Console) -> Report:
    with _bar(console, f"seed {settings.seed}", 1.0) as (progress, task), _sink(log) as sink:
        try:
            return run_world(settings, sink=sink, progress=lambda share: progress.update(task, completed=share))
        except AuditError as error:
            finding = error
    console.print(f"[bold red]finding[/]: {escape(str(finding))}", highlight=False, soft_wrap=True)
    console.print(escape(finding.story), highlight=False, soft_wrap=True)
    print(f"replay: {replay_command(settings)}")
    raise typer.Exit(EXIT_FINDING)


def _many(runs: list[WorldSettings], jobs: int, console: Console) -> list[str]:
    """What was found, by seed, with the commands that replay it."""
    findings: dict[int, str] = {}
    with (
        ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool,
        _bar(console, f"{len(runs)} runs", float(len(runs))) as (progress, task),
    ):
        under_way: dict[Future[str], WorldSettings] = {pool.submit(_finding, run): run for run in runs}
        for done in as_completed(under_way):
            progress.advance(task)
            if found := done.result():
                run = under_way[done]
                findings[run.seed] = f"{found}; replay: {replay_command(run)}"
    return [findings[seed] for seed in sorted(findings)]


def _finding(settings: WorldSettings) -> str:
    """What the auditor objects to in a run; empty when nothing."""
    try:
        run_world(settings)
    except AuditError as error:
        return str(error)
    return ""


def _show(report: Report) -> None:
    rows: dict[str, object] = {
        "seed": report.seed,
        "meters": report.meters,
        "virtual time": f"{report.virtual_s / 3600:.1f} h, of which {report.calm_s / 3600:.1f} h to heal",
        "faults": _counts(report.faults),
        "processes died": f"meters' {report.street_deaths}, collectors' {report.collector_deaths}",
        "links opened": f"{report.streams}, at most {report.links_max} ends at a time",
        "intervals captured": report.intervals_captured,
        "intervals stored": report.intervals_stored,
        "commands": f"{_counts(report.commands)}; carried out {report.commands_executed}",
        "tokens": f"{report.tokens_sold} sold and taken, each once; {report.tokens_refused} refused",
        "invocation counters": f"{report.counters_seen}, none twice",
        "events": report.events,
        "log SHA-256": report.log_digest,
    }
    for name, value in rows.items():
        print(f"{name:<20} {value}")


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"


@contextmanager
def _bar(console: Console, text: str, total: float) -> Iterator[tuple[Progress, TaskID]]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield progress, progress.add_task(text, total=total)


@contextmanager
def _sink(path: Path | None) -> Iterator[TextIO | None]:
    if path is None:
        yield None
        return
    with path.open("w", encoding="utf-8") as sink:
        yield sink
