"""`ferraris sts explain`: by file and by lines."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ferraris.cli.sts_explain import explain_row, explanation_fields, now_ms
from ferraris.cli.sts_rows import answer
from ferraris.sts import (
    Cause,
    CreditToken,
    Explanation,
    Service,
    StaTables,
    StsConfiguration,
    TokenResult,
    derive_decoder_key,
    encode_token,
)
from tests.cli.test_sts import call, meter_text
from tests.sts.published import METER, VENDING_KEY

NOW = "2026-11-22 15:45"
PENDING = replace(METER, tariff_index=2, supply_group_code="203557")


def credit(meter: StsConfiguration = METER, identifier: int = 6_700_000) -> str:
    return encode_token(CreditToken(Service.ELECTRICITY, identifier, 5, 256), derive_decoder_key(VENDING_KEY, meter))


GOOD = credit()
INPUTS: dict[str, Any] = {
    "vk": VENDING_KEY.hex(),
    "pan": METER.meter_pan.digits,
    "ea": 11,
    "sgc": "201457",
    "krn": 1,
    "kt": 2,
    "ti": "01",
    "base_date": 2014,
    "dkga": 4,
    "now": NOW,
    "pending": [{"ti": "02", "sgc": "203557"}],
    "accepted": [6_600_000, 6_700_001],
}

# token                              inputs that differ         result              cause
LINES = [
    (GOOD, {}, "accept", "accepted"),
    (credit(identifier=6_700_001), {}, "used_error", "used"),
    (credit(identifier=6_500_000), {}, "accept", "accepted"),
    (credit(identifier=6_500_000), {"remembers": 2}, "old_error", "old"),
    (credit(PENDING), {}, "crc_error", "key_change_not_loaded"),
    (credit(PENDING), {"pending": [], "former": [{"ti": 2, "sgc": "203557"}]}, "crc_error", "key_changed_since"),
    (credit(replace(METER, tariff_index=9)), {}, "crc_error", "configuration_differs"),
    (GOOD, {"ken": 0}, "key_expired_error", "key_expired"),
    (GOOD, {"service": "water"}, "function_error", "other_credit"),
    (GOOD, {"service": "electricity", "counts_money": True}, "function_error", "other_credit"),
    (GOOD, {"service": "Electricity", "counts_money": False}, "accept", "accepted"),
    (GOOD[:-1], {}, "format_error", "mistyped"),
    (GOOD, {"ti": "03", "issued": [{"token": GOOD, "pan": "000001000000000082"}]}, "crc_error", "wrong_meter"),
]


@pytest.mark.parametrize(
    ("changes", "summary", "expected", "got"),
    [
        ({"service": "steam"}, "a service", "electricity, water, gas, time", "'steam'"),
        ({"service": 1}, "a service", "electricity, water, gas, time", "'1'"),
        ({"counts_money": "yes"}, "the input counts_money", "true or false", "str"),
        ({"counts_money": 1}, "the input counts_money", "true or false", "int"),
    ],
)
def test_what_no_meter_counts(changes: dict[str, Any], summary: str, expected: str, got: str) -> None:
    line = json.dumps({"id": 1, "token": GOOD, "inputs": {**INPUTS, **changes}})
    error = json.loads(answer(line, explain_row, StaTables.SAMPLE))["error"]
    assert (error["summary"], error["expected"], error["got"]) == (summary, expected, got)


@pytest.mark.parametrize(("token", "changes", "result", "cause"), LINES)
def test_lines(token: str, changes: dict[str, Any], result: str, cause: str) -> None:
    line = json.dumps({"id": 1, "token": token, "inputs": {**INPUTS, **changes}})
    said = json.loads(answer(line, explain_row, StaTables.SAMPLE))
    assert said["ok"]
    assert (said["result"], said["cause"]) == (result, cause)
    assert VENDING_KEY.hex() not in json.dumps(said)


@pytest.mark.parametrize(
    "changes",
    [{"pending": 3}, {"pending": [3]}, {"issued": [3]}, {"accepted": "x"}, {"vk": "x"}, {"now": "x"}, {"ea": 7}],
)
def test_broken_lines_are_answered(changes: dict[str, Any]) -> None:
    line = json.dumps({"id": 1, "token": GOOD, "inputs": {**INPUTS, **changes}})
    said = json.loads(answer(line, explain_row, StaTables.SAMPLE))
    assert not said["ok"]
    assert said["error"]["summary"]


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    meter = tmp_path / "meter.toml"
    meter.write_text(
        meter_text(accepted=[6_600_000]) + f"[[pending]]\n{meter_text(tariff_index=2, supply_group_code='203557')}"
    )
    keys = tmp_path / "keys.toml"
    keys.write_text(f'vending_key = "{VENDING_KEY.hex()}"')
    keys.chmod(0o600)
    return ["--meter", str(meter), "--keys", str(keys), "--now", NOW]


def test_a_good_token(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], files: list[str]) -> None:
    assert call(monkeypatch, "explain", GOOD[:10], GOOD[10:], *files) == 0
    shown = capsys.readouterr().out
    for piece in ("accept: the meter takes it", "CreditToken", "2026-09-27", "25.6", "kWh"):
        assert piece in shown


def test_a_refused_token_ends_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], files: list[str]
) -> None:
    assert call(monkeypatch, "explain", credit(PENDING), *files) == 1
    shown = capsys.readouterr().out
    assert "crc_error: it is for the configuration after a key change" in shown
    assert "tariff index 02 instead of 01" in shown
    assert "25.6" in shown


def test_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], files: list[str]) -> None:
    assert call(monkeypatch, "explain", "--json", GOOD[:9] + GOOD[10:], *files) == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["cause"], said["likely"]) == ("mistyped", GOOD)
    assert said["token"]["amount"] == "25.6"


def test_nothing_to_explain(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], files: list[str]
) -> None:
    for arguments in ([GOOD], files):
        assert call(monkeypatch, "explain", *arguments) == 2
        assert "nothing to explain" in capsys.readouterr().err


def test_an_explanation_without_a_token() -> None:
    fields = explanation_fields(Explanation(TokenResult.FORMAT_ERROR, Cause.FORMAT, "no token"))
    assert fields == {"result": "format_error", "cause": "format", "text": "no token", "likely": None, "meter": None}
    assert now_ms() > 1_700_000_000_000
