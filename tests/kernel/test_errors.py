"""The tree of errors: fields first, text derived."""

from __future__ import annotations

import pytest

from ferraris.kernel import errors
from ferraris.kernel.errors import FerrarisError, LinkError, ProtocolError, RefusedError, SecurityError

PARENTS = """
ProtocolError           FerrarisError
LocalProtocolError      ProtocolError
RemoteProtocolError     ProtocolError
DecodeError             RemoteProtocolError
SecurityError           FerrarisError
AuthenticationError     SecurityError
InvocationCounterError  SecurityError
LinkError               FerrarisError
LinkTimeoutError        LinkError
LinkClosedError         LinkError
LinkUnreachableError    LinkError
RefusedError            FerrarisError
StoreError              FerrarisError
TableError              FerrarisError
ConfigError             FerrarisError
"""


@pytest.mark.parametrize("line", PARENTS.strip().splitlines())
def test_the_tree(line: str) -> None:
    child, parent = (getattr(errors, name) for name in line.split())
    assert child.__bases__ == (parent,)


def test_every_error_stands_in_the_tree() -> None:
    defined = {name for name, value in vars(errors).items() if isinstance(value, type)}
    assert defined == {line.split()[0] for line in PARENTS.strip().splitlines()} | {"FerrarisError"}


TEXTS = [
    ({}, "cut short"),
    ({"expected": 3}, "cut short, expected 3"),
    ({"expected": 0, "got": 0}, "cut short, expected 0, got 0"),
    ({"got": "an array", "offset": 0}, "cut short, got an array, at octet 0"),
    ({"state": "IDLE"}, "cut short, in state IDLE"),
    ({"clause": "IEC 62056-5-3 9.5"}, "cut short, (IEC 62056-5-3 9.5)"),
    (
        {"expected": 1, "got": 2, "offset": 3, "state": "OPEN", "clause": "5.2"},
        "cut short, expected 1, got 2, at octet 3, in state OPEN, (5.2)",
    ),
]


@pytest.mark.parametrize(("fields", "text"), TEXTS)
def test_the_text_comes_from_the_fields(fields: dict[str, object], text: str) -> None:
    error = FerrarisError("cut short", **fields)  # type: ignore[arg-type]
    assert str(error) == text
    assert error.summary == "cut short"
    for name, value in fields.items():
        assert getattr(error, name) == value


def test_a_refusal_names_the_peers_answer() -> None:
    refusal = RefusedError("no read of the clock", result="read_write_denied", code=3)
    assert (refusal.result, refusal.code) == ("read_write_denied", 3)
    assert str(refusal) == "no read of the clock, got read_write_denied (3)"


def test_a_caller_branches_on_the_three_kinds() -> None:
    kinds = (ProtocolError, SecurityError, LinkError)
    for one in kinds:
        assert [issubclass(one, other) for other in kinds].count(True) == 1
