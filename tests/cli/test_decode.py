"""`ferraris decode` as people and programs call it."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from ferraris.cli import main

PUSH = "0f40000000090c07e3020401173416ff800000020106000016dc"
CIPHERED = "c81e3001234567411312ff935a47566827c467bc7d825c3be4a77c3fcc056b6b"
KEYS = ["--ek", "000102030405060708090a0b0c0d0e0f", "--ak", "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"]
TITLE = ["--system-title", "4d4d4d0000bc614e"]
VECTORS = Path(__file__).parents[1] / "vectors" / "dlms.jsonl"


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str, given: str | bytes = "") -> int:
    monkeypatch.setattr(sys, "argv", ["ferraris", "decode", *arguments])
    octets = given.encode() if isinstance(given, str) else given
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(octets), encoding="utf-8"))
    with pytest.raises(SystemExit) as ended:
        main.run()
    return int(ended.value.code or 0)


def test_readable_text(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(monkeypatch, "e6e700", PUSH) == 0
    out = capsys.readouterr().out
    for piece in ("llc", "DataNotification", "2019-02-04 23:52:22", "1.0.1.7.0.255", "5852 W", "Kaifa list 1", "09 0c"):
        assert piece in out


@pytest.mark.parametrize(
    "given", [PUSH, PUSH.upper(), f"  {PUSH}\n", " ".join(PUSH[n : n + 2] for n in range(0, len(PUSH), 2)), "0x" + PUSH]
)
def test_digits_on_standard_input(
    given: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "--json", given=given) == 0
    assert json.loads(capsys.readouterr().out)["apdu"] == "DataNotification"


def test_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(monkeypatch, "--json", *KEYS, *TITLE, CIPHERED) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] is True
    assert document["value"]["descriptor"] == {"class_id": 8, "logical_name": "0.0.1.0.0.255", "attribute_id": 2}
    assert document["layers"][0]["verified"] is True


def test_keys_are_not_repeated(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for mode in ((), ("--json",)):
        call(monkeypatch, *mode, *KEYS, *TITLE, CIPHERED)
        shown = capsys.readouterr()
        assert KEYS[1] not in shown.out + shown.err
        assert KEYS[3] not in shown.out + shown.err


def test_what_is_wrong_is_one_line_and_an_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "0001000100100003c501c1") == 2
    shown = capsys.readouterr()
    assert "wrapper" in shown.out
    assert shown.err.count("\n") == 1
    assert "at octet 3" in shown.err


@pytest.mark.parametrize("name", ["talk.pcap", "a talk.hex", "apdu"])
@pytest.mark.parametrize("option", [[], ["--octets"]])
def test_a_file_in_place_of_digits_is_told_how_it_is_read(
    name: str, option: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    path.write_text("00010001001000")
    assert call(monkeypatch, *option, str(path)) == 2
    told = capsys.readouterr().err
    assert f"`ferraris decode --file {path}`, or its digits on standard input" in told
    assert told.count("\n") == 1


@pytest.mark.parametrize("text", ["no/such/file", "x" * 5_000, "a\0b", "."])
def test_what_is_neither_digits_nor_a_file(
    text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, text) == 2
    assert "not hexadecimal" in capsys.readouterr().err


def test_digits_that_name_a_file_are_digits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / PUSH).write_text("xyz")
    monkeypatch.chdir(tmp_path)
    assert call(monkeypatch, PUSH) == 0
    assert "DataNotification" in capsys.readouterr().out


def test_what_is_wrong_in_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(monkeypatch, "--json", *KEYS, *TITLE, CIPHERED[:-1] + "0") == 2
    document = json.loads(capsys.readouterr().out)
    assert (document["ok"], document["error"]["type"]) == (False, "AuthenticationError")


@pytest.mark.parametrize(
    "arguments", [[""], ["xyz"], ["c"], ["--ek", "q", PUSH], ["--ek", "00", "c81e" + CIPHERED[4:]]]
)
def test_wrong_arguments(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = call(monkeypatch, *arguments)
    shown = capsys.readouterr()
    assert "Traceback" not in shown.err
    assert (code, bool(shown.err)) in ((2, True), (0, False))


# What is given in two ways, of which one would be passed over.
TWICE = [
    (["--jsonl", PUSH],                   "--jsonl reads standard input alone"),
    (["--jsonl", "--file", "none"],       "--jsonl reads standard input alone"),
    (["--jsonl", *KEYS],                  "--jsonl reads standard input alone"),
    (["--jsonl", *TITLE],                 "--jsonl reads standard input alone"),
    (["--file", "none", "7ea0", "03"],    "digits beside --file, expected one of them, got 7ea0 03"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "told"), TWICE)
def test_what_is_given_twice_is_refused(
    arguments: list[str], told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, *arguments, given="") == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert told in shown.err


@pytest.mark.parametrize(("digits", "told"), [("7ea0", "a frame is cut short"), ("7ea00a", "no closing flag")])
def test_the_beginning_of_a_frame_is_told_as_that(
    digits: str, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, digits) == 2
    assert told in capsys.readouterr().err


def test_lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    given = f'{{"id": 1, "hex": "{PUSH}"}}\n\n{{oops\n{{"id": 3, "hex": "{CIPHERED}"}}'
    monkeypatch.setattr(sys, "argv", ["ferraris", "decode", "--jsonl"])
    assert call(monkeypatch, "--jsonl", given=given) == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(answer["id"], answer["ok"]) for answer in answers] == [(1, True), (None, False), (3, True)]


def test_every_published_row(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(monkeypatch, "--jsonl", given=VECTORS.read_bytes()) == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [answer["id"] for answer in answers if not answer["ok"]] == ["greenbook/ecdsa-p256-table-c1-bad"]
    assert len(answers) == 71


def test_a_long_tree_is_cut_on_the_screen(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    values = "120001" * 3000
    assert call(monkeypatch, f"c401c100 01820bb8 {values}") == 0
    assert "more: see --json" in capsys.readouterr().out


ESCAPES = "\x1b]0;owned\x07\x1b[2J"
CARRIERS = [
    # octets before the text's length and the text; how it is shown
    ("c401c1000a",                          r"visible-string: \x1b]0;owned\x07\x1b[2J"),
    ("c401c1000c",                          r"utf8-string: \x1b]0;owned\x07\x1b[2J"),
    ("c401c10002020a01610a",                 r"\x1b]0;owned\x07\x1b[2J"),
    ("0f0000000100020209060100600100ff0a",     r"\x1b]0;owned\x07\x1b[2J"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "shown"), CARRIERS)
def test_text_of_a_meter_is_shown_and_not_obeyed_by_the_terminal(
    before: str, shown: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    octets = ESCAPES.encode()
    call(monkeypatch, before + bytes([len(octets)]).hex() + octets.hex())
    said = capsys.readouterr()
    assert shown in said.out, said
    assert "\x1b" not in said.out + said.err
    assert "\x07" not in said.out + said.err
