"""Statements of the vending store that are compiled once and run by the database's driver.

SQLAlchemy writes the SQL for both databases. For the statements that every sale needs it writes it once, and the driver runs the
text: compiling, binding and wrapping results at each execution cost more than all the rest of a sale (decision 0010).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa

_Row = TypeVar("_Row")
_Parameters = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Compiled:
    """One statement in the words of one database."""

    text: str
    positions: tuple[str, ...] | None
    """The parameters' names in their order, where the driver takes them by position."""
    constants: dict[str, object]
    """Parameters that the statement itself has."""

    def bind(self, parameters: _Parameters) -> Any:
        """The parameters as the driver takes them."""
        named = {**self.constants, **parameters} if self.constants else parameters
        return named if self.positions is None else tuple([named[name] for name in self.positions])


class Prepared:
    """A statement, with the text of each database that has run it."""

    def __init__(self, statement: sa.Insert | sa.Update | sa.Select[Any], columns: Sequence[str] | None = None) -> None:
        """`columns`: those that an insert fills; what the table has beside them, the database fills."""
        self._statement = statement
        self._columns = columns
        self._compiled: dict[str, _Compiled] = {}

    def run(self, connection: sa.Connection, **parameters: object) -> Any:
        """Run it, and return the driver's cursor. Raises the driver's errors."""
        compiled = self._of(connection)
        return connection.connection.cursor().execute(compiled.text, compiled.bind(parameters))

    def run_for_each(self, connection: sa.Connection, parameters: Sequence[_Parameters]) -> Any:
        """Run it with each of the parameters, and return the driver's cursor. Raises the driver's errors."""
        compiled = self._of(connection)
        cursor = connection.connection.cursor()
        cursor.executemany(compiled.text, [compiled.bind(one) for one in parameters])
        return cursor

    def _of(self, connection: sa.Connection) -> _Compiled:
        name = connection.dialect.name
        if name not in self._compiled:
            compiled = self._statement.compile(dialect=connection.dialect, column_keys=self._columns)
            positions = getattr(compiled, "positiontup", None)
            constants = {name: value for name, value in compiled.params.items() if value is not None}
            self._compiled[name] = _Compiled(str(compiled), tuple(positions) if positions else None, constants)
        return self._compiled[name]


class PreparedSelect(Prepared):
    """A SELECT whose columns are the fields of a row."""

    def __init__(self, statement: sa.Select[Any]) -> None:
        super().__init__(statement)
        columns = list(statement.selected_columns)
        self._names = [column.name for column in columns]
        self._booleans = [place for place, column in enumerate(columns) if isinstance(column.type, sa.Boolean)]

    def rows(self, connection: sa.Connection, row: type[_Row], **parameters: object) -> list[_Row]:
        """Every row that it finds."""
        return [self._row(row, values) for values in self.run(connection, **parameters).fetchall()]

    def first(self, connection: sa.Connection, row: type[_Row], **parameters: object) -> _Row | None:
        """The first row that it finds."""
        values = self.run(connection, **parameters).fetchone()
        return None if values is None else self._row(row, values)

    def _row(self, row: type[_Row], values: Sequence[Any]) -> _Row:
        if self._booleans:
            values = list(values)
            for place in self._booleans:
                values[place] = bool(values[place])  # which SQLite keeps as a number
        return row(**dict(zip(self._names, values, strict=True)))
