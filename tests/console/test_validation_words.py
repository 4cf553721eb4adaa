"""What is wrong with a field, in the system's own words; no secret is repeated."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, Field, StringConstraints, TypeAdapter, ValidationError
from pydantic_core.core_schema import ErrorType

from ferraris.console.validation_words import EXPECTED, finding


class Fruit(StrEnum):
    APPLE = "apple"
    PEAR = "pear"


def no_ties(text: str) -> str:
    if "tie" in text:
        raise ValueError("no ties")
    return text


@dataclass
class Body:
    count: Annotated[int, Field(ge=1, lt=10)] = 1
    least: Annotated[int, Field(gt=1, le=10)] = 2
    money: Annotated[Decimal, Field(max_digits=6, decimal_places=2)] = Decimal(1)
    name: Annotated[str, StringConstraints(min_length=1, max_length=4), AfterValidator(no_ties)] = "n"
    long: Annotated[str, StringConstraints(min_length=3)] = "long"
    group: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")] = "600727"
    odd: Annotated[str, StringConstraints(pattern=r"^x+$")] = "x"
    fruit: Fruit = Fruit.APPLE
    ripe: bool = True
    all: Annotated[list[int], Field(min_length=1, max_length=2)] = field(default_factory=lambda: [1])
    secret: Annotated[str, Field(max_length=4)] = ""


BODY = TypeAdapter(Body)

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"count": "seven"}, "count: expected a whole number, got 'seven'"),
    ({"count": 1.5}, "count: expected a whole number, got 1.5"),
    ({"count": None}, "count: expected a whole number"),
    ({"count": "9" * 5_000}, "count: expected a whole number of fewer digits, got '" + "9" * 39),
    ({"count": 0}, "count: expected at least 1, got 0"),
    ({"count": 10}, "count: expected less than 10, got 10"),
    ({"least": 1}, "least: expected more than 1, got 1"),
    ({"least": 11}, "least: expected at most 10, got 11"),
    ({"money": "lots"}, "money: expected a decimal number, got 'lots'"),
    ({"money": "NaN"}, "money: expected a decimal number, got 'NaN'"),
    ({"money": "1.234"}, "money: expected at most 2 decimals, got '1.234'"),
    ({"money": "1234567"}, "money: expected at most 6 digits, got '1234567'"),
    ({"money": "12345"}, "money: expected at most 4 digits before the point, got '12345'"),
    ({"name": ""}, "name: expected a text, got ''"),
    ({"name": 5}, "name: expected a text, got 5"),
    ({"name": "names"}, "name: expected at most 4 characters, got 5"),
    ({"name": "tie"}, "name: expected no ties, got 'tie'"),
    ({"long": "ab"}, "long: expected 3 characters, got 2"),
    ({"group": "60"}, "group: expected six digits, got '60'"),
    ({"odd": "y"}, "odd: expected what fits ^x+$, got 'y'"),
    ({"fruit": "plum"}, "fruit: expected 'apple' or 'pear', got 'plum'"),
    ({"ripe": "very"}, "ripe: expected true or false, got 'very'"),
    ({"all": []}, "all: expected at least 1 in the list"),
    ({"all": [1, 2, 3]}, "all: expected at most 2 in the list"),
    ({"all": "one"}, "all: expected a list, got 'one'"),
    ({"all": [1, "two"]}, "all.1: expected a whole number, got 'two'"),
    ({"secret": "hidden"}, "secret: expected at most 4 characters"),
]


def findings(body: object) -> list[str]:
    try:
        BODY.validate_python(body)
    except ValidationError as error:
        return [finding({**entry, "loc": ("body", *entry["loc"])}) for entry in error.errors()]
    return []


@pytest.mark.parametrize(("body", "said"), WRONG, ids=[said for _, said in WRONG])
def test_a_field_that_is_wrong(body: dict[str, Any], said: str) -> None:
    assert findings(body) == [said]


def test_a_body_that_is_none() -> None:
    assert findings("text") == ["Expected an object with named fields, got 'text'"]
    assert finding({"type": "missing", "loc": ("body",), "msg": "Field required"}) == "The body is missing"
    assert finding({"type": "missing", "loc": ("body", "till"), "msg": "Field required"}) == "till is missing"
    assert finding({"type": "extra_forbidden", "loc": ("body", "x"), "msg": "Extra"}) == "x: no such field"
    told = {"type": "json_invalid", "loc": ("body", 3), "msg": "JSON decode error", "ctx": {"error": "Expecting value"}}
    assert finding(told) == "The body is no JSON: expecting value"


def test_what_is_not_in_the_list_is_said_as_it_comes() -> None:
    assert finding({"type": "url_scheme", "loc": ("query", "place"), "msg": "URL scheme"}) == "place: uRL scheme"


@given(
    st.dictionaries(st.sampled_from(list(Body.__annotations__)), st.none() | st.integers() | st.text() | st.floats())
)
def test_nothing_is_said_in_the_validations_own_words(body: dict[str, Any]) -> None:
    for said in findings(body):
        assert "nput should" not in said
        assert "String" not in said.partition(", got")[0]
        assert len(said) < 200


def test_every_kind_of_error_is_one_that_the_validation_knows() -> None:
    assert set(EXPECTED) <= set(get_args(ErrorType))
