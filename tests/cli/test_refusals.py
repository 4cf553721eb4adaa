"""Every command, asked for what cannot be done: one line on standard error, exit code 2, no traceback, no key in it."""

from __future__ import annotations

import asyncio
import io
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ferraris.cli import main
from ferraris.cli.main import EXIT_REFUSED, TRACEBACK_VARIABLE
from tests.cli.test_head_end import imported_to

KEY = "0011223344556677" * 2
LINE = {
    "serial": "FER0000000001",
    "profile": "smr5_three_phase",
    "host": "127.20.0.1",
    "system_title": "4645520000000001",
    "encryption_key": KEY,
    "authentication_key": KEY[::-1],
}
NOWHERE = "http://127.0.0.1:9"
PATIENCE_S = 20
Refused = Callable[..., str]


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Refused]:
    """Runs the command line in this process; it must refuse. Returns what it says."""
    monkeypatch.delenv(TRACEBACK_VARIABLE, raising=False)
    monkeypatch.setenv("COLUMNS", "200")

    def give_up(number: int, frame: object) -> None:
        pytest.fail("it serves instead of refusing")

    before = signal.signal(signal.SIGALRM, give_up)

    def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["ferraris", *arguments])
        signal.alarm(PATIENCE_S)  # a command that is not refused but begins to serve would never end
        with pytest.raises(SystemExit) as ended:
            main.run()
        signal.alarm(0)
        said = capfd.readouterr()
        assert ended.value.code == EXIT_REFUSED, said.err
        assert "Traceback" not in said.err + said.out
        assert KEY not in said.err + said.out
        return said.err

    yield run
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def one_line(text: str) -> str:
    assert text.startswith("ferraris: "), text
    assert text.count("\n") == 1
    return text


# Values that the options themselves do not take: typer's own words name the option.
OPTIONS = """
demo --meters 3                               --meters
demo --meters many                            --meters
demo --speed 0.5                              --speed
demo --port 0                                 --port
demo --port 65536                             --port
demo --meter-port 0                           --meter-port
demo --nonsense                               --nonsense
meter serve --count 0                         --count
meter serve --speed 0                         --speed
meter serve --speed -1                        --speed
meter serve --port 65536                      --port
meter serve --history-days -1                 --history-days
meter serve --start yesterday                 --start
meter fly                                     fly
serve --port -1                               --port
serve --push-port 65536                       --push-port
serve --speed fast                            --speed
collect --speed 2                             --speed
collect extra                                 extra
decode --nonsense                             --nonsense
serve --speed nan                             --speed
serve --speed inf                             --speed
serve --speed 1e7                             --speed
meter serve --speed nan                       --speed
meter serve --speed inf                       --speed
demo --speed nan                              --speed
demo --speed inf                              --speed
"""


@pytest.mark.parametrize("row", OPTIONS.strip().splitlines())
def test_a_wrong_option_is_named(refused: Refused, row: str) -> None:
    arguments, name = (part.strip() for part in row.split("  ") if part.strip())
    said = refused(*arguments.split())
    assert name in said
    assert "Usage: ferraris" in said


# What only the command itself can know. {dir}: an empty directory; {file}: a file that is no directory; {busy}: a port in
# use; {meters}: a good registry; the others are files of the name with the content below.
REASONS = """
serve --dir {dir}/d --port 0 --clock soon --speed 2                       --clock, expected MS:S
serve --dir {dir}/d --port 0 --clock 1:nan --speed 2                      --clock, expected MS:S
serve --dir {file} --port 0                                               file
serve --dir {file}/below --port 0                                         file
serve --dir {dir}/d --port 0 --import {dir}/absent                        absent cannot be read: No such file
serve --dir {dir}/d --port 0 --import {dir}                               cannot be read: Is a directory
serve --dir {dir}/d --port 0 --import {bad}                               line 2: the line, expected an object of JSON
serve --dir {dir}/d --port 0 --import {short}                             line 1: encryption_key, expected 16 or 32 octets
serve --dir {dir}/d --port 0 --import {twice}                             line 2: serial, expected each meter once
serve --dir {dir}/d --port 0 --import {binary}                            is not text in UTF-8
serve --dir {dir}/d --port {busy}                                         {busy}
serve --dir {dir}/d --port 0 --push-port {busy}                           {busy}
serve --dir {dir}/d --port 0 --push-host 203.0.113.1 --push-port 40404    203.0.113.1
serve --dir {dir}/d --port 0 --push-host no.such.host.invalid --push-port 40404    no.such.host.invalid
collect --url http://127.0.0.1:9 --dir {dir}                              nothing to collect for
collect --url nonsense --dir {dir}                                        --url is no address
collect --url http://[ --dir {dir}                                        --url is no address
collect --url http://127.0.0.1:9 --dir {file}                             nothing to collect for
meter serve --dir {dir}/m --push here                                     --push names no port
meter serve --dir {dir}/m --push here:65536                               --push names no port
meter serve --dir {dir}/m --push here:²                                   --push names no port
meter serve --dir {dir}/m --push :4060                                    --push names no host
meter serve --dir {dir}/m --profile smr9                                  smr9
meter serve --dir {dir}/m --profile ../../x                               x
meter serve --dir {dir}/m --zone atlantis                                 unknown time zone
meter serve --dir {dir}/m --csv {dir}/absent                              cannot read
meter serve --dir {dir}/m --csv {dir}                                     cannot read
meter serve --dir {dir}/m --csv {binary}                                  binary
meter serve --dir {dir}/m --csv {bad}                                     bad, line 1: columns
meter serve --dir {dir}/m --fault fire:1:2:3                              not a fault
meter serve --dir {dir}/m --fault link:1:2                                not a fault
meter serve --dir {dir}/m --clock 1                                       --clock, expected MS:S
meter serve --dir {dir}/m --clock 1:nan                                   --clock, expected MS:S
meter serve --dir {file}                                                  file
meter serve --dir {dir}/m --count 999999999                               open files
meter serve --dir {broken}                                                fleet.json
demo --dir {file} --once                                                  file
demo --dir {street} --once                                                demo.json
decode zz                                                                 not hexadecimal
decode {bad}                                                              ferraris decode --file
decode --file {empty}                                                     holds nothing to decode
decode --keys {dir} 00                                                    cannot be read: Is a directory
explore serial:///dev/there-is-none                                       Is the adapter plugged in?
explore serial://{bad}                                                    no serial line
explore tcp://127.0.0.1:9?baud=9600                                       'baud' does not fit the URL of a meter at tcp://
explore coap://127.0.0.1:9                                                Connection refused. Nothing listens there
vend quote 1 --amount 5 --url http://127.0.0.1:9                         Connection refused. Nothing listens there
vend quote 1 --amount 5 --url tcp://127.0.0.1:9                          --url is no address
sts audit {dir}/absent                                                    there is no keystore
decode 0                                                                  not hexadecimal
decode                                                                    nothing to decode
decode --ek zz c0                                                         ek
"""


@pytest.fixture(scope="module")
def busy() -> Iterator[int]:
    """A port that somebody has already."""
    with socket.socket() as holder, socket.socket(type=socket.SOCK_DGRAM) as other:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port: int = holder.getsockname()[1]
        other.bind(("127.0.0.1", port))
        yield port


@pytest.fixture
def places(tmp_path: Path, busy: int) -> dict[str, str]:
    """What the rows' braces stand for."""
    contents: dict[str, bytes] = {
        "file": b"a file",
        "bad": f"{json.dumps(LINE)}\n{json.dumps(LINE)[:-9]}\n".encode(),
        "short": json.dumps(LINE | {"encryption_key": KEY[:8]}).encode(),
        "twice": f"{json.dumps(LINE)}\n{json.dumps(LINE)}\n".encode(),
        "binary": bytes(range(128, 256)),
        "empty": b"",
    }
    for name, octets in contents.items():
        (tmp_path / name).write_bytes(octets)
    for name, inside in (("broken", "fleet.json"), ("street", "demo.json"), ("dir", None)):
        (tmp_path / name).mkdir()
        if inside is not None:
            (tmp_path / name / inside).write_text('{"count": ')
    named = [*contents, "broken", "street", "dir"]
    return {name: str(tmp_path / name) for name in named} | {"busy": str(busy)}


@pytest.mark.parametrize("row", REASONS.strip().splitlines(), ids=lambda row: " ".join(row.split()[:-1])[:70])
def test_a_reason_is_given_in_one_line(
    refused: Refused, places: dict[str, str], monkeypatch: pytest.MonkeyPatch, row: str
) -> None:
    command, reason = (part.strip() for part in row.split("  ") if part.strip())
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    said = one_line(refused(*command.format(**places).split()))
    assert reason.format(**places) in said


def test_a_directory_that_may_not_be_written(tmp_path: Path) -> None:
    """As another user, in a directory that is not theirs: each command that keeps something says so."""
    place = Path("/proc/self/nowhere")
    for command in (["serve", "--port", "0"], ["meter", "serve"], ["demo", "--once"]):
        arguments = [sys.executable, "-m", "ferraris", *command, "--dir", str(place)]
        ended = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path)
        assert ended.returncode == EXIT_REFUSED
        assert "nowhere" in one_line(ended.stderr)


def test_octets_that_are_no_text_on_standard_input_are_not_hexadecimal() -> None:
    for options in ([], ["--json"]):
        arguments = [sys.executable, "-m", "ferraris", "decode", *options]
        ended = subprocess.run(arguments, input=bytes(range(256)), capture_output=True, timeout=60, check=False)
        assert ended.returncode == EXIT_REFUSED, ended.stderr
        assert b"Traceback" not in ended.stderr


@pytest.mark.parametrize("command", ["", "demo", "meter", "meter serve", "collect", "serve", "decode", "simulate"])
def test_every_command_explains_itself(
    command: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["ferraris", *command.split(), "--help"])
    with pytest.raises(SystemExit) as ended:
        main.run()
    assert not ended.value.code
    shown = capfd.readouterr().out
    assert f"Usage: ferraris {command}".strip() in shown
    assert "--help" in shown


# The master key of a directory of stores

MASTER_KEYS = """
what was done                 what is said
removed                       is missing: without it the keys of the registered meters
readable by the group         open to other users, expected mode 0600, got mode 0640
cut in half                   does not hold a master key, or is damaged
one digit changed             does not hold a master key, or is damaged
a directory in its place      is not a regular file
a link to another file        cannot be read
"""


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A directory with one registered meter, left in good order."""
    asyncio.run(imported_to(tmp_path / "kept", tmp_path, LINE))
    return tmp_path / "kept"


@pytest.mark.parametrize("row", MASTER_KEYS.strip().splitlines()[1:])
@pytest.mark.parametrize("command", ["serve --port 0 --dir", f"collect --url {NOWHERE} --dir"])
def test_a_master_key_that_cannot_be_used_is_said(refused: Refused, kept: Path, command: str, row: str) -> None:
    done, reason = (part.strip() for part in row.split("  ") if part.strip())
    path = kept / "master.key"
    line = path.read_text()
    path.unlink()
    if done == "a directory in its place":
        path.mkdir()
    elif done == "a link to another file":
        (kept / "elsewhere").write_text(line)
        path.symlink_to(kept / "elsewhere")
    elif done != "removed":
        changed = line[:22] + ("1" if line[22] == "0" else "0") + line[23:]
        path.write_text({"cut in half": line[:40], "one digit changed": changed}.get(done, line))
        path.chmod(0o640 if done == "readable by the group" else 0o600)
    said = one_line(refused(*command.split(), str(kept)))
    assert reason in said
    assert line.split()[1] not in said
