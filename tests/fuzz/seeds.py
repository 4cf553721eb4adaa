"""Well-formed octets that mutations start from: lines of `seeds.txt`, the collected vectors, and what earlier runs came upon."""

from __future__ import annotations

import csv
import json
from functools import cache
from pathlib import Path

from ferraris.dlms.apdu import has_apdu_tag

HERE = Path(__file__).parent
VECTORS = HERE.parent / "vectors"
SEEDS = HERE / "seeds.txt"
FINDINGS = VECTORS / "fuzz_findings.txt"
CORPUS = VECTORS / "fuzz_corpus.txt"
SEED_OCTETS_MAX = 4096


def named_lines(path: Path) -> dict[str, tuple[bytes, ...]]:
    """Lines of a name and octets in hexadecimal, by name; what follows the octets is for people."""
    found: dict[str, list[bytes]] = {}
    for line in path.read_text("utf-8").splitlines() if path.exists() else ():
        if line and not line.startswith("#"):
            name, digits, *_ = line.split(" ")
            found.setdefault(name, []).append(bytes.fromhex(digits))
    return {name: tuple(lines) for name, lines in found.items()}


@cache
def seeds() -> dict[str, tuple[bytes, ...]]:
    """The lines of `seeds.txt`, by kind."""
    return named_lines(SEEDS)


@cache
def findings() -> dict[str, tuple[bytes, ...]]:
    """Octets that once broke a target, by target."""
    return named_lines(FINDINGS)


@cache
def corpus() -> dict[str, tuple[bytes, ...]]:
    """Octets that reach most of the code, as runs under coverage guidance found them, by target."""
    return named_lines(CORPUS)


@cache
def telegrams() -> tuple[bytes, ...]:
    """The published telegrams, a line of JSON each."""
    return tuple((VECTORS / "dlms.jsonl").read_bytes().splitlines())


@cache
def captures() -> tuple[bytes, ...]:
    """Their octets, of every kind and in every framing."""
    return tuple(bytes.fromhex(json.loads(line)["hex"]) for line in telegrams())


@cache
def bare_apdus() -> tuple[bytes, ...]:
    """Those of them that are APDUs without a framing."""
    return tuple(octets for octets in captures() if has_apdu_tag(octets) and octets[0] != 0)


@cache
def attribute_values() -> tuple[tuple[int, int, int, bytes], ...]:
    """Class, version, attribute and octets of the values that real meters hold."""
    with (VECTORS / "attribute_values.csv").open(encoding="utf-8", newline="") as file:
        rows = [(row, bytes.fromhex(row["octets"])) for row in csv.DictReader(file)]
    return tuple(
        (int(row["class_id"]), int(row["version"]), int(row["attribute"]), octets)
        for row, octets in rows
        if len(octets) <= SEED_OCTETS_MAX
    )


def short_texts(folder: Path, pattern: str) -> tuple[bytes, ...]:
    """The files of a folder that are short enough to be mutated."""
    files = sorted(folder.glob(pattern))
    return tuple(octets for octets in (file.read_bytes() for file in files) if len(octets) <= SEED_OCTETS_MAX)
