"""Runs the same work in several processes in turn, round after round, so that what disturbs one disturbs all."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from tests.interop.peers import build
from tests.interop.peers.build import PeerUnavailableError
from tests.interop.peers.process import PeerError, PeerProcess

FERRARIS, DLMS_COSEM, GURUX_PYTHON, GURUX_JAVA, JDLMS = "Ferraris", "dlms-cosem", "gurux-dlms", "Gurux Java", "jDLMS"
ON_THE_JVM = (GURUX_JAVA, JDLMS)
JVM_WARM_UP_S = 4.0
WARM_UP_S = 0.3


@dataclass(frozen=True)
class Measurement:
    """One round of one contestant."""

    units: int
    seconds: float
    cpu_seconds: float

    @property
    def rate(self) -> float:
        """Units a second."""
        return self.units / self.seconds

    @property
    def cpu_us(self) -> float:
        """Microseconds of processor time for each unit."""
        return self.cpu_seconds / self.units * 1e6


@dataclass(frozen=True)
class Contestant:
    """Who does which work, under the name that the table gives it."""

    name: str
    process: str
    work: str
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass
class Series:
    """All rounds of one contestant."""

    rounds: list[Measurement] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """The median round's units a second."""
        return statistics.median(one.rate for one in self.rounds)

    @property
    def cpu_us(self) -> float:
        """The median round's microseconds of processor time for each unit."""
        return statistics.median(one.cpu_us for one in self.rounds)

    @property
    def spread(self) -> float:
        """From the slowest round to the fastest, as a share of the median."""
        rates = [one.rate for one in self.rounds]
        return (max(rates) - min(rates)) / self.rate

    @property
    def best(self) -> float:
        """The fastest round's units a second: the least disturbed."""
        return max(one.rate for one in self.rounds)


class Arena:
    """The processes that are measured, started once."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._processes: dict[str, PeerProcess] = {}
        self.absent: dict[str, str] = {}
        logs = Path(mkdtemp(prefix="ferraris-bench-"))
        commands = {
            FERRARIS: lambda: [sys.executable, "-m", "benchmarks.ferraris_worker"],
            DLMS_COSEM: build.dlms_cosem,
            GURUX_PYTHON: build.gurux_python,
            GURUX_JAVA: build.gurux_java,
            JDLMS: build.jdlms,
        }
        for name, command in commands.items():
            try:
                process = PeerProcess(name, command(), logs / name)
            except PeerUnavailableError as error:
                self.absent[name] = str(error).splitlines()[0]
            else:
                self._processes[name] = self._stack.enter_context(process)

    def close(self) -> None:
        """Let all of them end."""
        self._stack.close()

    def measure(self, contestant: Contestant, task: dict[str, Any], seconds: float) -> Measurement:
        """One round of one contestant."""
        process = self._processes[contestant.process]
        full = {**task, **contestant.settings, "do": "measure", "work": contestant.work, "seconds": seconds}
        return Measurement(**process.ask(full, timeout_s=60 + 10 * seconds))

    def contest(
        self, contestants: Sequence[Contestant], task: dict[str, Any], rounds: int, seconds: float
    ) -> dict[str, Series]:
        """Warm everyone up, then take rounds in turn. Who cannot do the work is named in `absent` and left out."""
        present = [one for one in contestants if one.process in self._processes]
        series: dict[str, Series] = {}
        for one in present:
            try:
                self.measure(one, task, JVM_WARM_UP_S if one.process in ON_THE_JVM else WARM_UP_S)
            except PeerError as error:
                if one.process == FERRARIS:
                    raise
                self.absent[f"{one.name} ({one.work})"] = str(error)[:200]
            else:
                series[one.name] = Series()
        for _ in range(rounds):
            for one in present:
                if one.name in series:
                    series[one.name].rounds.append(self.measure(one, task, seconds))
        return series


@dataclass(frozen=True)
class Ratio:
    """How many times as fast we are as another, or as thrifty with processor time."""

    median: float
    """Over the rounds taken in turn: what disturbs the machine disturbs both of a pair."""
    least: float
    greatest: float
    of_bests: float
    """Our least disturbed round against theirs."""


def ratio(ours: Series, theirs: Series, *, of_cpu: bool = False) -> Ratio:
    """Compare round by round."""
    if of_cpu:
        ratios = [b.cpu_us / a.cpu_us for a, b in zip(ours.rounds, theirs.rounds, strict=True)]
        of_bests = min(one.cpu_us for one in theirs.rounds) / min(one.cpu_us for one in ours.rounds)
    else:
        ratios = [a.rate / b.rate for a, b in zip(ours.rounds, theirs.rounds, strict=True)]
        of_bests = ours.best / theirs.best
    return Ratio(statistics.median(ratios), min(ratios), max(ratios), of_bests)
