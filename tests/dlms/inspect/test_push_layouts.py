"""The table of push layouts and how a row is chosen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferraris.cosem import Obis
from ferraris.dlms.inspect.push_layouts import Form, PushTraits, layout_of, push_layouts
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
        assert len(set(layout.columns)) == len(layout.columns), layout.name
        groups = [(c, rule.d) for rule in layout.scalers for c in rule.c]
        assert len(set(groups)) == len(groups), layout.name


def test_columns_that_are_measured_have_a_scaler() -> None:
    """A value without a name has no scaler of its own either, unless it is a text or a date-time."""
    for layout in push_layouts():
        if layout.form is Form.POSITIONS:
            measured = [name for name in layout.columns if name.a == 1 and name.c != 0]
            assert measured
            assert all(layout.scaler_of(name) for name in measured if name.b == 0), layout.name


def test_the_form_decides_first() -> None:
    assert layout_of(replace(TRAITS, form=Form.POSITIONS)) is None
