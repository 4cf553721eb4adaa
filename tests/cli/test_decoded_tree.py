"""Trees of what was found in a frame: every layer, every name, nothing without end."""

from __future__ import annotations

import pytest

from ferraris.cli.decoded_tree import ELEMENTS_SHOWN, show_inspection
from ferraris.dlms.inspect import Inspection

READING = {"obis": "1.0.1.8.0.255", "value": 1234, "scaled": "1.234", "unit": "kWh", "text": None}


def shown(capsys: pytest.CaptureFixture[str], result: Inspection) -> list[str]:
    show_inspection(result)
    return [line.strip("│├└─ ") for line in capsys.readouterr().out.splitlines()]


def test_layers_come_before_values_and_what_is_unknown_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    layer = {"layer": "wrapper", "source": 1, "destination": None, "warnings": ["strange"]}
    lines = shown(capsys, Inspection([layer], ["get-response"], [{"result": {"unsigned": 7}}]))
    assert lines == ["wrapper", "source: 1", "! strange", "get-response", "result unsigned: 7"]


def test_lists_are_numbered_and_what_is_empty_is_a_leaf(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, Inspection([], ["data"], [[[1, 2], {}]]))
    assert lines == ["data", "1", "1: 1", "2: 2", "2: {}"]


def test_a_reading_is_a_line_with_its_unit(capsys: pytest.CaptureFixture[str]) -> None:
    text = {**READING, "obis": None, "scaled": None, "unit": None, "text": "FER"}
    bare = {**READING, "scaled": None, "unit": None}
    lines = shown(capsys, Inspection([], ["data"], [{"readings": [READING, text, bare]}]))
    assert [line.split() for line in lines[1:]] == [
        ["readings"],
        ["1.0.1.8.0.255", "1.234", "kWh"],
        ["?", "FER"],
        ["1.0.1.8.0.255", "1234"],
    ]


def test_a_long_tree_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, Inspection([], ["data"], [list(range(3 * ELEMENTS_SHOWN))]))
    assert len(lines) == ELEMENTS_SHOWN + 2
    assert lines[-1] == "… more: see --json"


def test_a_name_whose_value_was_not_decoded_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, Inspection([], ["first", "second"], [[]])) == ["first"]
