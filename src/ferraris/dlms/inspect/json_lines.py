"""One line of JSON in, one out: `{"id", "hex", "keys"}` to `{"id", "ok", "layers", "apdu", "value", "error"}`.

Nothing in a line makes the next one fail: what is wrong with it is its own answer's `error`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from ferraris.dlms.inspect.inspection import Inspection, inspect
from ferraris.dlms.inspect.keys import InspectionKeys, octets_of
from ferraris.dlms.inspect.material import answer_material, material_kind
from ferraris.dlms.inspect.tree import Json
from ferraris.kernel.errors import FerrarisError, LocalProtocolError
from ferraris.kernel.json_text import read_json_object
from ferraris.kernel.limits import INSPECTION_LINE_OCTETS_MAX


def answer_line(line: str | bytes) -> str:
    """The answer to one line, as one line without its end."""
    return json.dumps(_answer(line))


def error_to_json(error: FerrarisError) -> Json:
    """An error's type and fields."""
    return {
        "type": type(error).__name__,
        "summary": error.summary,
        "expected": _plain(error.expected),
        "got": _plain(error.got),
        "offset": error.offset,
        "clause": error.clause,
    }


def _answer(line: str | bytes) -> Json:
    answer: dict[str, Json] = {"id": None, "ok": False, "layers": [], "apdu": None, "value": None, "error": None}
    try:
        row = _row(line)
        if not isinstance(row.get("id"), str | int | float | None):
            raise LocalProtocolError(
                "an id is no text or number", expected="a text or a number", got=type(row["id"]).__name__
            )
        answer["id"] = row.get("id")
        _fill(answer, row)
        answer["ok"] = True
    except FerrarisError as error:
        answer["error"] = error_to_json(error)
    return answer


def _row(line: str | bytes) -> Mapping[str, object]:
    if len(line) > INSPECTION_LINE_OCTETS_MAX:
        raise LocalProtocolError(
            "a line is too long", expected=f"at most {INSPECTION_LINE_OCTETS_MAX} octets", got=len(line)
        )
    return read_json_object(line, "a line", expected="an object a line", error=LocalProtocolError)


def _fill(answer: dict[str, Json], row: Mapping[str, object]) -> None:
    named = row.get("keys") or {}
    if not isinstance(named, Mapping):
        raise LocalProtocolError(
            "keys are no object", expected="an object of hexadecimal texts", got=type(named).__name__
        )
    octets = octets_of("hex", row.get("hex"))
    kind = material_kind(row, named)
    if kind is not None:
        answer["layers"] = [{"layer": kind, "warnings": []}]
        answer["value"] = answer_material(kind, octets, row, named)
        return
    inspection = Inspection(answer["layers"])
    inspect(octets, InspectionKeys.of(named), inspection)
    answer["apdu"], answer["value"] = inspection.apdu, inspection.value


def _plain(value: object) -> Json:
    """`value` if JSON has its like, its text otherwise."""
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
