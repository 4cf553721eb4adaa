"""JSON from outside: what is no plain JSON is one kind of error, whichever way Python's own reader would have failed."""

from __future__ import annotations

import contextlib
import json
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.kernel.errors import ConfigError, FerrarisError, LocalProtocolError, StoreError
from ferraris.kernel.json_text import NAME_CHARACTERS_MAX, read_json, read_json_object

REFUSED = r"""
text                                what is told
                                    line 1 column 1
{                                   line 1 column 2
{"a": 1                             line 1 column 8
{"a": 1} x                          Extra data, line 1 column 10
{'a': 1}                            line 1 column 2
[1,]                                line 1 column 4
[01]                                line 1 column 3
NaN                                 NaN, which is no number
{"a": [Infinity]}                   Infinity, which is no number
{"a": -Infinity}                    -Infinity, which is no number
1e400                               a number that is too large
{"a": -1e999}                       a number that is too large
{"a": 1, "a": 1}                    'a' twice
{"b": {"a": 1, "c": 2, "a": 3}}     'a' twice
{"a": 1, "\u0061": 2}               'a' twice
"a\u0001                            Invalid
undefined                           line 1 column 1
"""

TAKEN = r"""
text                                value
1                                   1
-0                                  0
1e3                                 1000.0
"\ud83d\ude00"                      '😀'
"\ud800"                            '\ud800'
"\\ud800"                           '\\ud800'
{"a": {"a": 1}, "b": {"a": 2}}      {'a': {'a': 1}, 'b': {'a': 2}}
[null, true, false, "ä"]            [None, True, False, 'ä']
   {}                               {}
"""


def rows(table: str) -> list[tuple[str, str]]:
    lines = table.strip("\n").splitlines()[1:]
    return [(line[:36].strip(), line[36:]) for line in lines]


@pytest.mark.parametrize(("text", "told"), rows(REFUSED))
@pytest.mark.parametrize("form", [str, str.encode], ids=["text", "octets"])
def test_what_is_refused(text: str, told: str, form: Any) -> None:
    with pytest.raises(ConfigError) as refused:
        read_json(form(text), "the file")
    assert refused.value.summary == "the file is not JSON"
    assert told in refused.value.got


@pytest.mark.parametrize(("text", "value"), rows(TAKEN))
@pytest.mark.parametrize("form", [str, str.encode], ids=["text", "octets"])
def test_what_is_taken(text: str, value: str, form: Any) -> None:
    assert repr(read_json(form(text), "the file")) == value


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":', "[[],["])
def test_a_text_nested_without_end_is_refused(opening: str) -> None:
    with pytest.raises(ConfigError, match="the file is not JSON, expected JSON, got nested too deep"):
        read_json(opening * 100_000, "the file")


@pytest.mark.parametrize("text", ["%s", "-%s", '{"a": [%s]}'])
def test_a_whole_number_of_too_many_digits_is_refused(text: str) -> None:
    digits = "9" * (sys.get_int_max_str_digits() + 1)
    with pytest.raises(ConfigError, match=r"a number of \d+ digits") as refused:
        read_json(text % digits, "the file")
    assert digits not in str(refused.value)


@pytest.mark.parametrize("octets", [b"\xff", b'"\xc3"', b'{"a": "\xed\xa0\x80"}', '{"a": 1}'.encode("utf-16")])
def test_octets_that_are_no_utf_8_are_refused(octets: bytes) -> None:
    with pytest.raises(ConfigError, match=r"the file is not JSON, expected JSON, got no UTF-8, at octet \d"):
        read_json(octets, "the file")


def test_a_mark_of_the_byte_order_is_passed_over() -> None:
    assert read_json(b'\xef\xbb\xbf{"a": 1}', "the file") == {"a": 1}


def test_where_it_stands_is_told_in_octets_and_in_lines() -> None:
    with pytest.raises(ConfigError) as refused:
        read_json('{"ä": 1,\n "b": }', "the file")
    assert "line 2 column 7" in refused.value.got
    assert refused.value.offset == 16


def test_a_name_given_twice_is_told_in_short() -> None:
    name = "x" * 1_000
    with pytest.raises(ConfigError, match=" twice") as refused:
        read_json(json.dumps({name: 1})[:-1] + f', "{name}": 2}}', "the file")
    assert "x" * NAME_CHARACTERS_MAX in str(refused.value)
    assert len(str(refused.value)) < 200


OTHERS = """
text        got
[]          an array
[{}]        an array
"{}"        a text
3           a number
3.5         a number
true        true or false
null        null
"""


@pytest.mark.parametrize(("text", "got"), [line.split(None, 1) for line in OTHERS.strip().splitlines()[1:]])
def test_what_is_no_object_is_refused_as_what_it_is(text: str, got: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read_json_object(text, "the file", expected="an object with a name")
    assert str(refused.value) == f"the file is no object, expected an object with a name, got {got}"


@pytest.mark.parametrize("error", [ConfigError, LocalProtocolError, StoreError])
@pytest.mark.parametrize("text", ["", "[]", "[" * 100_000, "9" * 5_000, '{"a": NaN}', b"\xff"])
def test_the_caller_says_which_error_it_is(error: type[FerrarisError], text: str | bytes) -> None:
    with pytest.raises(error) as refused:
        read_json_object(text, "a line", expected="an object a line", error=error)
    assert type(refused.value) is error
    assert refused.value.expected == "an object a line"


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(PLAIN, st.booleans())
def test_what_is_written_is_read_again(value: Any, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert read_json(text, "the file") == value
    assert read_json(text.encode(), "the file") == value


@given(st.binary(max_size=60) | st.text(alphabet='[]{}":,0123456789eE.+-truefalsn\\ud8 ', max_size=60))
def test_whatever_comes_is_read_or_refused(text: str | bytes) -> None:
    """And what is read can be written again."""
    with contextlib.suppress(ConfigError):
        value = read_json(text, "the file")
        assert read_json(json.dumps(value, allow_nan=False), "the file") == value


MONEY = """
text            value
1.10            '1.10'
1e999           '1e999'
-0.0            '-0.0'
110             110
"""


@pytest.mark.parametrize(("text", "value"), [line.split() for line in MONEY.strip().splitlines()[1:]])
def test_money_is_never_a_float(text: str, value: str) -> None:
    read = read_json_object(f'{{"amount": {text}}}', "the line", fractions_as_text=True)
    assert repr(read["amount"]) == value
    with pytest.raises(ConfigError, match="'amount' twice"):
        read_json_object(f'{{"amount": {text}, "amount": 1}}', "the line", fractions_as_text=True)
