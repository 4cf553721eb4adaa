"""`ferraris vend` behind the till: meters, engineering tokens by two persons, shifts, campaigns, explanations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import pytest

from ferraris.cli.vend_behind import Engineering, algorithm_of, base_date_of, registration
from ferraris.cli.vend_connection import VendRefused, connected
from ferraris.kernel.errors import ConfigError
from ferraris.vending import EngineeringKind
from tests.cli.shops import GROUP, METERS, SUPERVISOR, VendDirectory, served_directory


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VendDirectory]:
    with served_directory(tmp_path_factory.mktemp("vend") / "shop") as directory:
        yield directory


def test_what_can_be_asked_for_is_what_vending_knows() -> None:
    assert get_args(Engineering) == tuple(EngineeringKind)


def test_a_meter_is_registered_once_and_found(directory: VendDirectory) -> None:
    options = ["--account", "A9", "--name", "Grace Mahlangu", "--sgc", GROUP, "--ea", "11", "--tariff", "flat"]
    assert directory.text("meter", "add", "01000000107", *options) == "meter 01000000107 registered\n"
    assert "already" in directory.text("meter", "add", "01000000107", *options)
    assert "Grace Mahlangu" in directory.text("meter", "find", "mahl")
    assert "SGC 600727 KRN 1" in directory.text("meter", "show", "01000000107")
    assert directory.json("meter", "show", "01000000107")["present"]["encryption_algorithm"] == 11
    assert directory.text("meter", "find", "nobody") == "none found\n"


def test_a_meter_of_a_tariff_that_is_not_there(directory: VendDirectory) -> None:
    (answer,) = directory.answers(
        "meter",
        "add",
        lines=[{"id": 1, "meter": "01000000115", "account": "A8", "tariff": "none", "supply_group_code": GROUP}],
    )
    assert (answer["ok"], answer["error"]) == (False, "unknown_tariff_error")


def test_fields_become_a_registration() -> None:
    fields = {
        "meter": "1",
        "account": "A",
        "encryption_algorithm": "EA07",
        "base_date": "1993",
        "supply_group_code": "1",
        "contact": "",
    }
    assert registration(fields, "ann") == {
        "operator": "ann",
        "meters": [
            {
                "meter": "1",
                "account": "A",
                "customer": "A",
                "configuration": {"supply_group_code": "1", "encryption_algorithm": 7, "base_date": 93},
            }
        ],
    }


def test_an_engineering_token_takes_two(directory: VendDirectory) -> None:
    asked = directory.text(
        "engineering", METERS[0], "clear_tamper", "--reason", "cover", "--operator", "ann", "--message-id", "e1"
    )
    assert "ferraris vend approve e1" in asked
    assert "clear_tamper" in directory.text("approve")
    alone = directory.run("approve", "e1", "--operator", "ann")
    assert isinstance(alone.exception, VendRefused)
    assert alone.exception.status == 403
    assert "ENGINEERING" in directory.text("approve", "e1", "--operator", "ben").upper()
    assert directory.text("approve") == "nothing waits\n"


def test_an_engineering_token_is_refused(directory: VendDirectory) -> None:
    directory.text(
        "engineering", METERS[0], "clear_credit", "--reason", "why not", "--operator", "ann", "--message-id", "e2"
    )
    assert directory.text("refuse", "e2", "--operator", "ben") == "refused\n"


def test_a_shift_from_open_to_close(directory: VendDirectory) -> None:
    who = ["--till", "T1", "--operator", "ann"]
    assert "is open" in directory.text("shift", "open", "--float", "200", *who)
    directory.text("sell", METERS[1], "--amount", "50", *who)
    directory.text("shift", "deposit", "30", "--reference", "slip 7", *who)
    assert "220.00" in directory.text("shift", "totals", "--till", "T1")
    closed = directory.text("shift", "close", "219.50", *who)
    assert "-0.50" in closed
    assert directory.run("shift", "close", "1", *who).exit_code != 0
    assert directory.run("shift", "totals", "--till", "T9").exit_code != 0


def test_a_campaign_from_start_to_proof(directory: VendDirectory) -> None:
    started = directory.text("campaign", "start", "rollover", "--krn", "2", "--meter", METERS[0], "--meter", METERS[2])
    assert "2 meters to change" in started
    issued = directory.text("campaign", "issue", "rollover")
    assert [line.split()[0] for line in issued.splitlines()] == [METERS[0], METERS[2]]
    assert "wanted 0  issued 2  entered 0" in directory.text("campaign", "show", "rollover")
    assert directory.run("campaign", "close", "rollover").exit_code != 0
    assert len(directory.json("key-change", METERS[0])["sale"]["tokens"]) == 4


def test_why_a_token_was_refused(directory: VendDirectory) -> None:
    sold = directory.json("sell", METERS[1], "--amount", "50")
    digits = sold["sale"]["tokens"][0]["digits"]
    wrong = str((int(digits[0]) + 1) % 10) + digits[1:]
    assert "mistyped" in directory.text("explain", METERS[1], wrong)
    assert directory.json("explain", METERS[0], digits)["reason"] == "wrong_meter"


def test_only_a_supervisor_takes_back_what_may_be_used(directory: VendDirectory, tmp_path: Path) -> None:
    number = directory.json("sell", METERS[1], "--amount", "50")["sale"]["number"]
    assert "reversed" in directory.text("reverse", str(number), "--reason", "x", "--operator", SUPERVISOR)


def test_a_token_that_the_meter_may_have_taken_is_told_with_the_command_that_takes_it_back(
    directory: VendDirectory, tmp_path: Path
) -> None:
    sale = directory.json("sell", METERS[1], "--amount", "50")["sale"]
    number = str(sale["number"])
    with connected(directory.url, tmp_path) as connection:
        connection.ask("POST", f"sales/{number}/typed", {"operator": "ann"})
    reversed_ = directory.run("reverse", number, "--reason", "x", "--operator", SUPERVISOR)
    advice = f"ferraris vend debt reversal-{number} --account A1 --amount 50.00 --percent 50"
    assert reversed_.stderr.rstrip().endswith(f"kWh. If it is owed: {advice}")
    assert "may have taken the token: " in reversed_.stderr

    opened = directory.text(*advice.split()[2:])
    assert opened == f"account A1 pays off:\nreversal-{number}: 5000 minor units, 50 %\n"
    assert f"reversal-{number}: 5000 minor units, 50 %" in directory.text("meter", "show", METERS[1])
    breakdown = directory.json("quote", METERS[1], "--amount", "20")["breakdown"]
    assert [line["amount_minor"] for line in breakdown["lines"] if line["kind"] == "debt"] == [1_000]
    again = directory.run(*advice.split()[2:])
    assert isinstance(again.exception, VendRefused)
    assert "Another debt has this number: A debt of this number was opened before" in str(again.exception)
    directory.text("sell", METERS[1], "--amount", "100")
    assert "reversal-" not in directory.text("meter", "show", METERS[1])


def test_a_sale_that_never_reached_its_meter_is_taken_back_without_more_words(directory: VendDirectory) -> None:
    number = str(directory.json("sell", METERS[1], "--amount", "50")["sale"]["number"])
    assert directory.run("reverse", number, "--reason", "x", "--operator", SUPERVISOR).stderr == ""


WRONG_DEBTS = [
    # options                                              what is said
    (["--account", "A1", "--amount", "50"],                                   "has a share of each purchase: a percentage below 100 or a minimum"),
    (["--account", "A1", "--amount", "50", "--percent", "100"],               "percent: expected less than 100"),
    (["--account", "A1", "--amount", "0", "--percent", "5"],                  "A debt is above zero"),
    (["--account", "none", "--amount", "50", "--percent", "5"],               "No such account, got 'none'"),
    (["--account", "A1", "--amount", "5,0", "--percent", "5"],                "amount: expected a decimal number, got '5,0'"),
    (["--account", "A1", "--amount", "50", "--percent", "5", "--name", "\x07"], "name: "),
]  # fmt: skip


@pytest.mark.parametrize(("options", "said"), WRONG_DEBTS)
def test_what_is_no_debt(directory: VendDirectory, options: list[str], said: str) -> None:
    refused = directory.run("debt", "D/1", *options)
    assert isinstance(refused.exception, VendRefused)
    assert said in str(refused.exception)
    assert "D/1" not in directory.text("meter", "show", METERS[1])


CODES = [
    # asked              given        code
    (base_date_of,       "1993",      93),
    (base_date_of,       "2014",      14),
    (base_date_of,       "14",        14),
    (base_date_of,       "2035",      35),
    (base_date_of,       "1914",      None),
    (base_date_of,       "2093",      None),
    (base_date_of,       "soon",      None),
    (base_date_of,       "",          None),
    (algorithm_of,       "07",        7),
    (algorithm_of,       "7",         7),
    (algorithm_of,       "EA11",      11),
    (algorithm_of,       "ea07",      7),
    (algorithm_of,       "DES",       None),
    (algorithm_of,       "EA",        None),
    (algorithm_of,       "-7",        None),
    (algorithm_of,       "٧",         None),
    (algorithm_of,       "9" * 5_000, None),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "given", "code"), CODES)
def test_base_dates_and_algorithms(asked: Callable[[str], int], given: str, code: int | None) -> None:
    if code is None:
        with pytest.raises(ConfigError, match="no such"):
            asked(given)
    else:
        assert asked(given) == code


def test_a_campaign_to_no_base_date_is_not_begun(directory: VendDirectory) -> None:
    result = directory.run("campaign", "start", "soon", "--krn", "2", "--base-date", "soon")
    assert isinstance(result.exception, ConfigError)
    assert isinstance(directory.run("campaign", "show", "soon").exception, VendRefused)


def test_a_meters_number_is_no_path(directory: VendDirectory) -> None:
    result = directory.run("meter", "show", "../settings")
    assert isinstance(result.exception, VendRefused)
    assert result.exception.status == 404


def test_a_campaign_with_a_slash_in_its_name(directory: VendDirectory) -> None:
    directory.text("campaign", "start", "2026/North", "--krn", "2", "--meter", METERS[1])
    assert "wanted 1" in directory.text("campaign", "show", "2026/North")
    assert METERS[1] in directory.text("campaign", "issue", "2026/North")
