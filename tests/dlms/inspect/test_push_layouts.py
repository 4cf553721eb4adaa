"""The table of push layouts and how a row is chosen."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from ferraris.cosem import Obis
from ferraris.dlms.inspect import answer_line
from ferraris.dlms.inspect.push_layouts import (
    GENERIC,
    CapturedPush,
    Form,
    PushTraits,
    layout_of,
    push_layout_file,
    push_layout_files,
    push_layouts,
)
from ferraris.kernel.units import Unit

TRAITS = PushTraits(Form.PAIRS, 1, ("Kamstrup_V0001",), False, False)


@pytest.mark.parametrize(
    ("form", "unnamed", "texts", "date_time_first", "tagged", "name"),
    [
        (Form.PAIRS, 1, ("Kamstrup_V0001",), False, False, "Kamstrup"),
        (Form.PAIRS, 0, ("Kamstrup_V0001",), False, False, None),
        (Form.PAIRS, 0, ("KFM_001",), False, False, "Kaifa, logical names without units"),
        (Form.PAIRS, 1, ("2022-02-21 17:37:30",), True, False, "Landis+Gyr E450"),
        (Form.PAIRS, 1, ("2022-02-21 17:37:30",), False, False, None),
        (Form.PAIRS, 2, (), True, False, "Netz NÖ"),
        (Form.POSITIONS, 1, (), False, True, "Kaifa list 1"),
        (Form.POSITIONS, 1, (), False, False, None),
        (Form.POSITIONS, 9, ("KFM_001",), False, False, "Kaifa list 2, one phase"),
        (Form.POSITIONS, 13, ("KFM_001",), False, True, "Kaifa list 2, three phases"),
        (Form.POSITIONS, 13, ("ABC_001",), False, True, None),
        (Form.POSITIONS, 14, ("KFM_001",), False, True, "Kaifa list 3, one phase"),
        (Form.POSITIONS, 18, ("KFM_001",), False, True, "Kaifa list 3, three phases"),
        (Form.ENTRIES, 0, ("AIDON_V0001",), False, False, "Aidon"),
        (Form.ENTRIES, 0, (), False, False, "entries with their units"),
        (Form.ENTRIES, 3, (), False, False, None),
        (Form.DESCRIBED, 0, (), False, False, "push object list and values"),
        (Form.UNTAGGED, 0, (), False, False, "attribute descriptors without tags"),
    ],
)
def test_the_first_row_that_fits_is_taken(
    form: Form, unnamed: int, texts: tuple[str, ...], date_time_first: bool, tagged: bool, name: str | None
) -> None:
    layout = layout_of(PushTraits(form, unnamed, texts, date_time_first, tagged))
    assert (None if layout is None else layout.name) == name


def test_names_are_unique_and_vendors_known() -> None:
    layouts = push_layouts()
    assert len({layout.name for layout in layouts}) == len(layouts)
    assert all(layout.vendors for layout in layouts)


def test_a_scaler_is_found_by_value_groups() -> None:
    kamstrup = layout_of(TRAITS)
    assert kamstrup is not None
    current = kamstrup.scaler_of(Obis.parse("1.1.31.7.0.255"))
    assert current is not None
    assert (current.scaler, current.unit) == (-2, Unit.AMPERE)
    assert kamstrup.scaler_of(Obis.parse("1.1.31.8.0.255")) is None
    assert kamstrup.scaler_of(Obis.parse("0.1.96.7.0.255")) is None


def test_no_column_and_no_scaler_contradicts_another() -> None:
    for layout in push_layouts():
        # A push's object list may name two attributes of its push setup.
        assert layout.form is Form.DESCRIBED or len(set(layout.columns)) == len(layout.columns), layout.name
        groups = [(c, rule.d) for rule in layout.scalers for c in rule.c]
        assert len(set(groups)) == len(groups), layout.name


def test_columns_that_are_measured_have_a_scaler() -> None:
    """A value without a name has no scaler of its own either, unless it is a text or a date-time."""
    for layout in push_layouts():
        if layout.form is Form.POSITIONS:
            measured = [name for name in layout.columns if name.a == 1 and name.c != 0]
            assert measured
            assert all(layout.scaler_of(name) for name in measured if name.b == 0), layout.name
            assert not layout.types or len(layout.types) == len(layout.columns), layout.name


def test_the_form_decides_first() -> None:
    assert layout_of(replace(TRAITS, form=Form.POSITIONS)) is None


def test_data_types_tell_layouts_of_one_length_apart() -> None:
    number = "double-long-unsigned"
    traits = PushTraits(Form.POSITIONS, 9, (), True, False, ("octet-string", *[number] * 8))
    found = layout_of(traits)
    assert found is not None
    assert found.operators == ("Wiener Netze",)
    assert layout_of(replace(traits, types=(*traits.types[:-1], "long-unsigned"))) is None
    assert layout_of(replace(traits, starts_with_date_time=False)) is None


def test_the_object_list_of_a_push_decides_on_its_scalers() -> None:
    [layout] = [layout for layout in push_layouts() if layout.name == "Landis+Gyr E450, 2026"]
    traits = PushTraits(Form.DESCRIBED, 0, (), False, False, (), layout.columns)
    assert layout_of(traits) is layout
    other = layout_of(replace(traits, listed=layout.columns[:-1]))
    assert other is not None
    assert other.name == "push object list and values"


def test_a_meter_type_tells_a_vendors_lists_apart() -> None:
    texts = ("Kamstrup_V0001", "6841138BN243101010")
    found = layout_of(replace(TRAITS, texts=texts))
    assert found is not None
    voltage = found.scaler_of(Obis.parse("1.1.32.7.0.255"))
    assert voltage is not None
    assert (voltage.scaler, voltage.unit) == (-2, Unit.VOLT)


def test_every_file_is_read_and_the_generic_one_last() -> None:
    files = push_layout_files()
    assert files[-1] == GENERIC
    assert list(files[:-1]) == sorted(files[:-1])
    assert [layout.name for layout in push_layout_file(GENERIC).layouts] == [
        layout.name for layout in push_layouts()[-3:]
    ]


CAPTURED = [
    pytest.param(file, push, id=f"{file}: {push.name}")
    for file in push_layout_files()
    for push in push_layout_file(file).telegrams
]


@pytest.mark.parametrize(("file", "push"), CAPTURED)
def test_a_captured_push_says_what_its_file_says(file: str, push: CapturedPush) -> None:
    found = json.loads(answer_line(json.dumps({"id": push.name, "hex": push.octets, "keys": push.keys})))
    assert found["ok"], found["error"]
    assert found["apdu"] == "DataNotification"
    value = found["value"]
    assert value["layout"]["name"] == push.layout
    assert push.layout in {layout.name for layout in push_layout_file(file).layouts}
    assert (value["date_time"] or "") == push.date_time
    readings: dict[str, Any] = {}
    for reading in value["readings"]:
        said = reading["text"] if reading["scaled"] is None else reading["scaled"]
        if reading["obis"] is not None and said is not None:
            readings.setdefault(reading["obis"], said)
    assert readings == push.readings
    assert push.source


@pytest.mark.parametrize(("file", "push"), [each for each in CAPTURED if each.values[1].keys])  # type: ignore[attr-defined]
def test_a_captured_push_stays_shut_under_another_key(file: str, push: CapturedPush) -> None:
    del file
    keys = {**push.keys, "ek": "00" * 16}
    found = json.loads(answer_line(json.dumps({"id": push.name, "hex": push.octets, "keys": keys})))
    assert not found["ok"]


def test_each_operators_layouts_have_a_telegram_or_a_vector() -> None:
    shown = {push.layout for file in push_layout_files() for push in push_layout_file(file).telegrams}
    unseen = {layout.name for layout in push_layouts() if not layout.vectors and layout.name not in shown}
    assert unseen == {"Kaifa list 2, one phase", "Kaifa list 3, one phase"}, "published as lists only"
    assert len(CAPTURED) >= 20
