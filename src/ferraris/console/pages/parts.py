"""Parts that several pages are made of: chips, tables, empty states."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from itertools import chain, repeat
from urllib.parse import quote, urlencode

from ferraris.console import vending_words, wording, words
from ferraris.console.markup import Child, Markup, moment, tag
from ferraris.console.orders import requester
from ferraris.headend import CommandKind
from ferraris.kernel.errors import ConfigError
from ferraris.kernel.json_text import read_json_object
from ferraris.store import AlarmSeverity, CommandRow

TAGS = re.compile(r"<[^>]*>")
NO_HEADING = Markup('<th aria-label="What can be done"></th>')
"""Heads a column of buttons."""
ARROWS = re.compile(r" [↑↓]")
"""How a heading shows the direction of its order."""


def chip(named: tuple[str, str], title: str | None = None) -> Markup:
    """A state with the colour of its tone."""
    name, tone = named
    return tag("span", name, class_=f"chip {tone}", title=title)


def communication_chip(state: str) -> Markup:
    return chip(words.communication(state), words.COMMUNICATION_MEANINGS.get(state))


def severity_chip(severity: AlarmSeverity | str) -> Markup:
    return chip(words.severity(str(severity)))


def empty(title: str, text: str) -> Markup:
    """What stands where a list would, when there is nothing to list."""
    return tag("div", tag("b", title), text, class_="empty")


def table(header: Sequence[Child], rows: Iterable[Markup], numbers: Iterable[int] = ()) -> Markup:
    """A table; the columns `numbers` are aligned to the right. Each cell knows its column, for screens without room."""
    right = set(numbers)
    head = [
        cell
        if isinstance(cell, Markup) and cell.startswith("<th")
        else tag("th", cell, class_="number" if at in right else None)
        for at, cell in enumerate(header)
    ]
    names = [ARROWS.sub("", TAGS.sub("", cell)) for cell in head]
    labelled = [_labelled(row, names) for row in rows]
    body = tag("table", tag("thead", tag("tr", head)), tag("tbody", labelled), class_="list")
    return tag("div", body, class_="scroll")


def _labelled(row: Markup, names: Sequence[str]) -> Markup:
    """A row whose cells carry the names of their columns. Text is escaped, so each `<td` in a row is a cell."""
    start, *cells = row.split("<td")
    named = (f' data-label="{name}"{cell}' if name else cell for name, cell in zip(chain(names, repeat("")), cells))  # noqa: B905
    return Markup("<td".join([start, *named]))


def meter_path(serial: str) -> str:
    return f"/meters/{quote(serial, safe='')}"


def meter_link(serial: str) -> Markup:
    return (
        tag("a", serial, href=meter_path(serial), class_="serial mono")
        if serial
        else tag("span", "System", class_="muted")
    )


def query_path(path: str, **values: object) -> str:
    """A path with the values that are not empty, so that addresses stay short."""
    kept = {key: str(value) for key, value in values.items() if value not in ("", None, False)}
    return f"{path}?{urlencode(kept)}" if kept else path


def list_card(title: str, content: Child, more: Child = None) -> Markup:
    """A card whose table or empty state reaches its edges."""
    head = tag("div", tag("h2", title), tag("span", more, class_="more") if more else None, class_="card-head")
    return tag("section", head, content, class_="card")


def cut_note(shown: int, limit: int, what: str) -> Markup | None:
    """Says below a list that it shows no more than its limit, where there may be more."""
    return (
        tag("div", f"The newest {wording.count(limit)} {what} are shown.", class_="pager") if shown >= limit else None
    )


def command_rows(commands: Iterable[tuple[str, CommandRow]], *, with_meter: bool) -> Iterable[Markup]:
    """Rows of a table of commands: (serial, command)."""
    for serial, row in commands:
        yield tag(
            "tr",
            tag("td", meter_link(serial)) if with_meter else None,
            tag(
                "td",
                words.command_kind(row.kind),
                tag("div", command_argument(row), class_="faint mono") if row.argument else None,
            ),
            tag("td", chip(words.COMMAND_STATES[row.state])),
            tag("td", moment(row.requested_ms), tag("div", f"by {requester(row)}", class_="faint"), class_="optional"),
            tag("td", moment(row.finished_ms, absent="–"), class_="optional"),
            tag("td", tag("div", command_detail(row), class_="detail")),
        )


COMMAND_HEADER = (
    "Command",
    "State",
    Markup('<th class="optional">Ordered</th>'),
    Markup('<th class="optional">Settled</th>'),
    "Outcome",
)


def command_argument(row: CommandRow) -> str:
    """What the command was given; tokens in fours, as they stand on a receipt."""
    if row.kind != CommandKind.ENTER_TOKEN:
        return row.argument
    tokens = [token.strip() for token in row.argument.split(",")]
    return ", ".join(" ".join(token[at : at + 4] for at in range(0, len(token), 4)) for token in tokens)


def command_detail(row: CommandRow) -> str:
    """The outcome in a few words; what *read now* read stands with the registers."""
    try:
        answer = read_json_object(row.detail, "what is told of a command")
    except ConfigError:  # words
        return wording.sentence(row.detail)
    if row.kind == CommandKind.ENTER_TOKEN and isinstance(answer.get("result"), str):
        return _entered(answer["result"], typed=answer.get("typed") is True)
    if row.kind == CommandKind.READ_ATTRIBUTE and "value" in answer:
        value = answer["value"]
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"{wording.number_of(len(answer), 'register')} read"


def _entered(result: str, *, typed: bool) -> str:
    """What the meter said to a token."""
    if typed:
        return "The customer had typed the token before it was sent."
    return vending_words.token_result(result) if result else "The meter did not say what became of the token."
