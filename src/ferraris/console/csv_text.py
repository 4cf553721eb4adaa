"""Tables as CSV (RFC 4180), for people who go on working in a spreadsheet or a notebook."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

from fastapi import Response

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would take for a formula; such text gets an apostrophe, since meters' words are not ours."""


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_safe(cell) for cell in row] for row in rows)
    return out.getvalue()


def csv_response(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """The table as a download called `name`."""
    disposition = {"content-disposition": f'attachment; filename="{name}.csv"'}
    return Response(csv_text(header, rows), media_type="text/csv; charset=utf-8", headers=disposition)


def _safe(cell: object) -> object:
    if isinstance(cell, str) and cell.startswith(FORMULA_STARTS):
        return f"'{cell}"
    return "" if cell is None else cell
