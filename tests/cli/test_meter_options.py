"""Every command that talks to a meter has the same options, and gets from them how to talk to it."""

from __future__ import annotations

from typing import Annotated

import typer
from typer.testing import CliRunner

from ferraris.cli.association_choice import Authentication, Form
from ferraris.cli.meter_access import MeterAccess
from ferraris.cli.meter_options import with_meter_access
from ferraris.dlms.apdu import Mechanism

seen: list[tuple[MeterAccess, int, str]] = []
app = typer.Typer()


@app.command()
@with_meter_access(timeout_s=2.5)
def command(
    access: MeterAccess, image: Annotated[int, typer.Argument()], *, mine: Annotated[str, typer.Option()] = "m"
) -> None:
    """Does nothing."""
    seen.append((access, image, mine))


def run(*arguments: str) -> tuple[MeterAccess, int, str]:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return seen.pop()


def test_what_is_left_out() -> None:
    access, image, mine = run("tcp://h?client=16", "7")
    assert (access.mechanism, access.timeout_ms, image, mine) == (Mechanism.LOWEST, 2500, 7, "m")


def test_what_is_said() -> None:
    words = "--auth lls --ciphering wrapped --short-names --pre-established 256 --streaming --timeout 1 --mine x"
    access, _, mine = run("tcp://h?client=2", "7", *words.split())
    choice = access.choice
    assert (choice.authentication, choice.form) == (Authentication.LLS, Form.WRAPPED)
    assert (choice.short_names, choice.pre_established_pdu_size, choice.streams) == (True, 256, True)
    assert (access.timeout_ms, mine) == (1000, "x")


def test_the_help_of_a_command_stays_its_own() -> None:
    result = CliRunner().invoke(app, ["--help"])
    assert "Does nothing." in result.output
    assert "--pre-established" in result.output
