"""The root of the command line.

A sub-command is a line in `COMMANDS` and a module of the same name in this package. The module holds either
`app`, a `typer.Typer` (a command with sub-commands of its own), or a function of the command's name. It is imported only
when the command is called, so `ferraris --help` needs none of the heavy libraries.
"""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from types import ModuleType
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

import ferraris
from ferraris.cli.advice import advice
from ferraris.cli.printable import printable
from ferraris.kernel.errors import ConfigError, FerrarisError

COMMANDS: Final = {
    "demo": "Run a street of virtual meters, the head-end and the console in one process tree.",
    "meter": "Serve virtual DLMS/COSEM meters.",
    "collect": "Read what the registered meters hold and the store lacks.",
    "serve": "Run the head-end with its REST API and web console.",
    "explore": "Show the objects of a meter with the value of every attribute that may be read.",
    "mbus": "Find the meters on a wired M-Bus by their secondary addresses.",
    "profile": "Show companion profiles, and hold a meter's object list against one.",
    "conformance": "Check a DLMS/COSEM server against the standard and print a report by clause.",
    "firmware": "Bring firmware into meters: block by block, verified, activated.",
    "decode": "Turn a frame or an APDU in hexadecimal digits into readable text or JSON.",
    "sts": "Make, read and explain prepayment tokens of 20 digits; derive decoder keys.",
    "vend": "Sell prepayment tokens: meters, quotes, sales, receipts, shifts, key changes.",
    "simulate": "Run a territory on a virtual clock from one seed, with faults and an auditor.",
}

EXIT_REFUSED: Final = 2
"""What was asked cannot be done: wrong input, configuration, key or address."""
EXIT_DEFECT: Final = 70
"""A defect of Ferraris itself (the number is the one `sysexits.h` gives it)."""
TRACEBACK_VARIABLE: Final = "FERRARIS_TRACEBACK"


class LazyGroup(TyperGroup):
    """Lists commands from `COMMANDS`, and imports the one that is called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        if name in COMMANDS:
            command = load(name)
        return name, command, rest


app: Final = typer.Typer(
    cls=LazyGroup,
    name="ferraris",
    help=ferraris.__doc__,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def load(name: str) -> Any:
    """The command `name`, ready to be called. Raises ConfigError when this installation does not have it."""
    path = f"ferraris.cli.{name}"
    try:
        module = importlib.import_module(path)
    except ModuleNotFoundError as error:
        if error.name == path:
            raise ConfigError(f"this installation has no command `{name}`") from error
        raise ConfigError(f"the command `{name}` needs the Python package {error.name}, which is missing") from error
    return _flowing(_typer_app(module, name, typer.main.get_command))


def _flowing(command: Any) -> Any:
    """The command, its help in paragraphs that the screen breaks, not the source."""
    if command.help:
        command.help = "\n\n".join(" ".join(paragraph.split()) for paragraph in command.help.split("\n\n"))
    for sub_command in getattr(command, "commands", {}).values():
        _flowing(sub_command)
    return command


def _typer_app(module: ModuleType, name: str, finish: Any) -> Any:
    group = getattr(module, "app", None)
    if not isinstance(group, typer.Typer):
        group = typer.Typer(add_completion=False)
        group.command(name, help=None)(getattr(module, name))
    return finish(group)


def _show_version(wanted: bool) -> None:
    if wanted:
        version()
        raise typer.Exit


@app.callback()
def root(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """The open smart-metering system."""


def _listed() -> None:
    """Stands in the list of commands for one that is not yet loaded."""


for _name, _summary in COMMANDS.items():
    app.command(_name, help=_summary)(_listed)


@app.command()
def version() -> None:
    """Show the version of Ferraris."""
    typer.echo(f"ferraris {ferraris.__version__}")


def run() -> None:
    """Run the command line. What goes wrong becomes one line on standard error and an exit code, never a traceback."""
    try:
        app(prog_name="ferraris")
    except FerrarisError as error:
        _end(advised(str(error), error), EXIT_REFUSED)
    except OSError as error:
        text = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        _end(advised(text, error), EXIT_REFUSED)
    except Exception as error:  # noqa: BLE001 - the last resort of a command line
        _end(
            f"defect in Ferraris: {type(error).__name__}: {error} (see it whole with {TRACEBACK_VARIABLE}=1)",
            EXIT_DEFECT,
        )


def advised(text: str, error: Exception) -> str:
    """The text of an error with what may be done about it."""
    told = advice(error)
    return f"{text.rstrip('.')}. {told}" if told else text


def _end(text: str, code: int) -> None:
    if os.environ.get(TRACEBACK_VARIABLE):
        traceback.print_exc()
    one_line = printable(" ".join(text.split()))
    print(f"ferraris: {one_line}", file=sys.stderr)
    sys.exit(code)
