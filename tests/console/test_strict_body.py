"""Bodies of requests: declared fields and no others, in the head-end's REST as in vending's."""

from __future__ import annotations

from dataclasses import dataclass, is_dataclass
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from ferraris.console import rest, rest_meters
from ferraris.console.strict_body import StrictBody


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(StrictBody):
    meter: str
    count: int = 1


def test_declared_fields_are_taken_and_others_refused() -> None:
    taken = TypeAdapter(Order)
    assert taken.validate_python({"meter": "m"}) == Order(meter="m")
    with pytest.raises(ValidationError) as caught:
        taken.validate_python({"meter": "m", "cuont": 2})
    assert [error["loc"] for error in caught.value.errors()] == [("cuont",)]
    assert not hasattr(Order(meter="m"), "__dict__")


@pytest.mark.parametrize("body", [rest.AlarmName, rest.Collection, rest_meters.Order])
def test_the_bodies_of_the_head_end_are_strict(body: Any) -> None:
    assert is_dataclass(body)
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(body).validate_python({"serails": []})
    assert "serails" in {str(error["loc"][0]) for error in caught.value.errors()}
