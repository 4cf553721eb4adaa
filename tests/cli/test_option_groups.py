"""Groups of options: declared once, standing in every command that has a parameter of their type."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from ferraris.cli.option_groups import in_place, with_option_groups


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is."""

    street: Annotated[str, typer.Option("--street", envvar="TEST_STREET", help="Its street.")] = "High Street"
    secret: Annotated[str, typer.Option("--secret", help="What opens the door.")] = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Size:
    """How large it is."""

    floors: Annotated[int, typer.Option("--floors", min=1, help="Its floors.")]


seen: list[tuple[object, ...]] = []
app = typer.Typer()


@app.command()
@with_option_groups
def build(
    name: Annotated[str, typer.Argument(help="Its name.")],
    *,
    size: Size,
    place: Place,
    loud: Annotated[bool, typer.Option("--loud")] = False,
) -> None:
    """Builds nothing."""
    seen.append((name, size, place, loud))


@app.command()
@with_option_groups
def raze(place: Place) -> None:
    """Razes nothing."""
    seen.append((place,))


def run(*arguments: str) -> tuple[object, ...]:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return seen.pop()


def test_what_is_said_reaches_the_command_as_groups() -> None:
    words = ("--street", "Low Street", "--loud", "--floors", "3", "--secret", "s")
    assert run("build", "Hall", *words) == ("Hall", Size(3), Place("Low Street", "s"), True)
    assert run("raze", "--street", "Low Street") == (Place("Low Street"),)


def test_what_is_left_out_has_the_default_of_the_group(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("build", "Hall", "--floors", "1") == ("Hall", Size(1), Place("High Street", ""), False)
    monkeypatch.setenv("TEST_STREET", "Third Street")
    assert run("raze") == (Place("Third Street"),)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("build", "Hall"), "Missing option"),
        (("build", "Hall", "--floors", "0"), "greater than or equal to 1"),
        (("raze", "--floors", "1"), "No such option"),
    ],
)
def test_options_are_checked_as_any_others(arguments: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.output.split())


def test_the_help_is_the_commands_own_with_the_options_in_their_place() -> None:
    text = CliRunner().invoke(app, ["build", "--help"]).output
    assert "Builds nothing." in text
    places = [text.index(option) for option in ("--floors", "--street", "--secret", "--loud")]
    assert places == sorted(places)
    assert "Where something is" not in text


def test_a_function_can_be_a_group_too() -> None:
    def made(left: Annotated[int, typer.Option()] = 1, right: Annotated[int, typer.Option()] = 2) -> int:
        return left + right

    def command(total: int) -> None:
        seen.append((total,))

    adding = typer.Typer()
    adding.command()(in_place(command, {"total": made}))
    assert CliRunner().invoke(adding, ["--right", "5"]).exit_code == 0
    assert seen.pop() == (6,)
