"""The published telegrams and key material in `tests/vectors/dlms.jsonl`, by kind."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).resolve().parents[1] / "vectors" / "dlms.jsonl"


@cache
def _rows() -> tuple[dict[str, Any], ...]:
    return tuple(json.loads(line) for line in _FILE.read_text(encoding="utf-8").splitlines())


def vectors(kind: str) -> list[dict[str, Any]]:
    """The rows of that kind; there is at least one."""
    rows = [row for row in _rows() if row["kind"] == kind]
    assert rows, kind
    return rows
