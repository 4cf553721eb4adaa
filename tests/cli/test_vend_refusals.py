"""What `ferraris vend` says to somebody who does it for the first time and gets it wrong: one line, and nothing is charged."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ferraris.cli.vend_connection import VendRefused
from tests.cli.shops import METERS, VendDirectory, served_directory

PROGRAM = Path(sys.executable).parent / "ferraris"
METER = METERS[2]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VendDirectory]:
    with served_directory(tmp_path_factory.mktemp("vend") / "shop") as directory:
        yield directory


# what is typed                                          what is said
MISTAKES = [
    (("sell", "01000000031", "--amount", "5"), "wrong check digit, expected 2, got 1"),
    (("sell", "0100000003", "--amount", "5"), "has 11 or 13 digits, got 10"),
    (("sell", "01000000990", "--amount", "5"), "No such meter, got '01000000990'"),
    (("sell", "0100000003x", "--amount", "5"), "digits only, got '0100000003x'"),
    (("sell", METER, "--amount", "0"), "An amount is above zero, got 0"),
    (("sell", METER, "--amount=-5"), "An amount is above zero, got -5"),
    (("sell", METER, "--amount", "0.99"), "Below the minimum purchase, expected 1"),
    (("sell", METER, "--amount", "5,50"), "amount: expected a decimal number, got '5,50'"),
    (("sell", METER, "--amount", "5.001"), "Finer than the currency's minor unit, expected 2 decimals, got 5.001"),
    (("sell", METER, "--amount", "99999999999"), "Buys more than one token can carry, expected up to 1820162.4"),
    (("sell", METER, "--amount", "NaN"), "amount: expected a decimal number, got 'NaN'"),
    (("sell", METER, "--amount", "1e400"), "amount: expected a decimal number, got '1e400'"),
    (("sell", METER, "--amount", "1_0"), "amount: expected a decimal number, got '1_0'"),
    (("sell", METER, "--units", "٣"), "units: expected a decimal number, got '٣'"),
    (("sell", METER, "--amount", "9" * 19), "amount: expected at most 18 digits"),
    (("sell", METER, "--units", "0"), "An amount is above zero"),
    (("sell", METER, "--units", "1820162.5"), "Units that a token cannot carry, expected 0.1 to 1820162.4"),
    (("sell", METER, "--amount", "5", "--till", "x" * 129), "till: expected at most 128 characters, got 129"),
    (("quote", METER, "--amount", "0"), "An amount is above zero, got 0"),
    (("free-issue", METER), "Tariff flat gives no free units"),
    (("receipt", "99999999999999999999"), "number: expected less than 9223372036854775808"),
    (("receipt", "0"), "number: expected at least 1, got '0'"),
    (("reprint", "12345"), "There is no receipt 12345 to print again, got no such order"),
    (("reverse", "12345", "--reason", "slip"), "No such sale, got 12345"),
    (("key-change", METER), "waits for no key change"),
]


def program(*arguments: str, cwd: Path) -> tuple[int, str, str]:
    ended = subprocess.run([PROGRAM, *arguments], check=False, capture_output=True, text=True, timeout=60, cwd=cwd)
    return ended.returncode, ended.stdout, ended.stderr


@pytest.mark.parametrize(("arguments", "said"), MISTAKES, ids=[" ".join(row[0])[:50] for row in MISTAKES])
def test_a_refusal_is_one_line_and_charges_nobody(
    directory: VendDirectory, arguments: tuple[str, ...], said: str
) -> None:
    before = directory.text("sales", "--json")
    result = directory.run(*arguments)
    assert isinstance(result.exception, VendRefused), result.exception
    text = str(result.exception)
    assert said in text
    assert "\n" not in text
    assert "Traceback" not in text
    assert directory.text("sales", "--json") == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("vend", "sell", METER, "--amount", "5"), "ferraris vend init"),
        (("vend", "quote", METER, "--amount", "5", "--url", "http://127.0.0.1:9"), "127.0.0.1:9"),
        (("sts", "decode", "1234 5678 9012 3456 789O", "--pan", METER, "--sgc", "600727"), "format_error"),
        (("sts", "explain", "1234"), "--meter"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_the_program_itself_ends_with_2_and_one_line(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    status, out, err = program(*arguments, cwd=tmp_path)
    assert (status, out) == (2, "")
    assert said in err
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) == 1, err


def test_a_till_whose_answer_was_lost_is_told_how_to_ask_again(tmp_path: Path) -> None:
    status, out, err = program("vend", "sell", METER, "--amount", "5", "--url", "http://127.0.0.1:9", cwd=tmp_path)
    assert (status, out) == (2, "")
    assert "--message-id cli-" in err
    assert "cannot be asked" in err


def test_what_was_refused_can_be_sold_once_it_is_right(directory: VendDirectory) -> None:
    """A refused request takes no message id: the till corrects the amount and sends it under the same."""
    refused = directory.run("sell", METER, "--amount", "0", "--message-id", "slip")
    assert isinstance(refused.exception, VendRefused)
    sold = directory.json("sell", METER, "--amount", "5", "--message-id", "slip")
    assert sold["sale"]["tendered_minor"] == 500
    again = directory.run("sell", METER, "--amount", "6", "--message-id", "slip")
    assert isinstance(again.exception, VendRefused)
    assert again.exception.error == "message_conflict_error"
    assert directory.json("sell", METER, "--amount", "5.00", "--message-id", "slip") == sold


def test_a_meter_number_may_be_typed_as_it_stands_on_the_meter(directory: VendDirectory) -> None:
    plain = directory.json("quote", METER, "--amount", "5")
    for typed in (f"{METER[:4]} {METER[4:8]} {METER[8:]}", f" {METER}\t"):
        assert directory.json("quote", typed, "--amount", "5") == plain


def test_digits_with_spaces_letters_and_slips_are_explained(directory: VendDirectory) -> None:
    sold = directory.json("sell", METER, "--amount", "7")
    digits = sold["sale"]["tokens"][0]["digits"]
    wrong = digits[:-1] + str((int(digits[-1]) + 1) % 10)
    for typed, said in (
        (sold["tokens_in_fours"][0], "The digits are right"),
        (digits.replace(digits[5], "O", 1) if digits[5] not in digits[:5] else wrong, "A digit is mistyped"),
        (digits[:-1], "A digit is mistyped"),
        (wrong, sold["tokens_in_fours"][0]),
        ("1234", "A token has 20 digits; these are 4 characters"),
        ("twelve", "A token has 20 digits; these are 6 characters"),
    ):
        assert said in directory.text("explain", METER, typed), typed
