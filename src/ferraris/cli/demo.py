"""`ferraris demo`: a street of virtual meters, the head-end, the stores and the console, in one process tree.

One meter loses its link for six virtual hours, one restarts, one is registered with a wrong key. Everything is real: the
meters listen at loopback addresses of their own, the head-end reads them over secured associations. Only time is not: it
passes `--speed` times as fast. Run again over the same directory, the street goes on where it was.

Some of the meters are prepaid: their households, played by this process, run out, buy at the till, and get their tokens over
DLMS or type them. An auditor compares what was sold with what the meters took.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from ferraris.cli.clocks import SPEED_MAX
from ferraris.cli.demo_audit import PrepaidPlaces, audited, settled
from ferraris.cli.demo_households import FleetKeypads, RestTill, household_log
from ferraris.cli.demo_vending import is_hybrid, set_up_vending
from ferraris.cli.keypad import Keypads
from ferraris.cli.process_tree import Child, ProcessTree
from ferraris.kernel.clock import MS_PER_S, S_PER_DAY, ScaledClock
from ferraris.kernel.errors import ConfigError, FerrarisError
from ferraris.kernel.json_text import read_json, read_json_object
from ferraris.kernel.tables import fitted
from ferraris.simulation import Households

ZONE: Final = ZoneInfo("Europe/Amsterdam")
PROFILES: Final = ("smr5_three_phase", "smr5_single_phase")
PLAY_FILE: Final = "demo.json"
HOUR_S: Final = 3_600
OUTAGE: Final = ("link", 2, 3 * HOUR_S, 6 * HOUR_S)
RESTART: Final = ("power", 3, 11 * HOUR_S + 300, 240)
"""From and for, in virtual seconds of the first day; the restart lies within one capture period."""
WRONG_KEY_METER: Final = 4
METERS_MIN: Final = WRONG_KEY_METER
PREPAID_USUALLY: Final = 20
START_CREDIT_KWH: Final = "1.5"
TILL: Final = "demo"
LEAD_S: Final = 10.0
LEAD_S_PER_METER: Final = 0.01
LOOK_S: Final = 0.25
READY_TIMEOUT_S: Final = 120.0
HEALING_TIMEOUT_S: Final = 600.0
"""How long after the day's end, in real seconds, what the faults left may take to be collected."""


@dataclass(frozen=True, slots=True)
class Play:
    """What must be the same when a street goes on after everything was stopped."""

    meters: int
    speed: float
    begin_ms: int
    prepaid: int = 0

    @property
    def end_ms(self) -> int:
        """The end of the first virtual day."""
        return self.begin_ms + S_PER_DAY * MS_PER_S


@dataclass(frozen=True, slots=True)
class Street:
    """One run over one directory."""

    directory: Path
    play: Play
    clock: ScaledClock
    port: int
    push_port: int
    meter_port: int

    def meters_command(self) -> list[str]:
        """`ferraris meter serve` for this street."""
        profiles = [argument for name in PROFILES for argument in ("--profile", name)]
        faults = [argument for text in self.faults() for argument in ("--fault", text)]
        where = ["--dir", str(self.directory / "meters"), "--push", f"127.0.0.1:{self.push_port}"]
        what = ["--count", str(self.play.meters), "--port", str(self.meter_port)]
        prepaid = ["--prepaid", str(self.play.prepaid), "--credit-kwh", START_CREDIT_KWH] if self.play.prepaid else []
        return ["meter", "serve", *where, *what, *prepaid, *profiles, *faults, *self.clock_options()]

    def serve_command(self) -> list[str]:
        """`ferraris serve` for this street."""
        where = ["--dir", str(self.directory / "headend"), "--import", str(self.directory / "registry.json")]
        ports = ["--port", str(self.port), "--push-port", str(self.push_port)]
        return ["serve", *where, *ports, *self.clock_options()]

    @property
    def prepaid(self) -> PrepaidPlaces:
        """Where the audit of the prepaid meters looks."""
        return PrepaidPlaces(self.directory / "meters", self.directory / "headend", self.play.meters, self.play.prepaid)

    def clock_options(self) -> list[str]:
        """The clock that all processes share."""
        clock = self.clock
        return ["--speed", str(clock.speed), "--clock", f"{clock.origin_ms}:{clock.origin_monotonic_s!r}"]

    def faults(self) -> Iterator[str]:
        """What is left of the play's faults, counted from this run's origin."""
        passed_s = (self.clock.origin_ms - self.play.begin_ms) // MS_PER_S
        for kind, meter, from_s, for_s in (OUTAGE, RESTART):
            begin_s, end_s = max(0, from_s - passed_s), from_s + for_s - passed_s
            if end_s > begin_s:
                yield f"{kind}:{meter}:{begin_s}:{end_s - begin_s}"

    def get(self, path: str) -> Any:
        """What the running head-end answers."""
        answer = httpx.get(f"http://127.0.0.1:{self.port}/api/v1/{path}", timeout=30.0)
        answer.raise_for_status()
        return read_json(answer.content, f"the answer to {path}", expected="a running head-end")


def demo(
    meters: Annotated[int, typer.Option(min=METERS_MIN, help="Number of virtual meters.")] = 200,
    prepaid: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="So many of the meters are prepaid; their households buy tokens.",
            show_default="a tenth, up to 20",
        ),
    ] = None,
    speed: Annotated[float, typer.Option(min=1.0, max=SPEED_MAX, help="Virtual seconds per real second.")] = 900.0,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of console and REST API on loopback.")] = 8080,
    meter_port: Annotated[
        int, typer.Option(min=1, max=65535, help="Port of the meters, each at a loopback address of its own.")
    ] = 4059,
    once: Annotated[bool, typer.Option(help="Run one virtual day to its end, print the summary and exit.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The summary as JSON on standard output.")] = False,
    directory: Annotated[
        Path | None,
        typer.Option("--dir", help="Where everything is kept.", show_default="demo-data; with --once a temporary one"),
    ] = None,
) -> None:
    """Run a street of virtual meters, the head-end and the console in one process tree."""
    started_s = time.monotonic()
    console = Console(stderr=as_json or once)
    with _directory(directory, once) as place:
        wanted = min(PREPAID_USUALLY, meters // 10) if prepaid is None else min(prepaid, meters)
        street = _street(place, (meters, wanted), speed, port, meter_port)
        with ProcessTree() as tree:
            _start(street, tree, console)
            with _households(street) as households:
                if not once:
                    _run_until_stopped(street, tree, console, households)
                    return
                summary = _run_a_day(street, tree, console, households)
        if street.play.prepaid:
            summary |= audited(street.prepaid, street.clock, households)
        _print_summary(summary | {"seconds": round(time.monotonic() - started_s, 1)}, as_json)
        if summary.get("audit_findings"):
            raise FerrarisError("the audit of the prepaid meters objects", got=summary["audit_findings"])


@contextmanager
def _directory(directory: Path | None, once: bool) -> Iterator[Path]:
    if directory is None and once:
        with tempfile.TemporaryDirectory(prefix="ferraris-demo-") as temporary:
            yield Path(temporary)
        return
    place = Path("demo-data") if directory is None else directory
    place.mkdir(parents=True, exist_ok=True)
    yield place


@contextmanager
def _households(street: Street) -> Iterator[Households]:
    now_ms = street.clock.now_ms
    with closing(RestTill(f"http://127.0.0.1:{street.port}", TILL)) as till:
        log = household_log(street.directory / "households.jsonl", now_ms)
        keypads = FleetKeypads(Keypads(street.directory / "meters"))
        yield Households(street.play.prepaid, till, keypads, now_ms, log)


def _street(directory: Path, many: tuple[int, int], speed: float, port: int, meter_port: int) -> Street:
    """`many`: meters, and prepaid ones of them."""
    path = directory / PLAY_FILE
    meters, prepaid = many
    if path.exists():
        play = kept_play(path)
        if (play.meters, play.prepaid) != many:
            expected = f"--meters {play.meters}" + (f" --prepaid {play.prepaid}" if play.prepaid != prepaid else "")
            raise ConfigError(f"{directory} holds another street", expected=expected, got=meters)
        begin_ms = max(play.begin_ms, _left_off_ms(directory))
        origin_ms = begin_ms
    else:
        today = datetime.now(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
        begin_ms = round(today.astimezone(UTC).timestamp()) * MS_PER_S
        play = Play(meters, speed, begin_ms, prepaid)
        path.write_text(json.dumps(asdict(play)) + "\n", "ascii")
        # The processes take a moment to start: the clock begins so much before midnight that all are up by then.
        origin_ms = begin_ms - round((LEAD_S + meters * LEAD_S_PER_METER) * speed) * MS_PER_S
    return Street(directory, play, ScaledClock.starting_at(origin_ms, speed), port, port + 1, meter_port)


def kept_play(path: Path) -> Play:
    """What an earlier run wrote down. Raises ConfigError or TableError."""
    place = f"{path} is damaged: it"
    return fitted(read_json_object(path.read_bytes(), place, expected="what this street is"), Play, str(path))


def _left_off_ms(directory: Path) -> int:
    from ferraris.meter import Fleet

    return Fleet.last_alive_ms(directory / "meters") or 0


def _start(street: Street, tree: ProcessTree, console: Console) -> None:
    """Meters first: the head-end imports what they are. Then one of them is registered with a wrong key."""
    directory = street.directory
    registry = directory / "meters" / "meters.json"
    registry.unlink(missing_ok=True)
    with console.status(f"{street.play.meters} meters switch on"):
        tree.add(Child("meters' process", street.meters_command, directory / "meters.log"))
        _wait_until(registry.exists, tree)
        _register_with_one_wrong_key(registry, directory / "registry.json", street.play.begin_ms)
        if street.play.prepaid:
            set_up_vending(directory / "headend", street.play.prepaid, street.clock)
        tree.add(Child("head-end", street.serve_command, directory / "headend.log"))
        _wait_until(lambda: _answers(street), tree)
    console.print(f"[bold]Console[/]  http://127.0.0.1:{street.port}")
    console.print(f"{street.play.meters} meters, {street.clock.speed:g} virtual seconds per second")


def _wait_until(holds: Callable[[], bool], tree: ProcessTree) -> None:
    give_up_s = time.monotonic() + READY_TIMEOUT_S
    while not holds():
        tree.look()
        if time.monotonic() > give_up_s:
            names = ", ".join(f"{child.name}: {child.last_words()}" for child in tree.children)
            raise FerrarisError(f"not ready after {READY_TIMEOUT_S:g} s", got=names)
        time.sleep(0.05)


def _answers(street: Street) -> bool:
    try:
        street.get("summary")
    except httpx.HTTPError:
        return False
    return True


def _register_with_one_wrong_key(source: Path, target: Path, begin_ms: int) -> None:
    lines = [read_json_object(line, f"a line of {source}") for line in source.read_text("ascii").splitlines()]
    for line in lines:
        line["created_ms"] = begin_ms
        if line["number"] == WRONG_KEY_METER:
            line["encryption_key"] = bytes(octet ^ 0xFF for octet in bytes.fromhex(line["encryption_key"])).hex()
        if not is_hybrid(line["number"]):
            line.pop("decoder_reference_number", None)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)


def _run_until_stopped(street: Street, tree: ProcessTree, console: Console, households: Households) -> None:
    console.print("Stop with Ctrl-C. Run again to go on where it was.")
    try:
        while True:
            _look(tree, console)
            households.look()
            time.sleep(LOOK_S)
    except KeyboardInterrupt:
        console.print("stopping")


def _run_a_day(street: Street, tree: ProcessTree, console: Console, households: Households) -> dict[str, Any]:
    """To the end of the virtual day, and on until all that can be collected is, and every token is in its meter."""
    until_s = street.play.end_ms // MS_PER_S
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        day = progress.add_task("one virtual day", total=S_PER_DAY)
        while street.clock.now_ms() < street.play.end_ms:
            _look(tree, console)
            households.look()
            _show(progress, day, street)
            time.sleep(min(LOOK_S, street.clock.delay_s(street.play.end_ms) + 0.01))
        progress.update(day, completed=S_PER_DAY, description="collecting what is left")
        households.closing = True
        give_up_s = time.monotonic() + HEALING_TIMEOUT_S
        while True:
            _look(tree, console)
            households.look()
            summary = _summary_at(street, until_s)
            if summary is not None and summary["collectable"] == 0 and settled(street.prepaid, households):
                break
            if time.monotonic() > give_up_s:
                raise FerrarisError("not everything could be collected", expected="nothing left", got=summary)
            time.sleep(LOOK_S)
    del summary["collectable"]
    return summary


def _summary_at(street: Street, until_s: int) -> dict[str, Any] | None:
    """The summary as of a virtual moment; None while the head-end does not answer, since it may be starting again."""
    try:
        summary: dict[str, Any] = street.get(f"summary?until_s={until_s}")
    except httpx.HTTPError:
        return None
    return summary


def _show(progress: Progress, day: TaskID, street: Street) -> None:
    passed_s = (street.clock.now_ms() - street.play.begin_ms) / MS_PER_S
    local = datetime.fromtimestamp(street.clock.now_ms() / MS_PER_S, ZONE)
    progress.update(day, completed=max(0, passed_s), description=f"virtual time {local:%H:%M %Z}")


def _look(tree: ProcessTree, console: Console) -> None:
    for child in tree.look():
        console.print(f"the {child.name} was killed: started again")


def _print_summary(summary: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(summary))
        return
    console = Console(highlight=False)
    for line in summary_lines(summary):
        console.print(line)


def summary_lines(summary: dict[str, Any]) -> Iterator[str]:
    """The summary for people: amounts with their units, yes and no."""
    for name, value in summary.items():
        label, unit = (name.removesuffix("_kwh"), " kWh") if name.endswith("_kwh") else (name, "")
        if name == "seconds":
            label, unit = "took", " s"
        match value:
            case bool():
                shown = "yes" if value else "no"
            case list():
                shown = "; ".join(map(str, value)) or "none"
            case _:
                shown = f"{value:.4%}" if name == "collection_rate" else str(value)
        yield f"{label.replace('_', ' '):24} {shown}{unit}"
