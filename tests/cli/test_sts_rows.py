"""One line of `ferraris sts … --jsonl`."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cli.sts_rows import answer, decode_row, derive_row, encode_row, error_fields, fields_of
from ferraris.kernel.errors import FerrarisError
from ferraris.sts import BaseDate, CurrencyCreditToken, Service, StaTables, TokenError, TokenResult
from tests.sts.published import Row, rows

SAMPLE = StaTables.SAMPLE
CREDIT: Row = next(row for row in rows() if row["id"] == "531-1-11-CTSA10-2")
CHANGE: Row = next(row for row in rows() if row["id"] == "531-1-11-CTSA05-1")


def told(line: str | bytes, compute: Any = encode_row) -> dict[str, Any]:
    """The answer, as the one who asked reads it."""
    said = json.loads(answer(line, compute, SAMPLE))
    assert isinstance(said, dict)
    return said


def with_inputs(row: Row, **changes: object) -> str:
    inputs = {name: value for name, value in {**row["inputs"], **changes}.items() if value is not None}
    return json.dumps({**row, "inputs": inputs})


def test_an_answer_names_its_row() -> None:
    assert told(json.dumps(CREDIT)) == {
        "id": CREDIT["id"],
        "ok": True,
        "token": CREDIT["expected"],
        "error": None,
    }


def test_inputs_may_stand_beside_the_id() -> None:
    assert told(json.dumps({"id": 7, **CREDIT["inputs"]}))["token"] == CREDIT["expected"]


def test_the_amount_goes_before_the_field_unless_it_was_not_rounded_up() -> None:
    assert told(with_inputs(CREDIT, field16="0001"))["token"] == CREDIT["expected"]
    not_rounded = with_inputs(CREDIT, amount_text="999", field16="3fff", amount_matches_exact_ceil=False)
    assert told(not_rounded)["token"] == CREDIT["expected"]
    assert told(with_inputs(CREDIT, amount_text=None, field16="3fff"))["token"] == CREDIT["expected"]


def test_a_time_of_issue_will_do_and_so_will_a_decoder_key() -> None:
    assert told(with_inputs(CREDIT, tid=None))["token"] == CREDIT["expected"]
    assert told(with_inputs(CREDIT, vk=None))["token"] == CREDIT["expected"]


def test_the_reserved_minute_is_for_special_tokens() -> None:
    base = {"tid": None, "issue": "2026-07-29 00:01:00"}
    next_minute = told(with_inputs(CREDIT, tid=None, issue="2026-07-29 00:02:00"))["token"]
    assert told(with_inputs(CREDIT, **base))["token"] == next_minute
    assert told(with_inputs(CREDIT, **base, special=True))["token"] != next_minute


def test_the_sample_tables_are_used_where_a_row_says_so() -> None:
    line = with_inputs(CREDIT, ea=7, tables="sample", vk=CREDIT["inputs"]["vk"], decoder_key=None)
    made = told(line)
    assert made["ok"]
    back = {**json.loads(line), "token": made["token"]}
    assert told(json.dumps(back), decode_row)["tid"] == CREDIT["inputs"]["tid"]


def test_an_incomplete_key_change_shows_its_sections() -> None:
    row = {**CHANGE, "expected": CHANGE["expected"][:3]}
    said = told(json.dumps(row), decode_row)
    assert [section["kind"][9:] for section in said["sections"]] == ["FirstSection", "SecondSection", "ThirdSection"]
    assert "new" not in said


def test_a_wrong_check_value_is_seen() -> None:
    crc: Row = next(row for row in rows() if row["id"] == "crc-1")
    assert told(json.dumps(crc), decode_row)["ok"]
    assert not told(json.dumps({**crc, "expected": "0FFB"}), decode_row)["ok"]


def test_a_check_digit_is_told_right_or_wrong() -> None:
    assert told('{"inputs": {"drn": "00000000000"}}')["pan"] == "600727000000000009"
    said = told('{"inputs": {"drn": "00000000001"}}')
    assert (said["ok"], said["value"]) == (False, "LUHN ERROR")
    assert told('{"inputs": {"drn": "1"}}').get("value") is None


def test_errors_carry_the_name_of_the_result() -> None:
    said = told(json.dumps({**CREDIT, "expected": "99999999999999999999"}), decode_row)
    assert said["error"]["result"] == "format_error"
    error = TokenError(TokenResult.OLD_ERROR, "issued before", expected=3)
    assert error_fields(error) == {
        "type": "TokenError",
        "result": "old_error",
        "summary": "old_error: issued before",
        "expected": "3",
        "got": None,
    }


def test_no_token_is_made_under_an_expired_key() -> None:
    said = told(with_inputs(CREDIT, ken=85, tid=None, issue="2032-10-27 08:00"))
    assert said["error"]["result"] == "key_expired_error"
    assert told(with_inputs(CREDIT, ken=CREDIT["inputs"]["tid"] >> 16))["ok"]


def test_a_block_stands_in_where_random_bits_are_not_said() -> None:
    line = with_inputs(CREDIT, rnd=None, block=told(json.dumps(CREDIT), decode_row)["block"])
    assert told(line)["token"] == CREDIT["expected"]


def test_a_derivation_says_its_algorithm() -> None:
    row: Row = next(row for row in rows() if row["id"] == "dkga02-1")
    assert told(json.dumps(row)) == told(json.dumps(row), derive_row)
    assert told(json.dumps(row))["decoder_key"] == row["expected"]


def test_money_has_no_random_bits() -> None:
    fields = fields_of(CurrencyCreditToken(Service.GAS, 1, 100_004), BaseDate.Y2014)
    assert "rnd" not in fields
    assert (fields["amount"], fields["issue"]) == ("1.00004", "2014-01-01 00:01:00")


# line                                        what the error says
BROKEN = [
    ("{", "not JSON"),
    ("[]", "no object"),
    ('{"id": 1, "id": 2}', "not JSON"),
    ('{"id": NaN}', "not JSON"),
    ("[" * 100_000, "not JSON"),
    ('{"inputs": 3}', "the inputs of a row"),
    ("{}", "no meter PAN|a meter number"),
    (with_inputs(CREDIT, ea=8), "the input ea"),
    (with_inputs(CREDIT, ea=True), "the input ea"),
    (with_inputs(CREDIT, vk="zz"), "the input vk"),
    (with_inputs(CREDIT, vk=3), "the input vk"),
    (with_inputs(CREDIT, tid=1 << 24), "token identifier"),
    (with_inputs(CREDIT, rnd=16), "random"),
    (with_inputs(CREDIT, rnd="x"), "the input rnd"),
    (with_inputs(CREDIT, amount_text="x"), "no number"),
    (with_inputs(CREDIT, amount_text="-1"), "cannot carry"),
    (with_inputs(CREDIT, amount_text=None, field16="10000"), "field16"),
    (with_inputs(CREDIT, amount_text=None, field16=None), "a row without its token"),
    (with_inputs(CREDIT, token_class=2, subclass=3), "class 2, subclass 3"),
    (with_inputs(CREDIT, tid=None, issue="yesterday"), "a time of issue"),
    (with_inputs(CREDIT, base_date=2000), "base date"),
    (with_inputs(CHANGE, new=3), "the input new"),
    ('{"inputs": {"token_class": 1, "subclass": 3, "control": "0"}}', "the input subclass"),
    ('{"inputs": {"token_class": 1, "control": "x"}}', "the input control"),
    ('{"inputs": {"key": "00", "plaintext": "00"}}', "decoder key of EA11"),
]


@pytest.mark.parametrize(("line", "said"), BROKEN, ids=[str(number) for number in range(len(BROKEN))])
def test_what_is_wrong_with_a_line_is_said(line: str, said: str) -> None:
    error = told(line)["error"]
    assert any(piece in f"{error['summary']} {error['got']}" for piece in said.split("|")), error


def test_a_key_is_not_repeated_in_an_error() -> None:
    said = answer(with_inputs(CREDIT, vk="5ec2e7" * 6), encode_row, SAMPLE)
    assert "5ec2e7" not in said


def test_an_ordinary_row_has_no_key_change() -> None:
    assert told(json.dumps({**CREDIT, "expected": [CREDIT["expected"]]}), decode_row)["ok"] is False


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=40)
    | st.sampled_from(["0001", "11", "600727000000000009"])
)


@given(
    st.sampled_from((CREDIT, CHANGE)), st.dictionaries(st.sampled_from([*CREDIT["inputs"], "new", "block"]), scalars)
)
def test_any_inputs_are_answered(row: Row, changes: dict[str, object]) -> None:
    for compute in (encode_row, decode_row, derive_row):
        said = told(with_inputs(row, **changes), compute)
        assert said["ok"] == (said["error"] is None)


@given(st.binary(max_size=200))
def test_any_octets_are_answered(line: bytes) -> None:
    assert isinstance(told(line)["ok"], bool)


def test_only_errors_of_ours_become_answers() -> None:
    def broken(_row: object, _tables: object) -> dict[str, Any]:
        raise FerrarisError("said")

    assert told("{}", broken)["error"]["summary"] == "said"


floats = st.floats(allow_nan=False, allow_infinity=False)
odd = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), floats, st.text(max_size=20), st.just("9999-12-31")),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["token", "pan"]), inner),
    max_leaves=3,
)
NAMES = ["key", "data56", "plaintext", "token", "tokens", "new", "issue", "block", "control", "unverified", "dkga"]


@pytest.mark.parametrize("compute", [encode_row, decode_row, derive_row], ids=lambda each: each.__name__)
@given(row=st.sampled_from(rows()), data=st.data(), value=odd)
def test_a_row_with_anything_in_one_place_has_an_answer(
    compute: Any, row: Row, data: st.DataObject, value: Any
) -> None:
    name = data.draw(st.sampled_from([*row["inputs"], *NAMES]))
    said = told(json.dumps({**row, "inputs": {**row["inputs"], name: value}}), compute)
    assert said["id"] == row["id"]
    assert said["ok"] is (said["error"] is None)
