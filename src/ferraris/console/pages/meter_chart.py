"""The load profile of a meter, drawn: average power or voltage per interval, and the gaps where nothing is stored."""

from __future__ import annotations

from dataclasses import replace

from ferraris.console.charts import Line, Options, profile_chart
from ferraris.console.markup import Markup, joined, tag
from ferraris.console.pages.meter_view import DAYS, QUANTITIES, PageView
from ferraris.console.port import System
from ferraris.console.readings import Series, channel_of, missing_spans, per_interval, read_series
from ferraris.store import MeterRow

HOUR_S = 3_600
DAY_S = 86_400
PENDING_S = 2 * HOUR_S
"""The newest intervals are on their way; only when they are later than this they count as a gap."""


async def chart_options(system: System, row: MeterRow, view: PageView, period_s: int) -> Options:
    """The chart of the chosen quantity over the chosen days, up to now."""
    quantity = QUANTITIES[view.show]
    end_s = system.clock.now_ms() // 1_000
    start_s = (end_s - view.days * DAY_S) // period_s * period_s
    wanted = [channel_of(tag) for tag, _ in quantity.channels]
    # A counter's first interval needs the reading before it.
    found = await read_series(system, row, wanted, start_s - period_s, end_s)
    names = dict(quantity.channels)
    lines = [_line(names[series.tag], series, period_s, start_s, end_s) for series in found if series.readings]
    first = found[0]
    times_s = [point.time_s for point in first.readings]
    known_from_s = max(start_s, row.created_ms // 1_000)
    gaps = shown_gaps(times_s, period_s, known_from_s, end_s)
    return profile_chart(lines or [Line(quantity.name, ())], quantity.unit, period_s, (start_s, end_s), gaps)


def shown_gaps(times_s: list[int], period_s: int, start_s: int, end_s: int) -> list[tuple[int, int]]:
    """The gaps to draw: all but the newest intervals, which are merely on their way."""
    spans = missing_spans([time_s for time_s in times_s if time_s > start_s], period_s, start_s, end_s)
    return [(first, last) for first, last in spans if last < end_s or last - first > PENDING_S]


def _line(name: str, series: Series, period_s: int, start_s: int, end_s: int) -> Line:
    """Energy per interval becomes the average power in it; other quantities stay what they are."""
    factor = HOUR_S / period_s if series.cumulative else 1.0
    entries = per_interval(series, period_s, start_s, end_s)
    scaled = [
        (time_s, None if value is None else round(value * factor, 3), status) for time_s, value, status in entries
    ]
    return Line(name, scaled, over_interval=series.cumulative)


def chart_head(view: PageView) -> Markup:
    quantities = [
        _choice(quantity.name, replace(view, show=name), view.show == name) for name, quantity in QUANTITIES.items()
    ]
    spans = [_choice(name, replace(view, days=days), view.days == days) for days, name in DAYS.items()]
    return joined(
        tag("h2", "Load profile"), tag("div", quantities, class_="segments"), tag("div", spans, class_="segments")
    )


def _choice(name: str, target: PageView, current: bool) -> Markup:
    return tag("a", name, href=target.path, data_live=True, aria_current="true" if current else None)
