"""`ferraris sts` as people and programs call it."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from ferraris.cli import main
from ferraris.sts import StaTables
from tests.sts.published import FILE, METER, VENDING_KEY, rows

KEY = VENDING_KEY.hex()
FIELDS = ["--pan", METER.meter_pan.digits, "--sgc", METER.supply_group_code]
BY_KEY = [*FIELDS, "--vending-key", KEY]
CREDIT = "2364 1553 6653 9815 4702"


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str, given: str = "") -> int:
    monkeypatch.setattr(sys, "argv", ["ferraris", "sts", *arguments])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given.encode()), encoding="utf-8"))
    with pytest.raises(SystemExit) as ended:
        main.run()
    return int(ended.value.code or 0)


@pytest.fixture
def keys(tmp_path: Path) -> str:
    path = tmp_path / "keys.toml"
    path.write_text(f'vending_key = "{KEY}"\n')
    path.chmod(0o600)
    return str(path)


def meter_text(**changes: object) -> str:
    fields: dict[str, object] = {
        "pan": METER.meter_pan.digits,
        "encryption_algorithm": "EA11",
        "supply_group_code": "201457",
        "key_revision_number": 1,
        "tariff_index": 1,
        "base_date": 2014,
    }
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in {**fields, **changes}.items())


@pytest.fixture
def meter(tmp_path: Path) -> str:
    path = tmp_path / "meter.toml"
    path.write_text(meter_text())
    return str(path)


def test_a_credit_token_made_and_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], meter: str, keys: str
) -> None:
    issue = ["--issue", "2026-07-11 00:30", "--random", "5"]
    assert call(monkeypatch, "encode", "credit", "25.6", "--meter", meter, "--keys", keys, *issue) == 0
    made = capsys.readouterr().out
    assert made.splitlines()[0] == CREDIT
    for digits in ([CREDIT], CREDIT.split(), [CREDIT.replace(" ", "-")]):
        assert call(monkeypatch, "decode", *digits, *BY_KEY) == 0
        read = capsys.readouterr().out
        for piece in ("CreditToken, class 0, subclass 0", "2026-07-11 00:30:00 UTC", "25.6", "kWh"):
            assert piece in read
            assert piece in made
    assert KEY not in made


def test_an_ordinary_token_of_the_reserved_minute_carries_the_next(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    call(monkeypatch, "encode", "credit", "1", *BY_KEY, "--issue", "2026-07-29 00:01")
    assert "2026-07-29 00:02:00" in capsys.readouterr().out


# arguments                       what is shown
CLEAR = [
    (["encode", "test", "0xfffffffff"], "5649 3153 7254 5031 3471"),
    (["encode", "wide-test", "0xfffffff"], "0230 5843 0050 5295 1967"),
    (["encode", "read", "0xFC0000000"], "0344 0750 1154 4527 9822"),
    (["decode", "56493153725450313471"], "fffffffff"),
]


@pytest.mark.parametrize(("arguments", "shown"), CLEAR)
def test_tokens_for_any_meter_need_no_key(
    arguments: list[str], shown: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, *arguments) == 0
    assert shown in capsys.readouterr().out


def test_a_key_change(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, meter: str, keys: str
) -> None:
    new = tmp_path / "new.toml"
    new.write_text(meter_text(tariff_index=2))
    assert call(monkeypatch, "encode", "key-change", "--meter", meter, "--new-meter", str(new), "--keys", keys) == 0
    made = [line.replace(" ", "") for line in capsys.readouterr().out.splitlines()]
    assert made == next(row["expected"] for row in rows() if row["id"] == "531-1-11-CTSA05-1")
    assert call(monkeypatch, "encode", "key-change", "--meter", meter, "--keys", keys) == 2
    assert "expected --new-meter FILE" in capsys.readouterr().err


def test_a_decoder_key_is_printed_only_on_demand(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = "929bd3a415c9420a05ec5ee9f3ce91c3"
    assert call(monkeypatch, "derive", *BY_KEY) == 0
    shown = capsys.readouterr().out
    assert "check value" in shown
    assert secret not in shown
    assert call(monkeypatch, "derive", *BY_KEY, "--reveal") == 0
    assert secret in capsys.readouterr().out


def test_derive_answers_lines_with_keys(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    keyed = [row for row in rows() if "decoder_key" in row["inputs"]]
    assert call(monkeypatch, "derive", "--jsonl", given="".join(json.dumps(row) + "\n" for row in keyed)) == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [answer["decoder_key"] for answer in answers] == [row["inputs"]["decoder_key"] for row in keyed]


def test_encode_reproduces_every_published_row(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "encode", "--jsonl", given=FILE.read_text("utf-8")) == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [answer["id"] for answer in answers] == [row["id"] for row in rows()]
    for row, answer in zip(rows(), answers, strict=True):
        if row["reproduced"]:
            assert row["expected"] in [answer.get(name) for name in ("token", "tokens", "value", "decoder_key")], row[
                "id"
            ]
            assert answer["ok"] == (row["expected"] != "LUHN ERROR")
        else:
            assert not answer["ok"]
            assert "licensed tables" in answer["error"]["summary"]


def test_decode_reproduces_every_published_row(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a token says is what its row says: all of it but the amount on paper, which may have been rounded."""
    assert call(monkeypatch, "decode", "--jsonl", given=FILE.read_text("utf-8")) == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    for row, answer in zip(rows(), answers, strict=True):
        inputs = row["inputs"]
        if row["algorithm"] == "DKGA02":
            continue
        if not row["reproduced"] or row["expected"] == "LUHN ERROR":
            assert not answer["ok"]
            continue
        assert answer["ok"], answer
        if "new" in inputs:
            assert {name: answer["new"].get(name) for name in ("sgc", "ti", "krn", "kt", "ken")}.items() <= inputs[
                "new"
            ].items()
            continue
        for name in ("token_class", "subclass", "block", "tid", "issue", "rnd", "field16", "control", "mfr_code"):
            if name in inputs:
                assert str(answer[name]).lower() == str(inputs[name]).lower(), (row["id"], name)


def test_tables_come_by_option_and_by_setting(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Another set makes another token, and says nothing of samples."""
    sample = StaTables.SAMPLE
    own = tmp_path / "sta.toml"
    own.write_text(
        f"s1 = {list(sample.second_substitution)}\ns2 = {list(sample.first_substitution)}\np = {list(sample.permutation)}\n"
    )
    command = ["encode", "credit", "1", *BY_KEY, "--ea", "EA07", "--token-identifier", "7", "--random", "5"]
    monkeypatch.chdir(tmp_path)
    assert call(monkeypatch, *command) == 0
    with_sample = capsys.readouterr()
    assert "no real meter" in with_sample.err
    assert call(monkeypatch, *command, "--sta-tables", str(own)) == 0
    by_option = capsys.readouterr()
    assert "no real meter" not in by_option.err
    assert by_option.out.splitlines()[0] != with_sample.out.splitlines()[0]
    (tmp_path / "ferraris.toml").write_text(f'[sts]\nsta_tables = "{own}"\n')
    assert call(monkeypatch, *command) == 0
    assert capsys.readouterr() == by_option
    needing = json.dumps(next(row for row in rows() if not row["reproduced"]))
    assert call(monkeypatch, "encode", "--jsonl", given=needing) == 0
    assert json.loads(capsys.readouterr().out)["ok"]


# arguments                                             what the one line on standard error says
REFUSED = [
    (["encode", "credit", "1"], "no meter is named"),
    (["encode", "credit", "1", *FIELDS], "no vending key is named"),
    (["encode", "credit", "-", *BY_KEY], "no number"),
    (["encode", "credit", "1820162.5", *BY_KEY], "cannot carry"),
    (["encode", "--", "credit", "-1"], "no meter is named"),
    (["encode", "gold", "1", *BY_KEY], "a kind of token"),
    (["encode", "credit", "1", *BY_KEY, "--service", "steam"], "a service"),
    (["encode", "credit", "1", *BY_KEY, "--issue", "2013-12-31"], "before the base date"),
    (["encode", "credit", "1", *BY_KEY, "--issue", "2046-01-01"], "run out"),
    (["encode", "credit", "1", *BY_KEY, "--issue", "soon"], "a time of issue"),
    (["encode", "credit", "1", *BY_KEY, "--random", "16"], "random"),
    (["encode", "credit", "1", *BY_KEY, "--ken", "85", "--issue", "2032-10-27 08:00"], "key_expired_error"),
    (["encode", "credit", "1", *BY_KEY, "--krn", "0"], "key revision number"),
    (["encode", "credit", "1", *BY_KEY, "--ea", "EA08"], "--ea"),
    (["encode", "credit", "1", *BY_KEY, "--ea", "EA09", "--dkga", "DKGA04"], "decoded only"),
    (["encode", "credit", "1", *FIELDS, "--vending-key", KEY[:-1]], "hexadecimal digits"),
    (["encode", "credit", "1", *FIELDS, "--vending-key", KEY[:-2]], "expected 20 octets"),
    (["encode", "credit", "1", *BY_KEY, "--ea", "EA07", "--sta-tables", "/nowhere/sta.toml"], "No such file"),
    (["decode"], "there is no token"),
    (["decode", "1234", *BY_KEY], "format_error"),
    (["decode", "2364 1553 6653 9815 470x", *BY_KEY], "format_error"),
    (["decode", CREDIT.replace("2364", "2365"), *BY_KEY], "crc_error"),
    (["derive", *BY_KEY, "--pan", "600727000000000008"], "wrong check digit"),
]


@pytest.mark.parametrize(("arguments", "said"), REFUSED, ids=lambda value: str(value)[-40:])
def test_what_cannot_be_done_is_said_in_one_line(
    arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, *arguments) == 2
    shown = capsys.readouterr()
    assert said in shown.err
    assert KEY[:-2] not in shown.err + shown.out
