"""The root command: fast, lazy, and one clear line for whatever goes wrong."""

from __future__ import annotations

import subprocess
import sys
import types
from collections.abc import Callable

import pytest
import typer

import ferraris
from ferraris.cli import main
from ferraris.cli.main import COMMANDS, EXIT_DEFECT, EXIT_REFUSED, LazyGroup, load
from ferraris.kernel.errors import ConfigError, DecodeError, FerrarisError

HEAVY = "numpy duckdb sqlalchemy fastapi nicegui uvicorn cryptography asyncio"


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run the command line in this process and return its exit code."""
    monkeypatch.setattr(sys, "argv", ["ferraris", *arguments])
    with pytest.raises(SystemExit) as ended:
        main.run()
    return int(ended.value.code or 0)


@pytest.fixture
def decode_module(monkeypatch: pytest.MonkeyPatch) -> Callable[..., types.ModuleType]:
    """Puts a module in the place of the sub-command `decode`."""

    def put(**contents: object) -> types.ModuleType:
        module = types.ModuleType("ferraris.cli.decode")
        vars(module).update(contents)
        monkeypatch.setitem(sys.modules, "ferraris.cli.decode", module)
        return module

    return put


QUICK = [
    # command                       what it loads all the same
    ("--help",                      []),
    ("vend --help",                 []),
    ("vend sell --help",            []),
    ("vend campaign start --help",  []),
    ("decode --help",               []),
    ("sts --help",                  ["cryptography"]),
    ("sts make-keystore --help",    ["cryptography"]),
    ("sts encode test 1",           ["cryptography"]),
]  # fmt: skip


@pytest.mark.parametrize(("words", "loaded"), QUICK)
def test_help_needs_none_of_the_heavy_libraries(words: str, loaded: list[str]) -> None:
    """Nor does a token that needs no key."""
    ended = run_python(
        f"import sys\nsys.argv = ['ferraris', *{words.split()}]\nfrom ferraris.cli.main import run\n"
        "try:\n    run()\nexcept SystemExit as end:\n    assert not end.code\n"
        f"print(sorted(set('{HEAVY}'.split()) & set(sys.modules)), file=sys.stderr)"
    )
    assert ended.stderr.strip() == str(loaded)
    if words == "--help":
        for name in COMMANDS:
            assert name in ended.stdout


def test_python_m_is_the_same_command() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "ferraris", "--version"], capture_output=True, text=True, timeout=60, check=True
    )
    assert ended.stdout == f"ferraris {ferraris.__version__}\n"


@pytest.mark.parametrize("arguments", [["version"], ["--version"]])
def test_the_version(arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(monkeypatch, *arguments) == 0
    assert capsys.readouterr().out == f"ferraris {ferraris.__version__}\n"


def test_a_command_that_is_not_installed_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(COMMANDS, "absent", "Stands for a module that is not there.")
    with pytest.raises(ConfigError, match="no command `absent`"):
        load("absent")


def test_a_command_whose_library_is_missing_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoLibrary:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "ferraris.cli.decode":
                raise ModuleNotFoundError("no", name="weighty")

    monkeypatch.delitem(sys.modules, "ferraris.cli.decode", raising=False)
    monkeypatch.setattr(sys, "meta_path", [NoLibrary(), *sys.meta_path])
    with pytest.raises(ConfigError, match="needs the Python package weighty"):
        load("decode")


def test_a_function_is_a_command(
    decode_module: Callable[..., types.ModuleType], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def decode(octets: str, upper: bool = False) -> None:
        print(octets.upper() if upper else octets)

    decode_module(decode=decode)
    assert call(monkeypatch, "decode", "--upper", "00ab") == 0
    assert capsys.readouterr().out == "00AB\n"


def test_a_typer_app_is_a_command_with_commands_of_its_own(
    decode_module: Callable[..., types.ModuleType], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    app = typer.Typer()

    @app.callback()
    def root() -> None: ...

    @app.command()
    def serve(count: int) -> None:
        print(count + 1)

    decode_module(app=app)
    assert call(monkeypatch, "decode", "serve", "41") == 0
    assert capsys.readouterr().out == "42\n"


ERRORS: list[tuple[Exception, int, str]] = [
    (
        DecodeError("cut short", expected="2 octets", got=1, offset=7),
        EXIT_REFUSED,
        "cut short, expected 2 octets, got 1",
    ),
    (FerrarisError("two\nlines"), EXIT_REFUSED, "ferraris: two lines\n"),
    (FileNotFoundError(2, "No such file or directory", "x.csv"), EXIT_REFUSED, "x.csv: No such file or directory"),
    (OSError("the address is in use"), EXIT_REFUSED, "the address is in use"),
    (KeyError("surprise"), EXIT_DEFECT, "defect in Ferraris: KeyError: 'surprise'"),
]


@pytest.mark.parametrize(("error", "code", "text"), ERRORS)
def test_what_goes_wrong_is_one_line_and_a_code(
    error: Exception,
    code: int,
    text: str,
    decode_module: Callable[..., types.ModuleType],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def decode() -> None:
        raise error

    decode_module(decode=decode)
    monkeypatch.delenv(main.TRACEBACK_VARIABLE, raising=False)
    assert call(monkeypatch, "decode") == code
    shown = capsys.readouterr()
    assert text in shown.err
    assert shown.err.count("\n") == 1
    assert shown.out == ""


def test_a_developer_may_ask_for_the_traceback(
    decode_module: Callable[..., types.ModuleType], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def decode() -> None:
        raise KeyError("surprise")

    decode_module(decode=decode)
    monkeypatch.setenv(main.TRACEBACK_VARIABLE, "1")
    assert call(monkeypatch, "decode") == EXIT_DEFECT
    assert "Traceback" in capsys.readouterr().err


def test_a_slip_of_the_pen_gets_a_suggestion(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "decod") == EXIT_REFUSED
    assert "decode" in capsys.readouterr().err


@pytest.mark.parametrize("name", COMMANDS)
def test_completion_is_of_the_whole_command_line(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A part of it cannot be completed alone, so none offers to."""
    assert call(monkeypatch, name, "--help") == 0
    assert "completion" not in capsys.readouterr().out


def test_commands_stand_in_the_list_in_the_order_of_use() -> None:
    group = typer.main.get_command(main.app)
    assert isinstance(group, LazyGroup)
    assert list(group.commands) == [*COMMANDS, "version"]


def test_help_is_broken_by_the_screen_and_not_by_the_source(
    decode_module: Callable[..., types.ModuleType], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def decode() -> None:
        """Decode a frame.

        One sentence
        on two lines.
        """

    decode_module(decode=decode)
    assert call(monkeypatch, "decode", "--help") == 0
    assert "One sentence on two lines." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a title \x1b]0;owned\x07 of a file", r"a title \x1b]0;owned\x07 of a file"),
        ("red \x1b[31m", r"red \x1b[31m"),
        ("back \x08\x08\x08", r"back \x08\x08\x08"),
        ("reversed \u202eexe.cod", r"reversed \u202eexe.cod"),
        ("half a pair \ud800", r"half a pair \ud800"),
        ("\x9b2J", r"\x9b2J"),
        ("Zähler Größe 電", "Zähler Größe 電"),
        ("two\nlines\tand a tab", "two lines and a tab"),
    ],
    ids=ascii,
)
def test_what_an_error_quotes_is_shown_and_not_obeyed_by_the_terminal(
    text: str,
    shown: str,
    decode_module: Callable[..., types.ModuleType],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def decode() -> None:
        raise ConfigError("no such thing", got=text)

    decode_module(decode=decode)
    monkeypatch.delenv(main.TRACEBACK_VARIABLE, raising=False)
    assert call(monkeypatch, "decode") == EXIT_REFUSED
    assert capsys.readouterr().err == f"ferraris: no such thing, got {shown}\n"
