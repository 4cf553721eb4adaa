"""One line in, one line out, whatever the line is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.dlms.inspect import answer_line, error_to_json
from ferraris.kernel.errors import DecodeError
from ferraris.kernel.limits import INSPECTION_LINE_OCTETS_MAX

GET = "c001c1 0008 0000010000ff 02 00"
FIELDS = ["id", "ok", "layers", "apdu", "value", "error"]


def answer(line: Any) -> dict[str, Any]:
    text = answer_line(line if isinstance(line, str | bytes) else json.dumps(line))
    assert "\n" not in text
    found: dict[str, Any] = json.loads(text)
    assert list(found) == FIELDS
    assert found["ok"] == (found["error"] is None)
    return found


def test_a_right_line() -> None:
    found = answer({"id": "a", "hex": GET, "keys": {}})
    assert (found["id"], found["ok"], found["apdu"]) == ("a", True, "GetRequestNormal")
    assert answer({"hex": GET})["id"] is None
    assert answer({"id": 7, "hex": GET, "keys": None})["id"] == 7
    assert answer(json.dumps({"id": "a", "hex": GET}).encode())["ok"]


def test_an_error_has_type_expected_got_and_offset() -> None:
    found = answer({"id": "a", "hex": GET + "00"})
    assert found["error"] == {
        "type": "DecodeError",
        "summary": "octets follow the APDU",
        "expected": 13,
        "got": 14,
        "offset": 13,
        "clause": "Green Book 9.5",
    }
    assert (found["apdu"], found["value"]) == (None, None)


def test_layers_before_an_error_are_shown() -> None:
    found = answer({"id": "a", "hex": "00010001001000 01 c0"})
    assert not found["ok"]
    assert [layer["layer"] for layer in found["layers"]] == ["wrapper"]


@pytest.mark.parametrize(
    ("line", "summary"),
    [
        ("", "a line is not JSON"),
        ("{", "a line is not JSON"),
        ('{"id": "a"', "a line is not JSON"),
        (b"\xff\xfe", "a line is not JSON"),
        ("[" * 100_000, "a line is not JSON"),
        ('{"id": NaN, "hex": ""}', "a line is not JSON"),
        ('{"id": ' + "9" * 5000 + "}", "a line is not JSON"),
        ('{"hex": "c0", "hex": "c1"}', "a line is not JSON"),
        ("[]", "a line is no object"),
        ("5", "a line is no object"),
        ("null", "a line is no object"),
        ('{"id": []}', "an id is no text or number"),
        ('{"id": {"a": 1}}', "an id is no text or number"),
        ("{}", "hex is not hexadecimal"),
        ('{"hex": null}', "hex is not hexadecimal"),
        ('{"hex": "c"}', "hex is not hexadecimal"),
        ('{"hex": 5}', "hex is not hexadecimal"),
        ('{"hex": ""}', "there is nothing to decode"),
        ('{"hex": "c0", "keys": [1]}', "keys are no object"),
        ('{"hex": "c0", "keys": {"ek": "xyz"}}', "ek is not hexadecimal"),
    ],
)
def test_a_wrong_line(line: str | bytes, summary: str | None) -> None:
    found = answer(line)
    assert (found["error"] or {}).get("summary") == (summary or (found["error"] or {}).get("summary"))
    assert summary is None or not found["ok"]


def test_a_line_too_long_is_refused() -> None:
    found = answer(" " * (INSPECTION_LINE_OCTETS_MAX + 1))
    assert found["error"]["summary"] == "a line is too long"


def test_the_id_of_a_refused_line_is_kept() -> None:
    assert answer({"id": "known", "hex": "zz"})["id"] == "known"


def test_text_that_no_output_can_carry_is_escaped() -> None:
    found = answer_line('{"id": "\\ud800é", "hex": "c0"}')
    assert found.isascii()
    assert json.loads(found)["id"] == "\ud800é"


def test_what_json_has_no_like_for_becomes_text() -> None:
    error = DecodeError("x", expected=(0, 1), got=b"\x00")
    assert error_to_json(error)["expected"] == "(0, 1)"
    assert error_to_json(error)["got"] == "b'\\x00'"


def test_key_material_and_signatures_have_no_apdu() -> None:
    row = {"id": "w", "kind": "key-wrap", "hex": "00" * 24, "keys": {"kek": "00" * 16}}
    found = answer(row)
    assert (found["ok"], found["error"]["type"]) == (False, "AuthenticationError")
    assert [layer["layer"] for layer in found["layers"]] == ["key-wrap"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "hex", "keys", "ek", "kind"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@settings(max_examples=300)
@given(JSON)
def test_any_json_is_answered(document: Any) -> None:
    answer(document)


@settings(max_examples=200)
@given(st.binary(max_size=40).map(lambda octets: octets.replace(b"\n", b"")))
def test_any_line_is_answered(line: bytes) -> None:
    answer(line)


@settings(max_examples=200)
@given(
    st.binary(max_size=60),
    st.fixed_dictionaries(
        {},
        optional={
            name: st.binary(max_size=34).map(bytes.hex)
            for name in ("ek", "ak", "system_title", "dedicated", "kek", "server_static_private")
        },
    ),
    st.sampled_from(["", "db08464552484553303119", "c81e30", "d01e30", "dd00084645524845533031000000"]),
)
def test_any_keys_are_answered(octets: bytes, keys: dict[str, str], start: str) -> None:
    answer({"hex": start + octets.hex(), "keys": keys})
