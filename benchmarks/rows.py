"""The rows of the table: what is measured, who takes part, what is to be reached, and what the machine allows."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.contest import (
    DLMS_COSEM,
    FERRARIS,
    GURUX_JAVA,
    GURUX_PYTHON,
    JDLMS,
    Arena,
    Contestant,
    Ratio,
    Series,
    ratio,
)
from benchmarks.payloads import (
    HEADEND_SYSTEM_TITLE,
    SYSTEM_TITLE,
    Payloads,
    compact_buffer,
    compressed_buffer,
    get_response,
    keys_as_task,
    profile_buffer,
)
from benchmarks.payloads import ROWS as PROFILE_ROWS
from benchmarks.recorder import Recorder

LANES = 16
OURS = "Ferraris"
UTC_BUFFER = profile_buffer(ahead=timedelta(0))
UTC_PROFILE = {"profile": UTC_BUFFER.hex(), "get_response": get_response(UTC_BUFFER).hex()}
HANDSHAKE = {"own_private": "0a" * 32, "peer_private": "0b" * 32}


@dataclass(frozen=True)
class Goal:
    """We are to be at least `least` times as fast as `peer`, or as thrifty with processor time."""

    peer: str
    least: float
    of_cpu: bool = False


@dataclass(frozen=True)
class Row:
    """One kind of work."""

    name: str
    title: str
    unit: str
    contestants: tuple[Contestant, ...]
    goals: tuple[Goal, ...]
    limit: str
    """The contestant that does only what nobody can do without."""
    cpu: bool = False
    """Processor time for each unit counts as well."""
    cpu_us_most: float | None = None
    """What one unit may cost us of it."""


@dataclass
class Result:
    """What came of a row."""

    series: dict[str, Series]
    ratios: dict[Goal, Ratio] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Every round, and the ratios."""
        ratios = [{**asdict(goal), **asdict(reached)} for goal, reached in self.ratios.items()]
        return {"rounds": {name: asdict(one)["rounds"] for name, one in self.series.items()}, "ratios": ratios}


ROWS = (
    Row(
        "profile_columns",
        "get-response, load profile 96 rows x 8 columns, to columns",
        "values",
        (
            Contestant(OURS, FERRARIS, "profile_columns"),
            Contestant("dlms-cosem, typed rows", DLMS_COSEM, "profile_rows"),
            Contestant("dlms-cosem, raw lists", DLMS_COSEM, "profile_raw"),
            Contestant("gurux-dlms, raw lists", GURUX_PYTHON, "profile_raw"),
            Contestant("Gurux Java, raw lists", GURUX_JAVA, "profile_raw"),
            Contestant("jDLMS, raw lists", JDLMS, "profile_raw"),
            Contestant("limit: a copy of the octets", FERRARIS, "memory_copy"),
        ),
        (Goal("dlms-cosem, typed rows", 150), Goal("Gurux Java, raw lists", 3)),
        "limit: a copy of the octets",
    ),
    Row(
        "profile_rows",
        "the same, to typed rows of Python values with date-times",
        "values",
        (
            Contestant(OURS, FERRARIS, "profile_rows"),
            Contestant("dlms-cosem, typed rows", DLMS_COSEM, "profile_rows"),
            Contestant("gurux-dlms, typed rows", GURUX_PYTHON, "profile_rows"),
            Contestant("Gurux Java, typed rows", GURUX_JAVA, "profile_rows"),
            Contestant("Gurux Java, rows kept", GURUX_JAVA, "profile_rows_kept"),
            Contestant("limit: tuples of values that are there", FERRARIS, "python_rows"),
        ),
        (
            Goal("dlms-cosem, typed rows", 15),
            Goal("Gurux Java, typed rows", 10),
            Goal("Gurux Java, rows kept", 10),
        ),
        "limit: tuples of values that are there",
    ),
    Row(
        "profile_rows_utc",
        "typed rows of a meter that keeps UTC",
        "values",
        (
            Contestant(OURS, FERRARIS, "profile_rows", UTC_PROFILE),
            Contestant("Gurux Java, typed rows", GURUX_JAVA, "profile_rows", UTC_PROFILE),
            Contestant("limit: tuples of values that are there", FERRARIS, "python_rows"),
        ),
        (Goal("Gurux Java, typed rows", 10),),
        "limit: tuples of values that are there",
    ),
    Row(
        "profile_compact",
        "compact-array profile, the same values, to times and numbers",
        "values",
        (
            Contestant(OURS, FERRARIS, "profile_filled", {"get_response": get_response(compact_buffer()).hex()}),
            Contestant("Ferraris, plain", FERRARIS, "profile_filled"),
            Contestant("limit: a copy of the octets", FERRARIS, "memory_copy"),
        ),
        (Goal("Ferraris, plain", 0.9),),
        "limit: a copy of the octets",
    ),
    Row(
        "profile_compressed",
        "null-compressed profile, full rows once an hour, to times and numbers",
        "values",
        (
            Contestant(OURS, FERRARIS, "profile_filled", {"get_response": get_response(compressed_buffer()).hex()}),
            Contestant("Ferraris, plain", FERRARIS, "profile_filled"),
            Contestant("limit: a copy of the octets", FERRARIS, "memory_copy"),
        ),
        (Goal("Ferraris, plain", 0.05),),
        "limit: a copy of the octets",
    ),
    Row(
        "pushes",
        "suite-0 general-glo push of 20 values, ten layouts mixed",
        "pushes",
        (
            Contestant(OURS, FERRARIS, "pushes"),
            Contestant("dlms-cosem", DLMS_COSEM, "pushes"),
            Contestant("gurux-dlms", GURUX_PYTHON, "pushes"),
            Contestant("Gurux Java", GURUX_JAVA, "pushes", {"system_title": HEADEND_SYSTEM_TITLE.hex()}),
            Contestant("limit: AES-GCM alone", FERRARIS, "aes_gcm"),
        ),
        (Goal("dlms-cosem", 12), Goal("Gurux Java", 1.5)),
        "limit: AES-GCM alone",
    ),
    Row(
        "hdlc_deframing",
        "HDLC deframing: a profile in I frames of 128 octets",
        "frames",
        (
            Contestant(OURS, FERRARIS, "deframing"),
            Contestant("dlms-cosem", DLMS_COSEM, "deframing"),
            Contestant("limit: two CRCs a frame", FERRARIS, "frame_checks"),
        ),
        (Goal("dlms-cosem", 5),),
        "limit: two CRCs a frame",
    ),
    Row(
        "image_blocks",
        "general block transfer: an image of 64 kB in 47 blocks, put together",
        "images",
        (
            Contestant(OURS, FERRARIS, "image_blocks"),
            Contestant("Gurux Java", GURUX_JAVA, "image_blocks"),
            Contestant("limit: the octets joined", FERRARIS, "joining"),
        ),
        (Goal("Gurux Java", 1.2),),
        "limit: the octets joined",
    ),
    Row(
        "hls_ecdsa",
        "HLS 7 handshakes on P-256, the client's part: our signature, the meter's checked",
        "handshakes",
        (
            Contestant(OURS, FERRARIS, "hls_ecdsa", HANDSHAKE),
            Contestant("gurux-dlms", GURUX_PYTHON, "hls_ecdsa", HANDSHAKE),
            Contestant("limit: one signature, one check", FERRARIS, "signatures", HANDSHAKE),
        ),
        (Goal("gurux-dlms", 100),),
        "limit: one signature, one check",
    ),
    Row(
        "associations",
        "connect, AARQ, HLS-GMAC, profile 96 x 8, RLRQ on loopback",
        "associations",
        (
            Contestant(OURS, FERRARIS, "associations", {"lanes": LANES}),
            Contestant("Ferraris, one at a time", FERRARIS, "associations", {"lanes": 1}),
            Contestant("dlms-cosem", DLMS_COSEM, "associations"),
            Contestant("gurux-dlms", GURUX_PYTHON, "associations"),
            Contestant("Gurux Java", GURUX_JAVA, "associations"),
            Contestant("jDLMS", JDLMS, "associations"),
            Contestant("limit: bare uvloop echo", FERRARIS, "echo", {"lanes": LANES}),
        ),
        (Goal("dlms-cosem", 10), Goal("Gurux Java", 1.0, of_cpu=True)),
        "limit: bare uvloop echo",
        cpu=True,
        cpu_us_most=300,
    ),
)


@cache
def estimates() -> dict[str, dict[str, str]]:
    """What was expected of each row before it was measured."""
    return tomllib.loads((Path(__file__).parent / "estimates.toml").read_text())


def measure_row(arena: Arena, row: Row, rounds: int, seconds: float) -> Result:
    """All rounds of all contestants."""
    task: dict[str, Any] = {**Payloads.make().as_task(), **keys_as_task(SYSTEM_TITLE)}
    if row.name != "associations":
        return _with_ratios(row, arena.contest(row.contestants, task, rounds, seconds))
    with server("benchmarks.meter_process") as port:
        task |= {**keys_as_task(HEADEND_SYSTEM_TITLE), "host": "127.0.0.1", "port": port, "rows": PROFILE_ROWS}
        task |= {
            "client_sap": 1,
            "server_sap": 1,
            "authentication": "gmac",
            "security": "both",
            "invocation_counter": 1,
        }
        round_trips = record_round_trips(arena, task, row.contestants[1])
        with server("benchmarks.echo", *(f"{sent}:{answered}" for sent, answered in round_trips)) as echo_port:
            task |= {"echo_port": echo_port, "round_trips": round_trips}
            return _with_ratios(row, arena.contest(row.contestants, task, rounds, seconds))


def _with_ratios(row: Row, series: dict[str, Series]) -> Result:
    goals = [goal for goal in row.goals if goal.peer in series]
    ratios = {goal: ratio(series[OURS], series[goal.peer], of_cpu=goal.of_cpu) for goal in goals}
    return Result(series, ratios)


def record_round_trips(arena: Arena, task: dict[str, Any], ours: Contestant) -> list[tuple[int, int]]:
    """The octets of one of our associations, each way."""
    with Recorder(task["port"]) as recorder:
        arena.measure(ours, {**task, "port": recorder.port}, 0.0)
    return recorder.round_trips


@contextmanager
def server(module: str, *arguments: str) -> Iterator[int]:
    """Another process of ours that prints its port and serves until its standard input closes."""
    command = [sys.executable, "-m", module, *arguments]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()
