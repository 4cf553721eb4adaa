"""`make bench`: measure beside other implementations, print the table, say which goals are reached.

python -m benchmarks [--rounds 7] [--seconds 0.5] [--only NAME ...] [--json FILE] [--quick]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from pathlib import Path

from benchmarks.contest import Arena
from benchmarks.growth import measure_growth
from benchmarks.layers import measure_layers
from benchmarks.rows import ROWS, measure_row
from benchmarks.sts import measure_tokens
from benchmarks.table import show_absent, show_growth, show_layers, show_row, show_tokens, show_vending
from benchmarks.vending import measure_vending
from ferraris.codec.records import COMPILED

SIZES = (100, 1_000, 10_000)
OTHERS = ("tokens", "vending", "layers", "growth")


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = [row.name for row in ROWS]
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.5, help="of each round of each contestant")
    parser.add_argument("--only", nargs="+", choices=[*names, *OTHERS], default=[*names, *OTHERS])
    parser.add_argument("--json", type=Path, help="write every round to this file as well")
    parser.add_argument("--quick", action="store_true", help="3 rounds of 0.2 s, and up to 1,000 meters")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), help="counts of meters for growth")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.rounds, chosen.seconds, chosen.sizes = 3, 0.2, [100, 1_000]
    return chosen


def main() -> int:
    """Measure what was asked for."""
    chosen = arguments()
    record: dict[str, object] = {"machine": f"{platform.machine()}, {os.cpu_count()} cores", "rows": {}}
    print(
        f"{record['machine']}, Python {platform.python_version()}, {'compiled' if COMPILED else 'interpreted'} records; "
        f"{chosen.rounds} rounds of {chosen.seconds} s in turn"
    )
    arena = Arena()
    try:
        for row in ROWS:
            if row.name in chosen.only:
                result = measure_row(arena, row, chosen.rounds, chosen.seconds)
                show_row(row, result)
                record["rows"][row.name] = result.as_json()  # type: ignore[index]
    finally:
        arena.close()
    if "tokens" in chosen.only:
        rates = measure_tokens(chosen.rounds, chosen.seconds / 5)
        show_tokens(rates)
        record["tokens"] = {f"{one.algorithm}, {one.way}": [one.encode, one.decode] for one in rates}
    if "vending" in chosen.only:
        sales = measure_vending(chosen.seconds * 2)
        show_vending(sales)
        record["vending"] = sales.as_json()
    if "layers" in chosen.only:
        layers = measure_layers(chosen.rounds, chosen.seconds)
        show_layers(layers)
        record["layers"] = {layer.name: layer.microseconds for layer in layers}
    if "growth" in chosen.only:
        growth = [measure_growth(size) for size in chosen.sizes]
        show_growth(growth)
        record["growth"] = [one.as_json() for one in growth]
    show_absent(arena.absent)
    if chosen.json:
        chosen.json.write_text(json.dumps(record, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
