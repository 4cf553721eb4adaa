"""`ferraris conformance URL`: what of the standard a server keeps to, clause by clause, in a report for its maker."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.text import Text

import ferraris
from ferraris.cli.meter_access import MeterAccess
from ferraris.cli.meter_options import with_meter_access
from ferraris.cli.output_file import check_output_file
from ferraris.client.conformance import (
    Bench,
    Check,
    Outcome,
    Result,
    Subject,
    chosen,
    registered,
    report_html,
    report_json,
    report_text,
    run_checks,
)
from ferraris.dlms import Framing
from ferraris.kernel.entropy import SystemEntropy
from ferraris.kernel.errors import ConfigError
from ferraris.kernel.spelling import member_spelled

PATIENCE_S: Final = 3.0
"""After which silence is an answer."""
EXIT_FAILED: Final = 1
"""A check failed: the report says which."""
STYLES: Final = {
    Outcome.PASSED: "green",
    Outcome.FAILED: "bold red",
    Outcome.NOT_APPLICABLE: "dim",
    Outcome.NOT_RUN: "yellow",
}


@with_meter_access(timeout_s=PATIENCE_S)
def conformance(
    access: MeterAccess,
    *,
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this check or section; may be given several times.")
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Run the checks that write too; they restore what they write.")
    ] = False,
    report: Annotated[Path | None, typer.Option(help="Write the report as an HTML page.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check a DLMS/COSEM server against the standard and print a report by clause.

    Runs against any meter that listens, as one of its clients: who is let in, how requests are refused, what protects them, long
    results, the object list. Nothing is written or executed without --write. Wrong secrets and keys are among what is tried: a meter
    that locks a client out after some failures may do so. The exit code is 1 when a check failed.
    """
    checks = chosen(only or ())
    if not checks:
        names = ", ".join(dict.fromkeys(each.section for each in registered()))
        raise ConfigError("no such check", expected=f"a check's name, or one of: {names}", got=", ".join(only or ()))
    check_output_file(report)
    results = asyncio.run(_run(access, checks, write=write, quiet=as_json))
    subject = subject_of(access)
    if as_json:
        typer.echo(json.dumps(report_json(subject, results), indent=2))
    else:
        typer.echo(report_text(subject, results), nl=False)
    if report is not None:
        report.write_text(report_html(subject, results), "utf-8")
    failed = any(result.outcome in (Outcome.FAILED, Outcome.NOT_RUN) and not result.check.writes for result in results)
    raise typer.Exit(EXIT_FAILED if failed else 0)


def subject_of(access: MeterAccess) -> Subject:
    """What the head of the report says."""
    mechanism = member_spelled(access.mechanism)
    context = "ciphered" if access.ciphered else "plain"
    client = f"client {access.url.client_sap}, {mechanism}, {context} context"
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    title = access.keys.meter_system_title
    facts = {} if title is None else {"System title of the meter": title.hex()}
    return Subject(str(access.url), client, now, f"Ferraris {ferraris.__version__}", facts)


async def _run(access: MeterAccess, checks: tuple[Check, ...], *, write: bool, quiet: bool) -> list[Result]:
    if not access.url.carrier.is_line:
        # A server that cannot be reached is told at once, not by every check.
        await (await access.link()).aclose()
    await access.learn_counter()

    def framing(client_sap: int, server_sap: int) -> Framing:
        made = access.framing(client_sap, server_sap)
        assert made is not None  # asked for only where there is one
        return made

    bench = Bench(
        access.link,
        access.settings(),
        SystemEntropy(),
        lambda: time.time_ns() // 1_000_000,
        access.timeout_ms / 1000,
        framing if access.url.carrier.is_hdlc else None,
        access.hdlc_address if access.url.carrier.is_hdlc and access.url.gateway is None else None,
    )
    screen = Console(stderr=True, highlight=False, quiet=quiet or not Console(stderr=True).is_terminal)

    def told(result: Result) -> None:
        screen.print(Text.assemble((f"{result.outcome.value:<15}", STYLES[result.outcome]), result.check.title))

    return await run_checks(bench, checks, write=write, told=told)
