"""What is printed."""

from __future__ import annotations

from benchmarks.growth import Growth
from benchmarks.layers import Layer
from benchmarks.rows import OURS, Result, Row, estimates
from benchmarks.sts import TokenRate
from benchmarks.vending import VendingSpeed


def quantity(value: float) -> str:
    """Three significant figures with the prefix that people use."""
    for factor, prefix in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= factor:
            return f"{value / factor:.3g}{prefix}"
    return f"{value:.3g} "


def show_row(row: Row, result: Result) -> None:
    """A row's contestants, then the ratios against their goals."""
    _begin(row.title, row.name)
    limit = result.series.get(row.limit)
    for name, series in result.series.items():
        line = f"  {name:<34}{quantity(series.rate):>9}{row.unit}/s  best {quantity(series.best):>8}  spread {series.spread:4.0%}"
        if row.cpu:
            line += f"  {series.cpu_us:7.0f} us CPU"
        if name == OURS and limit is not None:
            line += f"  {series.rate / limit.rate:.1%} of the limit"
        print(line)
    if row.cpu_us_most is not None:
        verdict = "reached" if result.series[OURS].cpu_us <= row.cpu_us_most else "NOT reached"
        print(f"  CPU of one: goal {row.cpu_us_most:g} us: {verdict}")
    for goal, ratio in result.ratios.items():
        kind = "of CPU, " if goal.of_cpu else ""
        verdict = "reached" if ratio.median >= goal.least else "NOT reached"
        print(
            f"  against {goal.peer}: {kind}{ratio.median:.3g} times (rounds {ratio.least:.3g} to {ratio.greatest:.3g},"
            f" best against best {ratio.of_bests:.3g}), goal {goal.least:g}: {verdict}"
        )


def show_layers(layers: list[Layer]) -> None:
    """What each layer costs."""
    _begin("each layer by itself, best round", "layers")
    for layer in layers:
        print(f"  {layer.name:<52}{layer.microseconds:8.2f} us")


def show_tokens(rates: list[TokenRate]) -> None:
    """Tokens a second, each way of working with its goal."""
    _begin("tokens of STS, one core, EA07 with the sample tables", "tokens")
    for one in rates:
        line = f"  {one.algorithm}, {one.way:<28}encode {quantity(one.encode):>8}/s  decode {quantity(one.decode):>8}/s"
        if one.goal is not None:
            line += f"  goal {quantity(one.goal)}/s: {'reached' if one.is_reached else 'NOT reached'}"
        print(line)
    print("  not measured: Nectar's Java is not on Maven Central")


def show_vending(speed: VendingSpeed) -> None:
    """Sales a second of few and of many tills, beside what device and processor allow together."""
    _begin(
        "sales through the ledger, on disk, synchronous=FULL; two commits for a sale, or for a group of them", "vending"
    )
    print(
        f"  {'the device makes a commit durable':<36}{quantity(speed.commits_per_s):>8}/s"
        f"  ({speed.commit_octets / 1024:.0f} KiB, written over and synced)"
    )
    for one in speed.tills:
        name = "one till" if one.tills == 1 else f"{one.tills:,} tills at once"
        print(
            f"  {name:<36}{quantity(one.sales_per_s):>8}/s  group-commit factor {one.group:.1f}"
            f"  device {quantity(one.device_per_s)}/s  processor {quantity(one.in_memory_per_s)}/s"
            f"  {one.sales_per_s / one.limit_per_s:.0%} of both together"
        )


def show_growth(growth: list[Growth]) -> None:
    """Time and memory against the count of meters."""
    _begin("virtual meters served and read in one process tree", "growth")
    for one in growth:
        print(
            f"  {one.meters:>7,} meters  up in {one.start_s:6.2f} s  read in {one.read_s:7.2f} s"
            f"  {one.meters / one.read_s:6.0f} meters/s  {one.client_cpu_us:6.0f} us client CPU"
            f"  {one.rss_mib:6.0f} MiB ({one.meters_rss_mib:.0f} serving, {one.reader_rss_mib:.0f} reading)"
        )


def show_absent(absent: dict[str, str]) -> None:
    """Who could not take part, and why."""
    for name, reason in absent.items():
        print(f"\nnot measured: {name}: {reason}")


def _begin(title: str, row: str) -> None:
    """The head of a row: what is measured, and what was expected before."""
    estimate = estimates()[row]
    print(f"\n{title}")
    print(f"  expected: {estimate['estimate']} ({estimate['why']})")
