"""The object browser: made of profile and declarations, with values that somebody has really read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ferraris.console.objects import KnownValue, access_text, argument_of, browse, known_values
from ferraris.cosem import AccessMode, interface_class, load_profile
from ferraris.headend import CommandKind
from ferraris.store import CommandRow, CommandState, Reading

PROFILE = load_profile("smr5_three_phase")
IMPORT = (3, "1.0.1.8.0.255", 2)


def answered(kind: CommandKind, detail: object, *, argument: str = "", at_ms: int = 5_000, **other: Any) -> CommandRow:
    text = detail if isinstance(detail, str) else json.dumps(detail)
    given = {"state": CommandState.CONFIRMED, "finished_ms": at_ms, **other}
    return CommandRow(
        id=1, meter=1, kind=kind, argument=argument, requested_ms=0, requested_by="t", sent_ms=0, detail=text, **given
    )


def test_every_object_that_the_association_sees_is_there() -> None:
    objects = browse(PROFILE, "management", {})
    assert [entry.logical_name for entry in objects] == [
        str(element.logical_name) for element in PROFILE.object_list("management")
    ]
    public = browse(PROFILE, "public", {})
    assert {entry.tag for entry in public} == {
        "LOGICAL_DEVICE_NAME",
        "CLOCK",
        "INVOCATION_COUNTER",
        "INVOCATION_COUNTER_SENT",
    }
    assert browse(PROFILE, None, {}) == ()


def test_attributes_and_methods_are_those_of_the_declaration() -> None:
    for entry in browse(PROFILE, "management", {}):
        declared = interface_class(entry.class_id, entry.version)
        assert declared is not None
        assert entry.interface_class == declared.__name__
        assert [view.number for view in entry.attributes] == [attribute.number for attribute in declared.attributes()]
        assert [view.name for view in entry.methods] == [method.name for method in declared.methods()]


def test_one_object_in_full() -> None:
    clock = next(entry for entry in browse(PROFILE, "management", {}) if entry.tag == "CLOCK")
    time = clock.attributes[1]
    assert (clock.class_id, clock.version, clock.meaning) == (8, 0, "Local time of the device")
    assert (time.number, time.name, time.access, time.dynamic, time.known) == (2, "time", "read and write", True, None)
    assert argument_of(clock, 2) == "8/0.0.1.0.0.255/2"
    executable = {method.name for method in clock.methods if method.executable}
    assert executable == {"adjust_to_quarter", "adjust_to_minute", "shift_time"}


def test_rights_follow_the_association() -> None:
    def access(association: str) -> str:
        objects = browse(PROFILE, association, {})
        return next(entry.attributes[1].access for entry in objects if entry.tag == "CLOCK")

    assert (access("management"), access("reading")) == ("read and write", "read")


def test_a_secret_has_no_value_to_show() -> None:
    association = next(entry for entry in browse(PROFILE, "management", {}) if entry.tag == "ASSOCIATION")
    secret = next(view for view in association.attributes if view.name == "secret")
    assert (secret.access, secret.known) == ("none", None)


def test_a_static_attribute_shows_what_the_profile_lays_down() -> None:
    profile = next(entry for entry in browse(PROFILE, "management", {}) if entry.tag == "LOAD_PROFILE")
    period = next(view for view in profile.attributes if view.name == "capture_period")
    assert (period.known, period.unit) == (KnownValue(900, None, "profile"), "s")


def test_a_registers_scaler_and_unit() -> None:
    voltage = next(entry for entry in browse(PROFILE, "management", {}) if entry.tag == "VOLTAGE_L1")
    assert (voltage.attributes[1].scaler, voltage.attributes[1].unit) == (-1, "V")


@pytest.mark.parametrize(
    ("stored_s", "read_ms", "value", "source"),
    [(4, 5_000, 7, "read"), (6, 5_000, 3, "collected"), (None, 5_000, 7, "read"), (6, None, 3, "collected")],
)
def test_the_newest_value_counts(stored_s: int | None, read_ms: int | None, value: int, source: str) -> None:
    stored = [] if stored_s is None else [Reading(1, 1, stored_s, 3, 0)]
    shown = {"ACTIVE_ENERGY_IMPORT": {"value": 7, "scaler": 0, "unit": "watt_hour"}}
    rows = [] if read_ms is None else [answered(CommandKind.READ_NOW, shown, at_ms=read_ms)]
    known = known_values(PROFILE, stored, rows)[IMPORT]
    assert (known.value, known.source) == (value, source)


def test_an_attribute_that_was_read() -> None:
    row = answered(CommandKind.READ_ATTRIBUTE, {"value": [1, "x"], "octets": "00"}, argument="8/0.0.1.0.0.255/3")
    known = known_values(PROFILE, [], [row])
    assert known == {(8, "0.0.1.0.0.255", 3): KnownValue([1, "x"], 5_000, "read")}
    clock = next(entry for entry in browse(PROFILE, "management", known) if entry.tag == "CLOCK")
    assert clock.attributes[2].known == KnownValue([1, "x"], 5_000, "read")


STRANGE = [
    answered(CommandKind.READ_NOW, '{"ACTIVE_ENERGY_IMPORT": ' + "[" * 100_000),
    answered(CommandKind.READ_NOW, '{"ACTIVE_ENERGY_IMPORT": {"value": NaN}}'),
    answered(CommandKind.READ_NOW, '{"ACTIVE_ENERGY_IMPORT": {"value": 1, "value": 2}}'),
    answered(CommandKind.READ_NOW, '{"ACTIVE_ENERGY_IMPORT": {"value": ' + "9" * 5_000 + "}}"),
    answered(CommandKind.READ_NOW, ""),
    answered(CommandKind.READ_NOW, "no JSON"),
    answered(CommandKind.READ_NOW, "[1, 2]"),
    answered(CommandKind.READ_NOW, {"ACTIVE_ENERGY_IMPORT": 5}),
    answered(CommandKind.READ_NOW, {"NOBODY": {"value": 5}}),
    answered(CommandKind.READ_NOW, {"ACTIVE_ENERGY_IMPORT": {"refused": "read-write-denied"}}),
    answered(CommandKind.READ_ATTRIBUTE, {"octets": "00"}, argument="8/0.0.1.0.0.255/3"),
    answered(CommandKind.READ_ATTRIBUTE, {"value": 1}, argument="8/0.0.1.0.0.255"),
    answered(CommandKind.READ_ATTRIBUTE, {"value": 1}, argument="a/b/c"),
    answered(CommandKind.READ_ATTRIBUTE, {"value": 1}, argument="8/0.0.1.0.0.255/3", state=CommandState.FAILED),
    answered(CommandKind.DISCONNECT, "output off"),
]


@pytest.mark.parametrize("row", STRANGE, ids=lambda row: f"{row.kind} {row.detail[:60]} {row.argument}")
def test_an_answer_that_is_none_says_nothing(row: CommandRow) -> None:
    assert known_values(PROFILE, [], [row]) == {}


def test_a_channel_of_no_table_is_left_out() -> None:
    assert known_values(PROFILE, [Reading(1, 999, 5, 5, 0)], []) == {}


@pytest.mark.parametrize(
    ("mode", "text"),
    [
        (AccessMode.NONE, "none"),
        (AccessMode.READ, "read"),
        (AccessMode.WRITE, "write"),
        (AccessMode.READ_WRITE, "read and write"),
    ],
)
def test_rights_in_words(mode: AccessMode, text: str) -> None:
    assert access_text(mode) == text
