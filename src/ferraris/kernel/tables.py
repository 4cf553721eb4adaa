"""Table files shipped in a package, read into frozen dataclasses.

CSV when every row has the same columns, TOML when rows nest. The dataclass is the schema: its field names are the columns
or keys, its annotations say what a cell must be. A file is read when first asked for and then kept. What does not fit its
schema is a `TableError` that names file, line and field.

A cell may be `str`, `int` (decimal, or hexadecimal with 0x), `float`, `bool`, an `Enum` (a member's name, in any case), any
type with a classmethod `parse(text)` (a logical name, for one), `X | None` (an empty cell), or `tuple[X, ...]` (values
parted by spaces). In TOML a value may also be a table (a dataclass, or `dict[K, V]`). An absent cell or key takes the
field's default, if it has one. Lines of a CSV file that begin with # are comments: the standard and clause stand there.
"""

from __future__ import annotations

import csv
import dataclasses
import re
import tomllib
import types
import typing
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from functools import cache
from importlib import resources
from typing import Any, Final, NoReturn, TypeVar

from ferraris.kernel.errors import FerrarisError, TableError

T = TypeVar("T")

GOT_CHARACTERS_MAX: Final = 200
"""Of a value that does not fit, as an error tells it."""
_TRUTH: Final = {"true": True, "false": False}


class _UnfitError(Exception):
    """A value does not fit its annotation. Carries the path of keys to it, outermost first."""

    def __init__(self, expected: str, got: object, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(expected)
        self.expected = expected
        self.got = got
        self.path = path

    def inside(self, key: str | int) -> _UnfitError:
        return _UnfitError(self.expected, self.got, (key, *self.path))


@cache
def load_csv(package: str, path: str, row_type: type[T], unique: tuple[str, ...] = ()) -> tuple[T, ...]:
    """The rows of the CSV file `path` in `package`, each a `row_type`. No two rows agree in a field named in `unique`."""
    place = f"{package}/{path}"
    lines = _numbered_lines(read_text(package, path))
    columns = _cells(*next(lines, (1, "")), place)
    _check_columns(columns, row_type, place)
    rows: list[T] = []
    seen: dict[tuple[str, object], int] = {}
    for number, line in lines:
        row = _csv_row(_cells(number, line, place), columns, row_type, place, number)
        for name in unique:
            first = seen.setdefault((name, getattr(row, name)), number)
            if first != number:
                raise TableError(f"{place} line {number}: {name} {getattr(row, name)} stands already in line {first}")
        rows.append(row)
    return tuple(rows)


@cache
def load_toml(package: str, path: str, schema: type[T]) -> T:
    """The TOML file `path` in `package`, as a `schema`."""
    return parse_toml(read_text(package, path), schema, f"{package}/{path}")


def parse_toml(text: str, schema: type[T], place: str) -> T:
    """TOML text as a `schema`; `place` names the text in errors."""
    document = read_toml(text, place)
    try:
        return typing.cast("T", _from_value(document, schema))
    except _UnfitError as unfit:
        _raise(unfit, place, _toml_line(text, unfit.path))


def read_toml(text: str, place: str) -> dict[str, Any]:
    """TOML text as it stands. Raises TableError."""
    try:
        return tomllib.loads(text)
    except ValueError as error:  # a TOMLDecodeError, or a number of too many digits
        raise TableError(f"{place}: {error}") from error
    except RecursionError:
        raise TableError(f"{place}: arrays or tables are nested too deep") from None


def fitted(document: dict[str, Any], schema: type[T], place: str) -> T:
    """What was read of a document, as a `schema`; `place` names it in errors."""
    try:
        return typing.cast("T", _from_value(document, schema))
    except _UnfitError as unfit:
        _raise(unfit, place, None)


def read_text(package: str, path: str) -> str:
    """The text of a file in a package. Raises TableError when there is none."""
    try:
        return resources.files(package).joinpath(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError, ModuleNotFoundError) as error:
        raise TableError(f"{package}/{path}: {error}") from error


def file_names(package: str, folder: str, suffix: str) -> tuple[str, ...]:
    """The names, without `suffix`, of the files in a package's folder that end in it; sorted."""
    entries = resources.files(package).joinpath(folder).iterdir()
    return tuple(sorted(entry.name.removesuffix(suffix) for entry in entries if entry.name.endswith(suffix)))


def _numbered_lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.startswith("#"):
            yield number, line


def _cells(number: int, line: str, place: str) -> list[str]:
    try:
        return next(csv.reader([line]))
    except csv.Error as error:
        raise TableError(f"{place} line {number}: {error}") from error


def _check_columns(columns: Sequence[str], row_type: type, place: str) -> None:
    fields = {field.name: field for field in dataclasses.fields(row_type)}
    strange = [name for name in columns if name not in fields]
    needed = [name for name, field in fields.items() if name not in columns and not _has_default(field)]
    if strange or needed or len(set(columns)) != len(columns):
        raise TableError(f"{place}: wrong columns", expected=", ".join(fields), got=", ".join(columns))


def _csv_row(cells: Sequence[str], columns: Sequence[str], row_type: type[T], place: str, number: int) -> T:
    if len(cells) != len(columns):
        raise TableError(f"{place} line {number}: wrong number of cells", expected=len(columns), got=len(cells))
    given = {name: cell.strip() for name, cell in zip(columns, cells, strict=True)}
    try:
        return _build(row_type, given, _from_text)
    except _UnfitError as unfit:
        _raise(unfit, place, number)


def _raise(unfit: _UnfitError, place: str, line: int | None) -> NoReturn:
    where = place if line is None else f"{place} line {line}"
    field = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in unfit.path).lstrip(".")
    got = str(unfit.got)
    short = got if len(got) <= GOT_CHARACTERS_MAX else f"{got[:GOT_CHARACTERS_MAX]}…"
    raise TableError(f"{where}: {field or 'the whole'}", expected=unfit.expected, got=short) from unfit


def _build(row_type: type[T], given: dict[str, Any], convert: Callable[[Any, Any], object]) -> T:
    hints = _hints(row_type)  # type: ignore[arg-type]
    values: dict[str, object] = {}
    for field in dataclasses.fields(row_type):  # type: ignore[arg-type]
        absent = field.name not in given or (given[field.name] == "" and convert is _from_text)
        if absent and _has_default(field):
            continue
        if field.name not in given and not _allows_none(hints[field.name]):
            raise _UnfitError(f"the key {field.name}", "nothing", (field.name,))
        try:
            values[field.name] = convert(given.get(field.name), hints[field.name])
        except _UnfitError as unfit:
            raise unfit.inside(field.name) from unfit
    try:
        return row_type(**values)
    except (ValueError, FerrarisError) as error:
        raise _UnfitError("values that go together", str(error)) from error


@cache
def _hints(row_type: Any) -> dict[str, Any]:
    return typing.get_type_hints(row_type)


def _has_default(field: dataclasses.Field[Any]) -> bool:
    return field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING


def _allows_none(kind: Any) -> bool:
    return types.NoneType in typing.get_args(kind) and typing.get_origin(kind) in (types.UnionType, typing.Union)


def _without_none(kind: Any) -> Any:
    rest = [member for member in typing.get_args(kind) if member is not types.NoneType]
    return rest[0] if len(rest) == 1 else typing.Union[tuple(rest)]  # noqa: UP007 - the members come as a tuple


def _from_text(text: str | None, kind: Any) -> object:
    """A CSV cell as a `kind`."""
    if _allows_none(kind):
        return None if not text else _from_text(text, _without_none(kind))
    text = text or ""
    if typing.get_origin(kind) is tuple:
        return tuple(_from_text(part, typing.get_args(kind)[0]) for part in text.split())
    if kind is bool:
        return _choose(_TRUTH, text, kind)
    if kind is int:
        return _call(lambda: int(text, 0), text, kind)
    if kind is float:
        return _call(lambda: float(text), text, kind)
    return _from_string(text, kind)


def _from_value(value: object, kind: Any) -> object:
    """A TOML value as a `kind`."""
    if kind is Any:
        return value
    if _allows_none(kind):
        return None if value is None else _from_value(value, _without_none(kind))
    origin = typing.get_origin(kind)
    if origin is tuple:
        return tuple(_items(value, typing.get_args(kind)[0]))
    if origin is dict:
        return _mapping(value, *typing.get_args(kind))
    if origin in (types.UnionType, typing.Union):
        return _one_of(value, kind)
    if dataclasses.is_dataclass(kind) and isinstance(value, dict):
        return _table(value, typing.cast("type", kind))
    if kind is float and type(value) is int:
        return float(value)
    if kind in (int, float, bool) and type(value) is kind:
        return value
    if isinstance(value, str) and kind not in (int, float, bool):
        return _from_string(value, kind)
    raise _UnfitError(_name(kind), repr(value))


def _one_of(value: object, kind: Any) -> object:
    for member in typing.get_args(kind):
        try:
            return _from_value(value, member)
        except _UnfitError:
            continue
    raise _UnfitError(_name(kind), repr(value))


def _items(value: object, kind: Any) -> Iterator[object]:
    if not isinstance(value, list):
        raise _UnfitError(f"an array of {_name(kind)}", repr(value))
    for position, item in enumerate(value):
        try:
            yield _from_value(item, kind)
        except _UnfitError as unfit:
            raise unfit.inside(position) from unfit


def _mapping(value: object, key_kind: Any, value_kind: Any) -> dict[object, object]:
    if not isinstance(value, dict):
        raise _UnfitError("a table", repr(value))
    mapping: dict[object, object] = {}
    for key, item in value.items():
        try:
            name = _from_text(key, key_kind)
            if name in mapping:
                raise _UnfitError("each key once", repr(key))
            mapping[name] = _from_value(item, value_kind)
        except _UnfitError as unfit:
            raise unfit.inside(key) from unfit
    return mapping


def _table(value: dict[str, object], kind: type[T]) -> T:
    names = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]
    for key in value:
        if key not in names:
            raise _UnfitError(f"one of {', '.join(names)}", f"the key {key}", (key,))
    return _build(kind, value, _from_value)


def _from_string(text: str, kind: Any) -> object:
    if kind is str:
        return text
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _choose({member.name.lower(): member for member in kind}, text.lower(), kind)
    parse = getattr(kind, "parse", None)
    if parse is None:
        raise _UnfitError(_name(kind), repr(text))
    return _call(lambda: parse(text), text, kind)


def _choose(choices: dict[str, Any], text: str, kind: Any) -> object:
    if text not in choices:
        raise _UnfitError(f"{_name(kind)}: {', '.join(choices)}", repr(text))
    return choices[text]


def _call(convert: Callable[[], object], text: str, kind: Any) -> object:
    try:
        return convert()
    except (ValueError, FerrarisError) as error:
        raise _UnfitError(_name(kind), repr(text)) from error


def _name(kind: Any) -> str:
    return getattr(kind, "__name__", str(kind))


def _toml_line(text: str, path: tuple[str | int, ...]) -> int | None:
    """The line where the value at `path` most likely stands: tomllib keeps no positions."""
    lines = text.splitlines()
    found: int | None = None
    start = 0
    for position, key in enumerate(path):
        if isinstance(key, int):
            continue
        repeats = path[position + 1] if position + 1 < len(path) and isinstance(path[position + 1], int) else 0
        pattern = re.compile(
            rf'\s*(\[\[?[^\]#]*\b)?"?{re.escape(key)}"?\s*(=|\.|\])|.*[{{,]\s*"?{re.escape(key)}"?\s*='
        )
        hits = [index for index in range(start, len(lines)) if pattern.match(lines[index])]
        heads = [index for index in hits if lines[index].lstrip().startswith("[[")]
        hit = heads[int(repeats)] if int(repeats) < len(heads) else next(iter(hits), None)
        if hit is None:
            break
        found, start = hit + 1, hit
    return found
