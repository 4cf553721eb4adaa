"""The log redactor: what goes, what stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.keys import REDACTED, redact

OCTETS = bytes.fromhex("000102030405060708090a0b0c0d0e0f")

# name              kept or redacted
TABLE = """
encryption_key      redacted
authentication_key  redacted
Master_Key          redacted
dedicated_key       redacted
dedicated           redacted
keys                redacted
lls_secret          redacted
password            redacted
ek                  redacted
AK                  redacted
authorization       redacted
credential          redacted
event               kept
apdu                kept
system_title        kept
week                kept
keyring_size        kept
monkey_business     kept
"""


@pytest.mark.parametrize("row", [line.split() for line in TABLE.strip().splitlines()], ids=lambda row: row[0])
def test_names_decide(row: list[str]) -> None:
    name, verdict = row
    for value in (OCTETS, OCTETS.hex(), list(OCTETS), 5):
        assert redact(None, "info", {name: value}) == {name: REDACTED if verdict == "redacted" else value}


def test_the_depth_of_the_event_does_not_matter() -> None:
    event = {"meters": [{"serial": "FER1", "keys": {"ek": OCTETS}}, ({"secret": "x"},)]}
    assert redact(None, "info", event) == {"meters": [{"serial": "FER1", "keys": REDACTED}, [{"secret": REDACTED}]]}


def test_absence_and_flags_stay_visible() -> None:
    assert redact(None, "info", {"master_key": None, "has_key": True}) == {"master_key": None, "has_key": True}


def test_the_event_itself_is_left_alone() -> None:
    event = {"encryption_key": OCTETS}
    redact(None, "info", event)
    assert event == {"encryption_key": OCTETS}


def test_a_structure_that_contains_itself_ends() -> None:
    loop: dict[str, object] = {}
    loop["inner"] = loop
    assert REDACTED in repr(redact(None, "info", {"loop": loop}))


VALUES = st.recursive(
    st.integers() | st.text(max_size=5),
    lambda inner: st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES, st.integers(0, 6))
def test_a_secret_is_gone_wherever_it_lies(value: object, depth: int) -> None:
    event: dict[str, object] = {"some_secret": "the octets", "other": value}
    for _ in range(depth):
        event = {"inner": event}
    assert "the octets" not in repr(redact(None, "info", event))
