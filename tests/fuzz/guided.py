"""Fuzzing under coverage guidance: atheris keeps what reaches new code and mutates that.

The code is instrumented once; each target then runs in a process of its own, forked from this one, for its share of the time.
What breaks a target, takes too long or too much memory is kept as a finding. Where atheris is not installed (it is built for
some versions of Python on Linux) the mutations of `mutation.py` take its place.
"""

from __future__ import annotations

import contextlib
import faulthandler
import io
import os
import re
import resource
import shutil
import signal
import tempfile
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.fuzz.last_input import LastInput, ending_text

MEMORY_OCTETS_MAX = 3 << 30
RESIDENT_MIB_MAX = 1_024
SECONDS_PER_INPUT_MAX = 10
INPUT_OCTETS_MAX = 4_096
EXIT_BROKE = 77
INSTRUMENTED = tuple(
    f"ferraris.{package}"
    for package in (
        "codec", "cosem", "dlms", "mbus", "iec62056_21", "kernel.tables", "link.capture_file", "cli.decoded_messages",
        "cli.key_file", "cli.meter_url", "cli.vend_options", "cli.sts_files", "cli.system_url", "kernel.url_parts", "cli.counter_file", "kernel.json_text",
        "kernel.network_address", "keys.security_module", "console.xmlvend", "console.vending_bodies", "headend.plan", "sts",
        "vending.tariff", "link.coap_endpoint", "link.coap_link", "meter.dispatch", "meter.device", "meter.behaviours", "meter.csv_replay",
    )
)  # fmt: skip
"""Where decoders live. The rest would only make the start slow."""


def load_atheris() -> ModuleType | None:
    """The fuzzing engine, if this machine has it."""
    try:
        import atheris  # type: ignore[import-not-found]
    except ImportError:
        return None
    return atheris  # type: ignore[no-any-return]


@contextlib.contextmanager
def instrumented(atheris: Any) -> Iterator[None]:
    """Modules of the product that are imported meanwhile tell the engine which of their branches were taken."""
    unheard = contextlib.redirect_stderr(io.StringIO())  # it names every module
    with unheard, atheris.instrument_imports(include=list(INSTRUMENTED), enable_loader_override=False):
        yield


def limit_memory() -> int:
    """Let this process take so much beside what it has: a child of a large process is not poor from its first moment.

    Returns how many MiB are resident already.
    """
    pages, resident = map(int, Path("/proc/self/statm").read_text().split()[:2])
    most = pages * resource.getpagesize() + MEMORY_OCTETS_MAX
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    return resident * resource.getpagesize() >> 20


@dataclass(frozen=True)
class Outcome:
    """What a run of one target brought."""

    target: str
    exit_code: int
    said: str
    findings: tuple[bytes, ...] = ()
    reached: tuple[bytes, ...] = ()
    """Octets that between them reach everything that was reached; the shortest ones."""

    @property
    def broke(self) -> bool:
        """Whether the target failed. Once the engine has said that it is done, what is left is the end of the libraries in a
        forked process, and some of them fall over their own.
        """
        done = re.search(r"^Done \d+ runs", self.said, re.MULTILINE) is not None
        return self.exit_code != 0 and not (done and self.exit_code == -signal.SIGSEGV and not self.findings)

    @property
    def tries(self) -> int:
        """How many inputs were tried, as far as the engine has said."""
        told = re.findall(r"^(?:#|stat::number_of_executed_units: *)(\d+)", self.said, re.MULTILINE)
        return int(told[-1]) if told else 0


class Run:
    """One target in a process of its own."""

    def __init__(self, atheris: Any, target: Any, corpus: tuple[bytes, ...], seconds: float, seed: int) -> None:
        self.name: str = target.name
        self.directory = Path(tempfile.mkdtemp(prefix="ferraris-fuzz-"))
        for folder in ("seeds", "reached", "findings"):
            (self.directory / folder).mkdir()
        for place, octets in enumerate((*target.seeds, *corpus)):
            (self.directory / "seeds" / f"{place:05}").write_bytes(octets)
        self._last = LastInput(INPUT_OCTETS_MAX)
        self.pid = os.fork()
        if self.pid == 0:
            self._fuzz(atheris, target, seconds, seed)

    def _fuzz(self, atheris: Any, target: Any, seconds: float, seed: int) -> None:
        """In the child: fuzz until the time is over or the target breaks. Does not return."""
        said = os.open(self.directory / "said", os.O_CREAT | os.O_WRONLY, 0o600)
        os.dup2(said, 1)
        os.dup2(said, 2)
        faulthandler.disable()  # the engine looks at deaths itself
        signal.signal(signal.SIGALRM, signal.SIG_DFL)  # else the engine does not watch the time
        resident_mib = limit_memory() + RESIDENT_MIB_MAX

        def run(octets: bytes) -> None:
            self._last.note(octets)
            try:
                target.run(octets)
                self._last.clear()
            except BaseException:  # noqa: BLE001 - whatever it is, the end of the program too, it is a finding
                (self.directory / "findings" / "broke").write_bytes(octets)
                os.write(2, traceback.format_exc().encode())
                os._exit(EXIT_BROKE)

        options = [
            f"-max_total_time={max(1, round(seconds))}", f"-timeout={SECONDS_PER_INPUT_MAX}", f"-seed={seed}",
            f"-rss_limit_mb={resident_mib}", f"-max_len={INPUT_OCTETS_MAX}", "-reduce_inputs=1",
            f"-artifact_prefix={self.directory / 'findings'}/", "-print_final_stats=1",
        ]  # fmt: skip
        try:
            atheris.Setup(["fuzz", *options, str(self.directory / "reached"), str(self.directory / "seeds")], run)
            atheris.Fuzz()
        finally:
            os._exit(EXIT_BROKE)  # the engine ends the process by itself; here only when it could not begin

    def end(self) -> Outcome:
        """Wait for the process, and take up what it leaves: where it died without a word, what it tried last."""
        _, status = os.waitpid(self.pid, 0)
        said = (self.directory / "said").read_text("utf-8", "replace")
        findings = tuple(path.read_bytes() for path in sorted((self.directory / "findings").iterdir()))
        reached = tuple(path.read_bytes() for path in sorted((self.directory / "reached").iterdir()))
        shutil.rmtree(self.directory)
        exit_code = os.waitstatus_to_exitcode(status)
        if exit_code and not findings and self._last.octets is not None:
            findings = (self._last.octets,)
            said += f"\n{ending_text(exit_code)} while it tried this\n"
        return Outcome(self.name, exit_code, said, findings, reached)
