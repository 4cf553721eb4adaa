"""Charts: what is not known is null, and is marked."""

from __future__ import annotations

import json

import pytest

from ferraris.console.charts import Line, hours_chart, profile_chart
from ferraris.console.figures import Collected

P = 900
ENTRIES = [(P, 10.0, 0), (2 * P, None, 0), (3 * P, None, 0), (4 * P, 12.0, 0x80)]


def chart(*lines: Line, unit: str = "W", gaps: tuple[tuple[int, int], ...] = ()) -> dict[str, object]:
    return profile_chart(lines, unit, P, (0, 4 * P), gaps)


def test_the_hours() -> None:
    hours = [Collected.of(0, 3_600, 8, 8), Collected.of(3_600, 7_200, 8, 5), Collected.of(7_200, 9_000, 4, 1)]
    options = hours_chart(hours, due_until_s=7_200)
    assert {series["name"]: series["data"] for series in options["series"]} == {
        "Stored": [8, 5, 1],
        "Missing": [0, 3, 0],
        "Not due yet": [0, 0, 3],
    }
    assert options["xAxis"]["data"] == ["0", "3600000", "7200000"]


def test_gaps_stay_open() -> None:
    (line, _) = chart(Line("Import", ENTRIES))["series"]  # type: ignore[misc]
    assert line["connectNulls"] is False
    assert [value for _, value, _ in line["data"]] == [10.0, None, None, 12.0]


def test_a_value_that_holds_over_its_interval_is_drawn_over_it() -> None:
    (line, _) = chart(Line("Import", ENTRIES, over_interval=True))["series"]  # type: ignore[misc]
    assert [(time_ms // 1000 // P, value) for time_ms, value, _ in line["data"]] == [
        (0, 10.0), (1, 10.0), (2, None), (3, None), (3, 12.0), (4, 12.0),
    ]  # fmt: skip


def test_a_value_with_a_bad_status_is_marked() -> None:
    (line, marks) = chart(Line("Import", ENTRIES))["series"]  # type: ignore[misc]
    assert marks["data"] == [[4 * P * 1_000, 12.0]]
    assert line["data"][-1][2] == "power down"


@pytest.mark.parametrize(
    ("gap", "text"), [((0, P), ""), ((0, 7_200), "no data, 2 h"), ((900, 86_400 * 2), "no data, 1 d 23 h")]
)
def test_gaps_are_named(gap: tuple[int, int], text: str) -> None:
    (line, _) = chart(Line("Import", ENTRIES), gaps=(gap,))["series"]  # type: ignore[misc]
    ((first, last),) = line["markArea"]["data"]
    assert (first["xAxis"], last["xAxis"], first["name"]) == (gap[0] * 1_000, gap[1] * 1_000, text)


def test_several_lines_have_a_legend_and_no_fill() -> None:
    options = chart(Line("L1", ENTRIES), Line("L2", ENTRIES), unit="V")
    assert options["legend"]["data"] == ["L1", "L2"]  # type: ignore[index]
    assert all("areaStyle" not in series for series in options["series"])  # type: ignore[union-attr, attr-defined]
    assert options["yAxis"]["scale"] is True  # type: ignore[index]
    assert chart(Line("Import", ENTRIES))["legend"] == {"show": False}


def test_options_are_json() -> None:
    for options in (chart(Line("Import", ())), hours_chart(())):
        assert json.loads(json.dumps(options)) == options
