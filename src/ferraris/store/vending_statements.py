"""Statements of the vending store that are compiled once and run by the database's driver.

SQLAlchemy writes the SQL for both databases. For the statements that every sale needs it writes it once, and the driver runs the
text: compiling, binding and wrapping results at each execution cost more than all the rest of a sale (decision 0010).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter, itemgetter
from typing import Any, TypeVar

import sqlalchemy as sa

_Row = TypeVar("_Row")
_Parameters = Mapping[str, object]


class DirectConnection:
    """A database's connection as its driver has it, past SQLAlchemy, for as long as a transaction lasts."""

    __slots__ = ("database", "dialect", "driver")

    def __init__(self, connection: sa.Connection) -> None:
        self.dialect = connection.dialect
        self.database = self.dialect.name
        self.driver: Any = connection.connection.driver_connection


class _Compiled:
    """One statement in the words of one database."""

    __slots__ = ("_constants", "_of_mapping", "_of_row", "_positions", "text")

    def __init__(self, text: str, positions: Sequence[str] | None, constants: dict[str, object]) -> None:
        """`positions`: the parameters' names in their order, where the driver takes them by position.

        `constants`: parameters that the statement itself has.
        """
        self.text = text
        self._positions = positions
        self._constants = constants
        # these two have no tuple to give for less than two names
        self._of_mapping = itemgetter(*positions) if positions and len(positions) > 1 else None
        self._of_row = attrgetter(*positions) if positions and len(positions) > 1 else None

    def bind(self, parameters: _Parameters) -> Any:
        """The parameters as the driver takes them."""
        named = {**self._constants, **parameters} if self._constants else parameters
        if self._of_mapping is not None:
            return self._of_mapping(named)
        return named if self._positions is None else tuple([named[name] for name in self._positions])

    def bind_row(self, row: object, columns: Sequence[str]) -> Any:
        """A row's fields as the driver takes them."""
        if self._of_row is not None:
            return self._of_row(row)
        return self.bind({name: getattr(row, name) for name in columns})


class Prepared:
    """A statement, with the text of each database that has run it."""

    def __init__(self, statement: sa.Insert | sa.Update | sa.Select[Any], columns: Sequence[str] | None = None) -> None:
        """`columns`: those that an insert fills; what the table has beside them, the database fills."""
        self._statement = statement
        self._columns = columns
        self._compiled: dict[str, _Compiled] = {}

    def run(self, direct: DirectConnection, **parameters: object) -> Any:
        """Run it, and return the driver's cursor. Raises the driver's errors."""
        compiled = self._of(direct)
        return direct.driver.execute(compiled.text, compiled.bind(parameters))

    def run_for_each(self, direct: DirectConnection, parameters: Sequence[_Parameters]) -> Any:
        """Run it with each of the parameters, and return the driver's cursor. Raises the driver's errors."""
        compiled = self._of(direct)
        return _run_for_each(direct, compiled.text, [compiled.bind(one) for one in parameters])

    def insert(self, direct: DirectConnection, rows: Sequence[object]) -> Any:
        """Run it with the fields of each of the rows, and return the driver's cursor. Raises the driver's errors."""
        compiled = self._of(direct)
        columns = self._columns or ()
        return _run_for_each(direct, compiled.text, [compiled.bind_row(row, columns) for row in rows])

    def _of(self, direct: DirectConnection) -> _Compiled:
        found = self._compiled.get(direct.database)
        if found is None:
            compiled = self._statement.compile(dialect=direct.dialect, column_keys=self._columns)
            positions = getattr(compiled, "positiontup", None)
            constants = {name: value for name, value in compiled.params.items() if value is not None}
            found = self._compiled[direct.database] = _Compiled(str(compiled), positions or None, constants)
        return found


def _run_for_each(direct: DirectConnection, text: str, bound: Sequence[Any]) -> Any:
    if len(bound) == 1:
        return direct.driver.execute(text, bound[0])
    cursor = direct.driver.cursor()
    cursor.executemany(text, bound)
    return cursor


class PreparedSelect(Prepared):
    """A SELECT whose columns are the fields of a row."""

    def __init__(self, statement: sa.Select[Any]) -> None:
        super().__init__(statement)
        columns = list(statement.selected_columns)
        self._names = [column.name for column in columns]
        self._booleans = [place for place, column in enumerate(columns) if isinstance(column.type, sa.Boolean)]

    def rows(self, direct: DirectConnection, row: type[_Row], **parameters: object) -> list[_Row]:
        """Every row that it finds."""
        return self.rows_of(self.run(direct, **parameters).fetchall(), row)

    def rows_of(self, found: Iterable[Sequence[Any]], row: type[_Row]) -> list[_Row]:
        """What was found, as rows."""
        return [self._row(row, values) for values in found]

    def first(self, direct: DirectConnection, row: type[_Row], **parameters: object) -> _Row | None:
        """The first row that it finds."""
        values = self.run(direct, **parameters).fetchone()
        return None if values is None else self._row(row, values)

    def _row(self, row: type[_Row], values: Sequence[Any]) -> _Row:
        if self._booleans:
            values = list(values)
            for place in self._booleans:
                values[place] = bool(values[place])  # which SQLite keeps as a number
        return row(**dict(zip(self._names, values, strict=True)))


class PreparedAmong:
    """A SELECT for a list of values, whatever its length: compiled once for each power of two, the last value repeated."""

    def __init__(self, statement: Callable[[Sequence[sa.BindParameter[Any]]], sa.Select[Any]]) -> None:
        """`statement`: the SELECT for so many parameters."""
        self._statement = statement
        self._sizes: dict[int, PreparedSelect] = {}

    def run(self, direct: DirectConnection, values: Sequence[object], **parameters: object) -> list[Any]:
        """What it finds; for no values nothing."""
        if not values:
            return []
        prepared, among = self._for(values)
        found: list[Any] = prepared.run(direct, **among, **parameters).fetchall()
        return found

    def rows(self, direct: DirectConnection, row: type[_Row], values: Sequence[object]) -> list[_Row]:
        """What it finds, as rows."""
        return self._for(values)[0].rows_of(self.run(direct, values), row) if values else []

    def _for(self, values: Sequence[object]) -> tuple[PreparedSelect, dict[str, object]]:
        size = 1 << (len(values) - 1).bit_length()
        if size not in self._sizes:
            self._sizes[size] = PreparedSelect(self._statement([sa.bindparam(f"among_{n}") for n in range(size)]))
        among = {f"among_{place}": value for place, value in enumerate(values)}
        for place in range(len(values), size):
            among[f"among_{place}"] = values[-1]
        return self._sizes[size], among
