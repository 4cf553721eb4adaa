"""Charts as ECharts options. Gaps are null and stay gaps; labels are made in the browser, in its own time zone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ferraris.console import wording, words
from ferraris.console.figures import Collected

MS_PER_S = 1_000
ACCENT = "#1b8a8d"
WANTING = "#d59a34"
QUIET = "#717e88"
"""Of labels: it stands on white and on dark cards alike."""
PALE = "rgba(137, 149, 160, 0.3)"
SPLIT = "rgba(137, 149, 160, 0.22)"
LINES = ("#1b8a8d", "#c77f2a", "#7a6bb0")
GAP_FILL = "rgba(200, 69, 63, 0.09)"

Options = dict[str, Any]
Entry = tuple[int, float | None, int]


@dataclass(frozen=True, slots=True)
class Line:
    """A quantity over time: (end of interval in s, value or None, status) for every slot shown."""

    name: str
    entries: Sequence[Entry]
    over_interval: bool = False
    """Each value holds from the slot before it: known as soon as that one is."""


def hours_chart(hours: Sequence[Collected], due_until_s: int = 0) -> Options:
    """The intervals of each hour: those stored, and on top those missing, or not due yet."""
    wanting = [hour.expected - hour.stored for hour in hours]
    due = [hour.start_s < due_until_s for hour in hours]
    return {
        "animation": False,
        "grid": {"left": 52, "right": 18, "top": 40, "bottom": 28},
        "legend": _legend(["Stored", "Missing", "Not due yet"]),
        "tooltip": {**_tooltip(), ":formatter": "ferraris.hourTip", "axisPointer": {"type": "shadow"}},
        "xAxis": {
            "type": "category",
            "data": [str(hour.start_s * MS_PER_S) for hour in hours],
            "axisTick": {"show": False},
            "axisLine": {"lineStyle": {"color": SPLIT}},
            "axisLabel": {"color": QUIET, "interval": 2, "hideOverlap": True, ":formatter": "ferraris.hour"},
        },
        "yAxis": _value_axis(),
        "series": [
            _bar("Stored", ACCENT, [hour.stored for hour in hours]),
            _bar("Missing", WANTING, [count * is_due for count, is_due in zip(wanting, due, strict=True)]),
            _bar("Not due yet", PALE, [count * (not is_due) for count, is_due in zip(wanting, due, strict=True)]),
        ],
    }


def profile_chart(
    lines: Sequence[Line], unit: str, period_s: int, span: tuple[int, int], gaps: Sequence[tuple[int, int]]
) -> Options:
    """The load profile over (start_s, end_s], each value drawn over its interval. `gaps`: spans without any reading."""
    start_s, end_s = span
    series = [
        _line(line, LINES[number % len(LINES)], period_s, filled=len(lines) == 1) for number, line in enumerate(lines)
    ]
    series.append(_doubtful(lines))
    series[0]["markArea"] = {
        "silent": True,
        "itemStyle": {"color": GAP_FILL},
        "label": {"show": True, "color": "#c8453f", "fontSize": 11, "position": "insideTop"},
        "data": [
            [{"xAxis": first * MS_PER_S, "name": _gap_text(last - first)}, {"xAxis": last * MS_PER_S}]
            for first, last in gaps
        ],
    }
    level = unit == "V"
    return {
        "animation": False,
        "grid": {"left": 66, "right": 20, "top": 40 if len(lines) > 1 else 22, "bottom": 32},
        "legend": _legend([line.name for line in lines]) if len(lines) > 1 else {"show": False},
        "tooltip": {**_tooltip(), ":formatter": f"ferraris.seriesTip('{unit}', {period_s * MS_PER_S})"},
        "xAxis": {
            "type": "time",
            "min": start_s * MS_PER_S,
            "max": end_s * MS_PER_S,
            "axisLine": {"lineStyle": {"color": SPLIT}},
            "axisTick": {"lineStyle": {"color": SPLIT}},
            "axisLabel": {
                "color": QUIET,
                "hideOverlap": True,
                ":formatter": "ferraris.axisTime",
                "rich": {"day": {"fontWeight": "bold", "color": QUIET}},
            },
        },
        "yAxis": {
            **_value_axis(),
            "scale": level,
            "axisLabel": {"color": QUIET, ":formatter": f"value => ferraris.quantity(value, '{unit}')"},
        },
        "series": series,
    }


def _line(line: Line, color: str, period_s: int, *, filled: bool) -> Options:
    data: list[list[Any]] = []
    before: float | None = None
    for time_s, value, status in line.entries:
        if line.over_interval and before is None and value is not None:
            data.append([(time_s - period_s) * MS_PER_S, value, ""])
        data.append([time_s * MS_PER_S, value, words.quality(status)])
        before = value
    shape: Options = {
        "type": "line",
        "name": line.name,
        "data": data,
        "step": "start",
        "connectNulls": False,
        "showSymbol": False,
        "lineStyle": {"width": 1.6, "color": color},
        "itemStyle": {"color": color},
        "emphasis": {"disabled": True},
    }
    if filled:
        shape["areaStyle"] = {"color": color, "opacity": 0.13}
    return shape


def _doubtful(lines: Sequence[Line]) -> Options:
    """A mark on every value that its status speaks against."""
    data = [
        [time_s * MS_PER_S, value]
        for line in lines
        for time_s, value, status in line.entries
        if value is not None and words.quality(status)
    ]
    return {
        "type": "scatter",
        "name": "_doubtful",
        "data": data,
        "symbolSize": 7,
        "silent": True,
        "itemStyle": {"color": WANTING, "borderColor": "#ffffff", "borderWidth": 1},
        "z": 5,
    }


def _gap_text(length_s: int) -> str:
    return f"no data, {wording.duration(length_s * MS_PER_S)}" if length_s >= 2 * 3_600 else ""


def _bar(name: str, color: str, data: list[int]) -> Options:
    return {
        "type": "bar",
        "name": name,
        "stack": "due",
        "data": data,
        "barCategoryGap": "28%",
        "itemStyle": {"color": color},
        "emphasis": {"disabled": True},
    }


def _value_axis() -> Options:
    return {
        "type": "value",
        "axisLabel": {"color": QUIET},
        "splitLine": {"lineStyle": {"color": SPLIT}},
        "splitNumber": 4,
    }


def _legend(names: list[str]) -> Options:
    return {
        "data": names,
        "right": 14,
        "top": 8,
        "icon": "roundRect",
        "itemWidth": 10,
        "itemHeight": 10,
        "textStyle": {"color": QUIET},
    }


def _tooltip() -> Options:
    return {
        "trigger": "axis",
        "confine": True,
        "backgroundColor": "#10202a",
        "borderWidth": 0,
        "padding": [8, 12],
        "textStyle": {"color": "#e4ebee", "fontSize": 12.5},
    }
