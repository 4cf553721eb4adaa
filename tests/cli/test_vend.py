"""`ferraris vend` at the till: quotes, sales, receipts, over a directory and over a running system."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from ferraris.cli.vend import Payment
from ferraris.cli.vend_connection import VendRefused
from ferraris.kernel.errors import ConfigError
from ferraris.vending import PaymentKind
from tests.cli.shops import GROUP, METERS, SUPERVISOR, VendDirectory, served_directory
from tests.vending.house import reference_number


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VendDirectory]:
    with served_directory(tmp_path_factory.mktemp("vend") / "shop") as directory:
        yield directory


def test_a_quote_shows_the_lines(directory: VendDirectory) -> None:
    text = directory.text("quote", METERS[0], "--amount", "100")
    assert "Customer 0, account A0" in text
    assert "100.00 ZAR" in text.splitlines()[-2]
    assert directory.json("quote", METERS[0], "--units", "10")["breakdown"]["units_tenths"] == 100


def test_a_sale_prints_the_receipt_with_the_token(directory: VendDirectory) -> None:
    text = directory.text("sell", METERS[1], "--amount", "50", "--message-id", "first")
    assert "Street Power" in text
    assert "TOTAL                            ZAR 50.00" in text
    sold = directory.json("sell", METERS[1], "--amount", "50", "--message-id", "first")
    assert sold["tokens_in_fours"][0] in text
    number = str(sold["sale"]["number"])
    assert sold["tokens_in_fours"][0] in directory.text("receipt", number)
    assert "COPY" in directory.text("reprint", number).upper()
    assert sold["receipt_number"] in directory.text("sales", "--meter", METERS[1])


def test_a_receipt_as_pdf(directory: VendDirectory, tmp_path: Path) -> None:
    sold = directory.json("sell", METERS[1], "--amount", "200")
    path = tmp_path / "receipt.pdf"
    directory.text("receipt", str(sold["sale"]["number"]), "--pdf", str(path))
    assert path.read_bytes().startswith(b"%PDF-")


def test_a_file_answered_twice_sells_once(directory: VendDirectory) -> None:
    lines = [
        {"id": "a", "meter": METERS[1], "amount": "30.10"},
        {"id": "b", "meter": METERS[1], "amount": 0},
        {"id": "c", "meter": METERS[1], "units": 12.5, "till": "kiosk"},
        {"id": "d", "meter": "01000000017", "amount": "30"},
        {"id": "e", "meter": METERS[1], "amount": "30", "colour": "red"},
    ]
    first = directory.answers("sell", "--operator", "ann", lines=lines)
    assert [answer["ok"] for answer in first] == [True, False, True, False, False]
    assert (first[0]["amount"], first[0]["message_id"]) == ("30.10", "jsonl/cli/a")
    assert len(first[0]["token"]) == 20
    assert (first[1]["error"], first[2]["units"]) == ("range_error", "12.5")
    assert (first[3]["error"], "check digit" in first[3]["detail"]) == ("unknown_meter_error", True)
    assert "unknown field colour" in first[4]["detail"]
    assert directory.answers("sell", "--operator", "ann", lines=lines) == first


def test_lines_that_are_no_orders(directory: VendDirectory) -> None:
    answers = directory.text("sell", "--jsonl", lines='nonsense\n[1]\n\n{"id": 7}\n').splitlines()
    assert len(answers) == 3
    assert all('"ok": false' in answer for answer in answers)
    assert '"id": 7' in answers[2]


def test_free_units_once(directory: VendDirectory) -> None:
    first = directory.answers("free-issue", lines=[{"id": 1, "meter": METERS[0]}])
    assert (first[0]["ok"], first[0]["units"]) == (True, "50.0")
    again = directory.run("free-issue", METERS[0])
    assert isinstance(again.exception, VendRefused)
    assert again.exception.error == "free_issue_error"


def test_a_sale_is_taken_back(directory: VendDirectory) -> None:
    number = str(directory.json("sell", METERS[1], "--amount", "200")["sale"]["number"])
    assert "reversed" in directory.text("reverse", number, "--reason", "wrong meter", "--operator", SUPERVISOR)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("quote", METERS[0]), "say how much"),
        (("quote", METERS[0], "--amount", "5", "--units", "5"), "say how much"),
        (("sell", "--amount", "5"), "which meter?"),
        (("sell", METERS[0], "--amount", "1"), "minimum purchase"),
        (("sell", METERS[0], "--amount", "lots"), "amount: expected a decimal number, got 'lots'"),
        (("sell", "1234567890", "--amount", "5"), "a decoder reference number has 11 or 13 digits, got 10"),
        (("receipt", "999"), "No such order"),
        (("quote", "01000000017", "--amount", "5"), "check digit"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(directory: VendDirectory, arguments: tuple[str, ...], sentence: str) -> None:
    result = directory.run(*arguments)
    assert isinstance(result.exception, VendRefused | ConfigError)
    assert sentence.lower() in str(result.exception).lower()


# A command that reads lines, and what it is given that they say for themselves.
BESIDE = [
    (("sell", METERS[0]),                                  "no meter"),
    (("sell", METERS[0], "--amount", "5"),                 "no meter and no amount"),
    (("sell", "--units", "5", "--message-id", "m"),        "no units and no message_id"),
    (("free-issue", METERS[0]),                            "no meter"),
    (("key-change", "--message-id", "m"),                  "no message_id"),
    (("meter", "add", "--account", "A", "--name", "Ann"),  "no account and no name"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "told"), BESIDE)
def test_what_lines_say_for_themselves_is_said_by_nobody_else(
    directory: VendDirectory, arguments: tuple[str, ...], told: str
) -> None:
    """It would be passed over: an order that somebody takes for given."""
    before = directory.text("sales", "--json")
    result = directory.run(*arguments, "--jsonl", lines=f'{{"id": 1, "meter": "{METERS[0]}"}}')
    assert isinstance(result.exception, ConfigError)
    assert str(result.exception) == f"with --jsonl each line says for itself, expected {told}"
    assert result.stdout == ""
    assert directory.text("sales", "--json") == before


def test_what_can_be_paid_with_is_what_vending_knows() -> None:
    assert get_args(Payment) == tuple(PaymentKind)


def test_init_makes_a_directory_once(tmp_path: Path) -> None:
    place = VendDirectory(tmp_path / "new")
    text = place.text("init", "--currency", "KES", "--utility", "Kisumu Power")
    assert "officer's secret" in text
    assert (tmp_path / "new" / "keystore.secret").stat().st_mode & 0o077 == 0
    assert 'currency = "KES"' in (tmp_path / "new" / "vending.toml").read_text()
    assert "already" in str(place.run("init").exception)


@pytest.mark.parametrize(
    "wrong", [("--currency", "rand"), ("--trial-keys", "12"), ("--utility", 'a"b'), ("--supervisor", "a\\b")]
)
def test_init_refuses_what_it_cannot_write(tmp_path: Path, wrong: tuple[str, str]) -> None:
    assert isinstance(VendDirectory(tmp_path / "new").run("init", *wrong).exception, ConfigError)


def test_without_vending_there_is_advice(tmp_path: Path) -> None:
    result = VendDirectory(tmp_path).run("sales")
    assert "ferraris vend init" in str(result.exception)


def test_the_command_as_people_call_it(directory: VendDirectory) -> None:
    command = [
        sys.executable,
        "-m",
        "ferraris",
        "vend",
        "sell",
        METERS[0],
        "--amount",
        "1",
        "--dir",
        str(directory.path),
    ]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith("ferraris: Not with this amount: Below the minimum purchase")
    assert "Traceback" not in ended.stderr


def test_tokens_of_the_sample_tables_say_so_once(directory: VendDirectory) -> None:
    number = reference_number(70)
    added = directory.run("meter", "add", number, "--account", "A70", "--sgc", GROUP)
    sold = directory.run("sell", number, "--amount", "100")
    for ended in (added, sold):
        assert (ended.exit_code, ended.stderr.count("work in no real meter")) == (0, 1)
        assert "sta_tables" in ended.stderr
        assert "real meter" not in ended.stdout
    newer = directory.run("meter", "add", reference_number(71), "--account", "A71", "--sgc", GROUP, "--ea", "11")
    assert (newer.exit_code, newer.stderr) == (0, "")


def test_a_meter_number_is_explained(directory: VendDirectory) -> None:
    for command in (("sell",), ("meter", "add")):
        assert "11 or 13 digits" in " ".join(directory.run(*command, "--help").output.split())
    said = str(directory.run("meter", "add").exception)
    assert said.startswith("a meter is registered with its number, its account and its supply group code")
    assert "ferraris vend meter add 01000000016 --account A-7 --sgc 600727" in said


BOTH_WAYS = [
    # command                                          has --json
    (("quote", METERS[0], "--amount", "100"),          True),
    (("sell", METERS[2], "--amount", "40", "--message-id", "both-ways"), True),
    (("sales", "--meter", METERS[2]),                  True),
    (("receipt", "1"),                                 False),
    (("meter", "show", METERS[1]),                     True),
    (("meter", "find", "Customer"),                    True),
    (("approve",),                                     True),
    (("explain", METERS[1], "1" * 20),                 True),
    # what is refused
    (("quote", "01000000990", "--amount", "100"),      False),
    (("receipt", "9999"),                              False),
    (("sales", "--state", "lost"),                     False),
    (("reverse", "9999", "--reason", "x"),             False),
    (("key-change", METERS[0], "--message-id", "k"),   False),
    (("shift", "totals", "77"),                        False),
    (("campaign", "show", "none"),                     False),
]  # fmt: skip


@pytest.mark.parametrize(("command", "has_json"), BOTH_WAYS, ids=lambda value: str(value)[:60])
def test_a_directory_and_the_system_that_serves_it_say_the_same(
    directory: VendDirectory, command: tuple[str, ...], has_json: bool
) -> None:
    """For people and for programs, what is done and what is refused."""
    directory.text("sell", METERS[2], "--amount", "40", "--message-id", "both-ways")
    local = VendDirectory(directory.path)
    for more in ((), ("--json",)) if has_json else ((),):
        served, own = directory.run(*command, *more), local.run(*command, *more)
        assert (served.exit_code, served.stdout, str(served.exception)) == (
            own.exit_code, own.stdout, str(own.exception),
        )  # fmt: skip
        assert served.exit_code == 0 or isinstance(served.exception, VendRefused | ConfigError)
